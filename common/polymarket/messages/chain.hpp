// What is asked of a node of the chain (JSON-RPC 2.0): which chain it is, whether an address has
// code, and how much of a token it holds. In and out.
// Source: https://ethereum.org/developers/docs/apis/json-rpc
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/polymarket/address.hpp"
#include "common/polymarket/messages/income.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

// The collateral of the venue and the one that it took before April 2026, on Polygon.
inline constexpr Address kCollateralToken = address_literal(kCollateralAsset);
inline constexpr Address kOldCollateralToken =
    address_literal("0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174");

struct ChainQuestion {
  enum class Kind : std::uint8_t { ChainId, Code, Balance };
  Kind kind = Kind::ChainId;
  Address address{};  // whose code or balance
  Address token{};    // of a balance
  bool operator==(const ChainQuestion&) const = default;
};

[[nodiscard]] std::string write_chain_question(const ChainQuestion& question);
// UnknownValue for a question of another kind.
[[nodiscard]] ParseResult<ChainQuestion> parse_chain_question(std::string_view text);

// "0x" and hex digits: a number of any length, or code.
[[nodiscard]] ParseResult<std::string> parse_chain_answer(std::string_view text);
[[nodiscard]] std::string write_chain_answer(std::string_view hex);
[[nodiscard]] std::string write_chain_error(std::string_view text);
// The number, or 2^64 - 1 where it is greater; empty for anything else.
[[nodiscard]] std::optional<std::uint64_t> chain_number(std::string_view hex);
[[nodiscard]] std::string chain_hex(std::uint64_t number);

}  // namespace polybot::polymarket
