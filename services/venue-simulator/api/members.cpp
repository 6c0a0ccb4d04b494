#include "services/venue-simulator/api/members.hpp"

#include "common/polymarket/digest.hpp"

namespace polybot::venue_simulator {
namespace {

std::string uuid_of(const polymarket::Hash32& hash) {
  const std::string hex = polymarket::to_hex(hash);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-a" +
         hex.substr(17, 3) + "-" + hex.substr(20, 12);
}

}  // namespace

// The key of nonce 0 has had its text since before there were others.
polymarket::ApiCredentials Members::derive(const polymarket::Address& address, KeyKind kind,
                                           std::uint64_t number) const {
  std::string name;
  if (kind != KeyKind::Api || number != 0)
    name = ":" + std::to_string(static_cast<int>(kind)) + ":" + std::to_string(number);
  const auto part = [&](std::string_view what) {
    const std::string text = std::string(what) + ":" + std::to_string(seed_) + ":" +
                             polymarket::to_hex(address.bytes) + name;
    return polymarket::sha256(polymarket::bytes_of(text));
  };
  return {uuid_of(part("api-key")), polymarket::to_base64url(part("secret")),
          polymarket::to_hex(part("passphrase"))};
}

polymarket::ApiCredentials Members::credentials(const KeyName& key) const {
  return derive({exchange_->engine().accounts()[key.account].address}, key.kind, key.number);
}

void Members::learn(const Exchange& exchange) {
  exchange_ = &exchange;
  const Accounts& accounts = exchange.engine().accounts();
  if (shown_.size() == accounts.size() && changes_ == exchange.key_ring().changes()) return;
  changes_ = exchange.key_ring().changes();
  while (shown_.size() < accounts.size()) {
    const AccountId id{static_cast<std::uint32_t>(shown_.size())};
    const polymarket::Address address{accounts[id].address};
    shown_.push_back(
        {derive(address, KeyKind::Api, 0).api_key(), polymarket::to_checksum(address)});
  }
  for (std::uint32_t i = 0; i < accounts.size(); ++i) {
    if (!accounts[AccountId{i}].house) learn_account(AccountId{i});
  }
}

void Members::learn_account(AccountId id) {
  const polymarket::Address address{exchange_->engine().accounts()[id].address};
  const KeyRing& ring = exchange_->key_ring();
  for (const KeyRing::Key& key : ring.keys(id, KeyKind::Api)) {
    std::unique_ptr<Member>& member = members_[{id, key.number}];
    if (member) continue;
    member = std::make_unique<Member>(Member{id, address, shown_[id.value].address, key.number,
                                             derive(address, KeyKind::Api, key.number)});
    by_api_key_[member->credentials.api_key()] = member.get();
  }
  for (const KeyRing::Key& key : ring.keys(id, KeyKind::ReadOnly)) {
    const KeyName name{id, KeyKind::ReadOnly, key.number};
    read_only_.try_emplace(derive(address, KeyKind::ReadOnly, key.number).api_key(), name);
  }
}

const Member* Members::active(const Member* member) const {
  const bool lives = member != nullptr &&
                     exchange_->key_ring().active({member->account, KeyKind::Api, member->nonce});
  return lives ? member : nullptr;
}

const Member* Members::by_api_key(std::string_view api_key) const {
  const auto found = by_api_key_.find(std::string(api_key));
  return found == by_api_key_.end() ? nullptr : active(found->second);
}

const Member* Members::by_nonce(const polymarket::Address& address, std::uint64_t nonce) const {
  if (exchange_ == nullptr) return nullptr;
  const AccountId* account = exchange_->engine().accounts().find(address.bytes);
  if (account == nullptr) return nullptr;
  const auto found = members_.find({*account, nonce});
  return found == members_.end() ? nullptr : active(found->second.get());
}

const Member* Members::by_read_only_key(std::string_view key) const {
  const auto found = read_only_.find(std::string(key));
  if (found == read_only_.end() || !exchange_->key_ring().active(found->second)) return nullptr;
  const auto member = members_.lower_bound({found->second.account, 0});
  const bool owns = member != members_.end() && member->first.first == found->second.account;
  return owns ? member->second.get() : nullptr;
}

std::string Members::owner_of(AccountId account, const domain::VenueOrderId& order) const {
  const std::uint64_t nonce = exchange_->origins().of(order).key_nonce;
  const auto member = members_.find({account, nonce});
  return member == members_.end() ? shown_.at(account.value).api_key
                                  : member->second->credentials.api_key();
}

const std::string& Members::address_of(AccountId account) const {
  return shown_.at(account.value).address;
}

std::string Members::maker_of(AccountId account, const domain::VenueOrderId& order) const {
  const auto kind = static_cast<polymarket::WalletKind>(exchange_->origins().of(order).wallet);
  if (kind == polymarket::WalletKind::Eoa) return address_of(account);
  const polymarket::Address owner{exchange_->engine().accounts()[account].address};
  const auto wallet = polymarket::wallet_of(owner, kind, chain_id_);
  return wallet ? polymarket::to_checksum(wallet->address) : address_of(account);
}

}  // namespace polybot::venue_simulator
