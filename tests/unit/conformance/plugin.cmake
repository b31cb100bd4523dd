# The parts of lamina-conformance that judge are tested as they are.
set(conformance ${PROJECT_SOURCE_DIR}/frontends/conformance)
target_sources(${target} PRIVATE
  ${conformance}/case.cpp ${conformance}/compare.cpp ${conformance}/required.cpp)
target_include_directories(${target} PRIVATE ${conformance})
