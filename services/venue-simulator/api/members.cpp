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

polymarket::ApiCredentials Members::derive(const polymarket::Address& address) const {
  const auto part = [&](std::string_view name) {
    const std::string text =
        std::string(name) + ":" + std::to_string(seed_) + ":" + polymarket::to_hex(address.bytes);
    return polymarket::sha256(polymarket::bytes_of(text));
  };
  return {uuid_of(part("api-key")), polymarket::to_base64url(part("secret")),
          polymarket::to_hex(part("passphrase"))};
}

void Members::learn(const MatchingEngine& engine) {
  const Accounts& accounts = engine.accounts();
  while (shown_.size() < accounts.size()) {
    const AccountId id{static_cast<std::uint32_t>(shown_.size())};
    const Account& account = accounts[id];
    const polymarket::Address address{account.address};
    polymarket::ApiCredentials credentials = derive(address);
    shown_.push_back({credentials.api_key(), polymarket::to_checksum(address)});
    if (account.house) continue;
    auto member = std::make_unique<Member>(
        Member{id, address, shown_.back().address, std::move(credentials)});
    by_api_key_[member->credentials.api_key()] = member.get();
    members_[address] = std::move(member);
  }
}

const Member* Members::by_api_key(std::string_view api_key) const {
  const auto found = by_api_key_.find(std::string(api_key));
  return found == by_api_key_.end() ? nullptr : found->second;
}

const Member* Members::by_address(const polymarket::Address& address) const {
  const auto found = members_.find(address);
  return found == members_.end() ? nullptr : found->second.get();
}

const std::string& Members::owner_of(AccountId account) const {
  return shown_.at(account.value).api_key;
}
const std::string& Members::address_of(AccountId account) const {
  return shown_.at(account.value).address;
}

}  // namespace polybot::venue_simulator
