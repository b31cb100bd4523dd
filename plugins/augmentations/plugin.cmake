# Loops over pixels, which vectorising pays for.
target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O3>)
