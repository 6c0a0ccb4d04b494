#include "common/follow/order_followers.hpp"

#include <algorithm>

namespace polybot::follow {

using domain::StrategyName;

void OrderFollowers::follow(const StrategyName& stream) {
  const bool is_new = streams_.try_emplace(stream, stream, beginning_, pages_max_, sink_).second;
  if (is_new) sink_.ask();
}

void OrderFollowers::on_message(const StrategyName& stream, std::string_view bytes) {
  const auto found = streams_.find(stream);
  if (found != streams_.end()) found->second.on_message(bytes);
}

void OrderFollowers::on_lost_tail(const StrategyName& stream) {
  const auto found = streams_.find(stream);
  if (found != streams_.end()) found->second.on_lost_tail();
}

// Events read before a backup was restored belong to another history. That holds also for streams
// that no state announces.
void OrderFollowers::on_states(const wire::StrategyTable& table) {
  std::map<StrategyName, std::uint64_t> announced;
  for (const domain::StrategyState& state : table.strategies)
    announced[state.strategy] = state.last_seq;
  for (const wire::StreamEnd& end : table.further) announced[end.stream] = end.last_seq;
  for (auto& [name, stream] : streams_)
    stream.on_announced(std::max(announced[name], table.account.restored_seq));
}

std::optional<OrderFollowers::Question> OrderFollowers::question(domain::Duration now) {
  auto next = streams_.upper_bound(asked_last_);
  for (std::size_t i = 0; i < streams_.size(); ++i, ++next) {
    if (next == streams_.end()) next = streams_.begin();
    auto bytes = next->second.question(questions_ + 1, now);
    if (!bytes) continue;
    asked_last_ = next->first;
    return Question{.stream = asked_last_, .number = ++questions_, .bytes = std::move(*bytes)};
  }
  return std::nullopt;
}

void OrderFollowers::on_answer(const Question& question, std::optional<std::string_view> bytes,
                               domain::Duration now) {
  const auto found = streams_.find(question.stream);
  if (found != streams_.end()) found->second.on_answer(question.number, bytes, now);
}

bool OrderFollowers::whole() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const auto& entry) { return entry.second.whole(); });
}

}  // namespace polybot::follow
