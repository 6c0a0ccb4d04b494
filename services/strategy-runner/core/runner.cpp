#include "services/strategy-runner/core/runner.hpp"

#include <algorithm>

#include "services/strategy-runner/core/trader.hpp"

namespace polybot::strategy_runner {
namespace {

constexpr domain::Duration kSweepEvery = std::chrono::seconds(10);

// The market of an order event. Call it before the event is applied, because an event that ends its
// order removes it.
std::optional<domain::MarketId> market_of(const domain::StreamedEvent& streamed,
                                          const Holdings& holdings) {
  if (streamed.position) return streamed.position->market;
  return std::visit(
      [&](const auto& event) -> std::optional<domain::MarketId> {
        using Event = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<Event, domain::OrderSubmitted>) {
          return event.order.instrument.market;
        } else if constexpr (requires { event.instrument.market; }) {
          return event.instrument.market;
        } else if constexpr (requires { event.fill.order; }) {
          return holdings.market_of(event.fill.order);
        } else if constexpr (requires { event.order.signal; }) {
          return holdings.market_of(event.order);
        } else {
          return std::nullopt;
        }
      },
      streamed.event.body);
}

std::optional<domain::EventGroupId> group_of(const domain::EventBody& body) {
  if (const auto* event = std::get_if<domain::LegsImbalanced>(&body)) return event->event;
  if (const auto* event = std::get_if<domain::LegsLevelled>(&body)) return event->event;
  return std::nullopt;
}

std::optional<domain::SignalId> signal_of(const domain::EventBody& body) {
  if (const auto* event = std::get_if<domain::SignalAccepted>(&body)) return event->signal;
  if (const auto* event = std::get_if<domain::SignalDenied>(&body)) return event->signal;
  return std::nullopt;
}

}  // namespace

MarketKind kind_of(const domain::Market& market) {
  if (market.neg_risk) return MarketKind::NegRisk;
  return market.event_market_count > 1 ? MarketKind::Group : MarketKind::Binary;
}

bool MarketFilter::admits(const domain::Market& market) const {
  const auto fits = [&](const std::string& pattern) {
    if (!pattern.ends_with('*')) return market.slug == pattern;
    return market.slug.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  };
  const domain::Shard shard = domain::shard_of(market.event);
  if (shard < first_shard || last_shard < shard) return false;
  if (!slugs.empty() && std::none_of(slugs.begin(), slugs.end(), fits)) return false;
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind_of(market)) != kinds.end();
}

struct Runner::Cause {
  struct Book {
    domain::MarketId market;
    ScanMarks::Subject subject;
  };
  struct Due {
    domain::MarketId market;
  };
  struct Timer {};
  std::size_t trader = 0;
  domain::Shard shard;
  std::variant<Book, Due, domain::TradeTick, domain::StreamedEvent, Timer> what;
  domain::Timestamp sent_at{};
  domain::Timestamp tick_at{};  // of a tick, by the gateway's clock
  domain::TraceId trace;
};

Runner::Runner(RunnerSettings settings)
    : settings_(std::move(settings)),
      markets_(settings_.book_age_max),
      ids_(settings_.incarnation) {
  for (const StrategySettings& strategy : settings_.strategies) {
    traders_.push_back(std::make_unique<Trader>(strategy, markets_, ids_));
    holdings_.push_back(&traders_.back()->holdings);
  }
}

Runner::~Runner() = default;

void Runner::on(const Input& input, domain::Timestamp now, Outputs& out) {
  std::visit([&](const auto& body) { on_input(body, now, out); }, input);
}

// ---- market data

void Runner::on_input(const MarketDataGap& input, domain::Timestamp now, Outputs&) {
  markets_.mark_stale(input.shard);
  for (const domain::MarketId& id : markets_.markets_in(input.shard))
    queue_book(id, Heard::Changed, {}, now);
}

void Runner::on_input(const MarketHeard& input, domain::Timestamp now, Outputs&) {
  // An event that it leaves is another one without it.
  if (const domain::Market* known = markets_.find(input.market.id);
      known != nullptr && known->event != input.market.event)
    unsettle(*known);
  if (markets_.define(input.market, now) == MarketTable::Definition::Changed)
    queue_book(input.market.id, Heard::Changed, {}, now);
}

void Runner::on_input(const BookLoaded& input, domain::Timestamp now, Outputs&) {
  const domain::MarketId& id = input.snapshot.market;
  const bool was_usable = markets_.usable_book(id, now) != nullptr;
  const MarketTable::Loaded loaded = markets_.load(input.snapshot);
  if (loaded == MarketTable::Loaded::UnknownMarket) return;
  // A book that was too old has changed, whatever is in it.
  const bool usable = markets_.usable_book(id, now) != nullptr;
  const bool same = loaded == MarketTable::Loaded::Unchanged && usable == was_usable;
  queue_book(id, same ? Heard::Unchanged : Heard::Changed, input.origin, now);
}

void Runner::on_input(const BookChanged& input, domain::Timestamp now, Outputs&) {
  if (!markets_.apply(input.delta)) return;
  queue_book(input.delta.market, Heard::Changed, input.origin, now, input.delta.stamped_at);
}

void Runner::on_input(const BookDistrusted& input, domain::Timestamp now, Outputs&) {
  markets_.mark_stale(input.stale.market);
  queue_book(input.stale.market, Heard::Changed, {}, now);
}

// Also what is not settled is looked at then.
void Runner::on_input(const BooksVouched& input, domain::Timestamp now, Outputs&) {
  markets_.vouch(input.origin.shard, input.vouched, now,
                 [&](const domain::Market& market, MarketTable::Vouched book) {
                   const bool same = book == MarketTable::Vouched::AsBefore;
                   queue_book(market, same ? Heard::Unchanged : Heard::Changed, input.origin, now);
                 });
}

void Runner::on_input(const TradeSeen& input, domain::Timestamp, Outputs&) {
  const domain::Market* market = markets_.find(input.trade.market);
  if (market == nullptr) return;
  const domain::Shard shard = markets_.shard_of(market->id);
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    Trader& trader = *traders_[i];
    if (!trader.seats.contains(shard) || !trader.settings.markets.admits(*market)) continue;
    causes_.push_back({.trader = i,
                       .shard = shard,
                       .what = input.trade,
                       .sent_at = input.origin.sent_at,
                       .tick_at = input.trade.stamped_at,
                       .trace = input.origin.trace});
  }
}

void Runner::queue_book(const domain::MarketId& id, Heard heard, const FrameOrigin& origin,
                        domain::Timestamp now, domain::Timestamp tick_at) {
  const domain::Market* market = markets_.find(id);
  if (market != nullptr) queue_book(*market, heard, origin, now, tick_at);
}

void Runner::queue_book(const domain::Market& market, Heard heard, const FrameOrigin& origin,
                        domain::Timestamp now, domain::Timestamp tick_at) {
  const domain::Shard shard = domain::shard_of(market.event);
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    Trader& trader = *traders_[i];
    const auto seat = trader.seats.find(shard);
    if (seat == trader.seats.end() || !trader.settings.markets.admits(market)) continue;
    look_at(trader, shard, seat->second, now);
    const ScanMarks::Subject subject = seat->second.marks.subject_of(market);
    // A burst of changes that arrived together is one evaluation, of its first tick.
    if (!seat->second.marks.queue(subject, heard, now)) continue;
    causes_.push_back({.trader = i,
                       .shard = shard,
                       .what = Cause::Book{market.id, subject},
                       .sent_at = origin.sent_at,
                       .tick_at = tick_at,
                       .trace = origin.trace});
  }
}

// ---- what no book shows

void Runner::unsettle(const domain::Market& market) {
  const domain::Shard shard = domain::shard_of(market.event);
  for (const auto& trader : traders_) {
    const auto seat = trader->seats.find(shard);
    if (seat == trader->seats.end()) continue;
    seat->second.marks.unsettle(seat->second.marks.subject_of(market));
  }
}

// Whether the strategy may speak and open there is the same for all markets of the shard.
void Runner::look_at(Trader& trader, domain::Shard shard, Seat& seat, domain::Timestamp now) {
  const Standing standing = trader.standing(seat, now);
  if (std::exchange(seat.standing, standing) == standing) return;
  wake_all(trader, shard, seat, now);
}

void Runner::wake_all(const Trader& trader, domain::Shard shard, Seat& seat,
                      domain::Timestamp now) {
  seat.marks.unsettle_all();
  if (!seat.has_dues()) return;
  for (const domain::MarketId& id : markets_.markets_in(shard)) {
    if (trader.settings.markets.admits(*markets_.find(id))) seat.wake(id, now);
  }
}

// ---- order events

void Runner::on_input(const OrderEventSeen& input, domain::Timestamp now, Outputs&) {
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    if (traders_[i]->settings.name != input.event.event.strategy) continue;
    hear(i, input.event, now);
  }
}

void Runner::on_input(const OrdersRestored& input, domain::Timestamp now, Outputs&) {
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    Trader& trader = *traders_[i];
    if (trader.settings.name != input.strategy) continue;
    trader.holdings.restart_at(input.seq);
    for (const domain::StreamedEvent& entry : input.entries) hear(i, entry, now);
    trader.stream_known = true;
  }
  // What is not in the state is gone, and nothing names it.
  for (const auto& trader : traders_) {
    for (auto& [shard, seat] : trader->seats) wake_all(*trader, shard, seat, now);
  }
}

// Applies one event and queues it for the seat it concerns. An event that names no market of ours
// is queued for no seat. An order of ours may stand in the way of any strategy of this process.
void Runner::hear(std::size_t index, const domain::StreamedEvent& streamed, domain::Timestamp now) {
  Trader& trader = *traders_[index];
  const auto group = group_of(streamed.event.body);
  const auto id = market_of(streamed, trader.holdings);
  const domain::Market* market = id ? markets_.find(*id) : nullptr;
  std::optional<domain::Shard> shard;
  if (group) shard = domain::shard_of(*group);
  if (market != nullptr) shard = markets_.shard_of(*id);
  if (const auto signal = signal_of(streamed.event.body)) shard = trader.desk.shard_of(*signal);
  trader.holdings.apply(streamed);
  trader.desk.on_order_event(streamed, now);
  if (market != nullptr) unsettle(*market);
  if (group) {
    for (const domain::MarketId& one : markets_.markets_of(*group)) unsettle(*markets_.find(one));
  }
  const auto seat = shard ? trader.seats.find(*shard) : trader.seats.end();
  if (seat == trader.seats.end()) return;
  if (market != nullptr) seat->second.wake(*id, now);
  causes_.push_back({.trader = index,
                     .shard = *shard,
                     .what = streamed,
                     .sent_at = {},
                     .tick_at = {},
                     .trace = streamed.event.trace});
}

void Runner::on_input(const OrderStreamBroken& input, domain::Timestamp, Outputs&) {
  if (Trader* trader = find(input.strategy)) trader->stream_known = false;
}

void Runner::on_input(const OrderStreamMended& input, domain::Timestamp, Outputs&) {
  if (Trader* trader = find(input.strategy)) trader->stream_known = true;
}

// ---- state of order-manager

void Runner::on_input(const StrategyHeard& input, domain::Timestamp now, Outputs&) {
  Trader* trader = find(input.state.strategy);
  if (trader == nullptr) return;
  trader->trading_state = input.state.trading_state;
  trader->last_seq = input.state.last_seq;
  if (trader->enabled == input.state.enabled) return;
  trader->enabled = input.state.enabled;
  if (!trader->enabled) {
    // Order-manager cancels what rests; here a stopped strategy forgets its plans.
    trader->seats.clear();
    trader->desk.drop_all();
    return;
  }
  for (const auto& [shard, lease] : trader->leases) trader->take_seat(lease, now);
}

void Runner::on_input(const LeasesHeard& input, domain::Timestamp now, Outputs&) {
  const std::uint64_t before = shards();
  released_.clear();
  for (const auto& trader : traders_) take_leases(*trader, input.leases, now);
  const std::uint64_t lost = before & ~shards();
  for (std::uint8_t shard = 0; shard < domain::kShards; ++shard) {
    if ((lost >> shard & 1) != 0) markets_.forget({shard});
  }
}

void Runner::take_leases(Trader& trader, const std::vector<domain::Lease>& leases,
                         domain::Timestamp now) {
  std::map<domain::Shard, domain::Lease> ours;
  for (const domain::Lease& lease : leases) {
    const bool mine = lease.strategy == trader.settings.name &&
                      lease.replica == settings_.replica &&
                      lease.incarnation == settings_.incarnation;
    if (!mine) continue;
    domain::LeaseEpoch& let_go = trader.let_go[lease.shard];
    if (lease.revoked) {
      let_go = std::max(let_go, lease.epoch);
      release(lease);
    } else if (let_go < lease.epoch) {  // else it is older news than the release
      ours.emplace(lease.shard, lease);
    }
  }
  for (const auto& [shard, lease] : trader.leases) {
    if (!ours.contains(shard)) trader.drop_seat(shard);
  }
  for (const auto& [shard, lease] : ours) {
    const auto before = trader.leases.find(shard);
    const bool known = before != trader.leases.end();
    // Between two epochs another runner may have held the shard, or its orders may have been taken
    // away. So decisions and memories of the former epoch do not count. Only a state heard after
    // the grant tells where the stream ended at the grant.
    const bool is_new = !known || before->second.epoch != lease.epoch;
    if (known && is_new) trader.drop_seat(shard);
    if (is_new) trader.last_seq.reset();
    if (!trader.enabled) continue;
    const auto seat = trader.seats.find(shard);
    if (seat != trader.seats.end()) {
      seat->second.lease = lease;
    } else {
      trader.take_seat(lease, now);
    }
  }
  trader.leases = std::move(ours);
}

void Runner::release(const domain::Lease& lease) {
  const auto same = [&](const domain::LeaseReleased& other) {
    return other.strategy == lease.strategy && other.epoch == lease.epoch;
  };
  auto at = std::find_if(released_.begin(), released_.end(), same);
  if (at == released_.end()) {
    at = released_.insert(at, {.strategy = lease.strategy, .epoch = lease.epoch, .shards = 0});
  }
  at->shards |= std::uint64_t{1} << lease.shard.value;
}

void Runner::on_input(const TimerFired&, domain::Timestamp now, Outputs& out) {
  if (now - swept_at_ >= kSweepEvery) {
    swept_at_ = now;
    for (const domain::Market& market : markets_.forget_silent(now)) unsettle(market);
  }
  for (const domain::MarketId& id : markets_.take_aged(now))
    queue_book(id, Heard::Changed, {}, now);
  const auto queue = [this](std::size_t trader, domain::Shard shard, const auto& what) {
    causes_.push_back({.trader = trader,
                       .shard = shard,
                       .what = what,
                       .sent_at = {},
                       .tick_at = {},
                       .trace = {}});
  };
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    Trader& trader = *traders_[i];
    trader.desk.repeat(now, out.signals);
    for (auto& [shard, seat] : trader.seats) {
      if (markets_.markets_in(shard).empty()) continue;
      look_at(trader, shard, seat, now);
      for (const domain::MarketId& id : seat.dues.take(now)) queue(i, shard, Cause::Due{id});
      queue(i, shard, Cause::Timer{});
    }
  }
}

// ---- evaluation

std::optional<Scan> Runner::scan_next(domain::Timestamp now, Outputs& out) {
  while (!causes_.empty()) {
    const Cause cause = std::move(causes_.front());
    causes_.pop_front();
    Trader& trader = *traders_[cause.trader];
    const auto seat = trader.seats.find(cause.shard);
    if (seat == trader.seats.end()) continue;  // the lease ended in between
    look_at(trader, cause.shard, seat->second, now);
    evaluate(cause, trader, seat->second, now, out);
    const bool counted = !std::holds_alternative<Cause::Timer>(cause.what) &&
                         !std::holds_alternative<Cause::Due>(cause.what);
    if (counted) ++trader.scans;
    return Scan{.strategy = cause.trader, .caused_at = cause.sent_at, .counted = counted};
  }
  return std::nullopt;
}

void Runner::evaluate(const Cause& cause, Trader& trader, Seat& seat, domain::Timestamp now,
                      Outputs& out) {
  const View view(markets_, trader.holdings, holdings_, trader.desk, trader.trading_state, now);
  const SignalDesk::Stamp stamp{.shard = cause.shard,
                                .lease_epoch = seat.lease.epoch,
                                .applied_seq = trader.holdings.applied_seq(),
                                .trace = cause.trace,
                                .tick_at = cause.tick_at,
                                .now = now,
                                .muted = !trader.may_trade(seat, now)};
  Context context(view, trader.desk, stamp, out.signals);
  struct Call {
    Strategy& strategy;
    Context& context;
    void operator()(const Cause::Book& book) const { strategy.on_book(book.market, context); }
    void operator()(const Cause::Due& due) const { strategy.on_due(due.market, context); }
    void operator()(const domain::TradeTick& trade) const { strategy.on_trade(trade, context); }
    void operator()(const domain::StreamedEvent& event) const {
      strategy.on_order_event(event, context);
    }
    void operator()(const Cause::Timer&) const { strategy.on_timer(context); }
  };
  std::visit(Call{*seat.strategy, context}, cause.what);
  settle(cause, seat, context);
}

// Keeps what was looked at as settled, for as long as the strategy did not ask otherwise. A market
// that is forgotten needs no more.
void Runner::settle(const Cause& cause, Seat& seat, const Context& context) {
  const domain::Timestamp at_the_latest = context.now() + kLookAgainAfter;
  if (const auto* book = std::get_if<Cause::Book>(&cause.what)) {
    seat.marks.done(book->subject);
    if (const domain::Market* market = markets_.find(book->market)) {
      seat.marks.settle(seat.marks.subject_of(*market), at_the_latest);
      seat.wake(book->market, at_the_latest);
    }
  } else if (const auto* due = std::get_if<Cause::Due>(&cause.what)) {
    if (markets_.find(due->market) != nullptr) seat.wake(due->market, at_the_latest);
  }
  for (const auto& [id, at] : context.asked()) {
    const domain::Market* market = markets_.find(id);
    if (market == nullptr) continue;
    seat.marks.look_again(seat.marks.subject_of(*market), at);
    seat.wake(id, at);
  }
}

Runner::Trader* Runner::find(const domain::StrategyName& name) {
  const auto at = std::find_if(traders_.begin(), traders_.end(),
                               [&](const auto& trader) { return trader->settings.name == name; });
  return at == traders_.end() ? nullptr : at->get();
}

}  // namespace polybot::strategy_runner
