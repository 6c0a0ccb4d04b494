#include "common/recording/ending.hpp"

#include <fstream>
#include <iterator>

#include "common/polymarket/messages/json.hpp"

namespace polybot::recording {
namespace fs = std::filesystem;

std::error_code write_ending(const fs::path& folder, const Ending& ending) {
  std::string text;
  polymarket::ObjectWriter out(text);
  out.number("frames", static_cast<std::int64_t>(ending.frames));
  out.number("lost_lines", static_cast<std::int64_t>(ending.lost_lines));
  out.number("unmarked_lines", static_cast<std::int64_t>(ending.unmarked_lines));
  out.text("trouble", ending.trouble);
  out.end();
  const fs::path fresh = folder / (std::string(kEndingName) + ".new");
  std::ofstream file(fresh, std::ios::trunc);
  file << text << "\n";
  file.close();
  std::error_code error;
  if (!file) {
    fs::remove(fresh, error);
    return std::make_error_code(std::errc::io_error);
  }
  fs::rename(fresh, folder / kEndingName, error);
  return error;
}

std::optional<Ending> read_ending(const fs::path& folder) {
  std::ifstream file(folder / kEndingName);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto value = polymarket::parse_json(text);
  if (!value) return std::nullopt;
  polymarket::ObjectReader fields(*value, "end");
  const auto count = [&](std::string_view key) {
    return static_cast<std::uint64_t>(fields.required(fields.integer(key), key));
  };
  Ending ending;
  ending.frames = count("frames");
  ending.lost_lines = count("lost_lines");
  ending.unmarked_lines = count("unmarked_lines");
  ending.trouble = fields.text("trouble");
  if (fields.fault()) return std::nullopt;
  return ending;
}

}  // namespace polybot::recording
