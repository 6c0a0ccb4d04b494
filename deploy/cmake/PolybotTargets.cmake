# The few shapes a target can have. Sources are listed by hand in each folder's CMakeLists.txt.

add_custom_target(programs)  # everything `make run` starts
add_custom_target(benches)   # everything `make bench` runs
add_custom_target(fuzzers)   # everything `make fuzz` runs

# The sources of a library are compiled several at a time: the headers they share are read once, and what they
# instantiate is generated once, which halves a build from nothing. Therefore the names in their unnamed
# namespaces differ. OFF gives each source a command of its own in compile_commands.json, for an editor.
option(POLYBOT_UNITY "Compile several sources of a library together" ON)
if(POLYBOT_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # To gcc the sources of such a unit are headers, whose unnamed namespaces it would warn of.
  target_compile_options(polybot_options INTERFACE -Wno-subobject-linkage)
endif()

# polybot_library(NAME SOURCES ... PUBLIC ... PRIVATE ...)
function(polybot_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${POLYBOT_UNITY} UNITY_BUILD_BATCH_SIZE 5)
  target_link_libraries(${name} PUBLIC polybot_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# polybot_program(NAME SOURCES ... LINKS ...): an executable placed in <build>/bin.
function(polybot_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE polybot_options polybot_build_info ${ARG_LINKS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  add_dependencies(programs ${name})
endfunction()

# polybot_test(NAME LEVEL unit|simulation|integration SOURCES ... LINKS ...): one ctest entry per program, or SHARDS of
# them, which share its cases out among themselves and run side by side.
function(polybot_test name)
  cmake_parse_arguments(ARG "" "LEVEL;TIMEOUT;SHARDS" "SOURCES;LINKS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_precompile_headers(${name} REUSE_FROM polybot_test_headers)
  target_link_libraries(${name} PRIVATE polybot_options ${ARG_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE -Wno-sign-conversion -Wno-conversion
    # gcc 12 misjudges std::string's operator+ out of a precompiled header.
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-restrict>")
  if(NOT ARG_SHARDS)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${ARG_LEVEL} TIMEOUT ${ARG_TIMEOUT})
    return()
  endif()
  math(EXPR last "${ARG_SHARDS} - 1")
  foreach(shard RANGE ${last})
    add_test(NAME ${name}_${shard} COMMAND ${name})
    set_tests_properties(${name}_${shard} PROPERTIES LABELS ${ARG_LEVEL} TIMEOUT ${ARG_TIMEOUT}
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${shard}")
  endforeach()
endfunction()

# polybot_bench(NAME SOURCES ... LINKS ...): a Google Benchmark program, run by `make bench`.
function(polybot_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE polybot_options ${ARG_LINKS} benchmark::benchmark benchmark::benchmark_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_dependencies(benches ${name})
endfunction()

# polybot_fuzzer(NAME SOURCES ... LINKS ...): a libFuzzer program, run by `make fuzz` (clang build tree).
function(polybot_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  if(POLYBOT_FUZZ)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE polybot_options ${ARG_LINKS})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    add_dependencies(fuzzers ${name})
  endif()
endfunction()
