# sett_library(name SOURCES ... HEADERS ... PUBLIC ... PRIVATE ...)
#   One library per directory, no globbing. HEADERS are verified to be self-contained (target all_verify_interface_header_sets).
#   PUBLIC: what the headers name. PRIVATE: what only the sources use.
# sett_program(name SOURCES ... LINKS ...)    an executable, placed in <build>/bin
# sett_test(name SOURCES ... LINKS ... [LABELS ...])   a GoogleTest program; each case becomes a ctest
# sett_bench(name SOURCES ... LINKS ...)      a Google Benchmark program, placed in <build>/bench
# sett_fuzz(name SOURCES ... LINKS ... CORPUS dir)
#   The file defines LLVMFuzzerTestOneInput. With SETT_BUILD_FUZZERS it becomes a libFuzzer program; always it becomes a
#   ctest "fuzz-replay.<name>" that runs every file of the corpus through it.
#   Label "tsan" marks a test whose code lies below the actors: it is also built and run with the thread sanitizer.
#   Debian's libraries are not built with it: the test preset ignores accesses inside them (ignore_noninstrumented_modules).
include(GoogleTest)
add_custom_target(tsan_tests)
add_custom_target(fuzz_targets)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

function(sett_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC sett_options ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE sett_options ${arg_PUBLIC})
    set(scope INTERFACE)
  endif()
  if(arg_HEADERS)
    target_sources(${name} ${scope} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_HEADERS})
    set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
endfunction()

function(sett_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE sett_options ${arg_LINKS})
endfunction()

function(sett_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE sett_options ${arg_LINKS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE SETT_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SETT_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if("tsan" IN_LIST arg_LABELS)
    add_dependencies(tsan_tests ${name})
  endif()
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT} SKIP_REGULAR_EXPRESSION "SKIPPED" LABELS "${arg_LABELS}")
endfunction()

function(sett_bench name)
  if(NOT SETT_BUILD_BENCHMARKS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  find_package(benchmark REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE sett_options ${arg_LINKS} benchmark::benchmark)
  target_compile_definitions(${name} PRIVATE SETT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
endfunction()

function(sett_fuzz name)
  cmake_parse_arguments(arg "" "CORPUS" "SOURCES;LINKS" ${ARGN})
  if(SETT_BUILD_FUZZERS)
    add_executable(${name} ${arg_SOURCES})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay_main.cpp")
  endif()
  target_link_libraries(${name} PRIVATE sett_options ${arg_LINKS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  add_dependencies(fuzz_targets ${name})
  # libFuzzer replays plain files and folders given with -runs=0; the replay program takes the same arguments.
  add_test(NAME fuzz-replay.${name} COMMAND ${name} -runs=0 "${arg_CORPUS}")
endfunction()
