# Writes the source of polybot_build_info, and what it was made from as a dependency file; run by the build.
#   cmake -DSOURCE=folder -DVERSION=0.1.0 -DREVISION= -DOUTPUT=build_info.cpp -DDEPFILE=build_info.d -P BuildInfo.cmake
# The file is left as it is when nothing in it would change. The commit is REVISION, or else that of the clone; without
# a clone or git it is "unknown".
set(revision "unknown")
set(read_from "")
if(REVISION)
  set(revision "${REVISION}")
elseif(EXISTS "${SOURCE}/.git")
  # Another user's clone is only read here; git would refuse it otherwise.
  set(git git -c "safe.directory=*" -C "${SOURCE}")
  execute_process(COMMAND ${git} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(NOT failed)
    set(revision "${found}")
    # HEAD changes with a checkout, its log with each commit; without a log the branch's own file does.
    execute_process(COMMAND ${git} symbolic-ref -q HEAD
                    OUTPUT_VARIABLE branch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    foreach(name HEAD logs/HEAD ${branch})
      execute_process(COMMAND ${git} rev-parse --git-path "${name}"
                      OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      get_filename_component(path "${path}" ABSOLUTE BASE_DIR "${SOURCE}")
      if(EXISTS "${path}")
        string(REPLACE " " "\\ " path "${path}")
        string(APPEND read_from " ${path}")
      endif()
    endforeach()
  endif()
endif()
set(text "// Made by deploy/cmake/BuildInfo.cmake.
#include \"common/runtime/build_info.hpp\"

namespace polybot::runtime {

BuildInfo build_info() {
  return {.version = \"${VERSION}\", .revision = \"${revision}\"};
}

}  // namespace polybot::runtime
")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT text STREQUAL old)
  file(WRITE "${OUTPUT}" "${text}")
endif()
file(WRITE "${DEPFILE}" "build_info.cpp:${read_from}\n")
