#include "common/follow/order_follower.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/domain/mutation.hpp"
#include "common/wire/order_codec.hpp"

namespace polybot::follow {

using domain::StreamedEvent;

namespace {

constexpr domain::Duration kOrdersAgainAfter = std::chrono::milliseconds(500);

}  // namespace

OrderFollower::OrderFollower(domain::StrategyName stream, Beginning beginning,
                             std::uint32_t pages_max, const OrderSink& sink)
    : stream_(std::move(stream)),
      pages_max_(pages_max),
      sink_(sink),
      inquiry_(kOrdersAgainAfter),
      need_(beginning == Beginning::Events ? Need::Replay : Need::State) {
  inquiry_.want();
}

// ---- the stream

void OrderFollower::on_message(std::string_view bytes) {
  StreamedEvent event;
  if (const auto error = wire::decode_streamed(bytes, event); error != wire::DecodeError::None) {
    sink_.refuse(error);
    return lack(Need::Replay);
  }
  if (sink_.hear) sink_.hear(event);
  observe(event);
}

void OrderFollower::on_lost_tail() {
  lack(Need::Replay);
}

// The tail of the stream was lost when two announcements in a row name a later event than we have.
// A single announcement may only have overtaken the event.
void OrderFollower::on_announced(std::uint64_t last_seq) {
  if (whole() && announced_seq_ > last_seq_) lack(Need::Replay);
  announced_seq_ = last_seq;
  newest_seq_ = std::max(newest_seq_, last_seq);
}

void OrderFollower::observe(const StreamedEvent& event) {
  newest_seq_ = std::max(newest_seq_, event.event.seq);
  if (need_ == Need::State) return;  // there is no state yet that it could be joined to
  switch (place_of(event)) {
    case Place::Next:
      last_seq_ = event.event.seq;
      at_state_ = false;
      return sink_.deliver(event);
    case Place::Known:
      return;
    case Place::BeyondAHole:
      return lack(Need::Replay);
    case Place::OfAnotherHistory:
      lack(Need::State);
      return start_over();
  }
}

OrderFollower::Place OrderFollower::place_of(const StreamedEvent& event) const {
  if (event.event.seq == event.prev) return Place::Known;  // told again, out of order
  if (event.event.seq < event.prev) return Place::OfAnotherHistory;
  if (event.event.seq <= last_seq_) return Place::Known;
  if (event.prev > last_seq_)
    return mutated(Mutation::GapNotNoticed) ? Place::Next : Place::BeyondAHole;
  // prev < last_seq_ < seq: only a state may lie between two messages of a stream. Otherwise an
  // event that we applied is not part of this stream's history.
  if (event.prev < last_seq_ && !at_state_) return Place::OfAnotherHistory;
  return Place::Next;
}

void OrderFollower::lack(Need need) {
  need_ = std::max(need_, need);
  inquiry_.want();
  sink_.broken(stream_);
  sink_.ask();
}

// The journal may be another one, so no number heard before means anything.
void OrderFollower::start_over() {
  need_ = Need::State;
  newest_seq_ = 0;
  reading_ = {};
  inquiry_.want();
}

// ---- what is missing

std::optional<std::string> OrderFollower::question(std::uint64_t number, domain::Duration now) {
  if (!inquiry_.due(now)) return std::nullopt;
  inquiry_.ask(number);
  wire::OrdersRequest request = wire::ReplayRequest{.stream = stream_, .after_seq = last_seq_};
  if (need_ == Need::State) {
    request = wire::StatePageRequest{
        .stream = stream_, .at_seq = reading_.state.seq, .page = reading_.pages_read};
  }
  promised_seq_ = newest_seq_;
  return wire::encode_orders_request(request);
}

void OrderFollower::on_answer(std::uint64_t number, std::optional<std::string_view> bytes,
                              domain::Duration now) {
  // After silence and after a bad answer the same question is asked again.
  const Inquiry::Answer given = inquiry_.answered(number, now);
  if (given == Inquiry::Answer::Stray || !bytes) return;
  wire::OrdersAnswer answer;
  if (const auto error = wire::decode_orders_answer(*bytes, answer);
      error != wire::DecodeError::None) {
    return sink_.refuse(error);
  }
  std::visit([this, given](const auto& body) { take(body, given); }, answer);
}

void OrderFollower::take(const wire::ReplayedEvents& replayed, Inquiry::Answer given) {
  if (need_ != Need::Replay) return;  // meanwhile only the state can help
  std::vector<StreamedEvent> events;
  if (!read(replayed.events, events)) return start_over();  // the same would come again
  const std::uint64_t before = last_seq_;
  for (const StreamedEvent& event : events) observe(event);
  if (need_ == Need::State) return;
  // When a replay brings nothing new, asking again does not bring more.
  if (replayed.more && last_seq_ > before) return inquiry_.want();
  if (last_seq_ < promised_seq_) return start_over();  // the promised event is not in it
  // What was missed meanwhile without a number, a lost tail, may be younger than the answer.
  if (last_seq_ < newest_seq_ || given == Inquiry::Answer::Overtaken) return inquiry_.want();
  need_ = Need::Nothing;
  inquiry_.settle();
  sink_.mend(stream_);
}

void OrderFollower::take(const wire::NotKept&, Inquiry::Answer) {
  if (need_ == Need::Replay) return start_over();
  reading_ = {};  // another state was told meanwhile: begin again
}

bool OrderFollower::continues(const wire::StatePage& page) const {
  if (page.page != reading_.pages_read) return false;
  if (page.pages > pages_max_ && !mutated(Mutation::PageBoundOff)) return false;
  return page.page == 0 || (page.at_seq == reading_.state.seq && page.pages == reading_.pages);
}

void OrderFollower::take(const wire::StatePage& page, Inquiry::Answer given) {
  if (need_ != Need::State) return;
  if (!continues(page) || !read(page.entries, reading_.state.entries)) {
    reading_ = {};
    return;
  }
  reading_.state.seq = page.at_seq;
  reading_.pages = page.pages;
  reading_.overtaken = reading_.overtaken || given == Inquiry::Answer::Overtaken;
  if (++reading_.pages_read < page.pages) return inquiry_.want();
  restore();
}

bool OrderFollower::read(const std::vector<std::string>& encoded,
                         std::vector<StreamedEvent>& out) const {
  for (const std::string& bytes : encoded) {
    const auto error = wire::decode_streamed(bytes, out.emplace_back());
    if (error == wire::DecodeError::None) continue;
    sink_.refuse(error);
    return false;
  }
  return true;
}

void OrderFollower::restore() {
  const bool overtaken = reading_.overtaken;
  StreamState state = std::exchange(reading_, {}).state;
  state.stream = stream_;
  last_seq_ = state.seq;
  at_state_ = true;
  announced_seq_ = 0;
  need_ = Need::Nothing;
  inquiry_.settle();
  sink_.restore(state);
  // Messages that came while the pages were read were dropped. A replay brings them.
  if (newest_seq_ > last_seq_ || overtaken) lack(Need::Replay);
}

}  // namespace polybot::follow
