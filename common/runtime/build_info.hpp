// Which version of the project a program was built from, and from which commit.
//
// The answer is a library of its own, made again for each commit and linked by programs alone: a
// commit costs one small file and the linking of six programs, no test and no other source.
#pragma once

#include <string>

namespace polybot::runtime {

struct BuildInfo {
  std::string version = "0";         // "0.1.0"
  std::string revision = "unknown";  // the commit that was checked out; unknown outside of a clone

  // "0.1.0 (commit 0123456789ab)"
  [[nodiscard]] std::string text() const { return version + " (commit " + revision + ")"; }
};

[[nodiscard]] BuildInfo build_info();

}  // namespace polybot::runtime
