// How the last writer of a folder of recordings ended: end.json, which it writes behind the end of
// its last file. Who started the writer removes an older one before, and learns from it what no
// exit code says. There is none when the writer was killed, or when the folder could not be written
// even then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace polybot::recording {

inline constexpr std::string_view kEndingName = "end.json";

struct Ending {
  std::uint64_t frames = 0;          // that the venue sent to this writer
  std::uint64_t lost_lines = 0;      // in no file
  std::uint64_t unmarked_lines = 0;  // of the lost ones, those that no gap tells of
  std::string trouble;               // why writing failed at the end; empty: it did not
  bool operator==(const Ending&) const = default;
};

// Replaces the file as a whole.
[[nodiscard]] std::error_code write_ending(const std::filesystem::path& folder,
                                           const Ending& ending);
// None: there is none that can be read.
[[nodiscard]] std::optional<Ending> read_ending(const std::filesystem::path& folder);

}  // namespace polybot::recording
