# The names of classes lie in share/lamina, in the build tree as when installed.
set(names ${folder}/data/class_names)
file(GLOB name_files CONFIGURE_DEPENDS ${names}/*)
set(names_target_folder ${CMAKE_BINARY_DIR}/share/lamina/class_names)
add_custom_command(
  OUTPUT ${names_target_folder}/imagenet.txt
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${names} ${names_target_folder}
  COMMAND ${CMAKE_COMMAND} -E touch ${names_target_folder}/imagenet.txt
  DEPENDS ${name_files}
  COMMENT "Copying the names of classes")
add_custom_target(lamina_class_names ALL DEPENDS ${names_target_folder}/imagenet.txt)
install(DIRECTORY ${names} DESTINATION ${CMAKE_INSTALL_DATADIR}/lamina)
