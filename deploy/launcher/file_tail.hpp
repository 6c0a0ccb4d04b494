// The end of a file that another process writes, for what it said last.
#pragma once

#include <filesystem>
#include <string>

namespace polybot::launcher {

// Of a log, enough for the last words of a process.
inline constexpr std::streamoff kLogTailBytes = 16 * 1024;

// At most so many bytes; empty when it cannot be read.
[[nodiscard]] std::string read_tail(const std::filesystem::path& file, std::streamoff bytes_max);

}  // namespace polybot::launcher
