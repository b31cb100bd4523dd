foreach(name backend_reference backend_openblas formats layers activations initializers regularizers losses metrics optimizers datasets)
  add_dependencies(${target} lamina_${name})
endforeach()

# HDF5 files that no writer of ours makes are made with the formats' own wrapper of the library.
set(hdf5 ${PROJECT_SOURCE_DIR}/plugins/formats/hdf5)
target_sources(${target} PRIVATE ${hdf5}/hdf5.cpp)
target_include_directories(${target} PRIVATE ${hdf5})
include(${hdf5}/program.cmake)

# And so are zip archives.
set(formats ${PROJECT_SOURCE_DIR}/plugins/formats)
target_sources(${target} PRIVATE ${formats}/zip_archive.cpp)
target_include_directories(${target} PRIVATE ${formats})
include(${formats}/plugin.cmake)
