foreach(name backend_reference backend_openblas backend_vulkan layers activations initializers losses metrics models
             optimizers regularizers schedules datasets augmentations augmentations_zca_whitening formats callbacks
             fixture_good)
  if(TARGET lamina_${name})
    add_dependencies(${target} lamina_${name})
  endif()
endforeach()
target_compile_definitions(${target} PRIVATE
  LAMINA_TEST_FIXTURE_DIR="${CMAKE_BINARY_DIR}/tests/plugins")
