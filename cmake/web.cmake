# The npm package: target `web` puts it together in build/wasm/web/leno, ready to be packed.
file(GLOB_RECURSE WEB_FILES CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/web
	${CMAKE_SOURCE_DIR}/web/*.js ${CMAKE_SOURCE_DIR}/web/*.d.ts ${CMAKE_SOURCE_DIR}/web/package.json)
list(FILTER WEB_FILES EXCLUDE REGEX "^(test|bench|dashboard|examples|node_modules)/")
set(WEB_PACKAGE ${CMAKE_BINARY_DIR}/web/leno)
set(WEB_MADE)
foreach(file IN LISTS WEB_FILES)
	add_custom_command(OUTPUT ${WEB_PACKAGE}/${file} DEPENDS ${CMAKE_SOURCE_DIR}/web/${file}
		COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/web/${file} ${WEB_PACKAGE}/${file})
	list(APPEND WEB_MADE ${WEB_PACKAGE}/${file})
endforeach()
# Of what it is made of, the terms.
foreach(terms LICENSE= LICENSE.libsodium=vendor/libsodium/)
	string(REGEX MATCH "^[^=]*" name ${terms})
	string(REGEX REPLACE "^[^=]*=" "" folder ${terms})
	add_custom_command(OUTPUT ${WEB_PACKAGE}/${name} DEPENDS ${CMAKE_SOURCE_DIR}/${folder}LICENSE
		COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/${folder}LICENSE ${WEB_PACKAGE}/${name})
	list(APPEND WEB_MADE ${WEB_PACKAGE}/${name})
endforeach()
foreach(module leno argon2)
	if(TARGET ${module}_wasm)
		add_custom_command(OUTPUT ${WEB_PACKAGE}/${module}.wasm DEPENDS ${module}_wasm
			COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${module}_wasm>
				${WEB_PACKAGE}/${module}.wasm)
		list(APPEND WEB_MADE ${WEB_PACKAGE}/${module}.wasm)
	endif()
endforeach()
add_custom_target(web ALL DEPENDS ${WEB_MADE})

# Each web/test/*.test.mjs, and in faces/, is one test of the label web. Those in a browser are registered by
# web/test/browser, where that is.
function(leno_web_tests)
	file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/test/*.test.mjs
		${CMAKE_SOURCE_DIR}/web/test/faces/*.test.mjs)
	foreach(test IN LISTS tests)
		get_filename_component(name ${test} NAME_WE)
		leno_register(web.${name} web 300 ${CMAKE_SOURCE_DIR}/web/test/run.sh ${WEB_PACKAGE} ${test})
	endforeach()
endfunction()
