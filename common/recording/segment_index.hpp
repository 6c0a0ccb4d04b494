// The table of contents of a folder of recordings: index.jsonl, a line for each file. It is made of
// the files, and made again where it is missing or not true: nothing is lost with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace polybot::recording {

inline constexpr std::string_view kIndexName = "index.jsonl";
inline constexpr std::string_view kSegmentEnding = ".jsonl.zst";

struct Segment {
  std::string file;  // its name in the folder
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;  // of the file
  bool operator==(const Segment&) const = default;
};

// What a file holds; reads all of it. An empty file has no times.
[[nodiscard]] Segment read_segment(const std::filesystem::path& path);
// The files of a folder by name, as the index has them; reads those that it has not, or with
// another size. Throws std::filesystem::filesystem_error.
[[nodiscard]] std::vector<Segment> read_segments(const std::filesystem::path& folder);
// Replaces the index as a whole.
[[nodiscard]] std::error_code write_index(const std::filesystem::path& folder,
                                          const std::vector<Segment>& segments);

}  // namespace polybot::recording
