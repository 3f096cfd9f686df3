# Every tests/<kind>/... file becomes one ctest test named kind.folder.name, labelled
# with its kind. A test says "skipped" by exit code 77.
set(TEST_ENVIRONMENT
	SOURCE_DIR=${CMAKE_SOURCE_DIR}
	BUILD_DIR=${CMAKE_BINARY_DIR}
	LENO_BIN=${CMAKE_BINARY_DIR}/leno
	LENO_SIM=${CMAKE_BINARY_DIR}/leno-sim
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
	UBSAN_OPTIONS=print_stacktrace=1
	TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
	PYTHONDONTWRITEBYTECODE=1)
if(IPSEC_MB)
	list(APPEND TEST_ENVIRONMENT LENO_HAS_IPSEC_MB=1)
endif()
set(TEST_PATIENCE 1)
if(LENO_SANITIZE OR LENO_COVERAGE)
	list(APPEND TEST_ENVIRONMENT LENO_SLOW=1) # sizes and seeds may shrink
	set(TEST_PATIENCE 4)
endif()

# The programs of tests are one target, for builds that leave them out of `all`; those
# that talk to real processes another, since most are not run there.
add_custom_target(programs_of_tests)
add_custom_target(programs_of_host_tests)
function(leno_belongs_to_tests target)
	set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ${LENO_LEAN})
	add_dependencies(programs_of_tests ${target})
	if(target MATCHES "^test\\.(host|conform)")
		add_dependencies(programs_of_host_tests ${target})
	endif()
endfunction()

# leno_register(NAME LABEL SECONDS COMMAND...)
function(leno_register name label seconds)
	math(EXPR seconds "${seconds} * ${TEST_PATIENCE}")
	add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	set_tests_properties(${name} PROPERTIES LABELS ${label} SKIP_RETURN_CODE 77
		TIMEOUT ${seconds} ENVIRONMENT "${TEST_ENVIRONMENT}")
endfunction()

# leno_test_name(RET FILE): tests/unit/link/test_record.c -> unit.link.record
function(leno_test_name ret file)
	file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/tests ${file})
	string(REGEX REPLACE "\\.[a-z]+$" "" name ${name})
	string(REGEX REPLACE "test_" "" name ${name})
	string(REPLACE "/" "." name ${name})
	set(${ret} ${name} PARENT_SCOPE)
endfunction()

# leno_test_program(FILE LIBRARY...): one executable, target test.kind.folder.name.
function(leno_test_program file)
	leno_test_name(name ${file})
	add_executable(test.${name} ${file})
	leno_belongs_to_tests(test.${name})
	target_include_directories(test.${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
	target_compile_definitions(test.${name} PRIVATE TESTS_DIR="${TESTS_DIR}")
	target_link_libraries(test.${name} PRIVATE leno_test_flags ${ARGN})
	# A test that says "stands before: NAME" takes the calls of this function of the core;
	# where all files are optimised as one (LTO) there is nothing to stand before.
	file(STRINGS ${file} before REGEX "stands before: ")
	if(before)
		string(REGEX REPLACE ".*stands before: ([a-z_]+).*" "\\1" before "${before}")
		target_link_options(test.${name} PRIVATE -Wl,--wrap=${before})
		set_property(GLOBAL APPEND PROPERTY LENO_STANDS_BEFORE test.${name})
	endif()
endfunction()

# Scripts that wait for what processes say, however long that takes.
set(BESIDE_OTHERS admission cli complete conf cp doctor forward garbage http mdns_hosts meeting
	output pages pipe sentences tls top ws)
list(TRANSFORM BESIDE_OTHERS PREPEND host.)

# leno_scripts(KIND LABEL SECONDS): executable scripts of tests/KIND.
function(leno_scripts kind label seconds)
	file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${kind}/*.sh
		${CMAKE_SOURCE_DIR}/tests/${kind}/test_*.py)
	foreach(script IN LISTS scripts)
		leno_test_name(name ${script})
		if(script MATCHES "\\.py$")
			leno_register(${name} ${label} ${seconds} python3 ${script})
		else()
			leno_register(${name} ${label} ${seconds} bash ${script})
		endif()
		# Others measure times on real processes, or build: not beside each other.
		if(NOT label MATCHES "tidy|sim" AND NOT name IN_LIST BESIDE_OTHERS)
			set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
		endif()
	endforeach()
endfunction()
# tests/support/*.c is linked to every test.
leno_sources(SUPPORT_SOURCES tests/support)
if(SUPPORT_SOURCES AND LENO_HAS_CORE)
	add_library(leno_test_support STATIC EXCLUDE_FROM_ALL ${SUPPORT_SOURCES})
	target_include_directories(leno_test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests)
	target_link_libraries(leno_test_support PRIVATE leno_test_flags PUBLIC leno_core)
endif()

file(GLOB_RECURSE UNIT_TESTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/test_*.c)
file(GLOB SIM_TESTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/sim/test_*.c)
if(LENO_WASM)
	include(tests_wasm)
else()
	include(tests_native)
	include(tests_fuzz)
endif()
