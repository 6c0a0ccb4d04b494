// The accounts of the simulated venue, their addresses and their API credentials.
//
// Credentials are a function of the seed and the address, so that deriving them again, also after a
// restart, gives the same ones. The crowd has API keys for show and no credentials.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/polymarket/credentials.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"

namespace polybot::venue_simulator {

struct Member {
  AccountId account;
  polymarket::Address address;
  std::string address_text;  // checksummed
  polymarket::ApiCredentials credentials;
};

class Members {
 public:
  explicit Members(std::uint64_t seed) : seed_(seed) {}

  // Knows every account of the engine from now on.
  void learn(const MatchingEngine& engine);
  [[nodiscard]] const Member* by_api_key(std::string_view api_key) const;
  [[nodiscard]] const Member* by_address(const polymarket::Address& address) const;
  // The API key and address shown for any account, the crowd's included.
  [[nodiscard]] const std::string& owner_of(AccountId account) const;
  [[nodiscard]] const std::string& address_of(AccountId account) const;

 private:
  struct Shown {
    std::string api_key;
    std::string address;
  };
  [[nodiscard]] polymarket::ApiCredentials derive(const polymarket::Address& address) const;

  std::uint64_t seed_;
  std::vector<Shown> shown_;  // by account
  std::map<polymarket::Address, std::unique_ptr<Member>> members_;
  std::unordered_map<std::string, const Member*> by_api_key_;
};

}  // namespace polybot::venue_simulator
