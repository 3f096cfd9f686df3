# libleno, shared and static: the core, the transports and the libuv driver.
find_package(Threads REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(AVAHI REQUIRED avahi-core) # its headers: see src/driver/uv/avahi_lib.h
find_path(IPSEC_MB intel-ipsec-mb.h) # its header, where Debian has it: see src/driver/uv/gcm_lib.h
find_library(HTTP_PARSER http_parser REQUIRED) # Debian's package of it has no pkg-config file

leno_sources(DRIVER_SOURCES src/transport src/driver/uv)
set(LENO_HAS_LIBRARY OFF)
if(DRIVER_SOURCES AND LENO_HAS_CORE)
	set(LENO_HAS_LIBRARY ON)
	add_library(leno_driver OBJECT ${DRIVER_SOURCES})
	# On the way of a message: the rest is met once a link, a door or a change.
	leno_small(${DRIVER_SOURCES} EXCEPT
		"driver/uv/(pipe|entering|socket|loop|post|ring|shared|udp[a-z_]*)"
		"transport/(filter|tls[a-z_]*|ws|dgram[a-z_]*)")
	target_link_libraries(leno_driver PRIVATE leno_core_needs leno_flags PkgConfig::UV
		PkgConfig::SQLITE
		Threads::Threads)
	target_include_directories(leno_driver PRIVATE ${AVAHI_INCLUDE_DIRS})
	target_compile_definitions(leno_driver PRIVATE _GNU_SOURCE= $<$<BOOL:${IPSEC_MB}>:LENO_HAS_IPSEC_MB>)
	if(IPSEC_MB)
		target_include_directories(leno_driver PRIVATE ${IPSEC_MB})
	endif()

	set(LIBRARY_OBJECTS $<TARGET_OBJECTS:leno_core> $<TARGET_OBJECTS:leno_driver>)
	add_library(leno SHARED ${LIBRARY_OBJECTS})
	if(LENO_LTO)
		# One object in which calls between files are optimised too, and inner names
		# are local: they cannot clash with those of a program that links it.
		set(WHOLE ${CMAKE_BINARY_DIR}/leno_whole.o)
		add_custom_command(OUTPUT ${WHOLE} VERBATIM COMMAND_EXPAND_LISTS
			COMMAND ${CMAKE_C_COMPILER} -O2 -g1 -r -nostdlib -flto=auto ${LENO_LEAN_CODE}
				-flinker-output=nolto-rel ${LIBRARY_OBJECTS} -o ${WHOLE}
			COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${WHOLE}
			DEPENDS leno_core leno_driver ${LIBRARY_OBJECTS})
		add_library(leno_static STATIC ${WHOLE})
		set_source_files_properties(${WHOLE} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
	else()
		add_library(leno_static STATIC ${LIBRARY_OBJECTS})
	endif()
	set_target_properties(leno PROPERTIES VERSION ${PROJECT_VERSION}
		SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE C)
	set_target_properties(leno_static PROPERTIES OUTPUT_NAME leno EXPORT_NAME static
		LINKER_LANGUAGE C)
	foreach(library leno leno_static)
		target_include_directories(${library} PUBLIC
			$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
			$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
		target_link_libraries(${library} PRIVATE PkgConfig::SODIUM OpenSSL::SSL OpenSSL::Crypto
			PkgConfig::UV PkgConfig::SQLITE http_parser Threads::Threads)
	endforeach()
	if(NOT LENO_SANITIZE)
		target_link_options(leno PRIVATE -Wl,--no-undefined)
	endif()
	include(install)
endif()
