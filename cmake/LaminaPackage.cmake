# What `cmake --install` lays down: the CMake package and pkg-config files that outside programs and plugins use, manual
# pages and completions; and the Debian package that CPack makes of it.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)

install(DIRECTORY engine/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS lamina_plugin_sdk EXPORT lamina_targets)
if(TARGET lamina)
  install(TARGETS lamina EXPORT lamina_targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    NAMELINK_COMPONENT development)
endif()
install(EXPORT lamina_targets NAMESPACE lamina:: DESTINATION ${package_folder})

configure_package_config_file(cmake/laminaConfig.cmake.in ${CMAKE_BINARY_DIR}/laminaConfig.cmake
  INSTALL_DESTINATION ${package_folder} PATH_VARS LAMINA_PLUGIN_DIR)
# Before 1.0 the C++ interface may change with every minor version.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/laminaConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_BINARY_DIR}/laminaConfig.cmake
  ${CMAKE_BINARY_DIR}/laminaConfigVersion.cmake
  cmake/LaminaPlugin.cmake
  cmake/LaminaShaders.cmake
  DESTINATION ${package_folder})
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# pkg-config's files count from where they lie themselves, so that an installation can be moved.
cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY
  ${CMAKE_CURRENT_SOURCE_DIR}/${CMAKE_INSTALL_LIBDIR}/pkgconfig OUTPUT_VARIABLE up)
foreach(file lamina.pc lamina-plugin.pc)
  configure_file(cmake/package/${file}.in ${CMAKE_BINARY_DIR}/${file} @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

if(TARGET lamina_cli)
  set(manual ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION})
  set(share ${CMAKE_BINARY_DIR}/share)
  set(man ${share}/man/man1)
  set(bash ${share}/bash-completion/completions/lamina)
  set(zsh ${share}/zsh/site-functions/_lamina)
  set(script ${PROJECT_SOURCE_DIR}/cmake/manual.cmake)
  add_custom_command(OUTPUT ${man}/lamina.1 ${bash} ${zsh}
    COMMAND ${manual} -DNAME=lamina -DPROGRAM=$<TARGET_FILE:lamina_cli> -DMAN=${man}/lamina.1
            -DBASH=${bash} -DZSH=${zsh} -P ${script}
    DEPENDS lamina_cli ${script} cmake/package/completion.bash.in cmake/package/completion.zsh.in
    COMMENT "Writing the manual page and the completions of lamina" VERBATIM)
  add_custom_command(OUTPUT ${man}/lamina-conformance.1
    COMMAND ${manual} -DNAME=lamina-conformance -DPROGRAM=$<TARGET_FILE:lamina_conformance>
            -DMAN=${man}/lamina-conformance.1 -P ${script}
    DEPENDS lamina_conformance ${script}
    COMMENT "Writing the manual page of lamina-conformance" VERBATIM)
  add_custom_target(lamina_manual ALL DEPENDS ${man}/lamina.1 ${man}/lamina-conformance.1)
  install(FILES ${man}/lamina.1 ${man}/lamina-conformance.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${bash} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${zsh} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
endif()

# The Debian package: cpack -G DEB in the build folder, or `./run package`.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lamina)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Lamina's developers <lamina@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "convolutional networks on any machine's CPU or GPU")
set(CPACK_PACKAGE_DESCRIPTION
"Lamina trains and runs convolutional networks from the command line
and from C++, on the CPU and, by Vulkan, on the GPUs of every vendor. It
reads and writes Keras's files. Every part is a plugin: layers, optimizers,
backends.
.
This package has the programs, the plugins and what is needed to build
programs and plugins on it.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL Unspecified development)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/lib)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/package/triggers)
# Opened by name, so that no one but these lines knows of them.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libopenblas0-pthread | libopenblas0")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libvulkan1, gnuplot-nox | gnuplot")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "g++, cmake, mesa-vulkan-drivers")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package/debian.cmake)
set(CPACK_LAMINA_SOURCE_DIR ${PROJECT_SOURCE_DIR})
include(CPack)
