foreach(name backend_reference backend_openblas formats layers activations initializers regularizers losses metrics optimizers)
  add_dependencies(${target} lamina_${name})
endforeach()

# HDF5 files that no writer of ours makes are made with the formats' own wrapper of the library.
set(formats ${PROJECT_SOURCE_DIR}/plugins/formats)
target_sources(${target} PRIVATE ${formats}/hdf5/hdf5.cpp)
target_include_directories(${target} PRIVATE ${formats})
target_include_directories(${target} SYSTEM PRIVATE ${LAMINA_HDF5_INCLUDE})
target_link_libraries(${target} PRIVATE ${LAMINA_HDF5})
