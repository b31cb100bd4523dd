foreach(kind augmentations augmentations_zca_whitening datasets mnist_sample)
  add_dependencies(${target} lamina_${kind})
endforeach()
