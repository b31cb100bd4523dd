# Highway gives the vectors and the run-time choice of instruction set, OpenBLAS the matrix products.
find_path(LAMINA_HIGHWAY_INCLUDE hwy/highway.h REQUIRED)
find_library(LAMINA_HIGHWAY hwy REQUIRED)
find_path(LAMINA_CBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas openblas-pthread REQUIRED)
target_include_directories(${target} SYSTEM PRIVATE ${LAMINA_HIGHWAY_INCLUDE} ${LAMINA_CBLAS_INCLUDE})
# OpenBLAS is loaded at run time, and not linked: see library.hpp.
target_link_libraries(${target} PRIVATE ${LAMINA_HIGHWAY} Boost::headers)
target_compile_definitions(${target} PRIVATE BOOST_DLL_USE_STD_FS)
# Unrolling and vectorising pay here and nowhere else.
target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O3>)

# Figures for single kernels: tests/cpu_kernels.
if(EXISTS ${PROJECT_SOURCE_DIR}/tests/bench/cpu_kernels.cpp)
  find_package(Threads REQUIRED)
  find_library(LAMINA_OPENBLAS openblas REQUIRED)
  add_executable(cpu_kernels ${PROJECT_SOURCE_DIR}/tests/bench/cpu_kernels.cpp
    $<TARGET_OBJECTS:${target}>)
  set_target_properties(cpu_kernels PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(cpu_kernels PRIVATE ${folder})
  target_include_directories(cpu_kernels SYSTEM PRIVATE ${LAMINA_CBLAS_INCLUDE})
  target_link_libraries(cpu_kernels PRIVATE lamina::plugin Boost::headers ${LAMINA_HIGHWAY} ${LAMINA_OPENBLAS} Threads::Threads)
endif()
