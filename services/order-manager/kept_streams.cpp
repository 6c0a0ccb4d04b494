#include "services/order-manager/kept_streams.hpp"

#include <algorithm>
#include <utility>

#include "common/wire/order_codec.hpp"
#include "services/order-manager/core/views/stream_snapshot.hpp"

namespace polybot::order_manager {

void KeptStreams::resume(const Ledger& ledger) {
  drop_before(ledger.restored_seq());
  // After a failed commit the journal is folded again; records that are kept already stay.
  for (const auto& [topic, seq] : ledger.topics())
    streams_.try_emplace(topic, Stream{.kept = {}, .dropped_up_to = seq, .last_seq = seq});
}

void KeptStreams::keep(const domain::StreamedEvent& event, std::string encoded) {
  if (std::holds_alternative<domain::JournalRestored>(event.event.body))
    drop_before(event.event.seq);
  const auto [found, is_new] = streams_.try_emplace(event.event.strategy);
  Stream& stream = found->second;
  // The first record kept of a stream may not be its first: earlier ones are not kept.
  if (is_new) stream.dropped_up_to = event.prev;
  // A repeated answer is published again with its old number.
  if (event.event.seq <= stream.last_seq) return;
  stream.last_seq = event.event.seq;
  kept_bytes_ += encoded.size();
  stream.kept.push_back({event.event.seq, std::move(encoded)});
  while (kept_bytes_ > bounds_.kept_bytes_max) drop_oldest();
}

void KeptStreams::drop_before(std::uint64_t restored_seq) {
  restored_seq_ = restored_seq;
  for (auto& [name, stream] : streams_) {
    if (stream.last_seq >= restored_seq) continue;
    for (const Kept& kept : stream.kept) kept_bytes_ -= kept.bytes.size();
    stream.kept.clear();
    stream.dropped_up_to = stream.last_seq = restored_seq;
  }
}

// The stream with the oldest record of all drops it.
void KeptStreams::drop_oldest() {
  Stream* oldest = nullptr;
  for (auto& [name, stream] : streams_) {
    if (stream.kept.empty()) continue;
    if (oldest == nullptr || stream.kept.front().seq < oldest->kept.front().seq) oldest = &stream;
  }
  kept_bytes_ -= oldest->kept.front().bytes.size();
  oldest->dropped_up_to = oldest->kept.front().seq;
  oldest->kept.pop_front();
}

std::optional<std::string> KeptStreams::answer(std::string_view request, const Ledger& ledger) {
  wire::OrdersRequest parsed;
  if (wire::decode_orders_request(request, parsed) != wire::DecodeError::None) return std::nullopt;
  if (const auto* wanted = std::get_if<wire::ReplayRequest>(&parsed))
    return wire::encode_orders_answer(replay(*wanted));
  return wire::encode_orders_answer(page_of(std::get<wire::StatePageRequest>(parsed), ledger));
}

wire::OrdersAnswer KeptStreams::replay(const wire::ReplayRequest& request) const {
  if (request.after_seq < restored_seq_) return wire::NotKept{};
  const auto found = streams_.find(request.stream);
  // The stream has no messages yet: there is nothing to replay, unless the reader knows an older
  // journal.
  if (found == streams_.end()) {
    if (request.after_seq == 0) return wire::ReplayedEvents{};
    return wire::NotKept{};
  }
  const Stream& stream = found->second;
  if (request.after_seq < stream.dropped_up_to || request.after_seq > stream.last_seq)
    return wire::NotKept{};
  wire::ReplayedEvents replayed;
  const auto first =
      std::upper_bound(stream.kept.begin(), stream.kept.end(), request.after_seq,
                       [](std::uint64_t after, const Kept& kept) { return after < kept.seq; });
  std::size_t bytes = 0;
  for (auto kept = first; kept != stream.kept.end(); ++kept) {
    if (!wire::fits_answer(bytes, kept->bytes.size(), bounds_.answer_bytes_max)) {
      replayed.more = true;
      break;
    }
    replayed.events.push_back(kept->bytes);
  }
  return replayed;
}

KeptStreams::ToldState KeptStreams::state_of(const domain::StrategyName& stream,
                                             const Ledger& ledger) const {
  ToldState state{.at_seq = ledger.last_seq(), .pages = {{}}};
  std::size_t bytes = 0;
  for (const domain::StreamedEvent& entry : snapshot_of(ledger, stream)) {
    std::string encoded = wire::encode_streamed(entry);
    if (!wire::fits_answer(bytes, encoded.size(), bounds_.answer_bytes_max)) {
      state.pages.emplace_back();
      bytes = 0;
      (void)wire::fits_answer(bytes, encoded.size(), bounds_.answer_bytes_max);
    }
    state.pages.back().push_back(std::move(encoded));
  }
  return state;
}

wire::OrdersAnswer KeptStreams::page_of(const wire::StatePageRequest& request,
                                        const Ledger& ledger) {
  auto told = states_.find(request.stream);
  if (request.at_seq == 0) {
    told = states_.insert_or_assign(request.stream, state_of(request.stream, ledger)).first;
  } else if (told == states_.end() || request.at_seq != told->second.at_seq ||
             request.page >= told->second.pages.size()) {
    return wire::NotKept{};  // another one was begun meanwhile: begin again
  }
  const ToldState& state = told->second;
  const std::uint32_t page = request.at_seq == 0 ? 0 : request.page;
  wire::StatePage answer{.at_seq = state.at_seq,
                         .page = page,
                         .pages = static_cast<std::uint32_t>(state.pages.size()),
                         .entries = state.pages[page]};
  if (page + 1 == answer.pages) states_.erase(told);
  return answer;
}

}  // namespace polybot::order_manager
