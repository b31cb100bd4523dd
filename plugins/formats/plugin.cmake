# libzip for .keras.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LAMINA_LIBZIP REQUIRED IMPORTED_TARGET libzip)
target_link_libraries(${target} PRIVATE PkgConfig::LAMINA_LIBZIP)
