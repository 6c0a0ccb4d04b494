// Remembers which ids were read lately, and from which texts. The frames of a connection name the
// same few hundred tokens and markets all day. Reading an id from its 77 digits costs a fifth of
// its entry; comparing the text with the last one costs a fraction of that. Internal to this
// library.
//
// kParse is a pure function of the text. Ids that share a place replace each other.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace polybot::polymarket {

template <auto kParse>
class RecentIds {
 public:
  using Bytes = std::array<std::uint8_t, 32>;

  // kParse(text), remembered when it is an id.
  [[nodiscard]] std::optional<Bytes> read(std::string_view text) {
    std::uint64_t tail = 0;
    if (text.size() < sizeof tail || text.size() > kIdBytesMax) return kParse(text);
    std::memcpy(&tail, text.data() + text.size() - sizeof tail, sizeof tail);
    Entry& entry = entries_[(tail * kGoldenRatio) >> (64 - kIndexBits)];
    if (std::string_view(entry.text.data(), entry.size) != text) {
      const std::optional<Bytes> id = kParse(text);
      if (!id) return std::nullopt;
      entry.size = text.copy(entry.text.data(), text.size());
      entry.id = *id;
    }
    return entry.id;
  }

 private:
  static constexpr std::size_t kIdBytesMax = 80;  // a token id has 77 or 78 digits
  static constexpr int kIndexBits = 9;            // a connection follows at most 200 tokens
  static constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15U;  // spreads the last digits

  struct Entry {
    std::array<char, kIdBytesMax> text{};
    std::size_t size = 0;
    Bytes id{};
  };
  std::vector<Entry> entries_ = std::vector<Entry>(std::size_t{1} << kIndexBits);
};

}  // namespace polybot::polymarket
