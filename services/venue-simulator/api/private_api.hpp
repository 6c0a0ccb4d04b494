// The venue's private REST: credentials, orders, cancels, and what an account may read of itself.
//
// Every request is authenticated (L1 for credentials, L2 HMAC otherwise); every order's EIP-712
// signature is verified against the exchange contract of its market. An account is opened, with the
// configured deposit, when its owner first asks for credentials. The faults answer-lost,
// executed-late and region-block act here.
#pragma once

#include <set>

#include "common/polymarket/messages/orders.hpp"
#include "services/venue-simulator/api/fault_gate.hpp"
#include "services/venue-simulator/api/members.hpp"

namespace polybot::venue_simulator {

class PrivateApi {
 public:
  struct Options {
    std::uint64_t chain_id = 137;
    domain::Money deposit;
  };
  PrivateApi(ExchangeHost& host, Members& members, FaultGate& gate, const Options& options);
  void register_routes(http::Router& router);

 private:
  using Answer = http::Response (PrivateApi::*)(const Member&, const http::Request&);
  [[nodiscard]] http::Handler guard(Answer answer);
  // The same, but for callers from a region that may not trade (fault region-block).
  [[nodiscard]] http::Handler outside_region(Answer answer);
  [[nodiscard]] http::Response admit(Answer answer, const http::Request& request);
  [[nodiscard]] http::Response create_api_key(const http::Request& request);
  [[nodiscard]] http::Response derive_api_key(const http::Request& request);

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

  // An order ready for the exchange, or the venue's refusal.
  [[nodiscard]] std::variant<NewOrder, std::string> check(
      const Member& member, const polymarket::PostedOrder& posted) const;
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
  [[nodiscard]] http::Response cancel_resting(CancelResting request);
  [[nodiscard]] const domain::Market* market_of(const domain::TokenId& token) const;
  [[nodiscard]] std::int64_t now_s() const;

  ExchangeHost& host_;
  Members& members_;
  FaultGate& gate_;
  Options options_;
  polymarket::ExchangeDomains domains_;
  std::set<AccountId> chain_read_;  // whose cash has been read from the chain since this start
};

}  // namespace polybot::venue_simulator
