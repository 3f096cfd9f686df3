# Tests that include support/check.h run in wasm too, under Node; one that cannot
# says so by the words "native only" in a comment.
set(TESTS_DIR /src/tests)
find_program(NODE NAMES node nodejs REQUIRED)
execute_process(COMMAND ${NODE} --version OUTPUT_VARIABLE NODE_VERSION)
# Node 20 crashes now and then where optimised code calls WASI's functions directly.
set(NODE ${NODE} --no-warnings --no-turbo-fast-api-calls)
if(NODE_VERSION MATCHES "^v1[0-9]\\.") # Debian 12's, where WASI waits behind a flag
	list(APPEND NODE --experimental-wasi-unstable-preview1)
endif()
string(JOIN " " RUN_WASM ${NODE} ${CMAKE_SOURCE_DIR}/tests/wasm/run.mjs ${CMAKE_SOURCE_DIR})
list(APPEND TEST_ENVIRONMENT RUN_WASM=${RUN_WASM})
foreach(file IN LISTS UNIT_TESTS SIM_TESTS)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
	file(READ ${file} text)
	if(NOT LENO_HAS_CORE OR NOT text MATCHES "support/check\\.h" OR text MATCHES "native only")
		continue()
	endif()
	set(library leno_core)
	if(file MATCHES "/tests/sim/")
		set(library leno_sim_driver)
	elseif(file MATCHES "/tests/unit/(driver|transport|cli|support)/")
		continue()
	endif()
	leno_test_name(name ${file})
	leno_test_program(${file} $<TARGET_NAME_IF_EXISTS:leno_test_support> ${library})
	leno_register(wasm.${name} wasm 300 ${NODE}
		${CMAKE_SOURCE_DIR}/tests/wasm/run.mjs ${CMAKE_SOURCE_DIR} $<TARGET_FILE:test.${name}>)
endforeach()

# Stories told in JavaScript: they are given the reactor module.
file(GLOB SCRIPTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/wasm/test_*.mjs)
foreach(script IN LISTS SCRIPTS)
	if(TARGET leno_wasm)
		leno_test_name(name ${script})
		leno_register(${name} wasm 300 ${NODE} ${script}
			$<TARGET_FILE:leno_wasm>)
	endif()
endforeach()

# The simulator's digests here and natively; its script is given how to run a module.
if(TARGET leno_sim)
	leno_scripts(wasm wasm 300)
endif()

leno_web_tests()
