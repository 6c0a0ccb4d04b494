// Which wallets may make orders: the one place that decides it.
//
// An account is a key's own address. The venue has deployed wallets for it, which draw on what the
// account holds: unlike at the real venue a key's wallets have no balances of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "common/polymarket/venue_wallet.hpp"
#include "services/venue-simulator/api/members.hpp"

namespace polybot::venue_simulator {

class Wallets {
 public:
  Wallets(std::uint64_t chain_id, std::set<polymarket::WalletKind> deployed)
      : chain_id_(chain_id), deployed_(std::move(deployed)) {}

  [[nodiscard]] std::uint64_t chain_id() const { return chain_id_; }
  // Which wallet of the sender makes the order, or why it may not, in the venue's words.
  [[nodiscard]] std::variant<polymarket::WalletKind, std::string> maker_of(
      const Member& member, const polymarket::OrderToSign& order) const;
  // Whose wallet has this address; null when it is nobody's.
  [[nodiscard]] const AccountId* account_of(const Accounts& accounts,
                                            const polymarket::Address& wallet) const;
  // Whether the chain has a contract of the venue at this address.
  [[nodiscard]] bool has_code(const Accounts& accounts, const polymarket::Address& wallet) const;
  // Whether the account has a wallet whose orders are signed so.
  [[nodiscard]] bool has(const Member& member, polymarket::SignatureType type) const;

 private:
  std::uint64_t chain_id_;
  std::set<polymarket::WalletKind> deployed_;
};

}  // namespace polybot::venue_simulator
