#include "services/strategy-runner/core/signal_desk.hpp"

#include <algorithm>
#include <set>

namespace polybot::strategy_runner {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
// For how long an accepted take keeps its markets busy when none of its orders is heard of.
constexpr domain::Duration kOrdersFollowWithin = std::chrono::seconds(2);

bool withdraws(const Intent& intent) {
  const auto* target = std::get_if<domain::QuoteTarget>(&intent.body);
  return target != nullptr && !target->bid && !target->ask;
}

bool touches(const domain::Signal& signal, const domain::MarketId& market) {
  if (const auto* target = std::get_if<domain::QuoteTarget>(&signal.intent))
    return target->market == market;
  const auto& legs = std::get<std::vector<domain::Leg>>(signal.intent);
  return std::any_of(legs.begin(), legs.end(),
                     [&](const domain::Leg& leg) { return leg.instrument.market == market; });
}

bool is_take(const domain::Signal& signal) {
  return std::holds_alternative<std::vector<domain::Leg>>(signal.intent);
}

// The signal an order event answers; empty for events that name none.
std::optional<domain::SignalId> answered(const domain::EventBody& body) {
  return std::visit(
      [](const auto& event) -> std::optional<domain::SignalId> {
        using Event = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<Event, domain::SignalAccepted> ||
                      std::is_same_v<Event, domain::SignalDenied>) {
          return event.signal;
        } else if constexpr (std::is_same_v<Event, domain::OrderSubmitted>) {
          return event.order.id.signal;
        } else if constexpr (std::is_same_v<Event, domain::OrderDenied>) {
          return event.order.signal;
        } else {
          return std::nullopt;
        }
      },
      body);
}

}  // namespace

std::vector<domain::MarketId> markets_of(
    const std::variant<std::vector<domain::Leg>, domain::QuoteTarget>& body) {
  if (const auto* target = std::get_if<domain::QuoteTarget>(&body)) return {target->market};
  std::vector<domain::MarketId> markets;
  for (const domain::Leg& leg : std::get<std::vector<domain::Leg>>(body)) {
    if (std::find(markets.begin(), markets.end(), leg.instrument.market) == markets.end()) {
      markets.push_back(leg.instrument.market);
    }
  }
  return markets;
}

std::optional<domain::SignalId> SignalDesk::emit(Intent intent, const Stamp& stamp,
                                                 std::vector<domain::Signal>& out) {
  // A strategy that may not trade may still withdraw what rests: order-manager accepts that in
  // every state.
  const bool muted = stamp.muted && !withdraws(intent);
  const auto reason = muted ? std::optional(Refusal::Muted) : refuse(intent, stamp.now);
  if (reason) {
    ++refused_[static_cast<std::size_t>(*reason)];
    return std::nullopt;
  }
  const std::vector<domain::MarketId> markets = markets_of(intent.body);
  // A withdrawal is right whatever the book says; everything else is as old as its oldest book.
  domain::Timestamp oldest = stamp.now;
  if (!withdraws(intent)) {
    for (const domain::MarketId& id : markets)
      oldest = std::min(oldest, markets_.any_book(id)->as_of);
  }
  const bool is_quote = std::holds_alternative<domain::QuoteTarget>(intent.body);
  if (is_quote) {
    std::erase_if(pending_, [&](const auto& entry) {
      return !is_take(entry.second.signal) && touches(entry.second.signal, markets.front());
    });
  }
  const domain::SignalId id = ids_.next();
  ++emitted_[static_cast<std::size_t>(intent.action)];
  const domain::Signal signal{
      .id = id,
      .strategy = settings_.strategy,
      .event = markets_.find(markets.front())->event,
      .shard = stamp.shard,
      .lease_epoch = stamp.lease_epoch,
      .applied_seq = stamp.applied_seq,
      .action = intent.action,
      .intent = std::move(intent.body),
      .oldest_book_at = oldest,
      .tick_at = stamp.tick_at,
      .decided_at = stamp.now,
      .expires_at = oldest + settings_.ttl,
      // Without a cause that has a trace, the signal's own id starts one.
      .trace = stamp.trace.value != 0 ? stamp.trace
                                      : domain::TraceId{id.incarnation ^ (id.counter << 1 | 1)},
  };
  out.push_back(signal);
  pending_.emplace(id, Pending{.signal = signal, .repeat_at = stamp.now + settings_.repeat_every});
  return id;
}

std::optional<Refusal> SignalDesk::refuse(const Intent& intent, domain::Timestamp now) {
  if (!well_formed(intent)) return Refusal::Malformed;
  if (withdraws(intent)) return std::nullopt;
  for (const domain::MarketId& id : markets_of(intent.body)) {
    if (markets_.usable_book(id, now) == nullptr) return Refusal::NoBook;
    const auto pause = pauses_.find(id);
    if (pause != pauses_.end() && now < pause->second.until) return Refusal::Busy;
    const bool take = std::holds_alternative<std::vector<domain::Leg>>(intent.body);
    if (take && busy(id, now)) return Refusal::Busy;
  }
  if (!take_token(now)) return Refusal::Paced;
  return std::nullopt;
}

bool SignalDesk::well_formed(const Intent& intent) const {
  const auto sound = [&](const domain::Market* market, const domain::Level& level) {
    return market != nullptr && domain::on_tick(level.price, market->tick) &&
           level.quantity.is_positive();
  };
  if (const auto* target = std::get_if<domain::QuoteTarget>(&intent.body)) {
    const domain::Market* market = markets_.find(target->market);
    if (market == nullptr) return false;
    if (target->bid && !sound(market, *target->bid)) return false;
    if (target->ask && !sound(market, *target->ask)) return false;
    return !target->bid || !target->ask || target->bid->price < target->ask->price;
  }
  const auto& legs = std::get<std::vector<domain::Leg>>(intent.body);
  if (legs.empty() || legs.size() > domain::kLegsMax) return false;
  const domain::Market* first = markets_.find(legs.front().instrument.market);
  std::set<domain::Instrument> instruments;
  for (const domain::Leg& leg : legs) {
    const domain::Market* market = markets_.find(leg.instrument.market);
    if (!sound(market, {.price = leg.limit, .quantity = leg.quantity})) return false;
    if (market->event != first->event) return false;
    if (!instruments.insert(leg.instrument).second) return false;
  }
  return true;
}

// A token bucket in nanoseconds: a signal costs a second divided by the rate, and the bucket holds
// a second.
bool SignalDesk::take_token(domain::Timestamp now) {
  if (tokens_ns_ < 0) {
    tokens_ns_ = kSecondNs;
  } else {
    const std::int64_t gained = std::clamp<std::int64_t>((now - tokens_at_).count(), 0, kSecondNs);
    tokens_ns_ = std::min(kSecondNs, tokens_ns_ + gained);
  }
  tokens_at_ = now;
  const std::int64_t cost = kSecondNs / std::max<std::int64_t>(settings_.signals_per_second_max, 1);
  if (tokens_ns_ < cost) return false;
  tokens_ns_ -= cost;
  return true;
}

void SignalDesk::on_order_event(const domain::StreamedEvent& streamed, domain::Timestamp now) {
  const domain::EventBody& body = streamed.event.body;
  const auto id = answered(body);
  if (!id) return;
  const auto at = pending_.find(*id);
  if (at == pending_.end()) return;
  Pending& pending = at->second;
  if (std::holds_alternative<domain::SignalDenied>(body) ||
      std::holds_alternative<domain::OrderDenied>(body)) {
    denied(pending.signal, now);
    pending_.erase(at);
    return;
  }
  for (const domain::MarketId& market : markets_of(pending.signal.intent)) pauses_.erase(market);
  // Between the acceptance of a take and its first order, only this shows that its markets are
  // busy.
  if (std::holds_alternative<domain::SignalAccepted>(body) && is_take(pending.signal)) {
    pending.accepted = true;
    pending.repeat_at = now + kOrdersFollowWithin;
    return;
  }
  pending_.erase(at);
}

void SignalDesk::denied(const domain::Signal& signal, domain::Timestamp now) {
  for (const domain::MarketId& market : markets_of(signal.intent)) {
    Pause& pause = pauses_[market];
    pause.length = pause.length == domain::Duration{}
                       ? settings_.denial_pause_min
                       : std::min(pause.length * 2, settings_.denial_pause_max);
    pause.until = now + pause.length;
  }
}

void SignalDesk::repeat(domain::Timestamp now, std::vector<domain::Signal>& out) {
  for (auto at = pending_.begin(); at != pending_.end();) {
    Pending& pending = at->second;
    if (pending.accepted ? now >= pending.repeat_at : now >= pending.signal.expires_at) {
      if (!pending.accepted) ++expired_;
      at = pending_.erase(at);
      continue;
    }
    if (!pending.accepted && now >= pending.repeat_at) {
      out.push_back(pending.signal);
      pending.repeat_at = now + settings_.repeat_every;
    }
    ++at;
  }
  // A pause that ended long ago no longer says anything about the next denial.
  std::erase_if(pauses_, [&](const auto& entry) {
    return now >= entry.second.until + settings_.denial_pause_max;
  });
}

void SignalDesk::drop(domain::Shard shard) {
  std::erase_if(pending_, [&](const auto& entry) { return entry.second.signal.shard == shard; });
}

std::optional<domain::Shard> SignalDesk::shard_of(const domain::SignalId& id) const {
  const auto at = pending_.find(id);
  return at == pending_.end() ? std::nullopt : std::optional(at->second.signal.shard);
}

void SignalDesk::drop_all() {
  pending_.clear();
}

bool SignalDesk::busy(const domain::MarketId& market, domain::Timestamp now) const {
  const auto pause = pauses_.find(market);
  if (pause != pauses_.end() && now < pause->second.until) return true;
  return std::any_of(pending_.begin(), pending_.end(), [&](const auto& entry) {
    return is_take(entry.second.signal) && touches(entry.second.signal, market);
  });
}

}  // namespace polybot::strategy_runner
