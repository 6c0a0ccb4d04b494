// Hashes and text encodings the venue's protocol is made of: Keccak-256 (Ethereum's, not SHA-3),
// SHA-256, SHA-1, hexadecimal and base64url. Pure functions; nothing here fails except decoding.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::polymarket {

using Hash32 = std::array<std::uint8_t, 32>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] Hash32 keccak256(ByteView bytes);
[[nodiscard]] Hash32 sha256(ByteView bytes);
// 40 lower-case hex digits.
[[nodiscard]] std::string sha1_hex(std::string_view text);

// Lower-case, no prefix.
[[nodiscard]] std::string to_hex(ByteView bytes);
// Fills `out` from exactly 2 x out.size() hex digits, with or without "0x"; false (out unspecified)
// when the text is anything else.
[[nodiscard]] bool parse_hex(std::string_view text, std::span<std::uint8_t> out);

// URL-safe alphabet, '=' padding kept.
[[nodiscard]] std::string to_base64url(ByteView bytes);
// Accepts both alphabets, with or without padding; empty when the text is neither.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> parse_base64(std::string_view text);

}  // namespace polybot::polymarket
