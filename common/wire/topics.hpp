// Every topic, port and socket name of the bus is built here and nowhere else. proto/README.md is
// the same in prose. Strategy, service and replica names must pass is_topic_part().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/ids.hpp"

namespace polybot::wire {

// One socket of the bus: the side that listens, its default port, and the name of its ipc socket.
struct Port {
  std::uint16_t number;
  std::string_view ipc_name;
};

namespace ports {
inline constexpr Port kMarketData{5550, "market-data"};                   // gateway listens, PUB
inline constexpr Port kMarketDataRecovery{5551, "market-data-recovery"};  // gateway listens, REP
inline constexpr Port kSignals{5560, "signals"};                 // order-manager listens, SUB
inline constexpr Port kOrders{5561, "orders"};                   // order-manager listens, PUB
inline constexpr Port kOrdersRecovery{5562, "orders-recovery"};  // order-manager listens, REP
inline constexpr Port kMetrics{5570, "metrics"};                 // metrics-aggregator listens, SUB
inline constexpr Port kStatus{5571, "status"};                   // metrics-aggregator listens, SUB
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
