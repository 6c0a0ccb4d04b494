// A long history of ordinary trading as journal records: signals, orders that fill, rest or are
// denied, trades that settle, marks. Each record can follow the ones before it, so that it can be
// folded; the same number always gives the same record.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "common/domain/events.hpp"

namespace polybot::test {

class OrderHistory {
 public:
  static constexpr std::uint64_t kJournalId = 0x0123456789ABCDEF;
  static constexpr int kMarkets = 40;

  // Records follow each other by `step`.
  explicit OrderHistory(domain::Timestamp from = domain::from_unix_ms(1'790'000'000'000),
                        domain::Duration step = std::chrono::milliseconds(5))
      : now_(from), step_(step) {
    add({}, domain::JournalOpened{.journal_id = kJournalId, .fold_version = 1, .deposit = {}});
    add({},
        domain::CashMoved{domain::Money::from_units(50'000), domain::Money::from_units(50'000)});
    add({}, domain::ManagerStarted{1});
    add({}, domain::DayOpened{domain::utc_date(from), {}});
    for (int i = 0; i < kMarkets; ++i) add({}, domain::MarketRecorded{market(i)});
  }

  [[nodiscard]] domain::Event next() {
    while (waiting_.empty()) trade();
    domain::Event event = std::move(waiting_.front());
    waiting_.pop_front();
    return event;
  }

  [[nodiscard]] static domain::Market market(int number) {
    domain::Market made;
    made.id = id<domain::MarketId>(1, static_cast<std::uint64_t>(number));
    made.event = id<domain::EventGroupId>(2, static_cast<std::uint64_t>(number / 4));
    made.slug = "market-" + std::to_string(number);
    made.question = "Will number " + std::to_string(number) + " come up before the others do?";
    made.event_slug = "event-" + std::to_string(number / 4);
    made.yes_token = id<domain::TokenId>(3, static_cast<std::uint64_t>(number));
    made.no_token = id<domain::TokenId>(4, static_cast<std::uint64_t>(number));
    made.event_market_count = 4;
    return made;
  }

 private:
  // A 32-byte id as the venue's are: all bytes used, none repeated.
  template <class Id>
  static Id id(std::uint64_t kind, std::uint64_t number) {
    Id made;
    std::uint64_t word = kind * 0x9E3779B97F4A7C15ULL + number;
    for (std::size_t i = 0; i < made.bytes.size(); ++i) {
      if (i % 8 == 0) {
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9ULL;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EBULL;
        word ^= word >> 31;
      }
      made.bytes[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
    }
    return made;
  }

  void add(const domain::StrategyName& strategy, domain::EventBody body) {
    now_ += step_;
    waiting_.push_back({.seq = ++seq_,
                        .at = now_,
                        .strategy = strategy,
                        .trace = {orders_ + 1},
                        .body = std::move(body)});
  }

  // One signal and everything that follows from it. Shares are bought and sold in turn.
  void trade() {
    const std::uint64_t number = orders_++;
    const domain::StrategyName strategy{number % 3 == 0   ? "arbitrage"
                                        : number % 3 == 1 ? "momentum"
                                                          : "spread_farm"};
    const domain::SignalId signal{77, number + 1};
    if (number % 11 == 10) {
      add(strategy, domain::SignalDenied{signal, domain::DenyReason::QuoteStale, 1, 0});
      return;
    }
    add(strategy, domain::SignalAccepted{signal, domain::SignalAction::Buy});
    const domain::Order order = order_of(number, strategy, signal);
    add(strategy, domain::OrderSubmitted{order});
    add(strategy, domain::OrderAccepted{order.id});
    if (number % 4 == 3) {
      add(strategy, domain::CancelRequested{order.id, domain::CancelReason::Requested});
      add(strategy, domain::OrderCanceled{order.id, domain::CancelReason::Requested});
    } else {
      fill(order);
    }
    if (number % 100 == 99) mark(number);
  }

  [[nodiscard]] domain::Order order_of(std::uint64_t number, const domain::StrategyName& strategy,
                                       const domain::SignalId& signal) const {
    const domain::Market traded = market(static_cast<int>(number / 24 % kMarkets));
    domain::Order order;
    order.id = {signal, 0};
    order.venue_id = id<domain::VenueOrderId>(5, number);
    order.strategy = strategy;
    order.event = traded.event;
    order.instrument = {traded.id, domain::Outcome::Yes};
    order.side = number / 12 % 2 == 0 ? domain::Side::Buy : domain::Side::Sell;
    order.limit = domain::Price::from_raw(4'500 + static_cast<std::int64_t>(number % 7) * 100);
    order.quantity = domain::Quantity::from_units(10);
    order.purpose = domain::OrderPurpose::Quote;
    order.fields = {.salt = number,
                    .timestamp_ms = domain::to_unix_ms(now_),
                    .maker_amount = {},
                    .taker_amount = {},
                    .token = traded.yes_token};
    order.decided_at = now_;
    order.submitted_at = now_;
    order.trace = {number + 1};
    return order;
  }

  void fill(const domain::Order& order) {
    const domain::FillId fill{{"trade-" + std::to_string(order.id.signal.counter)}, order.id};
    const domain::Money cash =
        domain::notional(order.limit, order.quantity, domain::Rounding::Down);
    add(order.strategy, domain::OrderFilled{.fill = fill,
                                            .instrument = order.instrument,
                                            .side = order.side,
                                            .quantity = order.quantity,
                                            .cash = cash,
                                            .fee = domain::Money::from_raw(1'234),
                                            .liquidity = domain::LiquiditySide::Taker,
                                            .status = domain::FillStatus::Matched,
                                            .matched_at = now_});
    add(order.strategy, domain::FillAdvanced{fill, domain::FillStatus::Mined});
    add(order.strategy, domain::FillAdvanced{fill, domain::FillStatus::Confirmed});
  }

  void mark(std::uint64_t number) {
    domain::MarksTaken marks;
    for (int i = 0; i < kMarkets; ++i) {
      marks.marks.push_back(
          {market(i).id, domain::Price::from_raw(4'600 + static_cast<std::int64_t>(number % 5))});
    }
    add({}, std::move(marks));
  }

  domain::Timestamp now_;
  domain::Duration step_;
  std::uint64_t seq_ = 0;
  std::uint64_t orders_ = 0;
  std::deque<domain::Event> waiting_;
};

}  // namespace polybot::test
