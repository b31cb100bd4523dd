# libzip reads and writes .keras files.
find_path(LAMINA_LIBZIP_INCLUDE zip.h REQUIRED)
find_library(LAMINA_LIBZIP zip REQUIRED)
target_include_directories(${target} SYSTEM PRIVATE ${LAMINA_LIBZIP_INCLUDE})
target_link_libraries(${target} PRIVATE ${LAMINA_LIBZIP})
