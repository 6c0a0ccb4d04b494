#include "services/order-manager/order_streams.hpp"

#include <algorithm>
#include <utility>

#include "common/bus/error.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/strategy_codec.hpp"
#include "common/wire/topics.hpp"
#include "services/order-manager/core/stream_snapshot.hpp"

namespace polybot::order_manager {
namespace {

// What all streams together keep for replays: some 40,000 records, minutes of the busiest trading.
// Who missed more takes a snapshot.
constexpr std::size_t kKeptBytesMax = std::size_t{16} << 20;
constexpr std::string_view kAllStream = "all";

std::string topic_of(const domain::StrategyName& strategy) {
  return strategy.value.empty() ? wire::topics::order_all() : wire::topics::order(strategy);
}

domain::StrategyName strategy_of(const domain::StrategyName& stream) {
  return stream.value == kAllStream ? domain::StrategyName{} : stream;
}

}  // namespace

void OrderStreams::keep(const domain::StrategyName& strategy, std::uint64_t prev, Kept kept) {
  const auto [found, is_new] = streams_.try_emplace(strategy);
  Stream& stream = found->second;
  // The first record kept of a stream may not be its first: what came before is not kept.
  if (is_new) stream.dropped_up_to = prev;
  stream.last_seq = kept.seq;
  kept_bytes_ += kept.bytes.size();
  stream.kept.push_back(std::move(kept));
  while (kept_bytes_ > kKeptBytesMax) {
    // The stream whose oldest record is the oldest of all gives way.
    Stream* oldest = nullptr;
    for (auto& [name, candidate] : streams_) {
      if (candidate.kept.empty()) continue;
      if (oldest == nullptr || candidate.kept.front().seq < oldest->kept.front().seq)
        oldest = &candidate;
    }
    kept_bytes_ -= oldest->kept.front().bytes.size();
    oldest->dropped_up_to = oldest->kept.front().seq;
    oldest->kept.pop_front();
  }
}

void OrderStreams::resume(const Ledger& ledger) {
  drop_before(ledger.restored_seq());
  // After a failed commit the journal is folded again: what is kept already stays.
  for (const auto& [topic, seq] : ledger.topics()) {
    streams_.try_emplace(topic, Stream{.kept = {}, .dropped_up_to = seq, .last_seq = seq});
  }
}

void OrderStreams::drop_before(std::uint64_t restored_seq) {
  restored_seq_ = restored_seq;
  for (auto& [name, stream] : streams_) {
    if (stream.last_seq >= restored_seq) continue;
    for (const Kept& kept : stream.kept) kept_bytes_ -= kept.bytes.size();
    stream.kept.clear();
    stream.dropped_up_to = stream.last_seq = restored_seq;
  }
}

void OrderStreams::remember(const domain::StreamedEvent& event) {
  if (std::holds_alternative<domain::JournalRestored>(event.event.body))
    drop_before(event.event.seq);
  const auto stream = streams_.find(event.event.strategy);
  // After a failed commit the journal is folded again: what is kept already stays.
  if (stream != streams_.end() && event.event.seq <= stream->second.last_seq) return;
  keep(event.event.strategy, event.prev, {event.event.seq, wire::encode_streamed(event)});
}

void OrderStreams::publish(const domain::StreamedEvent& event) {
  std::string bytes = wire::encode_streamed(event);
  publisher_.publish(topic_of(event.event.strategy), bytes);
  const auto stream = streams_.find(event.event.strategy);
  // A repeated answer goes out again under its old number; it is kept already or was dropped.
  if (stream != streams_.end() && event.event.seq <= stream->second.last_seq) return;
  keep(event.event.strategy, event.prev, {event.event.seq, std::move(bytes)});
}

void OrderStreams::publish_state(const OrderManager& core, domain::Timestamp now) {
  publisher_.publish(wire::topics::kStrategy,
                     wire::encode_strategies({.strategies = core.strategy_states(now),
                                              .account = core.account_state()}));
  publisher_.publish(wire::topics::kLease, wire::encode_leases(core.leases()));
}

boost::system::result<std::string> OrderStreams::answer(std::string_view request,
                                                        const OrderManager& core) {
  wire::OrdersRequest parsed;
  if (wire::decode_orders_request(request, parsed) != wire::DecodeError::None) {
    return bus::make_error_code(bus::Errc::Malformed);
  }
  if (const auto* wanted = std::get_if<wire::ReplayRequest>(&parsed)) {
    return wire::encode_orders_answer(replay(*wanted));
  }
  return wire::encode_orders_answer(page_of(std::get<wire::SnapshotRequest>(parsed), core));
}

wire::OrdersAnswer OrderStreams::replay(const wire::ReplayRequest& request) {
  if (request.after_seq < restored_seq_) return wire::SnapshotNeeded{};
  const auto found = streams_.find(strategy_of(request.stream));
  // A stream nobody has written to yet: nothing to replay, unless the reader knows of an older
  // journal.
  if (found == streams_.end()) {
    if (request.after_seq == 0) return wire::ReplayedEvents{};
    return wire::SnapshotNeeded{};
  }
  const Stream& stream = found->second;
  if (request.after_seq < stream.dropped_up_to || request.after_seq > stream.last_seq) {
    return wire::SnapshotNeeded{};
  }
  wire::ReplayedEvents replayed;
  const auto first =
      std::upper_bound(stream.kept.begin(), stream.kept.end(), request.after_seq,
                       [](std::uint64_t after, const Kept& kept) { return after < kept.seq; });
  std::size_t bytes = 0;
  for (auto kept = first; kept != stream.kept.end(); ++kept) {
    if (!wire::fits_answer(bytes, kept->bytes.size())) {
      replayed.more = true;
      break;
    }
    replayed.events.push_back(kept->bytes);
  }
  return replayed;
}

wire::OrdersAnswer OrderStreams::page_of(const wire::SnapshotRequest& request,
                                         const OrderManager& core) {
  const domain::StrategyName strategy = strategy_of(request.stream);
  Snapshot& snapshot = snapshots_[strategy];
  if (request.at_seq == 0) {
    snapshot = {.at_seq = core.ledger().last_seq(), .pages = {{}}};
    std::size_t bytes = 0;
    for (const domain::StreamedEvent& entry : snapshot_of(core.ledger(), strategy)) {
      std::string encoded = wire::encode_streamed(entry);
      if (!wire::fits_answer(bytes, encoded.size())) {
        snapshot.pages.emplace_back();
        bytes = 0;
        (void)wire::fits_answer(bytes, encoded.size());
      }
      snapshot.pages.back().push_back(std::move(encoded));
    }
  } else if (request.at_seq != snapshot.at_seq || request.page >= snapshot.pages.size()) {
    return wire::SnapshotNeeded{};  // another one was taken meanwhile: begin again
  }
  const std::uint32_t page = request.at_seq == 0 ? 0 : request.page;
  wire::OrdersSnapshot answer{.at_seq = snapshot.at_seq,
                              .page = page,
                              .pages = static_cast<std::uint32_t>(snapshot.pages.size()),
                              .entries = snapshot.pages[page]};
  if (page + 1 == answer.pages) snapshots_.erase(strategy);
  return answer;
}

}  // namespace polybot::order_manager
