# The kernels are run from the plugin as it ships.
add_dependencies(${target} lamina_backend_reference)
