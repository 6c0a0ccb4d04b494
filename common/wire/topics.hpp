// Every topic, port and socket name of the bus is built here and nowhere else. proto/README.md is
// the same in prose. Strategy, service and replica names must pass is_topic_part().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/domain/ids.hpp"

namespace polybot::wire {

// The services on the bus. A frame names its sender by one of these words, and a certificate is
// issued for one of them.
namespace services {
inline constexpr std::array<std::string_view, 1> kGateway{"gateway"};
inline constexpr std::array<std::string_view, 1> kRunner{"strategy-runner"};
inline constexpr std::array<std::string_view, 1> kOrderManager{"order-manager"};
inline constexpr std::array<std::string_view, 1> kAggregator{"metrics-aggregator"};
inline constexpr std::array kRunnerAndGateway{kRunner[0], kGateway[0]};
inline constexpr std::array kMeasured{kGateway[0], kRunner[0], kOrderManager[0]};
}  // namespace services

// One socket of the bus: its default port, the name of its ipc socket, and who is at its two ends.
// No other service may speak there, whichever side sends.
struct Port {
  std::uint16_t number;
  std::string_view ipc_name;
  std::span<const std::string_view> listens;
  std::span<const std::string_view> dials;
};

namespace ports {
// PUB listens
inline constexpr Port kMarketData{5550, "market-data", services::kGateway, services::kRunner};
inline constexpr Port kQuotes{5552, "quotes", services::kGateway, services::kOrderManager};
inline constexpr Port kOrders{5561, "orders", services::kOrderManager, services::kRunnerAndGateway};
// REP listens
inline constexpr Port kMarketDataRecovery{5551, "market-data-recovery", services::kGateway,
                                          services::kRunner};
inline constexpr Port kOrdersRecovery{5562, "orders-recovery", services::kOrderManager,
                                      services::kRunnerAndGateway};
// SUB listens
inline constexpr Port kSignals{5560, "signals", services::kOrderManager, services::kRunner};
inline constexpr Port kCommands{5563, "commands", services::kOrderManager, services::kGateway};
inline constexpr Port kMetrics{5570, "metrics", services::kAggregator, services::kMeasured};
inline constexpr Port kStatus{5571, "status", services::kAggregator, services::kMeasured};
}  // namespace ports

// The channel of a topic is the part before its first dot.
namespace channels {
inline constexpr std::string_view kMarketData = "md";
inline constexpr std::string_view kQuote = "quote";
inline constexpr std::string_view kMarket = "market";
inline constexpr std::string_view kSignal = "signal";
inline constexpr std::string_view kCommand = "command";
inline constexpr std::string_view kOrder = "order";
inline constexpr std::string_view kStrategy = "strategy";
inline constexpr std::string_view kLease = "lease";
inline constexpr std::string_view kRunner = "runner";
inline constexpr std::string_view kMetrics = "metrics";
inline constexpr std::string_view kStatus = "status";

// What each service sends or hears, beside metrics and status, which all services send.
inline constexpr std::array kOfGateway{kMarketData, kQuote, kMarket, kOrder,
                                       kStrategy,   kLease, kCommand};
inline constexpr std::array kOfRunner{kMarketData, kMarket, kOrder, kStrategy,
                                      kLease,      kSignal, kRunner};
inline constexpr std::array kOfOrderManager{kQuote,  kMarket, kSignal,   kCommand,
                                            kRunner, kOrder,  kStrategy, kLease};
inline constexpr std::array kOfAggregator{kMetrics, kStatus};
}  // namespace channels

namespace topics {
[[nodiscard]] std::string market_data(domain::Shard shard);          // md.<shard>
[[nodiscard]] std::string quote(domain::Shard shard);                // quote.<shard>
[[nodiscard]] std::string market(domain::Shard shard);               // market.<shard>
[[nodiscard]] std::string signal(const domain::StrategyName& name);  // signal.<strategy>
// order.<strategy>; of the empty name order.all, the account-wide records.
[[nodiscard]] std::string order(const domain::StrategyName& name);
[[nodiscard]] std::string runner(const domain::ReplicaName& replica);  // runner.<replica>
[[nodiscard]] std::string metrics(std::string_view service);           // metrics.<service>
[[nodiscard]] std::string status(std::string_view service);            // status.<service>
inline constexpr std::string_view kCommand = "command";
inline constexpr std::string_view kStrategy = "strategy";
inline constexpr std::string_view kLease = "lease";

// The shard of md.<n>, quote.<n> or market.<n>; empty for anything else.
[[nodiscard]] std::optional<domain::Shard> shard_of(std::string_view topic);
// The strategy of order.<strategy>; the empty name for order.all.
[[nodiscard]] domain::StrategyName strategy_of(std::string_view order_topic);
// What follows the first dot; empty when there is none.
[[nodiscard]] std::string_view tail_of(std::string_view topic);
}  // namespace topics

// 1 to 64 bytes of letters, digits, '_' and '-': fit to follow a dot in a topic.
[[nodiscard]] bool is_topic_part(std::string_view name);

}  // namespace polybot::wire
