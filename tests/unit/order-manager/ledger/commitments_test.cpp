// The sums that limits are judged by, against a count from the beginning (broken_commitments),
// after every record of random histories: any order event that the status table allows, fills that
// come late or twice as much as ordered, reversals before and after their fill, marks, markets that
// close, change their event, resolve, pay and are forgotten.
#include <gtest/gtest.h>

#include <random>

#include "common/domain/order_table.hpp"
#include "services/order-manager/core/ledger/ledger_image.hpp"
#include "services/order-manager/core/views/invariants.hpp"

namespace polybot::order_manager {
namespace {

using namespace domain;  // NOLINT: a test vocabulary

constexpr int kHistories = 24;
constexpr int kStepsOfHistory = 700;
constexpr std::uint64_t kMarkets = 6;

// What a run must contain, or it would prove little.
struct Seen {
  int late_fills = 0;  // after the order's end
  int reversals = 0;
  int tombstones = 0;  // reversed before any fill
  int resurrections = 0;
  int resolutions = 0;
  int claims = 0;
  int forgotten_markets = 0;
  int moved_events = 0;
  int crossings = 0;  // both sides of one book rest
};

template <class Id>
Id id_of(std::uint64_t number) {
  Id id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[24 + i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  }
  return id;
}

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    add({}, JournalOpened{.journal_id = 1, .fold_version = kFoldVersion, .deposit = {}});
    add({}, CashMoved{Money::from_units(100'000), Money::from_units(100'000)});
    for (std::uint64_t i = 0; i < kMarkets; ++i) record_market(i, MarketStatus::Active);
  }

  void step(Seen& seen) {
    const std::uint64_t what = below(20);
    if (what < 6) return submit();
    if (what < 11) return order_event(seen);
    if (what < 14) return fill(seen);
    if (what < 16) return advance();
    if (what == 16) return reverse(seen);
    if (what == 17) return mark();
    if (what == 18) return market_event(seen);
    settle(seen);
  }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  void add(const StrategyName& strategy, EventBody body) {
    now_ += std::chrono::milliseconds(5);
    ledger_.apply({.seq = ledger_.last_seq() + 1,
                   .at = now_,
                   .strategy = strategy,
                   .trace = {},
                   .body = std::move(body)});
  }
  static MarketId market_id(std::uint64_t number) { return id_of<MarketId>(100 + number); }

  void record_market(std::uint64_t number, MarketStatus status, std::uint64_t event_shift = 0) {
    Market market;
    market.id = market_id(number);
    market.event = id_of<EventGroupId>(200 + number / 2 + event_shift);
    market.yes_token = id_of<TokenId>(300 + number);
    market.no_token = id_of<TokenId>(400 + number);
    market.status = status;
    market.fee.rate_ppm = 20'000;
    add({}, MarketRecorded{market});
  }

  void submit() {
    const std::uint64_t number = below(kMarkets);
    if (ledger_.market(market_id(number)) == nullptr) record_market(number, MarketStatus::Active);
    static const char* const kNames[] = {"arbitrage", "momentum", "spread_farm", "external"};
    Order order;
    order.id = {{7, ++orders_}, 0};
    order.venue_id = id_of<VenueOrderId>(1'000'000 + orders_);
    order.strategy = {kNames[below(4)]};
    order.event = ledger_.market(market_id(number))->event;
    order.instrument = {market_id(number), below(2) == 0 ? Outcome::Yes : Outcome::No};
    order.side = below(3) == 0 ? Side::Sell : Side::Buy;
    order.limit = Price::from_raw(static_cast<std::int64_t>(100 + below(98) * 100));
    order.quantity = Quantity::from_raw(static_cast<std::int64_t>(1 + below(40'000'000)));
    order.post_only = below(2) == 0;
    order.purpose = order.post_only ? OrderPurpose::Quote : OrderPurpose::Leg;
    known_.push_back(order.id);
    add(order.strategy, OrderSubmitted{order});
  }

  // One of the newest orders, ended ones too, for an event that may still happen to it.
  const OrderRecord* any_order() {
    if (known_.empty()) return nullptr;
    const std::uint64_t back = below(std::min<std::uint64_t>(known_.size(), 60));
    return ledger_.orders().find(known_[known_.size() - 1 - back]);
  }
  static bool may(const OrderRecord& record, OrderEventKind event) {
    return order_row(record.status, event).row_class != OrderRowClass::Never;
  }

  void order_event(Seen& seen) {
    const OrderRecord* record = any_order();
    if (record == nullptr) return;
    const StrategyName strategy = record->order.strategy;
    const ClientOrderId id = record->order.id;
    const auto event = static_cast<OrderEventKind>(below(kOrderEventKinds));
    if (!may(*record, event)) return;
    switch (event) {
      case OrderEventKind::Ambiguous:
        return add(strategy, OrderAmbiguous{id, AmbiguityCause::Timeout, now_});
      case OrderEventKind::Accepted:
        return add(strategy, OrderAccepted{id});
      case OrderEventKind::Rejected:
        return add(strategy, OrderRejected{id, RejectReason::NotFoundAtVenue, ""});
      case OrderEventKind::CancelRequested:
        return add(strategy, CancelRequested{id, CancelReason::Requested});
      case OrderEventKind::CancelRejected:
        return add(strategy, OrderCancelRejected{id, ""});
      case OrderEventKind::Canceled:
        return add(strategy, OrderCanceled{id, CancelReason::Venue});
      case OrderEventKind::Expired:
        return add(strategy, OrderExpired{id});
      case OrderEventKind::Resurrected:
        ++seen.resurrections;
        return add(strategy, OrderResurrected{id});
      case OrderEventKind::Fill:
      case OrderEventKind::Reversal:
        return;  // these have steps of their own
    }
  }

  void fill(Seen& seen) {
    const OrderRecord* record = any_order();
    if (record == nullptr || !may(*record, OrderEventKind::Fill)) return;
    if (record->terminal()) ++seen.late_fills;
    const Order& order = record->order;
    // Sometimes the whole quantity at once, whatever has been filled before.
    const Quantity part =
        below(4) == 0
            ? order.quantity
            : Quantity::from_raw(1 + static_cast<std::int64_t>(
                                         below(static_cast<std::uint64_t>(order.quantity.raw()))));
    const OrderFilled body{.fill = {{"t" + std::to_string(++trades_)}, order.id},
                           .instrument = order.instrument,
                           .side = order.side,
                           .quantity = part,
                           .cash = notional(order.limit, part, Rounding::Down),
                           .fee = Money::from_raw(static_cast<std::int64_t>(below(2'000))),
                           .liquidity = LiquiditySide::Taker,
                           .status = below(5) == 0 ? FillStatus::Mined : FillStatus::Matched,
                           .matched_at = now_};
    fills_.push_back(body.fill);
    add(StrategyName(order.strategy), body);
  }

  const FillId* any_fill() {
    if (fills_.empty()) return nullptr;
    return &fills_[fills_.size() - 1 - below(std::min<std::uint64_t>(fills_.size(), 40))];
  }
  void advance() {
    const FillId* id = any_fill();
    const FillRecord* known = id == nullptr ? nullptr : ledger_.orders().find_fill(*id);
    if (known == nullptr || !known->booked()) return;
    const FillStatus next = below(2) == 0 ? FillStatus::Mined : FillStatus::Confirmed;
    if (next <= known->fill.status) return;
    const StrategyName strategy = ledger_.orders().find(id->order)->order.strategy;
    add(strategy, FillAdvanced{*id, next});
  }
  void reverse(Seen& seen) {
    if (const OrderRecord* record = any_order(); record != nullptr && below(4) == 0) {
      ++seen.tombstones;
      return add(StrategyName(record->order.strategy),
                 FillReversed{{{"never" + std::to_string(++trades_)}, record->order.id}});
    }
    const FillId* id = any_fill();
    const FillRecord* known = id == nullptr ? nullptr : ledger_.orders().find_fill(*id);
    if (known == nullptr || !known->booked()) return;
    const OrderRecord& record = *ledger_.orders().find(id->order);
    const bool final = known->fill.status == FillStatus::Confirmed;
    if (final || !may(record, OrderEventKind::Reversal)) return;
    ++seen.reversals;
    add(StrategyName(record.order.strategy), FillReversed{*id});
  }

  void mark() {
    MarksTaken marks;
    for (std::uint64_t i = 0; i < kMarkets; ++i) {
      if (below(2) == 0) continue;
      marks.marks.push_back(
          {market_id(i), Price::from_raw(static_cast<std::int64_t>(below(100) * 100))});
    }
    add({}, std::move(marks));
  }

  void market_event(Seen& seen) {
    const std::uint64_t number = below(kMarkets);
    const bool known = ledger_.market(market_id(number)) != nullptr;
    switch (below(4)) {
      case 0:
        record_market(number, MarketStatus::Closed);
        break;
      case 1:
        ++seen.moved_events;
        return record_market(number, MarketStatus::Active, below(3));
      case 2:
        return resolve(number, seen);
      default:
        return record_market(number, MarketStatus::Active);
    }
    if (known && ledger_.market(market_id(number)) == nullptr) ++seen.forgotten_markets;
  }
  // One record for each holder, as order-manager does.
  void resolve(std::uint64_t number, Seen& seen) {
    const MarketId market = market_id(number);
    if (ledger_.portfolio().resolutions().contains(market)) return;
    const Payout payout = below(2) == 0 ? Payout{kPriceOne, {}} : Payout{{}, kPriceOne};
    std::vector<StrategyName> holders;
    for (const auto& [strategy, positions] : ledger_.portfolio().positions()) {
      if (positions.contains(market)) holders.push_back(strategy);
    }
    if (holders.empty()) return;
    ++seen.resolutions;
    for (const StrategyName& holder : holders) add(holder, MarketResolved{market, payout});
  }
  void settle(Seen& seen) {
    const MarketId market = market_id(below(kMarkets));
    const Money owed = ledger_.portfolio().claim(market);
    if (owed.is_zero()) return;
    ++seen.claims;
    add({}, ClaimPaid{market, owed});
  }

  std::mt19937_64 random_;
  Ledger ledger_;
  Timestamp now_ = from_unix_ms(1'790'000'000'000);
  std::uint64_t orders_ = 0;
  std::uint64_t trades_ = 0;
  std::vector<ClientOrderId> known_;
  std::vector<FillId> fills_;
};

std::string what_is_wrong(const Ledger& ledger) {
  std::string text;
  for (const std::string& line : broken_commitments(ledger)) text += line + "\n";
  return text;
}

TEST(Commitments, AreACountFromTheBeginningAfterEveryRecord) {
  Seen seen;
  for (std::uint64_t seed = 1; seed <= kHistories; ++seed) {
    History history(seed);
    for (int i = 0; i < kStepsOfHistory; ++i) {
      history.step(seen);
      ASSERT_EQ(what_is_wrong(history.ledger()), "") << "seed " << seed << " step " << i;
      for (std::uint64_t market = 0; market < kMarkets; ++market) {
        const auto& open = history.ledger().commitments().open_in(id_of<MarketId>(100 + market));
        if (!open.bids.empty() && !open.asks.empty()) ++seen.crossings;
      }
    }
  }
  EXPECT_GT(seen.late_fills, 100);
  EXPECT_GT(seen.reversals, 50);
  EXPECT_GT(seen.tombstones, 50);
  EXPECT_GT(seen.resurrections, 20);
  EXPECT_GT(seen.resolutions, 20);
  EXPECT_GT(seen.claims, 5);
  EXPECT_GT(seen.forgotten_markets + seen.moved_events, 50);
  EXPECT_GT(seen.crossings, 100);
}

TEST(Commitments, AreTheSameFromAnImage) {
  Seen seen;
  for (std::uint64_t seed = 101; seed <= 110; ++seed) {
    History history(seed);
    for (int i = 0; i < kStepsOfHistory; ++i) {
      history.step(seen);
      if (i % 50 != 0) continue;
      const auto resumed = decode_ledger(encode_ledger(history.ledger()));
      ASSERT_TRUE(resumed.has_value());
      ASSERT_EQ(what_is_wrong(*resumed), "") << "seed " << seed << " step " << i;
      ASSERT_EQ(resumed->commitments().of(std::nullopt),
                history.ledger().commitments().of(std::nullopt));
    }
  }
}

}  // namespace
}  // namespace polybot::order_manager
