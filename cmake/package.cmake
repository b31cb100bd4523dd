# cmake -P cmake/package.cmake <build folder> <destination folder>
#
# Makes <destination>/lamina-<version>-<system>.tar.gz, which runs from wherever it is unpacked: our own files,
# stripped, and the third-party libraries they load, save those that every Linux of this age has.
cmake_minimum_required(VERSION 3.25)

set(build ${CMAKE_ARGV3})
cmake_path(ABSOLUTE_PATH CMAKE_ARGV4 NORMALIZE OUTPUT_VARIABLE destination)
if(NOT EXISTS ${build}/CMakeCache.txt)
  message(FATAL_ERROR "usage: cmake -P cmake/package.cmake BUILD DESTINATION; '${build}' is no build folder")
endif()
load_cache(${build} READ_WITH_PREFIX "" CMAKE_PROJECT_VERSION CMAKE_INSTALL_LIBDIR)
cmake_host_system_information(RESULT machine QUERY OS_PLATFORM)
set(name lamina-${CMAKE_PROJECT_VERSION}-linux-${machine})
set(root ${destination}/${name})

file(REMOVE_RECURSE ${root})
execute_process(
  COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${root} --strip
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

file(GLOB programs ${root}/bin/* ${root}/lib/lamina/lamina-*)
file(GLOB libraries ${root}/lib/*.so)
file(GLOB modules ${root}/lib/lamina/*.so)
# Loaded by name and not linked, so that no one but this line says that it is needed.
find_file(openblas libopenblas.so.0 PATHS /usr/lib/${machine}-linux-gnu /usr/lib64 /usr/lib REQUIRED NO_CACHE)
file(GET_RUNTIME_DEPENDENCIES
  EXECUTABLES ${programs}
  LIBRARIES ${libraries} ${openblas}
  MODULES ${modules}
  RESOLVED_DEPENDENCIES_VAR needed
  UNRESOLVED_DEPENDENCIES_VAR missing
  # glibc and the compiler's own runtime must be the machine's: its drivers use them too.
  PRE_EXCLUDE_REGEXES "^lib(c|m|dl|rt|pthread|resolv|stdc\\+\\+|gcc_s)\\.so" "^ld-linux"
  POST_EXCLUDE_REGEXES "^${root}/")
if(missing)
  message(FATAL_ERROR "not found: ${missing}")
endif()
find_program(patchelf patchelf REQUIRED)
# Of the package that owns the library: its copyrights and licences go with it. dpkg knows a file by its real path, and
# some of those from before /lib became a link into /usr.
function(copy_licence library)
  file(REAL_PATH ${library} real)
  string(REGEX REPLACE "^/usr/lib/" "/lib/" unmerged ${real})
  foreach(path IN ITEMS ${real} ${unmerged})
    execute_process(COMMAND dpkg-query --search ${path} OUTPUT_VARIABLE owner RESULT_VARIABLE failed ERROR_QUIET)
    if(NOT failed)
      string(REGEX REPLACE "^([^:,]+)[:,].*" "\\1" package "${owner}")
      file(MAKE_DIRECTORY ${root}/share/doc/lamina/licences)
      file(COPY_FILE /usr/share/doc/${package}/copyright ${root}/share/doc/lamina/licences/${package})
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "no Debian package owns ${library}, so that its licence is not known")
endfunction()
foreach(library IN LISTS needed openblas)
  copy_licence(${library})
  cmake_path(GET library FILENAME file)
  file(COPY_FILE ${library} ${root}/lib/${file})
  file(CHMOD ${root}/lib/${file} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  execute_process(COMMAND ${patchelf} --set-rpath $ORIGIN ${root}/lib/${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/package-README.md ${root}/README.md)

execute_process(
  COMMAND ${CMAKE_COMMAND} -E tar czf ${name}.tar.gz ${name}
  WORKING_DIRECTORY ${destination} COMMAND_ERROR_IS_FATAL ANY)
file(SIZE ${root}.tar.gz size)
math(EXPR megabytes "${size} / 1000000")
message(STATUS "${root}.tar.gz: ${megabytes} MB")
