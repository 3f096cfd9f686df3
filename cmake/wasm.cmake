# leno.wasm: the core and its wasm driver as a reactor, a module without main that a
# page instantiates and calls. Functions are exported where they are written, by
# __attribute__((export_name)).
leno_sources(WASM_SOURCES src/driver/wasm)
if(WASM_SOURCES AND LENO_HAS_CORE)
	add_executable(leno_wasm ${WASM_SOURCES})
	target_link_libraries(leno_wasm PRIVATE leno_core leno_flags)
	# --strip-all would take the name section's neighbours that tools need.
	target_link_options(leno_wasm PRIVATE -mexec-model=reactor
		-Wl,--strip-debug,--allow-undefined-file=${CMAKE_SOURCE_DIR}/cmake/wasm-imports.txt)
	set_target_properties(leno_wasm PROPERTIES OUTPUT_NAME leno)
endif()
