#include "services/strategy-runner/stream_inputs.hpp"

#include <utility>
#include <variant>

namespace polybot::strategy_runner {
namespace {

FrameOrigin origin_of(const follow::FrameHead& head) {
  // The frame names the tick, so every process that saw it derives the same trace.
  const std::uint64_t trace = (head.incarnation ^ (head.first_seq << 6 | head.shard.value)) | 1;
  return {.shard = head.shard, .sent_at = head.sent_at, .trace = {trace}};
}

Input input_of(const FrameOrigin& origin, const domain::BookSnapshot& book) {
  return BookLoaded{origin, book};
}
Input input_of(const FrameOrigin& origin, const domain::BookDelta& delta) {
  return BookChanged{origin, delta};
}
Input input_of(const FrameOrigin& origin, const domain::TradeTick& trade) {
  return TradeSeen{origin, trade};
}
Input input_of(const FrameOrigin&, const domain::BookStale& stale) {
  return BookDistrusted{stale};
}

Input input_of(const FrameOrigin& origin, const domain::ShardVouched& vouched) {
  return BooksVouched{origin, vouched};
}

}  // namespace

follow::MarketSink inputs_of_market_data(std::function<void(const Input&)> apply) {
  return {.deliver =
              [apply](const follow::FrameHead& head, const wire::MarketData& message) {
                const FrameOrigin origin = origin_of(head);
                std::visit([&](const auto& body) { apply(input_of(origin, body)); }, message);
              },
          .define = [apply](const domain::Market& market) { apply(MarketHeard{market}); },
          .load =
              [apply](domain::Shard shard, const domain::BookSnapshot& book) {
                apply(BookLoaded{{.shard = shard, .sent_at = book.stamped_at, .trace = {}}, book});
              },
          .broken = [apply](domain::Shard shard) { apply(MarketDataGap{shard}); },
          .refuse = {},
          .ask = {}};
}

follow::OrderSink inputs_of_orders(std::function<void(const Input&)> apply) {
  return {
      .hear = {},
      .deliver = [apply](const domain::StreamedEvent& event) { apply(OrderEventSeen{event}); },
      .restore =
          [apply](const follow::StreamState& state) {
            apply(OrdersRestored{
                .strategy = state.stream, .seq = state.seq, .entries = state.entries});
          },
      .broken = [apply](const domain::StrategyName& stream) { apply(OrderStreamBroken{stream}); },
      .mend = [apply](const domain::StrategyName& stream) { apply(OrderStreamMended{stream}); },
      .refuse = {},
      .ask = {}};
}

}  // namespace polybot::strategy_runner
