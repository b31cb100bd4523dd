# lamina_add_vkfft_shaders(): VkFFT's shaders, written and compiled when the tree is built.

# lamina_add_vkfft_shaders(<target> <length>x<inner>...)
#
# Each entry is a forward transform, in place, of <length> complex values that lie <inner> values apart, <inner> of them
# side by side. The source includes them all:
#
#     #include "vkfft/transforms.hpp"      // lamina::vkfft::kTransforms
function(lamina_add_vkfft_shaders target)
  if(NOT TARGET lamina_vkfft_shader)
    find_path(LAMINA_VKFFT_INCLUDE vkFFT.h REQUIRED)
    add_executable(lamina_vkfft_shader EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/vkfft/vkfft_shader.cpp)
    # Its own glslang/ stands in for the one that vkFFT.h asks for.
    target_include_directories(lamina_vkfft_shader PRIVATE ${PROJECT_SOURCE_DIR}/cmake/vkfft)
    target_include_directories(lamina_vkfft_shader SYSTEM PRIVATE ${LAMINA_VKFFT_INCLUDE} ${LAMINA_VULKAN_INCLUDE})
    target_compile_options(lamina_vkfft_shader PRIVATE -O0)
    if(LAMINA_SANITIZE) # it runs once, within the build: VkFFT's leaks are none of ours
      target_compile_options(lamina_vkfft_shader PRIVATE -fno-sanitize=all)
      target_link_options(lamina_vkfft_shader PRIVATE -fno-sanitize=all)
    endif()
    set_target_properties(lamina_vkfft_shader PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}.shaders)
  set(includes)
  set(entries)
  foreach(size IN LISTS ARGN)
    string(REPLACE "x" ";" numbers ${size})
    list(GET numbers 0 length)
    list(GET numbers 1 inner)
    set(name vkfft_${size})
    set(shader ${generated}/vkfft/${name}.comp)
    set(header ${generated}/vkfft/${name}.hpp)
    add_custom_command(
      OUTPUT ${shader} ${header}
      COMMAND lamina_vkfft_shader ${name} ${length} ${inner} ${shader} ${header}
      COMMENT "Asking VkFFT for transforms of ${length}, ${inner} apart"
      VERBATIM)
    target_sources(${target} PRIVATE ${header})
    lamina_add_shader(${target} ${name} ${shader})
    string(APPEND includes "#include \"shaders/${name}.hpp\"\n#include \"vkfft/${name}.hpp\"\n")
    string(APPEND entries "    {${length}, ${inner}, ${name}_workgroups, spirv::${name}, ${name}_table},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${generated}/vkfft/transforms.hpp @ONLY CONTENT [[
#pragma once
#include <cstdint>
#include <span>

@includes@
namespace lamina::vkfft {
/// Bindings: the values, the values again, the table. One entry of z a transform of `inner` lines.
struct Transform {
    std::int64_t length, inner;
    std::uint32_t workgroups; // in x
    std::span<const std::uint32_t> shader, table;
};
inline constexpr Transform kTransforms[] = {
@entries@};
} // namespace lamina::vkfft
]])
endfunction()
