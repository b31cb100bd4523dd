# Headers only: the loader is opened at run time.
find_path(LAMINA_VULKAN_INCLUDE vulkan/vulkan_core.h REQUIRED)
target_include_directories(${target} SYSTEM PRIVATE ${LAMINA_VULKAN_INCLUDE})
target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
lamina_add_shaders(${target} ${folder}/shaders)
