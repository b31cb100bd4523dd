# Gradients are checked on the reference backend.
add_dependencies(${target} lamina_backend_reference)
