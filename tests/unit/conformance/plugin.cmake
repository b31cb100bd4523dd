# The parts of lamina-conformance that judge, and all of its cases, are tested as they are.
set(conformance ${PROJECT_SOURCE_DIR}/frontends/conformance)
file(GLOB cases CONFIGURE_DEPENDS ${conformance}/cases/*.cpp)
target_sources(${target} PRIVATE ${cases}
  ${conformance}/case.cpp ${conformance}/compare.cpp ${conformance}/required.cpp
  ${conformance}/test.cpp)
target_include_directories(${target} PRIVATE ${conformance})
