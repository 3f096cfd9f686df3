# leno.wasm: the core and its wasm driver as a reactor, a module without main that a
# page instantiates and calls. Functions are exported where they are written, by
# __attribute__((export_name)).
function(leno_module target name)
	# --strip-all would take the name section's neighbours that tools need.
	target_link_libraries(${target} PRIVATE leno_core_needs leno_flags)
	target_link_options(${target} PRIVATE -mexec-model=reactor
		-Wl,--strip-debug,--allow-undefined-file=${CMAKE_SOURCE_DIR}/cmake/wasm-imports.txt)
	set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
endfunction()

leno_sources(WASM_SOURCES src/driver/wasm)
if(WASM_SOURCES AND LENO_HAS_CORE)
	add_executable(leno_wasm ${WASM_SOURCES})
	target_link_libraries(leno_wasm PRIVATE leno_core)
	leno_module(leno_wasm leno)

	# Argon2id is half as large as all the rest: a module of its own.
	add_executable(argon2_wasm src/driver/wasm/passphrase/passphrase.c)
	leno_module(argon2_wasm argon2)
endif()
