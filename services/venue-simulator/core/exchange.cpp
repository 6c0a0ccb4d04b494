#include "services/venue-simulator/core/exchange.hpp"

#include <algorithm>

#include "services/venue-simulator/core/archive.hpp"

namespace polybot::venue_simulator {

using domain::Duration;
using domain::Money;
using domain::RejectReason;
using domain::Timestamp;

namespace {

// After a shorter absence the crowd does not count as having slept.
constexpr Duration kNap = std::chrono::seconds(3);
constexpr Duration kJumpBack = std::chrono::seconds(10);
constexpr domain::Price kJumpSize = domain::Price::from_raw(2'000);
constexpr domain::Price kChangedRate = domain::Price::from_raw(700);
constexpr Money kDrift = Money::from_raw(1'230'000);

EngineSettings with_seed(EngineSettings settings, std::uint64_t seed) {
  settings.seed = seed;
  return settings;
}
FlowSettings with_seed(FlowSettings settings, std::uint64_t seed) {
  settings.seed = seed;
  return settings;
}

}  // namespace

Exchange::Exchange(const ExchangeSettings& settings, Timestamp start, Outputs& out)
    : settings_(settings),
      now_(start),
      random_(splitmix64(settings.seed ^ 0x6661756C74ULL)),
      engine_(with_seed(settings.engine, settings.seed)),
      flow_(with_seed(settings.flow, settings.seed)) {
  switch (settings.flow_kind) {
    case FlowKind::Synthetic:
      flow_.begin(engine_, faults_, start, out);
      break;
    case FlowKind::Replay:
      replay_.begin(engine_);
      break;
    case FlowKind::Mirror:
      mirror_.begin(engine_);
      break;
    case FlowKind::Broad:
      broad_.begin(with_seed(settings.flow, settings.seed), settings.broad_markets, engine_,
                   faults_, start, out);
      break;
    case FlowKind::None:
      break;
  }
  engine_.report_changes(now_, out);
  record(out);
}

std::optional<Timestamp> Exchange::next_due() const {
  std::optional<Timestamp> due;
  for (const auto& next : {engine_.next_due(), flow_.next_due(), broad_.next_due(), drift_ends_at(),
                           dead_man_switch_.next_due()}) {
    if (next && (!due || *next < *due)) due = next;
  }
  return due;
}

void Exchange::on(const Input& input, Timestamp now, Outputs& out) {
  now = std::max(now, now_);
  recorded_market_ = out.market.size();
  recorded_account_ = out.account.size();
  // Nobody followed the real books while the process was down.
  if (mirrors() && std::holds_alternative<WakeUp>(input))
    mirror_.halt_all(now_, engine_, faults_, out);
  if (std::holds_alternative<WakeUp>(input) && now - now_ > kNap) {
    const bool running = flow_.running();
    set_running(false, out);
    advance(now, out);
    set_running(running, out);
  } else {
    advance(now, out);
    apply(input, out);
  }
  engine_.report_changes(now_, out);
  record(out);
}

// One event at a time, each at its own instant; the rules come before the crowd.
void Exchange::advance(Timestamp to, Outputs& out) {
  for (auto due = next_due(); due && *due <= to; due = next_due()) {
    now_ = std::max(now_, *due);
    if (engine_.next_due() == due) {
      engine_.run_due(now_, faults_, out);
    } else if (flow_.next_due() == due) {
      flow_.run_due(now_, engine_, faults_, out);
    } else if (broad_.next_due() == due) {
      broad_.run_due(now_, engine_, faults_, out);
    } else if (dead_man_switch_.next_due() == due) {
      for (const AccountId account : dead_man_switch_.look(now_))
        engine_.cancel_open(account, kHeartbeatReason, now_, faults_, out);
    } else {
      stop_fault(Fault::VenueDrift);
    }
    engine_.report_changes(now_, out);
    record(out);
  }
  now_ = to;
}

void Exchange::set_running(bool running, Outputs& out) {
  flow_.set_running(running, engine_, faults_, now_, out);
  broad_.set_running(running, now_);
}

void Exchange::reconfigure(const Reconfigure& change, Outputs& out) {
  engine_.reconfigure(change.engine);
  flow_.reconfigure(change.flow, engine_, faults_, now_, out);
  broad_.reconfigure(change.flow, now_);
}

void Exchange::record(const Outputs& out) {
  for (; recorded_market_ < out.market.size(); ++recorded_market_) {
    const MarketOutput& output = out.market[recorded_market_];
    if (const auto* trade = std::get_if<TradePrinted>(&output)) {
      tape_.add(*trade);
      if (mirrors()) mirror_.took(*trade, engine_);
    }
    if (const auto* end = std::get_if<MarketResolved>(&output)) {
      notices_.add(*end, engine_);
      tape_.end(end->market);
    }
    if (std::holds_alternative<MarketListed>(output)) tape_.forget_markets(engine_);
  }
  for (; recorded_account_ < out.account.size(); ++recorded_account_) {
    if (const auto* order = std::get_if<OrderOutput>(&out.account[recorded_account_]))
      notices_.add(*order);
  }
}

void Exchange::apply(const Input& input, Outputs& out) {
  struct Apply {
    Exchange& self;
    Outputs& out;
    void operator()(const AdvanceTime&) const {}
    void operator()(const WakeUp&) const {}
    void operator()(const OpenAccount& open) const {
      out.opened.push_back(self.engine_.open_account(open.address, open.deposit));
    }
    void operator()(const SubmitOrders& batch) const { self.submit(batch, out); }
    void operator()(const SubmitLater& late) const { self.engine_.submit_later(late); }
    void operator()(const CancelOrders& request) const {
      for (const domain::VenueOrderId& id : request.orders) {
        out.cancels.push_back(
            self.engine_.cancel(request.account, id, self.now_, self.faults_, out));
      }
    }
    void operator()(const CancelResting& request) const {
      self.engine_.cancel_resting(request, self.now_, self.faults_, out);
    }
    void operator()(const SetFlow& flow) const {
      if (self.mirrors())
        self.mirror_.set_running(flow.running, self.now_, self.engine_, self.faults_, out);
      self.set_running(flow.running, out);
    }
    void operator()(const Reconfigure& change) const { self.reconfigure(change, out); }
    void operator()(const SetFault& fault) const { self.start_fault(fault, out); }
    void operator()(const ClearFault& fault) const { self.stop_fault(fault.fault); }
    void operator()(const ListRecordedMarket& list) const {
      if (self.engine_.find_market(list.market.id)) return;
      Listing listing;
      listing.market = list.market;
      listing.event_title = list.market.question;
      self.engine_.list_market(std::move(listing), self.now_, out);
      if (self.mirrors())
        self.mirror_.halt({list.market.id}, self.now_, self.engine_, self.faults_, out);
    }
    void operator()(const FollowRecordedMarket& follow) const {
      if (self.mirrors())
        return self.mirror_.follow(follow.market, self.now_, self.engine_, self.faults_, out);
      self.engine_.follow_record(follow.market, self.now_, self.faults_, out);
      const auto number = self.engine_.find_market(follow.market.id);
      if (number && domain::over(follow.market.status)) self.replay_.forget(*number);
    }
    void operator()(const PlayFrames& frames) const {
      self.replay_.play(frames, self.now_, self.engine_, self.faults_, out);
    }
    void operator()(const PlayMirror& moment) const {
      self.mirror_.play(moment, self.now_, self.engine_, self.faults_, out);
    }
    void operator()(const HaltMirrored& halt) const {
      self.mirror_.halt(halt.markets, self.now_, self.engine_, self.faults_, out);
    }
    void operator()(const Heartbeat& heartbeat) const {
      out.heartbeats.push_back(
          self.dead_man_switch_.beat(heartbeat, self.settings_.seed, self.now_));
    }
    void operator()(const CreateKey& create) const { self.key_ring_.create(create.key, self.now_); }
    void operator()(const EndKey& end) const { self.key_ring_.end(end.key, self.now_); }
    void operator()(const NoteOrigins& note) const {
      for (const OrderOrigin& origin : note.origins) self.origins_.note(origin);
    }
    void operator()(const DropNotices& drop) const { self.notices_.drop(drop.account, drop.ids); }
    void operator()(const ReadChain& read) const { self.chain_copies_.read(read.copy, self.now_); }
  };
  std::visit(Apply{*this, out}, input);
}

void Exchange::submit(const SubmitOrders& batch, Outputs& out) {
  for (std::size_t i = 0; i < batch.orders.size(); ++i) {
    const NewOrder& order = batch.orders[i];
    if (const auto reason = faulty_refusal(batch, i)) {
      SubmitAnswer answer;
      answer.order = order.id;
      answer.outcome = domain::SubmitRejected{*reason, {}};
      out.submits.push_back(std::move(answer));
      continue;
    }
    out.submits.push_back(engine_.submit(batch.account, order, now_, faults_, out));
  }
}

std::optional<RejectReason> Exchange::faulty_refusal(const SubmitOrders& batch, std::size_t index) {
  const auto place = engine_.find_token(batch.orders[index].token);
  if (!place) return std::nullopt;
  const domain::MarketId market = engine_.listing(place->market)->market.id;
  const FaultSettings* reject = faults_.active(Fault::Reject, now_, market);
  if (reject != nullptr && random_.chance(reject->probability_ppm)) {
    faults_.used(Fault::Reject);
    return RejectReason::MarketNotReady;
  }
  const FaultSettings* miss = faults_.active(Fault::LegMiss, now_, market);
  if (miss == nullptr) return std::nullopt;
  const bool last_of_several = batch.orders.size() > 1 && index + 1 == batch.orders.size();
  const bool meant = miss->market.has_value() || last_of_several;
  if (!meant || !random_.chance(miss->probability_ppm)) return std::nullopt;
  faults_.used(Fault::LegMiss);
  return RejectReason::NotFilled;
}

void Exchange::start_fault(const SetFault& input, Outputs& out) {
  stop_fault(input.fault);
  faults_.set(input.fault, input.settings, now_);
  const FaultSettings& settings = input.settings;
  if (input.fault == Fault::VenueDrift) {
    drift_cash(settings.amount.is_zero() ? kDrift : settings.amount);
  }
  if (input.fault == Fault::FeeChange) {
    const domain::Price rate = settings.size.is_zero() ? kChangedRate : settings.size;
    constexpr std::int64_t kPpmPerUnit = 1'000'000 / domain::Price::kScale;
    engine_.change_fee(settings.market, rate.raw() * kPpmPerUnit);
  }
  if (input.fault == Fault::FairValueJump) {
    const auto wanted =
        settings.market ? engine_.find_market(*settings.market) : std::optional<MarketNo>{};
    std::optional<MarketNo> market = wanted;
    for (const MarketNo number : engine_.markets()) {
      if (!market && flow_.fair_value(number) && engine_.is_open(number)) market = number;
    }
    if (!market) return;
    flow_.jump(*market, settings.size.is_zero() ? kJumpSize : settings.size,
               now_ + (settings.delay.count() > 0 ? settings.delay : kJumpBack), now_, engine_,
               faults_, out);
  }
}

void Exchange::stop_fault(Fault fault) {
  faults_.clear(fault);
  if (fault != Fault::VenueDrift) return;
  for (const auto& [account, amount] : std::exchange(drifted_, {}))
    engine_.deposit(account, -amount);
}

// Cash that comes and goes without a trade; it goes back when the fault ends.
void Exchange::drift_cash(Money amount) {
  for (std::uint32_t i = 0; i < engine_.accounts().size(); ++i) {
    const AccountId id{i};
    if (engine_.accounts()[id].house) continue;
    engine_.deposit(id, amount);
    drifted_[id] += amount;
  }
}

std::optional<Timestamp> Exchange::drift_ends_at() const {
  return drifted_.empty() ? std::nullopt : faults_.ends_at(Fault::VenueDrift);
}

domain::VenueAccount Exchange::account(AccountId id, Timestamp trades_since) const {
  domain::VenueAccount reading;
  reading.read_at = now_;
  reading.trades_since = trades_since;
  for (const OrderTruth& order : engine_.open_orders(id)) {
    reading.open_orders.push_back({.order = order.id,
                                   .market = order.market_id,
                                   .token = order.token,
                                   .side = order.side,
                                   .status = order.status,
                                   .price = order.price,
                                   .original_quantity = order.quantity,
                                   .matched_quantity = order.matched,
                                   .reason = {},
                                   .at = order.created_at});
  }
  engine_.read_trades(0, [&](const TradeTruth& trade) {
    const bool ours = trade.taker.account == id ||
                      std::any_of(trade.makers.begin(), trade.makers.end(),
                                  [id](const auto& maker) { return maker.account == id; });
    if (ours && trade.matched_at >= trades_since) {
      reading.trades.push_back(engine_.view(trade, id));
    }
    return true;
  });
  reading.collateral = engine_.accounts()[id].cash;
  for (const auto& [market, holdings] : engine_.accounts()[id].holdings) {
    const Listing* listing = engine_.listing(market);
    if (listing == nullptr) continue;
    reading.holdings.push_back({listing->market.yes_token, holdings.yes.held});
    reading.holdings.push_back({listing->market.no_token, holdings.no.held});
  }
  return reading;
}

std::string Exchange::save() {
  std::string bytes;
  Saver saver(bytes);
  fields(saver);
  saver(dead_man_switch_);
  faults_.later_fields(saver);
  records(saver);
  saver(chain_copies_);
  faults_.latest_fields(saver);
  if (mirrors()) saver(mirror_);
  if (is_broad()) saver(broad_);
  return bytes;
}

void Exchange::adopt_keys() {
  for (std::uint32_t i = 0; i < engine_.accounts().size(); ++i) {
    if (!engine_.accounts()[AccountId{i}].house)
      key_ring_.create({AccountId{i}, KeyKind::Api, 0}, now_);
  }
}

bool Exchange::load(std::string_view bytes) {
  Loader loader(bytes);
  fields(loader);
  // States from before this switch, the later faults, the records, or the latest faults existed end
  // here.
  if (!loader.at_end()) loader(dead_man_switch_);
  if (!loader.at_end()) faults_.later_fields(loader);
  if (!loader.at_end()) {
    records(loader);
  } else {
    tape_ = {};
    notices_ = {};
    adopt_keys();
  }
  if (!loader.at_end()) loader(chain_copies_);
  if (!loader.at_end()) faults_.latest_fields(loader);
  if (mirrors()) loader(mirror_);
  if (is_broad()) loader(broad_);
  return loader.ok() && loader.at_end() && (!is_broad() || broad_.restore());
}

}  // namespace polybot::venue_simulator
