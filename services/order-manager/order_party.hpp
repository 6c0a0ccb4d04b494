// Who trades: the wallet of the venue key that the configuration names.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/domain/events.hpp"
#include "common/polymarket/messages/orders.hpp"

namespace polybot::order_manager {

struct WalletConfig {
  polymarket::WalletKind kind = polymarket::WalletKind::Eoa;
  std::optional<polymarket::Address> funder;  // what the operator takes its address to be
  polymarket::Hash32 builder{};
  bool named = true;  // false: the configuration does not say which wallet is meant
};

// The key has no such wallet on the chain, or its address is not `funder`. The text lists the key's
// wallets.
class WalletError : public std::invalid_argument {
 public:
  WalletError(const char* named_by, const std::string& what)
      : std::invalid_argument(what), named_by_(named_by) {}
  // The key of the configuration that is wrong.
  [[nodiscard]] const char* named_by() const { return named_by_; }

 private:
  const char* named_by_;
};

// Throws WalletError.
[[nodiscard]] polymarket::OrderParty party_of(const WalletConfig& wallet,
                                              const polymarket::Address& key,
                                              std::uint64_t chain_id);
// A line for each wallet that the key has on the chain: kind, signature type, address.
[[nodiscard]] std::string list_of_wallets(const polymarket::Address& key, std::uint64_t chain_id);
// As the journal names it.
[[nodiscard]] domain::AccountId account_of(const polymarket::OrderParty& party,
                                           std::uint64_t chain_id);

}  // namespace polybot::order_manager
