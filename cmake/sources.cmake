# leno_sources(RET FOLDER...): the C files of folders under the root, none when a
# folder is missing. FOLDER is not searched recursively.
function(leno_sources ret)
	set(found)
	foreach(folder IN LISTS ARGN)
		file(GLOB here CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.c)
		list(APPEND found ${here})
	endforeach()
	set(${ret} ${found} PARENT_SCOPE)
endfunction()
