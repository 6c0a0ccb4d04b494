#include "services/order-manager/order_party.hpp"

#include <fmt/format.h>

namespace polybot::order_manager {

using polymarket::Address;
using polymarket::VenueWallet;

polymarket::OrderParty party_of(const WalletConfig& wallet, const Address& key,
                                std::uint64_t chain_id) {
  const auto found = polymarket::wallet_of(key, wallet.kind, chain_id);
  const std::string_view kind = polymarket::name_of(wallet.kind);
  if (!found) {
    throw WalletError(
        "venue.wallet",
        fmt::format("the venue has no wallets of the kind {} on chain {}; the key of {} has "
                    "there\n{}",
                    kind, chain_id, to_checksum(key), list_of_wallets(key, chain_id)));
  }
  if (wallet.funder && *wallet.funder != found->address) {
    throw WalletError(
        "venue.funder",
        fmt::format(
            "{} is not the {} wallet of the key of {}. Its wallets are\n{}"
            "A key that was only allowed to sign for a wallet of another (a session key) is not "
            "supported",
            to_checksum(*wallet.funder), kind, to_checksum(key), list_of_wallets(key, chain_id)));
  }
  return {.wallet = *found, .builder = wallet.builder};
}

std::string list_of_wallets(const Address& key, std::uint64_t chain_id) {
  std::string lines;
  for (const VenueWallet& wallet : polymarket::wallets_of(key, chain_id)) {
    lines += fmt::format("  {:<12} signature type {}  {}\n", polymarket::name_of(wallet.kind),
                         static_cast<int>(wallet.type()), to_checksum(wallet.address));
  }
  return lines;
}

domain::AccountId account_of(const polymarket::OrderParty& party, std::uint64_t chain_id) {
  const VenueWallet& wallet = party.wallet;
  domain::AccountId account{.address = to_checksum(wallet.address), .chain_id = chain_id};
  account.signature_type = static_cast<std::uint8_t>(wallet.type());
  if (wallet.address != wallet.owner) account.owner = to_checksum(wallet.owner);
  return account;
}

}  // namespace polybot::order_manager
