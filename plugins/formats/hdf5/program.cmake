# HDF5's C library, the serial one.
find_path(LAMINA_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial REQUIRED)
find_library(LAMINA_HDF5 NAMES hdf5_serial hdf5 REQUIRED)
target_include_directories(${target} SYSTEM PRIVATE ${LAMINA_HDF5_INCLUDE})
target_link_libraries(${target} PRIVATE ${LAMINA_HDF5})
