# Filled in below: lamina_add_shaders().
