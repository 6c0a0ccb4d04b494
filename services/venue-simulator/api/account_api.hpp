// The venue's REST about what happened to accounts, beside their orders and trades: notifications,
// the trades of a builder, and the orders of the time before the protocol changed.
#pragma once

#include "common/http/message.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class AccountApi {
 public:
  AccountApi(ExchangeHost& host, const Members& members) : host_(host), members_(members) {}

  [[nodiscard]] http::Response notifications(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response drop_notifications(const Member& member,
                                                  const http::Request& request);
  [[nodiscard]] http::Response pre_migration_orders(const Member& member,
                                                    const http::Request& request);
  // Public: a builder's code is no secret.
  [[nodiscard]] http::Response builder_trades(const http::Request& request);
  [[nodiscard]] http::Response builder_fees(const http::Request& request);

 private:
  void write_notice(const Notice& notice, const Member& member, std::string& out) const;

  ExchangeHost& host_;
  const Members& members_;
};

}  // namespace polybot::venue_simulator
