foreach(name backend_reference backend_openblas layers activations initializers regularizers losses metrics models
    optimizers schedules datasets)
  add_dependencies(${target} lamina_${name})
endforeach()
foreach(name formats backend_vulkan)
  if(TARGET lamina_${name})
    add_dependencies(${target} lamina_${name})
  endif()
endforeach()
