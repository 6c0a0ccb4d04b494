// The named API tokens as a text: one a line, "NAME USE DIGEST", where USE is command, read or
// revoked, and DIGEST the SHA-256 of the token in hex. A token is 32 random bytes, so nobody finds
// it by its digest, and anybody who reads the file cannot act with it. "#" begins a comment. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/enumeration.hpp"

namespace polybot::gateway {

// A token for commands also reads. A revoked one is kept to be recognized.
enum class TokenUse : std::uint8_t { Command = 0, Read = 1, Revoked = 2 };

using TokenDigest = std::array<unsigned char, 32>;
[[nodiscard]] TokenDigest digest_of(std::string_view token);

struct NamedToken {
  std::string name;
  TokenUse use = TokenUse::Command;
  TokenDigest digest{};
};

inline constexpr std::size_t kTokensMax = 256;  // each request looks at all of them
// Names of the tokens that have a file of their own.
inline constexpr std::string_view kDefaultToken = "default";
inline constexpr std::string_view kReadToken = "reader";
// 1 to 64 letters, digits, '_' and '-', and none of the two above.
[[nodiscard]] bool is_token_name(std::string_view name);

struct TokenList {
  std::vector<NamedToken> tokens;
  std::vector<std::string> errors;  // "line 3: ..."; the other lines count
};
[[nodiscard]] TokenList parse_tokens(std::string_view text);
[[nodiscard]] std::string render_tokens(const std::vector<NamedToken>& tokens);

}  // namespace polybot::gateway
