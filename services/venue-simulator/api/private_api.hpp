// The venue's private REST about trading: orders, cancels, heartbeats, and what an account may read
// of its orders, trades and balances.
//
// Every request is authenticated before it comes here (routes.hpp); every order's EIP-712 signature
// is verified against the exchange contract of its market. The faults answer-lost, executed-late
// and foreign-heartbeat act here.
#pragma once

#include <optional>

#include "common/polymarket/messages/orders.hpp"
#include "services/venue-simulator/api/fault_gate.hpp"
#include "services/venue-simulator/api/members.hpp"
#include "services/venue-simulator/api/wallets.hpp"

namespace polybot::venue_simulator {

class PrivateApi {
 public:
  PrivateApi(ExchangeHost& host, Members& members, FaultGate& gate, const Wallets& wallets);

  [[nodiscard]] http::Response post_order(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response post_orders(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response delete_order(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response delete_orders(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response cancel_all(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response cancel_market(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response open_orders(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response open_order(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response trades(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response balance(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response update_balance(const Member& member, const http::Request& request);
  [[nodiscard]] http::Response heartbeat(const Member& member, const http::Request& request);

 private:
  // An order ready for the exchange, or the venue's refusal.
  [[nodiscard]] std::variant<NewOrder, std::string> check(
      const Member& member, const polymarket::PostedOrder& posted) const;
  [[nodiscard]] std::string account_refusal(const Member& member, const domain::Market& market,
                                            domain::Side side) const;
  [[nodiscard]] bool may_spend_nothing(domain::ExchangeVersion exchange) const;
  // One answer per order, in order.
  struct Placed {
    polymarket::PlacementResponse response;
    bool refused = false;
  };
  // Empty when the connection must be cut.
  [[nodiscard]] std::optional<std::vector<Placed>> place(
      const Member& member, const std::vector<polymarket::PostedOrder>& posted);
  [[nodiscard]] Placed answer_of(const NewOrder& order, const SubmitAnswer& answer) const;
  [[nodiscard]] http::Response cancel(const Member& member,
                                      std::vector<domain::VenueOrderId> orders);
  [[nodiscard]] std::optional<ChainCopy> named_copy(const Member& member,
                                                    const http::Request& request) const;
  [[nodiscard]] http::Response cancel_resting(CancelResting request);
  [[nodiscard]] const domain::Market* market_of(const domain::TokenId& token) const;

  ExchangeHost& host_;
  Members& members_;
  FaultGate& gate_;
  const Wallets& wallets_;
  polymarket::ExchangeDomains domains_;
};

}  // namespace polybot::venue_simulator
