foreach(name backend_reference layers activations initializers losses metrics models optimizers)
  add_dependencies(${target} lamina_${name})
endforeach()
