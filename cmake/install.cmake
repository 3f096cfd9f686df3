# What `make install` puts down: headers, both libraries, the command (programs.cmake),
# pkg-config and CMake packages, the man pages and completions that exist.
include(CMakePackageConfigHelpers)

install(TARGETS leno leno_static EXPORT leno
	LIBRARY NAMELINK_COMPONENT Development)
install(FILES ${CMAKE_SOURCE_DIR}/include/leno.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_SOURCE_DIR}/include/leno/engine.h ${CMAKE_SOURCE_DIR}/include/leno/msgpack.h
	${CMAKE_SOURCE_DIR}/include/leno/service.h ${CMAKE_SOURCE_DIR}/include/leno/state.h
	${CMAKE_SOURCE_DIR}/include/leno/command.h
	DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/leno OPTIONAL)

configure_file(${CMAKE_SOURCE_DIR}/cmake/leno.pc.in leno.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/leno.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/leno)
install(EXPORT leno NAMESPACE leno:: FILE lenoTargets.cmake DESTINATION ${PACKAGE_DIR})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/lenoConfig.cmake.in lenoConfig.cmake
	INSTALL_DESTINATION ${PACKAGE_DIR})
write_basic_package_version_file(lenoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/lenoConfig.cmake ${CMAKE_BINARY_DIR}/lenoConfigVersion.cmake
	DESTINATION ${PACKAGE_DIR})

file(GLOB man CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/man/*.1)
install(FILES ${man} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_SOURCE_DIR}/cli/completion/leno.bash OPTIONAL RENAME leno
	DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${CMAKE_SOURCE_DIR}/cli/completion/_leno OPTIONAL
	DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${CMAKE_SOURCE_DIR}/cli/completion/leno.fish OPTIONAL
	DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# Units for systemd, where it looks for those of the administrator's own programs; an example of
# their configuration beside the documents, so that none is ever replaced.
set(LENO_UNIT_DIR lib/systemd/system CACHE STRING "where systemd's units are installed")
configure_file(${CMAKE_SOURCE_DIR}/contrib/systemd/leno.service.in leno.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/leno.service ${CMAKE_SOURCE_DIR}/contrib/systemd/leno.socket
	DESTINATION ${LENO_UNIT_DIR})
install(FILES ${CMAKE_SOURCE_DIR}/contrib/systemd/leno.conf
	DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/leno)
