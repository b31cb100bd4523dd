# The tests load both backends as plugins, and compare.
add_dependencies(${target} lamina_backend_openblas lamina_backend_reference)
target_link_libraries(${target} PRIVATE lamina::plugin ${CMAKE_DL_LIBS})
