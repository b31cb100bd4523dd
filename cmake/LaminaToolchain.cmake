# Language, optimisation, warnings and helpers that hold for everything built here.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or Sanitize" FORCE)
endif()
# -O2 for all: only folders of kernels gain from -O3, and ask for it in their plugin.cmake.
# x86-64 binaries must run on any CPU, so nothing here names an instruction set.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")
set(CMAKE_C_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")

set(LAMINA_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
if(LAMINA_SANITIZE)
  add_compile_options(-fsanitize=${LAMINA_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LAMINA_SANITIZE})
endif()

option(LAMINA_WARNINGS_AS_ERRORS "Stop at the first warning" ON)
add_compile_options(
  -Wall -Wextra -Wpedantic
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  # g++ 12 sees overlapping copies in std::string's own assignment of a literal (GCC bug 105651, mended in 13).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${LAMINA_WARNINGS_AS_ERRORS}>:-Werror>
  # Paths in messages and assertions do not depend on where the tree lies.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
# A library that is linked but not used would still cost its loading time.
add_link_options(-Wl,--as-needed)

find_program(LAMINA_CCACHE ccache)
if(LAMINA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths count from the tree's root, so that another clone finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${LAMINA_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
find_program(LAMINA_MOLD mold)
if(LAMINA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# Programs find the library beside them, built or installed, wherever the folder is moved to.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

# The .cpp files under `folder`; the build notices a new one.
function(lamina_sources result folder)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${folder}/*.cpp)
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# The names of the folders directly under `folder`.
function(lamina_folders result folder)
  file(GLOB entries CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*)
  set(folders)
  foreach(entry IN LISTS entries)
    if(IS_DIRECTORY ${folder}/${entry})
      list(APPEND folders ${entry})
    endif()
  endforeach()
  set(${result} ${folders} PARENT_SCOPE)
endfunction()
