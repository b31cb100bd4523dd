# lamina_add_plugin(): builds one plugin. Works in this tree and, through find_package(lamina), outside it.

# lamina_add_plugin(NAME <name> SOURCES <file>... [LIBRARIES <library>...])
#
# Makes the target lamina_<name>, the module liblamina_<name>.so. A plugin sees the C ABI and the header-only
# SDK, never the engine's library.
function(lamina_add_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBRARIES")
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: lamina_add_plugin(NAME name SOURCES file... [LIBRARIES library...])")
  endif()
  set(target lamina_${arg_NAME})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE lamina::plugin ${arg_LIBRARIES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${target}
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    INSTALL_RPATH "$ORIGIN/.."
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/lamina)
  # Unique symbols pin a library in memory and are shared between plugins even when each is loaded locally.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  # Whatever a plugin needs it must link itself: the engine's symbols are not there for it.
  # (Clang leaves the sanitizers' runtime to the program, so there the check cannot be made.)
  if(NOT (LAMINA_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang"))
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
endfunction()
