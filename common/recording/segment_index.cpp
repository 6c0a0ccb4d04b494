#include "common/recording/segment_index.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>

#include "common/polymarket/messages/json.hpp"
#include "common/recording/reader.hpp"
#include "common/runtime/config.hpp"

namespace polybot::recording {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kIndexLinesMax = 1'000'000;

std::string line_of(const Segment& segment) {
  std::string line;
  polymarket::ObjectWriter out(line);
  out.text("file", segment.file).number("first_ms", segment.first_ms);
  out.number("last_ms", segment.last_ms);
  out.number("lines", static_cast<std::int64_t>(segment.lines));
  out.number("bytes", static_cast<std::int64_t>(segment.bytes));
  out.end();
  return line;
}

// A line that cannot be read counts as missing.
std::map<std::string, Segment> indexed(const fs::path& folder) {
  std::map<std::string, Segment> found;
  std::ifstream in(folder / kIndexName);
  std::string line;
  for (std::size_t i = 0; i < kIndexLinesMax && std::getline(in, line); ++i) {
    const auto value = polymarket::parse_json(line);
    if (!value) continue;
    polymarket::ObjectReader fields(*value, "index");
    Segment segment;
    segment.file = fields.text("file");
    segment.first_ms = fields.required(fields.integer("first_ms"), "first_ms");
    segment.last_ms = fields.required(fields.integer("last_ms"), "last_ms");
    segment.lines = static_cast<std::uint64_t>(fields.required(fields.integer("lines"), "lines"));
    segment.bytes = static_cast<std::uint64_t>(fields.required(fields.integer("bytes"), "bytes"));
    if (!fields.fault()) found.insert_or_assign(segment.file, segment);
  }
  return found;
}

}  // namespace

Segment read_segment(const fs::path& path) {
  Segment segment;
  segment.file = path.filename().string();
  segment.bytes = fs::file_size(path);
  if (segment.bytes == 0) return segment;
  try {
    Recording recording(path);
    segment.first_ms = recording.first_ms();
    for (; const Entry* entry = recording.peek(); recording.pop()) {
      segment.last_ms = entry->at_ms;
      segment.lines = entry->line;
    }
  } catch (const runtime::CannotStart&) {
    // It holds nothing that can be read.
  }
  return segment;
}

std::vector<Segment> read_segments(const fs::path& folder) {
  const auto known = indexed(folder);
  std::vector<Segment> segments;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    if (!name.ends_with(kSegmentEnding) || !file.is_regular_file()) continue;
    const auto at = known.find(name);
    const bool true_still = at != known.end() && at->second.bytes == file.file_size();
    segments.push_back(true_still ? at->second : read_segment(file.path()));
  }
  std::sort(segments.begin(), segments.end(),
            [](const Segment& a, const Segment& b) { return a.file < b.file; });
  return segments;
}

std::error_code write_index(const fs::path& folder, const std::vector<Segment>& segments) {
  const fs::path fresh = folder / (std::string(kIndexName) + ".new");
  std::ofstream out(fresh, std::ios::trunc);
  for (const Segment& segment : segments) out << line_of(segment) << "\n";
  out.close();
  std::error_code error;
  if (!out) return std::make_error_code(std::errc::io_error);
  fs::rename(fresh, folder / kIndexName, error);
  return error;
}

}  // namespace polybot::recording
