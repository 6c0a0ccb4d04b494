#include "services/strategy-runner/core/runner.hpp"

#include <algorithm>
#include <bit>
#include <unordered_set>

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

std::optional<domain::Shard> shard_of_group(const domain::EventBody& body) {
  if (const auto* event = std::get_if<domain::LegsImbalanced>(&body))
    return domain::shard_of(event->event);
  if (const auto* event = std::get_if<domain::LegsLevelled>(&body))
    return domain::shard_of(event->event);
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

struct Runner::Seat {
  domain::Lease lease;
  domain::Timestamp since{};
  std::unique_ptr<Strategy> strategy;
};

struct Runner::Trader {
  Trader(const StrategySettings& from, const MarketTable& markets, SignalIds& ids)
      : settings(from), desk(from.desk, markets, ids) {}

  // All the order events before the grant are known here.
  [[nodiscard]] bool caught_up(const domain::Lease& lease) const {
    if (!stream_known) return false;
    if (holdings.applied_seq() >= lease.granted_seq) return true;
    // The grant may lie after the last message of this strategy's own stream.
    return last_seq && *last_seq <= lease.granted_seq && holdings.applied_seq() >= *last_seq;
  }
  [[nodiscard]] bool warm(const Seat& seat, domain::Timestamp now) const {
    return caught_up(seat.lease) && now - seat.since >= seat.strategy->warm_up();
  }
  [[nodiscard]] bool may_trade(const Seat& seat, domain::Timestamp now) const {
    return enabled && trading_state != domain::TradingState::Halted &&
           now < seat.lease.expires_at && warm(seat, now);
  }
  void drop_seat(domain::Shard shard) {
    seats.erase(shard);
    desk.drop(shard);
  }

  StrategySettings settings;
  SignalDesk desk;
  Holdings holdings;
  // The strategy does not run until the operator's wish is known.
  bool enabled = false;
  domain::TradingState trading_state = domain::TradingState::Halted;
  bool stream_known = false;
  std::optional<std::uint64_t>
      last_seq;  // of the stream, as the state topic said since the last grant
  std::map<domain::Shard, domain::Lease> leases;
  std::map<domain::Shard, domain::LeaseEpoch> let_go;  // the newest epoch released of each shard
  std::map<domain::Shard, Seat> seats;  // of the leases, while the strategy is enabled
  std::unordered_set<domain::MarketId> queued_books;
  std::uint64_t scans = 0;
};

struct Runner::Cause {
  struct Book {
    domain::MarketId market;
  };
  struct Timer {};
  std::size_t trader = 0;
  domain::Shard shard;
  std::variant<Book, domain::TradeTick, domain::StreamedEvent, Timer> what;
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

void Runner::on_input(const MarketDataGap& input, domain::Timestamp, Outputs&) {
  markets_.mark_stale(input.shard);
  queue_shard(input.shard);
}

void Runner::on_input(const MarketHeard& input, domain::Timestamp now, Outputs&) {
  const auto definition = markets_.define(input.market, now);
  if (definition == MarketTable::Definition::Changed) queue_book(input.market.id, {});
}

void Runner::on_input(const BookLoaded& input, domain::Timestamp, Outputs&) {
  if (markets_.load(input.snapshot)) queue_book(input.snapshot.market, input.origin);
}

void Runner::on_input(const BookChanged& input, domain::Timestamp, Outputs&) {
  if (markets_.apply(input.delta)) {
    queue_book(input.delta.market, input.origin, input.delta.stamped_at);
  }
}

void Runner::on_input(const BookDistrusted& input, domain::Timestamp, Outputs&) {
  markets_.mark_stale(input.stale.market);
  queue_book(input.stale.market, {});
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

void Runner::queue_book(const domain::MarketId& id, const FrameOrigin& origin,
                        domain::Timestamp tick_at) {
  const domain::Market* market = markets_.find(id);
  if (market == nullptr) return;
  const domain::Shard shard = markets_.shard_of(id);
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    Trader& trader = *traders_[i];
    if (!trader.seats.contains(shard) || !trader.settings.markets.admits(*market)) continue;
    // A burst of changes that arrived together is one evaluation, of its first tick.
    if (!trader.queued_books.insert(id).second) continue;
    causes_.push_back({.trader = i,
                       .shard = shard,
                       .what = Cause::Book{id},
                       .sent_at = origin.sent_at,
                       .tick_at = tick_at,
                       .trace = origin.trace});
  }
}

void Runner::queue_shard(domain::Shard shard) {
  for (const domain::MarketId& id : markets_.markets_in(shard)) queue_book(id, {});
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
}

// Applies one event and queues it for the seat it concerns. An event that names no market of ours
// is queued for no seat.
void Runner::hear(std::size_t index, const domain::StreamedEvent& streamed, domain::Timestamp now) {
  Trader& trader = *traders_[index];
  std::optional<domain::Shard> shard = shard_of_group(streamed.event.body);
  if (const auto market = market_of(streamed, trader.holdings)) {
    if (markets_.find(*market) != nullptr) shard = markets_.shard_of(*market);
  }
  if (const auto signal = signal_of(streamed.event.body)) shard = trader.desk.shard_of(*signal);
  trader.holdings.apply(streamed);
  trader.desk.on_order_event(streamed, now);
  if (!shard || !trader.seats.contains(*shard)) return;
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
    trader->queued_books.clear();
    trader->desk.drop_all();
    return;
  }
  for (const auto& [shard, lease] : trader->leases) {
    trader->seats.emplace(
        shard, Seat{.lease = lease, .since = now, .strategy = trader->settings.factory()});
  }
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
      trader.seats.emplace(
          shard, Seat{.lease = lease, .since = now, .strategy = trader.settings.factory()});
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

std::uint64_t Runner::shards() const {
  std::uint64_t mask = 0;
  for (const auto& trader : traders_) {
    for (const auto& [shard, lease] : trader->leases) mask |= std::uint64_t{1} << shard.value;
  }
  return mask;
}

void Runner::on_input(const TimerFired&, domain::Timestamp now, Outputs& out) {
  if (now - swept_at_ >= kSweepEvery) {
    swept_at_ = now;
    markets_.forget_silent(now);
  }
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    Trader& trader = *traders_[i];
    trader.desk.repeat(now, out.signals);
    for (const auto& [shard, seat] : trader.seats) {
      if (markets_.markets_in(shard).empty()) continue;
      causes_.push_back({.trader = i,
                         .shard = shard,
                         .what = Cause::Timer{},
                         .sent_at = {},
                         .tick_at = {},
                         .trace = {}});
    }
  }
}

// ---- evaluation

std::optional<Scan> Runner::scan_next(domain::Timestamp now, Outputs& out) {
  while (!causes_.empty()) {
    const Cause cause = std::move(causes_.front());
    causes_.pop_front();
    Trader& trader = *traders_[cause.trader];
    if (const auto* book = std::get_if<Cause::Book>(&cause.what))
      trader.queued_books.erase(book->market);
    const auto seat = trader.seats.find(cause.shard);
    if (seat == trader.seats.end()) continue;  // the lease ended in between
    evaluate(cause, trader, seat->second, now, out);
    const bool counted = !std::holds_alternative<Cause::Timer>(cause.what);
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
    void operator()(const domain::TradeTick& trade) const { strategy.on_trade(trade, context); }
    void operator()(const domain::StreamedEvent& event) const {
      strategy.on_order_event(event, context);
    }
    void operator()(const Cause::Timer&) const { strategy.on_timer(context); }
  };
  std::visit(Call{*seat.strategy, context}, cause.what);
}

// ---- status

Runner::Trader* Runner::find(const domain::StrategyName& name) {
  const auto at = std::find_if(traders_.begin(), traders_.end(),
                               [&](const auto& trader) { return trader->settings.name == name; });
  return at == traders_.end() ? nullptr : at->get();
}

const domain::StrategyName& Runner::name(std::size_t strategy) const {
  return traders_.at(strategy)->settings.name;
}

Runner::StrategyStatus Runner::status(std::size_t strategy, domain::Timestamp now) const {
  const Trader& trader = *traders_.at(strategy);
  StrategyStatus status{.enabled = trader.enabled,
                        .trading_state = trader.trading_state,
                        .shards_held = static_cast<int>(trader.leases.size()),
                        .shards_in_force = 0,
                        .shards_warm = 0,
                        .scans = trader.scans,
                        .applied_seq = trader.holdings.applied_seq(),
                        .stream_known = trader.stream_known,
                        .signals_pending = trader.desk.pending()};
  for (const auto& [shard, lease] : trader.leases) {
    if (now < lease.expires_at) ++status.shards_in_force;
  }
  status.shards_warm = std::popcount(shards_warm(strategy, now));
  return status;
}

std::uint64_t Runner::shards_warm(std::size_t strategy, domain::Timestamp now) const {
  const Trader& trader = *traders_.at(strategy);
  std::uint64_t mask = 0;
  for (const auto& [shard, seat] : trader.seats) {
    const bool warm = trader.warm(seat, now) && now < seat.lease.expires_at;
    if (warm) mask |= std::uint64_t{1} << shard.value;
  }
  return mask;
}

std::size_t Runner::markets_traded(std::size_t strategy) const {
  const Trader& trader = *traders_.at(strategy);
  std::size_t count = 0;
  for (const auto& [shard, seat] : trader.seats) {
    for (const domain::MarketId& id : markets_.markets_in(shard)) {
      const domain::Market& market = *markets_.find(id);
      const bool open = domain::accepts_orders(market.status);
      if (open && trader.settings.markets.admits(market)) ++count;
    }
  }
  return count;
}

const SignalDesk& Runner::desk(std::size_t strategy) const {
  return traders_.at(strategy)->desk;
}

const Holdings& Runner::holdings(std::size_t strategy) const {
  return traders_.at(strategy)->holdings;
}

std::vector<std::string> Runner::reasons_not_ready(domain::Timestamp now) const {
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < traders_.size(); ++i) {
    const StrategyStatus state = status(i, now);
    if (!state.enabled || state.shards_warm == state.shards_held) continue;
    const int cold = state.shards_held - state.shards_warm;
    std::string reason = name(i).value + ": ";
    reason += std::to_string(cold) + " of " + std::to_string(state.shards_held) + " leases ";
    reason += state.stream_known ? "warming up" : "waiting for order events";
    reasons.push_back(std::move(reason));
  }
  return reasons;
}

}  // namespace polybot::strategy_runner
