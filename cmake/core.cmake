# leno_core: the pure node. It links nothing but the crypto library; the test
# `tidy.core_pure` (tests/tidy/core_pure.sh) looks at its undefined symbols.
leno_sources(CORE_SOURCES src/base src/crypto src/wire src/recovery src/link src/mesh src/session
	src/admission
	src/message src/stream src/group src/service src/state src/discovery src/node)

add_library(leno_core_needs INTERFACE)
target_include_directories(leno_core_needs INTERFACE
	${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
if(LENO_WASM)
	# Bitcode of clang 14 knows no threads' variables but those of a single program.
	set(LENO_WASM_SMALL -Oz -g0 -flto -mbulk-memory -msign-ext -mnontrapping-fptoint
		-ftls-model=local-exec)
	add_subdirectory(vendor/libsodium)
	target_link_libraries(leno_core_needs INTERFACE leno_sodium)
	target_compile_definitions(leno_core_needs INTERFACE LENO_NO_OPENSSL=1)
else()
	find_package(PkgConfig REQUIRED)
	find_package(OpenSSL 3 REQUIRED)
	pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
	target_link_libraries(leno_core_needs INTERFACE PkgConfig::SODIUM OpenSSL::Crypto)
endif()

# leno_small(FILE... EXCEPT REGEX...): these are built for size, but for those whose path
# under src/ is one of these.
function(leno_small)
	cmake_parse_arguments(SMALL "" "" EXCEPT ${ARGN})
	list(JOIN SMALL_EXCEPT "|" fast)
	set(small ${SMALL_UNPARSED_ARGUMENTS})
	list(FILTER small EXCLUDE REGEX "/src/(${fast})\\.c$")
	if(CMAKE_BUILD_TYPE STREQUAL "Release")
		set_source_files_properties(${small} PROPERTIES COMPILE_OPTIONS -Os)
	endif()
endfunction()

if(CORE_SOURCES)
	# On the way of a message, or run for each node of a mesh at each change.
	leno_small(${CORE_SOURCES} EXCEPT
		"base/[a-z_]+" "wire/[a-z_]+"
		"crypto/(noise|provider|groups)" "link/(link|record|heartbeat)"
		"recovery/[a-z_]+" "mesh/(route|search|look|cost|mesh|gossip|take)"
		"session/(counts|hold|inbox|receipts|report|seal|session|stream)"
		"message/[a-z_]+" "stream/[a-z_]+" "group/(channel|piece|roster)"
		"node/(calling|calls|down|events|fan[a-z_]*|group_t[a-z_]*|peers|provide)"
		"node/(relay|send|streams|text|timers|up)")
	add_library(leno_core STATIC ${CORE_SOURCES})
	target_link_libraries(leno_core PUBLIC leno_core_needs PRIVATE leno_flags)
	set(LENO_HAS_CORE ON)
else()
	set(LENO_HAS_CORE OFF)
endif()

# The simulator is a driver that reads no clock either: it runs in wasm as well.
leno_sources(SIM_SOURCES src/driver/sim)
set(SIM_MAIN ${SIM_SOURCES})
list(FILTER SIM_MAIN INCLUDE REGEX "/main\\.c$")
list(FILTER SIM_SOURCES EXCLUDE REGEX "/main\\.c$")
set(LENO_HAS_SIM OFF)
if(SIM_SOURCES AND LENO_HAS_CORE)
	add_library(leno_sim_driver STATIC ${SIM_SOURCES})
	target_link_libraries(leno_sim_driver PUBLIC leno_core PRIVATE leno_flags)
	set(LENO_HAS_SIM ON)
	if(LENO_WASM) # sizes of 32 bits: the core minds, the simulator's bookkeeping need not
		target_compile_options(leno_sim_driver PRIVATE -Wno-shorten-64-to-32)
	endif()
	if(SIM_MAIN)
		add_executable(leno_sim ${SIM_MAIN})
		target_link_libraries(leno_sim PRIVATE leno_sim_driver leno_flags)
		set_target_properties(leno_sim PROPERTIES OUTPUT_NAME leno-sim)
	endif()
endif()
