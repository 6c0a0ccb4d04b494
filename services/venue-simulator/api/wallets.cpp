#include "services/venue-simulator/api/wallets.hpp"

#include <algorithm>

#include "common/polymarket/messages/refusals.hpp"

namespace polybot::venue_simulator {

namespace refusal = polymarket::refusal;
using polymarket::SignatureType;
using polymarket::VenueWallet;
using polymarket::WalletKind;

std::variant<WalletKind, std::string> Wallets::maker_of(
    const Member& member, const polymarket::OrderToSign& order) const {
  const auto wallets = polymarket::wallets_of(member.address, chain_id_);
  const auto wallet = std::ranges::find_if(wallets, [&](const VenueWallet& one) {
    return one.address == order.maker && one.type() == order.signature_type;
  });
  const bool deployed = wallet != wallets.end() && deployed_.contains(wallet->kind);
  // The venue says of a deposit wallet that is not deployed what it says of a wrong signer.
  const bool of_contract = order.signature_type == SignatureType::Poly1271;
  const polymarket::Address& signer = of_contract ? order.maker : member.address;
  if (order.signer != signer || (of_contract && !deployed))
    return std::string(refusal::kWrongSigner);
  if (!deployed) return std::string(refusal::kMakerNotAllowed);
  return wallet->kind;
}

const AccountId* Wallets::account_of(const Accounts& accounts,
                                     const polymarket::Address& wallet) const {
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    const Account& account = accounts[AccountId{i}];
    if (account.house) continue;
    const auto wallets = polymarket::wallets_of({account.address}, chain_id_);
    const bool has =
        std::ranges::any_of(wallets, [&](const VenueWallet& one) { return one.address == wallet; });
    if (has) return accounts.find(account.address);
  }
  return nullptr;
}

bool Wallets::has_code(const Accounts& accounts, const polymarket::Address& wallet) const {
  const AccountId* const account = account_of(accounts, wallet);
  if (account == nullptr) return false;
  const auto wallets = polymarket::wallets_of({accounts[*account].address}, chain_id_);
  return std::ranges::any_of(wallets, [&](const VenueWallet& one) {
    return one.address == wallet && one.kind != WalletKind::Eoa && deployed_.contains(one.kind);
  });
}

bool Wallets::has(const Member& member, SignatureType type) const {
  const auto wallets = polymarket::wallets_of(member.address, chain_id_);
  return std::ranges::any_of(wallets, [&](const VenueWallet& one) {
    return one.type() == type && deployed_.contains(one.kind);
  });
}

}  // namespace polybot::venue_simulator
