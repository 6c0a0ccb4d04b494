// A recording, as anybody may hand it over: plain, compressed, or bytes that only claim to be. The
// reader never holds more than it says, and a text gives the same entries plain and compressed. A
// cut of all of it holds every frame that can be read, and can be read itself. What a killed writer
// left is found whatever its bytes are.
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/recording/cut.hpp"
#include "common/recording/inspection.hpp"
#include "common/recording/reader.hpp"
#include "common/recording/segment_file.hpp"
#include "common/runtime/config.hpp"

namespace {

using namespace polybot;
using recording::Recording;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Read {
  std::vector<std::pair<std::uint64_t, std::string>> frames;  // line, text
  std::uint64_t skipped = 0;
  std::string damage;
};

Read read(std::string bytes, const char* name) {
  Read result;
  const std::size_t size = bytes.size();
  try {
    Recording recording(std::make_unique<std::istringstream>(std::move(bytes)), name, size);
    std::int64_t latest = recording.first_ms();
    polymarket::MarketFrame frame;
    for (; recording.peek() != nullptr; recording.pop()) {
      require(recording.peek()->at_ms >= latest);
      latest = recording.peek()->at_ms;
      result.frames.emplace_back(recording.peek()->line, recording.peek()->raw);
      (void)polymarket::parse_market_frame(recording.peek()->raw, frame);
    }
    require(recording.at_end());
    result.skipped = recording.skipped_lines();
    result.damage = recording.damage();
  } catch (const runtime::CannotStart&) {
    require(result.frames.empty());
  }
  return result;
}

void inspect_and_cut(const std::string& bytes) {
  try {
    Recording recording(std::make_unique<std::istringstream>(bytes), "x.jsonl", bytes.size());
    const std::uint64_t frames = recording::inspect(recording).frames;
    Recording again(std::make_unique<std::istringstream>(bytes), "x.jsonl", bytes.size());
    std::string text;
    require(recording::cut(again, {}, [&](std::string_view lines) { text += lines; }) == frames);
    Recording cut(std::make_unique<std::istringstream>(text), "x.jsonl", text.size());
    const recording::Inspection found = recording::inspect(cut);
    require(found.skipped_lines == 0 && found.frames >= frames);
  } catch (const runtime::CannotStart&) {
    // It is none.
  }
}

void find_whole_part(const std::string& bytes) {
  std::istringstream in(bytes);
  const auto part = recording::whole_part(in, bytes.size());
  require(!part || part->bytes <= bytes.size());
}

std::string packed(std::string_view text) {
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
  return frame;
}

}  // namespace

// The first byte picks: compressed bytes, or text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    (void)read(bytes, "x.jsonl.zst");
    find_whole_part(bytes);
    return 0;
  }
  inspect_and_cut(bytes);
  const Read plain = read(bytes, "x.jsonl");
  const Read unpacked = read(packed(bytes), "x.jsonl.zst");
  require(plain.damage.empty() == unpacked.damage.empty());
  require(plain.frames == unpacked.frames && plain.skipped == unpacked.skipped);
  return 0;
}
