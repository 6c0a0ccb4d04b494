#include "services/gateway/api/access/token_list.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "common/domain/assert.hpp"
#include "common/wire/topics.hpp"

namespace polybot::gateway {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kHead =
    "# API tokens: NAME USE SHA256. Change it with \"gateway token add|revoke\".\n";

std::optional<TokenDigest> parse_digest(std::string_view hex) {
  TokenDigest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const std::size_t high = kHex.find(hex[2 * i]);
    const std::size_t low = kHex.find(hex[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    digest[i] = static_cast<unsigned char>(high << 4U | low);
  }
  return digest;
}

// What is wrong with a line; its token is added when nothing is.
std::string_view read_line(const std::string& line, std::vector<NamedToken>& tokens) {
  std::istringstream words(line.substr(0, line.find('#')));
  std::string name;
  std::string use_word;
  std::string hex;
  std::string more;
  if (!(words >> name)) return {};
  if (!(words >> use_word >> hex) || words >> more) return "must be NAME USE SHA256";
  const auto use = domain::enumerator_named<TokenUse>(use_word);
  const auto digest = parse_digest(hex);
  if (!is_token_name(name)) return "is no name for a token";
  if (!use) return "the use must be command, read or revoked";
  if (!digest) return "the digest must be 64 hex digits in lower case";
  const bool twice = std::any_of(tokens.begin(), tokens.end(),
                                 [&](const NamedToken& other) { return other.name == name; });
  if (twice) return "names a token for the second time";
  if (tokens.size() == kTokensMax) return "is one token too many";
  tokens.push_back({std::move(name), *use, *digest});
  return {};
}

}  // namespace

TokenDigest digest_of(std::string_view token) {
  TokenDigest digest{};
  unsigned size = 0;
  POLYBOT_ASSERT(
      EVP_Digest(token.data(), token.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1 &&
      size == digest.size());
  return digest;
}

bool is_token_name(std::string_view name) {
  return wire::is_topic_part(name) && name != kDefaultToken && name != kReadToken;
}

TokenList parse_tokens(std::string_view text) {
  TokenList list;
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string_view wrong = read_line(line, list.tokens);
    if (!wrong.empty())
      list.errors.push_back("line " + std::to_string(number) + ": " + std::string(wrong));
  }
  return list;
}

std::string render_tokens(const std::vector<NamedToken>& tokens) {
  std::string text(kHead);
  for (const NamedToken& token : tokens) {
    text.append(token.name).append(" ").append(domain::name_of(token.use)).append(" ");
    for (const unsigned char byte : token.digest) {
      text.push_back(kHex[byte >> 4U]);
      text.push_back(kHex[byte & 15U]);
    }
    text.push_back('\n');
  }
  return text;
}

}  // namespace polybot::gateway
