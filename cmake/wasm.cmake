# leno.wasm: the core and its wasm driver as a reactor, a module without main that a
# page instantiates and calls. Functions are exported where they are written, by
# __attribute__((export_name)). It is compiled apart from the core that tests link: as one,
# and for size; the way of a message is as fast so.
function(leno_module target name)
	target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
	target_compile_definitions(${target} PRIVATE LENO_NO_OPENSSL=1)
	target_compile_options(${target} PRIVATE ${LENO_WASM_SMALL})
	target_link_libraries(${target} PRIVATE leno_sodium_small leno_flags)
	# Not -O2, which would make clang run any wasm-opt on the PATH.
	target_link_options(${target} PRIVATE -mexec-model=reactor -flto -Wl,--lto-O2,--strip-all
		-Wl,--allow-undefined-file=${CMAKE_SOURCE_DIR}/cmake/wasm-imports.txt)
	set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
endfunction()

leno_sources(WASM_SOURCES src/driver/wasm)
if(WASM_SOURCES AND LENO_HAS_CORE)
	# Calls of printf are known to the compiler: what stands for it must be no part of the whole.
	set_source_files_properties(src/driver/wasm/format.c PROPERTIES
		COMPILE_OPTIONS "-fno-lto;-fno-builtin")
	add_executable(leno_wasm ${WASM_SOURCES} ${CORE_SOURCES})
	leno_module(leno_wasm leno)

	# Argon2id is a module of its own: most pages never meet a passphrase.
	add_executable(argon2_wasm src/driver/wasm/passphrase/passphrase.c)
	leno_module(argon2_wasm argon2)
endif()
