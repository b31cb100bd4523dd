# The bundled sample of MNIST lies in share/lamina, in the build tree as when installed.
set(sample ${folder}/data/mnist_sample)
file(GLOB sample_files CONFIGURE_DEPENDS ${sample}/*)
set(sample_target_folder ${CMAKE_BINARY_DIR}/share/lamina/mnist_sample)
add_custom_command(
  OUTPUT ${sample_target_folder}/README.md
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${sample} ${sample_target_folder}
  COMMAND ${CMAKE_COMMAND} -E touch ${sample_target_folder}/README.md
  DEPENDS ${sample_files}
  COMMENT "Copying the sample of MNIST")
add_custom_target(lamina_mnist_sample ALL DEPENDS ${sample_target_folder}/README.md)
install(DIRECTORY ${sample} DESTINATION ${CMAKE_INSTALL_DATADIR}/lamina)
