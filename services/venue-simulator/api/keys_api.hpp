// The venue's REST about keys: API keys by nonce, read-only keys, the keys of builders, and whether
// an account may only close.
//
// An account is opened, with the configured deposit, when its owner first asks for an API key.
#pragma once

#include "common/http/message.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/config.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class KeysApi {
 public:
  struct Options {
    std::uint64_t chain_id = 137;
    domain::Money deposit;
    ExistingKey existing_key = ExistingKey::Refuse;
  };
  KeysApi(ExchangeHost& host, Members& members, const Options& options)
      : host_(host), members_(members), options_(options) {}

  // L1.
  [[nodiscard]] http::Response create_api_key(const http::Request& request);
  [[nodiscard]] http::Response derive_api_key(const http::Request& request);
  // L2.
  [[nodiscard]] http::Response api_keys(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response delete_api_key(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response closed_only(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response create_read_only_key(const Member& member,
                                                    const http::Request& request);
  [[nodiscard]] http::Response read_only_keys(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response delete_read_only_key(const Member& member,
                                                    const http::Request& request);
  [[nodiscard]] http::Response create_builder_key(const Member& member,
                                                  const http::Request& request);
  [[nodiscard]] http::Response builder_keys(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response revoke_builder_key(const Member& member,
                                                  const http::Request& request);

 private:
  // The name of a new key of a kind that counts; empty when there are too many.
  [[nodiscard]] std::optional<KeyName> make_key(AccountId account, KeyKind kind);
  // What the active keys of a kind look like.
  [[nodiscard]] std::vector<std::string> shown_keys(AccountId account, KeyKind kind) const;
  [[nodiscard]] std::int64_t now_s() const;

  ExchangeHost& host_;
  Members& members_;
  Options options_;
};

}  // namespace polybot::venue_simulator
