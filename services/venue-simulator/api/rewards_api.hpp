// The venue's REST about what it pays beside trades. Of rewards: the programme's terms for each
// market, which orders score, and what an account has earned, which is nothing (rewards.hpp). Of
// rebates: what a maker was paid for a day.
#pragma once

#include "common/http/message.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/api/wallets.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class RewardsApi {
 public:
  RewardsApi(const ExchangeHost& host, const Wallets& wallets) : host_(host), wallets_(wallets) {}

  [[nodiscard]] http::Response current(const http::Request& request) const;
  [[nodiscard]] http::Response of_market(const http::Request& request) const;
  [[nodiscard]] http::Response rebates(const http::Request& request) const;
  [[nodiscard]] http::Response earnings(const Member& member, const http::Request& request) const;
  [[nodiscard]] http::Response total(const Member& member, const http::Request& request) const;
  [[nodiscard]] http::Response percentages(const Member& member,
                                           const http::Request& request) const;
  [[nodiscard]] http::Response earnings_by_market(const Member& member,
                                                  const http::Request& request) const;
  [[nodiscard]] http::Response order_scoring(const Member& member,
                                             const http::Request& request) const;
  [[nodiscard]] http::Response orders_scoring(const Member& member,
                                              const http::Request& request) const;

 private:
  [[nodiscard]] bool is_scoring(const Member& member, const domain::VenueOrderId& order) const;
  [[nodiscard]] http::Response list(const http::Request& request, std::size_t limit,
                                    std::string_view maker) const;

  const ExchangeHost& host_;
  const Wallets& wallets_;
};

// Absent counts as 0. Empty when it is none of the venue's.
[[nodiscard]] std::optional<int> parse_signature_type(const http::Request& request);

}  // namespace polybot::venue_simulator
