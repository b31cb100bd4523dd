# What `cmake --install` lays down, and the CMake package that outside programs and plugins use.
include(CMakePackageConfigHelpers)
