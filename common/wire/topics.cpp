#include "common/wire/topics.hpp"

#include <algorithm>

#include "common/domain/number_text.hpp"

namespace polybot::wire {
namespace {

constexpr std::size_t kTopicPartBytesMax = 64;

std::string joined(std::string_view channel, std::string_view tail) {
  return std::string(channel).append(".").append(tail);
}

std::string of_shard(std::string_view channel, domain::Shard shard) {
  return joined(channel, std::to_string(int{shard.value}));
}

}  // namespace

namespace topics {

std::string market_data(domain::Shard shard) {
  return of_shard(channels::kMarketData, shard);
}
std::string quote(domain::Shard shard) {
  return of_shard(channels::kQuote, shard);
}
std::string market(domain::Shard shard) {
  return of_shard(channels::kMarket, shard);
}
std::string signal(const domain::StrategyName& name) {
  return joined(channels::kSignal, name.value);
}
std::string order(const domain::StrategyName& name) {
  return joined(channels::kOrder, name.value.empty() ? domain::kAllStrategies : name.value);
}
std::string runner(const domain::ReplicaName& replica) {
  return joined(channels::kRunner, replica.value);
}
std::string metrics(std::string_view service) {
  return joined(channels::kMetrics, service);
}
std::string status(std::string_view service) {
  return joined(channels::kStatus, service);
}

std::optional<domain::Shard> shard_of(std::string_view topic) {
  const std::string_view channel = topic.substr(0, topic.find('.'));
  if (channel != channels::kMarketData && channel != channels::kQuote &&
      channel != channels::kMarket) {
    return std::nullopt;
  }
  const std::string_view digits = tail_of(topic);
  const auto value = domain::parse_number<std::uint8_t>(digits);
  if (!value || *value >= domain::kShards) return std::nullopt;
  // One spelling per shard: "md.07" is not a topic of ours.
  return digits == std::to_string(*value) ? std::optional(domain::Shard{*value}) : std::nullopt;
}

domain::StrategyName strategy_of(std::string_view order_topic) {
  const std::string_view tail = tail_of(order_topic);
  return tail == domain::kAllStrategies ? domain::StrategyName{}
                                        : domain::StrategyName{std::string(tail)};
}

std::string_view tail_of(std::string_view topic) {
  const std::size_t dot = topic.find('.');
  return dot == std::string_view::npos ? std::string_view{} : topic.substr(dot + 1);
}

}  // namespace topics

bool is_topic_part(std::string_view name) {
  if (name.empty() || name.size() > kTopicPartBytesMax) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace polybot::wire
