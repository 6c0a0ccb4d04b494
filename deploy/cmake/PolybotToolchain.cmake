# Compiler settings and the distribution's packages. Nothing is downloaded.
option(POLYBOT_TESTS "Build the tests" ON)
option(POLYBOT_PROGRAMS "Build services and launcher (off: common/ alone, a layer of the image)" ON)
option(POLYBOT_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(POLYBOT_FUZZ "Build the libFuzzer targets (clang only)" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Line tables are enough for a useful backtrace; full debug information doubles the build's disk and link time.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

find_program(POLYBOT_CCACHE ccache)
if(POLYBOT_CCACHE)
  # Without this it would not keep what is compiled with the tests' precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,$ENV{CCACHE_SLOPPINESS} ${POLYBOT_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS json url)
find_package(nng CONFIG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(secp256k1 REQUIRED IMPORTED_TARGET libsecp256k1)
pkg_check_modules(cryptopp REQUIRED IMPORTED_TARGET libcrypto++)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)

# Every target of ours gets these; third-party headers come in as system headers.
add_library(polybot_options INTERFACE)
target_include_directories(polybot_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(polybot_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Woverloaded-virtual
  -Wno-missing-field-initializers -Werror=return-type -Werror=switch
  -Wno-mismatched-new-delete)  # gcc 12 misjudges the coroutine frames of Asio's awaitables
# An empty optional or an index past the end is a broken invariant: it ends the process here, too.
target_compile_definitions(polybot_options INTERFACE _GLIBCXX_ASSERTIONS)
# Asio and Beast are compiled once, in common/http: asio_impl.cpp, asio_ssl_impl.cpp, beast_impl.cpp.
target_compile_definitions(polybot_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
if(POLYBOT_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # gcc 12 sees ghosts in instrumented code
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fno-sanitize=function)  # clang 14 cannot emit it for coroutines
  endif()
endif()
if(POLYBOT_FUZZ)
  # The libraries too: without coverage of what it drives, a fuzzer only guesses.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
