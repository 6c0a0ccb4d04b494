// The wallets of a key: who makes its orders, and how the venue is to check their signatures.
//
// An account of the venue is the key's own address or a contract that the venue makes for it. The
// address of such a contract follows from its owner's (CREATE2), so a key's wallets are known
// without asking anybody; only whether one of them is deployed is not. Addresses and code hashes
// are those of npm @polymarket/builder-relayer-client 0.0.10.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/polymarket/signing.hpp"

namespace polybot::polymarket {

// Numbers are stored; never change one.
enum class WalletKind : std::uint8_t {
  Eoa = 0,         // the key's own address
  Proxy = 1,       // of an account that was opened by e-mail
  Safe = 2,        // of one that was opened with a browser's wallet
  Deposit = 3,     // of one that was opened since June 2026
  OldDeposit = 4,  // of one that was opened before, by the same way
};
inline constexpr std::array kWalletKinds{WalletKind::Eoa, WalletKind::Proxy, WalletKind::Safe,
                                         WalletKind::Deposit, WalletKind::OldDeposit};
// As in configurations: "eoa", "proxy", "safe", "deposit", "deposit-old".
[[nodiscard]] std::string_view name_of(WalletKind kind);
[[nodiscard]] SignatureType signature_type_of(WalletKind kind);

struct VenueWallet {
  WalletKind kind = WalletKind::Eoa;
  Address owner;    // of the key
  Address address;  // whose money it is: the maker of its orders
  bool operator==(const VenueWallet&) const = default;

  [[nodiscard]] SignatureType type() const { return signature_type_of(kind); }
  // As orders name it: a deposit wallet signs for itself.
  [[nodiscard]] const Address& signer() const {
    return type() == SignatureType::Poly1271 ? address : owner;
  }
};

// Empty where the venue makes no such wallets on the chain.
[[nodiscard]] std::optional<VenueWallet> wallet_of(const Address& owner, WalletKind kind,
                                                   std::uint64_t chain_id);
// All that exist on the chain, the key's own address first.
[[nodiscard]] std::vector<VenueWallet> wallets_of(const Address& owner, std::uint64_t chain_id);

}  // namespace polybot::polymarket
