# Language level, warnings, sanitizers, ccache and mold: everything that holds for every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(SETT_CCACHE ccache)
if(SETT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SETT_CCACHE}")
endif()
find_program(SETT_MOLD mold)
if(SETT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(sett_options INTERFACE)
target_compile_options(sett_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
target_include_directories(sett_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")

if(SETT_SANITIZE)
  add_compile_options(-fsanitize=${SETT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SETT_SANITIZE})
  if(SETT_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

# For programs that run actors: their messages are freed by another thread than the one that allocated them, and that
# costs glibc's malloc a lock. Link it before everything else. Sanitizers bring an allocator of their own.
add_library(sett_allocator INTERFACE)
find_library(SETT_JEMALLOC jemalloc)
if(SETT_JEMALLOC AND NOT SETT_SANITIZE)
  target_link_libraries(sett_allocator INTERFACE "${SETT_JEMALLOC}")
endif()

find_package(Threads REQUIRED)
