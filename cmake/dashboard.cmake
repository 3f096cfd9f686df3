# The page of `leno up --web` as part of the command: web/dashboard/, and below /leno/ the package
# for browsers with leno.wasm, which a build of its own makes for wasm32. Where that cannot be
# made the array is empty, and the command says so.
set(LENO_DASHBOARD AUTO CACHE STRING
	"embed the dashboard: ON, OFF, or AUTO: in release builds, where clang-14 makes WebAssembly")
set_property(CACHE LENO_DASHBOARD PROPERTY STRINGS AUTO ON OFF)

find_package(Python3 COMPONENTS Interpreter QUIET)
find_program(WASM_CLANG clang-14)
find_program(WASM_LINKER wasm-ld-14)
find_program(WASM_ARCHIVER llvm-ar-14)
find_path(WASM_LIBC wasm32-wasi/stdlib.h)
set(WASM_BUILTINS)
if(WASM_CLANG)
	execute_process(COMMAND ${WASM_CLANG} --target=wasm32-wasi --rtlib=compiler-rt
		-print-libgcc-file-name OUTPUT_VARIABLE builtins OUTPUT_STRIP_TRAILING_WHITESPACE)
	if(EXISTS "${builtins}")
		set(WASM_BUILTINS ${builtins})
	endif()
endif()

set(with_dashboard ${LENO_DASHBOARD})
set(lacking)
foreach(need Python3_EXECUTABLE WASM_CLANG WASM_LINKER WASM_ARCHIVER WASM_BUILTINS WASM_LIBC)
	if(NOT ${need})
		list(APPEND lacking ${need})
	endif()
endforeach()
if(LENO_DASHBOARD STREQUAL "AUTO")
	set(with_dashboard OFF)
	if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT LENO_SANITIZE AND NOT LENO_COVERAGE)
		set(with_dashboard ON)
	endif()
	if(with_dashboard AND lacking)
		message(STATUS "The dashboard is left out, for want of: ${lacking}")
		set(with_dashboard OFF)
	endif()
elseif(LENO_DASHBOARD AND lacking)
	message(FATAL_ERROR "LENO_DASHBOARD needs what is missing here: ${lacking}")
endif()

set(DASHBOARD_C ${CMAKE_BINARY_DIR}/dashboard_files.c)
if(NOT with_dashboard)
	file(CONFIGURE OUTPUT ${DASHBOARD_C} CONTENT
"/* There is no dashboard in this build. */
#include \"dashboard.h\"

const struct dashboard_file dashboard_files[1];
const size_t n_dashboard_files = 0;
")
	return()
endif()

include(ExternalProject)
set(WASM_BINARY_DIR ${CMAKE_BINARY_DIR}/wasm)
set(LENO_PACKAGE ${WASM_BINARY_DIR}/web/leno) # as cmake/web.cmake puts it together
ExternalProject_Add(leno_for_web
	SOURCE_DIR ${CMAKE_SOURCE_DIR} BINARY_DIR ${WASM_BINARY_DIR}
	CMAKE_ARGS -DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/cmake/wasm32-wasi.cmake
		-DCMAKE_BUILD_TYPE= -DBUILD_TESTING=OFF
	BUILD_COMMAND ${CMAKE_COMMAND} --build <BINARY_DIR> --target web
	BUILD_ALWAYS ON INSTALL_COMMAND "" BUILD_BYPRODUCTS ${LENO_PACKAGE}/leno.wasm)

file(GLOB_RECURSE dashboard_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/dashboard/*
	${CMAKE_SOURCE_DIR}/web/*.js)
add_custom_command(OUTPUT ${DASHBOARD_C} VERBATIM
	COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/embed ${DASHBOARD_C}
		/=${CMAKE_SOURCE_DIR}/web/dashboard /leno/=${LENO_PACKAGE}
		!/leno/node.js !/leno/src/node/
	DEPENDS leno_for_web ${LENO_PACKAGE}/leno.wasm ${dashboard_sources}
		${CMAKE_SOURCE_DIR}/tools/embed)
