foreach(name backend_reference backend_openblas layers activations initializers losses metrics models optimizers)
  add_dependencies(${target} lamina_${name})
endforeach()
