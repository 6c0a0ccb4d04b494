// The accounts of the simulated venue, their addresses and their API keys.
//
// What a key looks like, and its secret, is a function of the seed, the address and the key's name
// (core/records/key_ring.hpp), so that deriving it again, also after a restart, gives the same one.
// The crowd has API keys for show and no credentials.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/polymarket/credentials.hpp"
#include "common/polymarket/venue_wallet.hpp"
#include "services/venue-simulator/core/exchange.hpp"

namespace polybot::venue_simulator {

// An account with one of its API keys: the sender of a request.
struct Member {
  AccountId account;
  polymarket::Address address;
  std::string address_text;  // checksummed
  std::uint64_t nonce = 0;   // of the key
  polymarket::ApiCredentials credentials;
};

class Members {
 public:
  explicit Members(std::uint64_t seed, std::uint64_t chain_id = polymarket::kPolygonChainId)
      : seed_(seed), chain_id_(chain_id) {}

  // Knows every account and key of the exchange from now on, which must outlive this. A member
  // stays where it is when its key is deleted; only it is found no more.
  void learn(const Exchange& exchange);

  // By an active key; null when there is none.
  [[nodiscard]] const Member* by_api_key(std::string_view api_key) const;
  [[nodiscard]] const Member* by_nonce(const polymarket::Address& address,
                                       std::uint64_t nonce) const;
  // The owner of an active read-only key, as any of its members.
  [[nodiscard]] const Member* by_read_only_key(std::string_view key) const;

  // Whether or not there is such a key.
  [[nodiscard]] polymarket::ApiCredentials credentials(const KeyName& key) const;
  // The API key shown as the sender of an order, and the address of any account, the crowd's
  // included.
  [[nodiscard]] std::string owner_of(AccountId account, const domain::VenueOrderId& order) const;
  [[nodiscard]] const std::string& address_of(AccountId account) const;
  // The address of the wallet that made the order.
  [[nodiscard]] std::string maker_of(AccountId account, const domain::VenueOrderId& order) const;

 private:
  struct Shown {
    std::string api_key;  // of nonce 0
    std::string address;
  };
  [[nodiscard]] polymarket::ApiCredentials derive(const polymarket::Address& address, KeyKind kind,
                                                  std::uint64_t number) const;
  void learn_account(AccountId id);
  [[nodiscard]] const Member* active(const Member* member) const;

  std::uint64_t seed_;
  std::uint64_t chain_id_;
  const Exchange* exchange_ = nullptr;
  std::uint64_t changes_ = 0;  // of the key ring that are learned
  std::vector<Shown> shown_;   // by account
  std::map<std::pair<AccountId, std::uint64_t>, std::unique_ptr<Member>> members_;  // with a nonce
  std::unordered_map<std::string, const Member*> by_api_key_;
  std::unordered_map<std::string, KeyName> read_only_;
};

}  // namespace polybot::venue_simulator
