foreach(name backend_reference backend_openblas layers activations initializers losses metrics models optimizers
             regularizers schedules datasets formats fixture_good)
  if(TARGET lamina_${name})
    add_dependencies(${target} lamina_${name})
  endif()
endforeach()
target_compile_definitions(${target} PRIVATE
  LAMINA_TEST_FIXTURE_DIR="${CMAKE_BINARY_DIR}/tests/plugins")
