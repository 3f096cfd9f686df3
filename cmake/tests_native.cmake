# Unit tests link the core alone; those of drivers, transports and the command link
# what they are about.
set(TESTS_DIR ${CMAKE_SOURCE_DIR}/tests)
add_library(leno_test_needs INTERFACE)
target_compile_definitions(leno_test_needs INTERFACE _GNU_SOURCE=)
target_link_libraries(leno_test_needs INTERFACE $<TARGET_NAME_IF_EXISTS:leno_test_support>)

set(WHOLE_LIBRARY $<TARGET_NAME_IF_EXISTS:leno_sim_driver> $<TARGET_NAME_IF_EXISTS:leno_driver>
	leno_core PkgConfig::UV PkgConfig::SQLITE OpenSSL::SSL http_parser Threads::Threads)
foreach(file IN LISTS UNIT_TESTS)
	set(library leno_core)
	if(file MATCHES "/tests/unit/(driver|transport|support)/")
		set(library ${WHOLE_LIBRARY})
	elseif(file MATCHES "/tests/unit/cli/")
		set(library leno_cli_objects)
	endif()
	if(LENO_HAS_CORE)
		leno_test_name(name ${file})
		leno_test_program(${file} leno_test_needs ${library})
		leno_register(${name} unit 60 test.${name})
	endif()
endforeach()

if(LENO_HAS_SIM)
	foreach(file IN LISTS SIM_TESTS)
		leno_test_name(name ${file})
		leno_test_program(${file} leno_test_needs leno_sim_driver)
		get_property(standing GLOBAL PROPERTY LENO_STANDS_BEFORE)
		if(NOT LENO_LTO OR NOT test.${name} IN_LIST standing)
			leno_register(${name} sim 300 test.${name})
		endif()
	endforeach()
endif()

if(NOT LENO_SANITIZE STREQUAL "thread") # what scripts start has one thread
	leno_scripts(host host 300)
endif()
leno_scripts(embed embed 600)
leno_scripts(sim sim 300)
if(NOT LENO_SANITIZE AND NOT LENO_COVERAGE) # which say nothing about these
	leno_scripts(tidy tidy 60)
endif()
leno_register(tidy tidy 60 python3 ${CMAKE_SOURCE_DIR}/tools/tidy)

# What `make check` is asked for: a hundred random stories.
if(TARGET leno_sim)
	set(seeds 1..100)
	if(TEST_PATIENCE GREATER 1)
		set(seeds 1..20)
	endif()
	leno_register(sim.hundred_seeds sim 300 leno_sim --seeds ${seeds} --quiet)
	leno_register(sim.seeds_with_a_key sim 300 leno_sim --seeds 1..20 --key --quiet)
endif()

if(LENO_HAS_LIBRARY)
	file(GLOB HOST_TESTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/host/test_*.c)
	foreach(file IN LISTS HOST_TESTS)
		leno_test_name(name ${file})
		leno_test_program(${file} leno_test_needs ${WHOLE_LIBRARY})
		target_include_directories(test.${name} PRIVATE ${CMAKE_SOURCE_DIR}/include)
		leno_register(${name} host 300 test.${name})
		set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
	endforeach()
endif()

# What our MessagePack is compared with, where it is installed.
find_library(MSGPACK_C_LIBRARY NAMES msgpackc msgpack-c)
if(MSGPACK_C_LIBRARY AND TARGET test.host.msgpack_c)
	target_link_libraries(test.host.msgpack_c PRIVATE ${MSGPACK_C_LIBRARY})
	target_compile_definitions(test.host.msgpack_c PRIVATE HAVE_MSGPACK_C=1)
endif()

# One suite for all transports: the program is run once for each scheme.
if(LENO_HAS_LIBRARY)
	leno_sources(CONFORM_SOURCES tests/conform)
	add_executable(test.conform ${CONFORM_SOURCES})
	leno_belongs_to_tests(test.conform)
	target_include_directories(test.conform PRIVATE ${CMAKE_SOURCE_DIR}/tests
		${CMAKE_SOURCE_DIR}/include)
	target_link_libraries(test.conform PRIVATE leno_test_flags leno_test_needs ${WHOLE_LIBRARY})
	set(schemes local tcp udp wss http)
	if(NOT LENO_SANITIZE AND NOT LENO_COVERAGE) # the others are made of the same parts
		list(APPEND schemes tcp6 tls ws any-tcp any-wss https)
	endif()
	# They wait more than they work, and measure nothing but themselves: beside each other.
	foreach(scheme IN LISTS schemes)
		leno_register(conform.${scheme} host 300 test.conform ${scheme})
	endforeach()
endif()

include(tests_browser)
