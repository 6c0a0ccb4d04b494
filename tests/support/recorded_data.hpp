// Recordings of the real venue, beside the checkout and no part of the project. They are optional:
// without them the tests that read them skip themselves and say so:
//
//   const auto folder = recorded_data();
//   if (!folder) GTEST_SKIP() << kNoRecordedData;
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::test_support {

inline constexpr const char* kNoRecordedData =
    "there are no recordings here: set POLYBOT_RECORDED_DATA to their folder";

// The folder that the environment variable POLYBOT_RECORDED_DATA names, else the one beside the
// checkout, if there is a `polymarket` in it.
inline std::optional<std::filesystem::path> recorded_data() {
  const char* const named = std::getenv("POLYBOT_RECORDED_DATA");
  const std::filesystem::path folder = named != nullptr ? named : POLYBOT_RECORDED_DATA;
  if (!std::filesystem::is_directory(folder / "polymarket")) return std::nullopt;
  return folder;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::string read_zstd(const std::filesystem::path& path) {
  const std::string packed = read_file(path);
  ZSTD_DStream* const stream = ZSTD_createDStream();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::string text;
  std::vector<char> block(ZSTD_DStreamOutSize());
  while (in.pos < in.size) {
    ZSTD_outBuffer out{block.data(), block.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)) != 0) {
      ZSTD_freeDStream(stream);
      throw std::runtime_error("not zstd: " + path.string());
    }
    text.append(block.data(), out.pos);
  }
  ZSTD_freeDStream(stream);
  return text;
}

inline std::string read_gzip(const std::filesystem::path& path) {
  gzFile const file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot read " + path.string());
  std::string text;
  std::array<char, 65536> block{};
  for (int size = gzread(file, block.data(), block.size()); size > 0;
       size = gzread(file, block.data(), block.size())) {
    text.append(block.data(), static_cast<std::size_t>(size));
  }
  gzclose(file);
  return text;
}

// Non-empty lines; the views point into `text`.
inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace polybot::test_support
