# lamina_add_shaders(): GLSL compute shaders into C++ headers of SPIR-V words, when the tree is built.

# lamina_add_shaders(<target> <folder> [INCLUDE <folder>...])
#
# Every <folder>/<shader>.comp gives one SPIR-V module a variant. The variants are data beside the shader: each line
# of <shader>.variants is `<variant> [MACRO[=value]]...`, `#` starts a comment. Without that file there is one variant
# that bears the shader's name. The source includes what it needs:
#
#     #include "shaders/<variant>.hpp"     // lamina::spirv::<variant>, an array of std::uint32_t
function(lamina_add_shaders target folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "INCLUDE")
  file(GLOB_RECURSE shaders CONFIGURE_DEPENDS ${folder}/*.comp)
  foreach(shader IN LISTS shaders)
    cmake_path(GET shader STEM stem)
    cmake_path(REPLACE_EXTENSION shader .variants OUTPUT_VARIABLE list)
    set(variants ${stem})
    if(EXISTS ${list})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
      file(STRINGS ${list} variants REGEX "^[^#]")
    endif()
    foreach(line IN LISTS variants)
      string(REGEX REPLACE "#.*" "" line "${line}")
      separate_arguments(macros UNIX_COMMAND "${line}")
      if(NOT macros)
        continue()
      endif()
      list(POP_FRONT macros variant)
      lamina_add_shader(${target} ${variant} ${shader} INCLUDE ${arg_INCLUDE} ${folder} MACROS ${macros})
    endforeach()
  endforeach()
endfunction()

# lamina_add_shader(<target> <variant> <source> [INCLUDE <folder>...] [MACROS <macro>...])
#
# One variant of one shader, which the build itself may write.
function(lamina_add_shader target variant source)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "" "INCLUDE;MACROS")
  find_program(LAMINA_GLSLC glslc REQUIRED)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}.shaders)
  target_include_directories(${target} PRIVATE ${generated})
  set(includes)
  foreach(include IN LISTS arg_INCLUDE)
    list(APPEND includes -I ${include})
  endforeach()
  list(TRANSFORM arg_MACROS PREPEND -D)

  set(words ${generated}/shaders/${variant}.inc)
  add_custom_command(
    OUTPUT ${words}
    COMMAND ${LAMINA_GLSLC} --target-env=vulkan1.2 -O -Werror -mfmt=c ${includes} ${arg_MACROS}
            -MD -MF ${words}.d -MT ${words} -o ${words} ${source}
    DEPENDS ${source}
    DEPFILE ${words}.d
    COMMENT "Compiling shader ${variant}"
    VERBATIM)
  target_sources(${target} PRIVATE ${words})
  file(CONFIGURE OUTPUT ${generated}/shaders/${variant}.hpp @ONLY CONTENT [[
#pragma once
#include <cstdint>

namespace lamina::spirv {
inline constexpr std::uint32_t @variant@[] =
#include "@variant@.inc"
    ;
} // namespace lamina::spirv
]])
endfunction()
