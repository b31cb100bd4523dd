# Small plugins, each right or wrong in one way, in a folder of their own where no search finds them.
file(GLOB fixtures CONFIGURE_DEPENDS ${folder}/fixtures/*.cpp)
foreach(fixture IN LISTS fixtures)
  cmake_path(GET fixture STEM stem)
  lamina_add_plugin(NAME fixture_${stem} SOURCES ${fixture})
  set_target_properties(lamina_fixture_${stem} PROPERTIES
    OUTPUT_NAME ${stem}
    PREFIX ""
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/plugins)
  add_dependencies(${target} lamina_fixture_${stem})
endforeach()
target_compile_definitions(${target} PRIVATE
  LAMINA_TEST_FIXTURE_DIR="${CMAKE_BINARY_DIR}/tests/plugins")
foreach(kind layers activations initializers losses metrics optimizers callbacks formats backend_reference
             backend_openblas)
  add_dependencies(${target} lamina_${kind})
endforeach()
