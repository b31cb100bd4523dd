foreach(name backend_reference backend_openblas layers activations initializers losses metrics models optimizers datasets)
  add_dependencies(${target} lamina_${name})
endforeach()
# A backend that lacks most operators, in a folder of its own where no search finds it.
lamina_add_plugin(NAME fixture_limited SOURCES ${folder}/fixtures/limited.cpp)
set_target_properties(lamina_fixture_limited PROPERTIES
  OUTPUT_NAME limited
  PREFIX ""
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/backends)
add_dependencies(${target} lamina_fixture_limited)
target_compile_definitions(${target} PRIVATE
  LAMINA_TEST_BACKEND_DIR="${CMAKE_BINARY_DIR}/tests/backends")
