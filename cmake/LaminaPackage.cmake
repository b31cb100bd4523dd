# What `cmake --install` lays down, and the CMake package that outside programs and plugins use.
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
  INSTALL_DESTINATION ${package_folder})
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
