// The simulator's own routes on its admin port (loopback): the truth, the faults, the crowd.
//
//   GET    /status            flow or replay, activity, conservation, requests turned away
//   GET    /state             accounts, totals, orders and trades
//                             (?orders_after= &trades_after= &limit=)
//   GET    /state/history     orders and trades that have left memory, same parameters
//   GET    /events            events with their markets
//   GET    /faults            all faults
//   POST   /faults/{name}     {parameters}
//   DELETE /faults/{name}
//   POST   /flow/pause        the crowd rests, markets still end
//   POST   /flow/resume
//
// Parameters of a fault, all optional: probability (0..1), duration_ms, delay_ms, count, market
// (slug or condition id), size ("0.2"), amount ("1.23").
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/metrics/service_metrics.hpp"
#include "services/venue-simulator/api/market_channel.hpp"
#include "services/venue-simulator/api/user_channel.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class AdminApi {
 public:
  // What /status says of a replay or a mirror; empty without one.
  using ReplayStatus = std::function<std::string()>;
  // `refused` counts what its port turned away, for /status. All of them outlive it.
  AdminApi(ExchangeHost& host, MarketChannel& market_channel, UserChannel& user_channel,
           const metrics::RequestsRefused& refused, ReplayStatus replay, ReplayStatus mirror);
  void register_routes(http::Router& router);

 private:
  [[nodiscard]] http::Response status() const;
  [[nodiscard]] http::Response set_fault(const http::Request& request);
  [[nodiscard]] http::Response clear_fault(const http::Request& request);
  [[nodiscard]] http::Response set_flow(bool running);
  // The settings a body asks for, or what is wrong with it.
  [[nodiscard]] std::variant<FaultSettings, std::string> parse_settings(
      Fault fault, const std::string& body) const;
  [[nodiscard]] std::optional<domain::MarketId> find_market(std::string_view name) const;

  ExchangeHost& host_;
  MarketChannel& market_channel_;
  UserChannel& user_channel_;
  const metrics::RequestsRefused& refused_;
  ReplayStatus replay_;
  ReplayStatus mirror_;                                    // its text is empty without one
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // watched by the registered routes
};

}  // namespace polybot::venue_simulator
