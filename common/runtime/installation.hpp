// Where the package puts things, and whether this process was started from there.
//
// The same program runs from a build tree and from the package. It looks at its own place once, at
// the start, and takes the defaults of that place: an installed program must not look for a source
// folder, and one in a build tree must not touch what is installed.
#pragma once

#include <filesystem>

namespace polybot::runtime {

// deploy/package installs exactly these.
inline constexpr const char* kInstalledPrograms = "/usr/lib/polybot/bin";
inline constexpr const char* kInstalledConfiguration = "/etc/polybot";

// The folder that holds this process's program, links followed.
[[nodiscard]] std::filesystem::path own_programs_folder();
[[nodiscard]] inline bool is_installed(const std::filesystem::path& programs) {
  return programs == kInstalledPrograms;
}

}  // namespace polybot::runtime
