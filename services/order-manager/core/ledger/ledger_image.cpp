#include "services/order-manager/core/ledger/ledger_image.hpp"

#include "services/order-manager/core/ledger/image.hpp"

namespace polybot::order_manager {

// One function per aggregate. The structured bindings name every member: one that is added does not
// compile until it is listed here.
struct LedgerImage {
  template <class A, class T>
  using Of = typename A::template Of<T>;

  // ---- ids and small values
  template <class A, class Tag>
  static void fields(A& archive, const domain::Bytes32<Tag>& id) {
    archive(id.bytes);
  }
  template <class A, class Tag>
  static void fields(A& archive, domain::Bytes32<Tag>& id) {
    archive(id.bytes);
  }
  template <class A, class Tag>
  static void fields(A& archive, const domain::Name<Tag>& name) {
    archive(name.value);
  }
  template <class A, class Tag>
  static void fields(A& archive, domain::Name<Tag>& name) {
    archive(name.value);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::SignalId>& id) {
    auto& [incarnation, counter] = id;
    archive(incarnation, counter);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::ClientOrderId>& id) {
    auto& [signal, leg] = id;
    archive(signal, leg);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::FillId>& id) {
    auto& [trade, order] = id;
    archive(trade, order);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::CommandId>& id) {
    auto& [high, low] = id;
    archive(high, low);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::TraceId>& id) {
    auto& [value] = id;
    archive(value);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::UtcDate>& date) {
    auto& [days] = date;
    archive(days);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::Instrument>& instrument) {
    auto& [market, outcome] = instrument;
    archive(market, outcome);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::Payout>& payout) {
    auto& [yes, no] = payout;
    archive(yes, no);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::FeeSchedule>& fee) {
    auto& [rate_ppm, exponent] = fee;
    archive(rate_ppm, exponent);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::Market>& market) {
    auto& [id, event, slug, question, event_slug, yes_label, no_label, yes_token, no_token, tick,
           min_size, fee, exchange, status, neg_risk, augmented, placeholder, taker_delay,
           event_market_count, ends_at, payout] = market;
    archive(id, event, slug, question, event_slug, yes_label, no_label, yes_token, no_token, tick,
            min_size, fee, exchange, status, neg_risk, augmented, placeholder, taker_delay,
            event_market_count, ends_at, payout);
  }

  // ---- orders
  template <class A>
  static void fields(A& archive, Of<A, domain::SignedFields>& value) {
    auto& [salt, timestamp_ms, maker_amount, taker_amount, token, exchange, expiration_s] = value;
    archive(salt, timestamp_ms, maker_amount, taker_amount, token, exchange, expiration_s);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::Order>& order) {
    auto& [id, venue_id, strategy, event, instrument, side, limit, quantity, time_in_force,
           post_only, purpose, signed_fields, decided_at, submitted_at, trace] = order;
    archive(id, venue_id, strategy, event, instrument, side, limit, quantity, time_in_force,
            post_only, purpose, signed_fields, decided_at, submitted_at, trace);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::OrderFilled>& value) {
    auto& [fill, instrument, side, quantity, cash, fee, liquidity, status, matched_at] = value;
    archive(fill, instrument, side, quantity, cash, fee, liquidity, status, matched_at);
  }
  template <class A>
  static void fields(A& archive, Of<A, FillRecord>& record) {
    auto& [fill, seq, reversed] = record;
    archive(fill, seq, reversed);
  }
  template <class A>
  static void fields(A& archive, Of<A, OrderRecord>& record) {
    auto& [order, status, entered, filled, filled_cash, provisional, fee_worst, cancel_requested,
           cancel_reason, ambiguity, last_byte_at, reject_reason, changed_at, fills] = record;
    archive(order, status, entered, filled, filled_cash, provisional, fee_worst, cancel_requested,
            cancel_reason, ambiguity, last_byte_at, reject_reason, changed_at, fills);
  }
  template <class A>
  static void fields(A& archive, Of<A, Orders>& value) {
    // What is an index over the orders is made again (index()); rows_taken counts one life.
    auto& [orders, by_venue_id, by_market, unnamed, open, final, forgotten_before, rows_taken] =
        value;
    archive(orders, unnamed, open, final, forgotten_before);
  }
  static void index(Orders& orders) {
    for (const auto& [id, record] : orders.orders_) {
      orders.by_venue_id_.emplace(record.order.venue_id, id);
      ++orders.by_market_[record.order.instrument.market];
    }
  }

  // ---- portfolio
  template <class A>
  static void fields(A& archive, Of<A, domain::Holding>& holding) {
    auto& [quantity, cost, realized] = holding;
    archive(quantity, cost, realized);
  }
  template <class A>
  static void fields(A& archive, Of<A, TokenPosition::Entry>& entry) {
    auto& [id, side, quantity, cash, fee, status] = entry;
    archive(id, side, quantity, cash, fee, status);
  }
  template <class A>
  static void fields(A& archive, Of<A, TokenPosition>& position) {
    auto& [opened, base, fills, current] = position;
    archive(opened, base, fills, current);
  }
  template <class A>
  static void fields(A& archive, Of<A, MarketPosition>& position) {
    auto& [yes, no, last_fill_seq] = position;
    archive(yes, no, last_fill_seq);
  }
  template <class A>
  static void fields(A& archive, Of<A, Resolution>& resolution) {
    auto& [payout, paid, at] = resolution;
    archive(payout, paid, at);
  }
  template <class A>
  static void fields(A& archive, Of<A, Portfolio::Baseline>& baseline) {
    auto& [day_open, peak, daily_acknowledged, drawdown_acknowledged] = baseline;
    archive(day_open, peak, daily_acknowledged, drawdown_acknowledged);
  }
  template <class A>
  static void fields(A& archive, Of<A, Portfolio>& portfolio) {
    auto& [cash, moved_in, income, missing, missing_at_day_open, positions, past_realized, marks,
           resolutions, past_resolutions, baselines, account, day] = portfolio;
    archive(cash, moved_in, income, missing, missing_at_day_open, positions, past_realized, marks,
            resolutions, past_resolutions, baselines, account, day);
  }

  // ---- legs and signals
  template <class A>
  static void fields(A& archive, Of<A, LegGroup::Leg>& leg) {
    auto& [order, instrument] = leg;
    archive(order, instrument);
  }
  template <class A>
  static void fields(A& archive, Of<A, LegGroup>& group) {
    auto& [strategy, event, trace, legs, correctors, unlevel, unlevel_since, accepted_spread] =
        group;
    archive(strategy, event, trace, legs, correctors, unlevel, unlevel_since, accepted_spread);
  }
  template <class A>
  static void fields(A& archive, Of<A, LegGroups>& value) {
    auto& [groups, members, unlevel, judged] = value;
    archive(groups, members);
  }
  static void index(LegGroups& legs) {
    for (const auto& [signal, group] : legs.groups_) legs.index(signal, group);
  }
  template <class A>
  static void fields(A& archive, Of<A, SignalDedupe::Window>& window) {
    auto& [watermark, above, heard_at] = window;
    archive(watermark, above, heard_at);
  }
  template <class A>
  static void fields(A& archive, Of<A, SignalDedupe>& dedupe) {
    auto& [windows] = dedupe;
    archive(windows);
  }

  // ---- the ledger
  template <class A>
  static void fields(A& archive, Of<A, StrategyCounters>& counters) {
    auto& [orders, orders_denied, orders_corrected, orders_resurrected, orders_refused_late,
           orders_written_off, fills, fills_reversed, fees, volume, denials, signals, leases_fenced,
           state_changes] = counters;
    archive(orders, orders_denied, orders_corrected, orders_resurrected, orders_refused_late,
            orders_written_off, fills, fills_reversed, fees, volume, denials, signals,
            leases_fenced, state_changes);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::DriftMeasured>& drift) {
    auto& [cash, positions, first_compared, missing] = drift;
    archive(cash, positions, first_compared, missing);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::TradingStatus>& status) {
    auto& [state, reason, since, stated_reason, acknowledged_until] = status;
    archive(state, reason, since, stated_reason, acknowledged_until);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::AccountId>& account) {
    auto& [address, chain_id, signature_type, owner] = account;
    archive(address, chain_id, signature_type, owner);
  }
  template <class A>
  static void fields(A& archive, Of<A, Ledger::Restore>& restore) {
    auto& [seq, at, backup_seq, backup_at, lost_seq] = restore;
    archive(seq, at, backup_seq, backup_at, lost_seq);
  }
  template <class A>
  static void fields(A& archive, Of<A, Ledger::Answer>& answer) {
    auto& [seq, at, reason] = answer;
    archive(seq, at, reason);
  }
  template <class A>
  static void fields(A& archive, Of<A, Ledger::Flatten>& flatten) {
    auto& [command, strategy, begun_at, ended_at, left] = flatten;
    archive(command, strategy, begun_at, ended_at, left);
  }
  template <class A>
  static void fields(A& archive, Of<A, domain::FlattenEnded::Left>& left) {
    auto& [strategy, instrument, quantity, reason] = left;
    archive(strategy, instrument, quantity, reason);
  }
  template <class A>
  static void fields(A& archive, Of<A, Ledger>& ledger) {
    // The commitments are made again from the orders and the portfolio (index()).
    auto& [last_seq, last_at, topic_seq, journal_id, timeline, restores, opened_at, deposited,
           starts, account, mode, orders, portfolio, commitments, legs, signals, markets,
           instruments, account_state, strategy_states, enabled, answers, answer_order, flattens,
           last_flatten, drift, drift_measured, compared, reconciled_until, counters,
           event_counts] = ledger;
    archive(last_seq, last_at, topic_seq, journal_id, timeline, restores, opened_at, deposited,
            starts, account, mode, orders, portfolio, legs, signals, markets, instruments,
            account_state, strategy_states, enabled, answers, answer_order, flattens, last_flatten,
            drift, drift_measured, compared, reconciled_until, counters, event_counts);
  }
  static void index(Ledger& ledger) {
    index(ledger.orders_);
    index(ledger.legs_);
    for (const domain::ClientOrderId& id : ledger.orders_.open()) {
      ledger.commitments_.order_changed(*ledger.orders_.find(id));
    }
    for (const auto& [strategy, positions] : ledger.portfolio_.positions()) {
      for (const auto& [market, position] : positions) ledger.position_changed(strategy, market);
    }
  }
};

std::string encode_ledger(const Ledger& ledger) {
  ImageWriter<LedgerImage> writer;
  writer(ledger);
  return writer.take();
}

std::optional<Ledger> decode_ledger(std::string_view image) {
  std::optional<Ledger> ledger(std::in_place);
  ImageReader<LedgerImage> reader(image);
  reader(*ledger);
  if (!reader.complete()) return std::nullopt;
  LedgerImage::index(*ledger);
  return ledger;
}

std::uint64_t ledger_fingerprint() {
  ImageShape<LedgerImage> shape;
  Ledger ledger;
  shape(ledger);
  Digest& digest = shape.digest();
  digest.add(kFoldVersion).add(kEndedOrdersMax).add(kCommandAnswersMax).add(kResolvedMarketsMax);
  digest.add(SignalDedupe::kAboveMax).add(SignalDedupe::kIncarnationsMax);
  for (std::size_t kind = 0; kind < domain::kEventKinds; ++kind) {
    digest.add(domain::event_kind_name(kind));
  }
  for (const auto reason : domain::kEnumerators<domain::DenyReason>) digest.add(name_of(reason));
  return digest.value();
}

}  // namespace polybot::order_manager
