# CPack runs this on the files that go into the .deb: what Debian wants otherwise than a folder that can be moved.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(usr ${root}/usr)
set(doc ${usr}/share/doc/lamina)

# Nothing is moved: the system's linker finds the library.
file(GLOB binaries ${usr}/bin/* ${usr}/lib/*.so.*.* ${usr}/lib/lamina/*)
foreach(file IN LISTS binaries)
  if(NOT IS_SYMLINK ${file})
    file(RPATH_REMOVE FILE ${file})
  endif()
endforeach()

# The licence itself every Debian has.
file(READ ${doc}/NOTICE notice)
file(WRITE ${doc}/copyright
"Copyright: the authors of Lamina

Lamina stands under the Apache License 2.0: /usr/share/common-licenses/Apache-2.0

${notice}")
file(REMOVE ${doc}/NOTICE ${doc}/LICENSE)

string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog
"lamina (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * The programs, plugins and headers of this version.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
")
find_program(gzip gzip REQUIRED)
file(GLOB pages ${usr}/share/man/man1/*.1)
execute_process(COMMAND ${gzip} -9 -n -f ${doc}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)
