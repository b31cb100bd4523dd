# Headers only: the loader is opened at run time.
find_path(LAMINA_VULKAN_INCLUDE vulkan/vulkan_core.h REQUIRED)
target_include_directories(${target} SYSTEM PRIVATE ${LAMINA_VULKAN_INCLUDE})
target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
lamina_add_shaders(${target} ${folder}/shaders)

# The lengths of FFT convolution's tiles: 8 images lie side by side in a row, then rows of them down the columns and, for
# three dimensions, planes of them, where more than 32 would be too many points.
set(transforms)
foreach(length 16 24 32 48 64 96 128 192 256)
  math(EXPR row "8 * ${length}")
  list(APPEND transforms ${length}x8 ${length}x${row})
  if(length LESS_EQUAL 32)
    math(EXPR plane "${row} * ${length}")
    list(APPEND transforms ${length}x${plane})
  endif()
endforeach()
lamina_add_vkfft_shaders(${target} ${transforms})
