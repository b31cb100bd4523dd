# OpenBLAS is loaded at run time, and not linked: see lapack.hpp.
target_link_libraries(${target} PRIVATE Boost::headers)
target_compile_definitions(${target} PRIVATE BOOST_DLL_USE_STD_FS)
target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O3>)
