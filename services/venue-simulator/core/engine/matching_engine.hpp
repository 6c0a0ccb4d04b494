// The rules of the simulated venue: markets, orders, price-time matching, trades and their
// settlement, resolution and payout. Deterministic in virtual time; all its timers are its own.
//
// - One book per market in YES terms: an order to buy NO at p is a YES ask at 1 - p. Matches
//   between buyers of both outcomes mint a pair, between sellers merge one.
// - The signed amount of an immediate buy is its cash: it spends that at its limit or better, and
//   cheaper shares are more shares than it named.
// - GTC and GTD rest (GTD ends 60 s before its stated time), FAK and FOK do not; post-only
//   orders that would match are refused. In markets with a taker delay marketable orders are
//   held, cannot be canceled meanwhile, and match against the book at the end of the delay.
// - A sweep makes one trade per price level; a trade may fill several resting orders, of one
//   account or of several. Orders of one account may match each other: the venue has no
//   self-trade prevention.
// - Quantities match in whole lots of 0.01 share, so that every fill's cash is exact.
// - The taker pays domain::taker_fee(schedule, trade price, trade quantity), rounded half away
//   from zero, per trade; makers pay nothing.
// - Trades go MATCHED -> MINED -> CONFIRMED; balances move at MINED (see accounts.hpp).
// - A market closes at its end (resting orders are canceled), resolves later, and pays out a few
//   seconds after that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/venue-simulator/core/engine/accounts.hpp"
#include "services/venue-simulator/core/engine/rebates.hpp"
#include "services/venue-simulator/core/random.hpp"

namespace polybot::venue_simulator {

inline constexpr domain::Quantity kLot = domain::Quantity::from_raw(10'000);  // 0.01 share
inline constexpr domain::Money kMarketableMin = domain::Money::from_units(1);
inline constexpr domain::Duration kGtdSecurity = std::chrono::seconds(60);

// A market with what the venue's catalogue says beside domain::Market.
struct Listing {
  domain::Market market;
  std::string event_title;
  domain::Timestamp listed_at{};
  // Decided beforehand by the flow and kept secret until `resolves_at`. Epoch: a recorded market,
  // which ends and resolves when its record says so.
  domain::Timestamp resolves_at{};
  domain::Timestamp resolved_at{};
  std::optional<domain::Price> last_trade;
};

// An order of an outside account, living or finished, as the truth report shows it.
struct OrderTruth {
  std::uint64_t number = 0;  // of the order, rising over all orders
  AccountId account;
  MarketNo market;
  domain::MarketId market_id;
  domain::VenueOrderId id;
  domain::TokenId token;
  domain::Side side = domain::Side::Buy;
  domain::Price price;
  domain::Quantity quantity;
  domain::Quantity matched;
  domain::TimeInForce time_in_force = domain::TimeInForce::Gtc;
  bool post_only = false;
  std::int64_t expiration_s = 0;
  std::uint64_t salt = 0;
  domain::VenueOrderStatus status = domain::VenueOrderStatus::Live;
  domain::Timestamp created_at{};
  domain::Timestamp finished_at{};
};

struct TradeTruth {
  struct Party {
    AccountId account;
    std::uint64_t order_number = 0;
    domain::VenueOrderId order;
    domain::Outcome outcome = domain::Outcome::Yes;
    domain::Side side = domain::Side::Buy;
    domain::Price price;  // in terms of `outcome`
    domain::Quantity quantity;
    domain::Money cash;
  };
  std::uint64_t number = 0;
  domain::TradeId id;
  MarketNo market;
  domain::MarketId market_id;
  Party taker;
  domain::Money fee;  // the taker's
  std::vector<Party> makers;
  domain::VenueTradeStatus status = domain::VenueTradeStatus::Matched;
  bool fails = false;  // decided when matched
  domain::Timestamp matched_at{};
  domain::Timestamp updated_at{};
};

class MatchingEngine {
 public:
  explicit MatchingEngine(const EngineSettings& settings);

  // Takes effect from now on. The seed stays.
  void reconfigure(const EngineSettings& settings);
  [[nodiscard]] const EngineSettings& settings() const { return settings_; }

  // ---- accounts
  AccountId open_account(const AccountAddress& address, domain::Money deposit);
  AccountId open_house_account();
  void deposit(AccountId account, domain::Money amount) { accounts_.deposit(account, amount); }
  [[nodiscard]] const Accounts& accounts() const { return accounts_; }

  // ---- markets

  // The market trades from now until `ends_at` and resolves at `resolves_at` to what set_payout()
  // said by then, else to one half each; where `resolves_at` is not set, nothing ends it but
  // follow_record().
  MarketNo list_market(Listing listing, domain::Timestamp now, Outputs& out);
  void set_payout(MarketNo market, const domain::Payout& payout);
  // Takes over terms, status and result of a listed market; an end and a result come at once. One
  // that is resolved stays so.
  void follow_record(const domain::Market& recorded, domain::Timestamp now, FaultBoard& faults,
                     Outputs& out);
  void change_tick(MarketNo market, domain::Price tick, domain::Timestamp now, Outputs& out);
  // For matches from now on, in one market or in all that are open. The venue does not announce it.
  void change_fee(const std::optional<domain::MarketId>& market, std::int64_t rate_ppm);
  // Living and kept markets; null when there never was one or it is forgotten.
  [[nodiscard]] const Listing* listing(MarketNo market) const;
  [[nodiscard]] std::optional<MarketNo> find_market(const domain::MarketId& id) const;
  struct TokenPlace {
    MarketNo market;
    domain::Outcome outcome = domain::Outcome::Yes;
  };
  [[nodiscard]] std::optional<TokenPlace> find_token(const domain::TokenId& token) const;
  [[nodiscard]] std::vector<MarketNo> markets() const;  // oldest first, kept ones included
  // The same from the one after number `after` on, until `use` returns false.
  void read_markets(std::uint32_t after, const std::function<bool(MarketNo)>& use) const;
  [[nodiscard]] bool is_open(MarketNo market) const;

  // ---- the book, in YES terms; best last
  [[nodiscard]] std::vector<domain::Level> levels(MarketNo market, domain::BookSide side) const;
  [[nodiscard]] std::optional<domain::Level> best(MarketNo market, domain::BookSide side) const;
  [[nodiscard]] domain::Quantity quantity_at(MarketNo market, domain::BookSide side,
                                             domain::Price price) const;
  // The best price at which an outside account rests, with its quantity there.
  [[nodiscard]] std::optional<domain::Level> best_outside(MarketNo market,
                                                          domain::BookSide side) const;

  // ---- outside orders
  SubmitAnswer submit(AccountId account, const NewOrder& order, domain::Timestamp now,
                      FaultBoard& faults, Outputs& out);
  void submit_later(const SubmitLater& late);
  domain::CancelAnswered cancel(AccountId account, const domain::VenueOrderId& order,
                                domain::Timestamp now, FaultBoard& faults, Outputs& out);
  void cancel_resting(const CancelResting& request, domain::Timestamp now, FaultBoard& faults,
                      Outputs& out);
  // The venue cancels by itself: there is no answer, only the events of the private channel.
  void cancel_open(AccountId account, std::string_view reason, domain::Timestamp now,
                   FaultBoard& faults, Outputs& out);

  // ---- house orders

  // In YES terms. Resting orders return their number, or 0 when no quantity is left to rest.
  enum class Rest : std::uint8_t { Yes, No };
  std::uint64_t place_house(AccountId account, MarketNo market, domain::BookSide side,
                            domain::Price price, domain::Quantity quantity, Rest rest,
                            domain::Timestamp now, FaultBoard& faults, Outputs& out);
  void cancel_house(std::uint64_t number);
  // What is left of a resting house order; zero when it is gone.
  [[nodiscard]] domain::Quantity house_leaves(std::uint64_t number) const;
  // Takes up to `quantity` of house orders off a level, oldest first. Returns the part that stood
  // behind an outside order.
  domain::Quantity reduce_house_level(MarketNo market, domain::BookSide side, domain::Price price,
                                      domain::Quantity quantity);
  // What the house shows at a price.
  [[nodiscard]] domain::Quantity house_at(MarketNo market, domain::BookSide side,
                                          domain::Price price) const;
  // Outside orders lose their places: they stand behind the house at their prices.
  void put_outside_last(MarketNo market);

  // ---- time
  [[nodiscard]] std::optional<domain::Timestamp> next_due() const;
  // Runs the one earliest timer, which must be due.
  void run_due(domain::Timestamp now, FaultBoard& faults, Outputs& out);
  // Reports the levels that changed since the last call, one BookChanged per market.
  void report_changes(domain::Timestamp now, Outputs& out);

  // ---- the truth

  // By order number. Finished orders stay for the time of retention.
  [[nodiscard]] std::vector<OrderTruth> open_orders(AccountId account) const;
  [[nodiscard]] std::optional<OrderTruth> open_order(const domain::VenueOrderId& id) const;
  // Living and finished orders, from `after_number` on, at most `limit`.
  [[nodiscard]] std::vector<OrderTruth> orders(std::uint64_t after_number, std::size_t limit) const;
  // Trades of outside accounts by number, from `after_number` on, at most `limit`.
  [[nodiscard]] std::vector<TradeTruth> trades(std::uint64_t after_number, std::size_t limit) const;
  // The same trades without copies; until `use` returns false.
  void read_trades(std::uint64_t after_number,
                   const std::function<bool(const TradeTruth&)>& use) const;
  // Null when the trade is forgotten.
  [[nodiscard]] const TradeTruth* trade(std::uint64_t number) const;
  [[nodiscard]] domain::VenueTrade view(const TradeTruth& trade, AccountId account) const;
  [[nodiscard]] std::uint64_t unsettled_trades() const { return unsettled_; }
  [[nodiscard]] Conservation conservation() const { return accounts_.conservation(); }
  // What an outside account has done since it was opened, forgotten orders and trades included. A
  // fill is one order's share of one trade.
  struct Totals {
    std::uint64_t orders_accepted = 0;
    std::uint64_t orders_matched = 0;  // in full
    std::uint64_t orders_canceled =
        0;  // also unmatched after a taker delay, or by the end of a market
    std::uint64_t orders_expired = 0;
    std::uint64_t fills = 0;  // that did not fail so far
    std::uint64_t fills_confirmed = 0;
    std::uint64_t fills_failed = 0;
    domain::Money bought;  // cash of confirmed fills
    domain::Money sold;
    domain::Money fees;
  };
  [[nodiscard]] Totals totals(AccountId account) const;
  // By market; paid soon after the end of the day.
  [[nodiscard]] Rebates::OfMarkets rebates(AccountId account, domain::UtcDate date) const {
    return rebates_.paid(account, date);
  }
  // How many finished orders and final trades have left memory.
  struct Forgotten {
    std::uint64_t orders = 0;
    std::uint64_t trades = 0;
  };
  [[nodiscard]] const Forgotten& forgotten() const { return forgotten_; }
  // Orders and trades that left memory since the last call. Numbered over all that ever left, the
  // last order is forgotten().orders, and the last trade forgotten().trades.
  struct Archived {
    std::vector<OrderTruth> orders;
    std::vector<TradeTruth> trades;
  };
  [[nodiscard]] Archived take_archived();

  template <class Archive>
  void fields(Archive& archive);

  // Kept in the log by number (domain/enumeration.hpp).
  enum class OrderState : std::uint8_t { Resting = 0, Delayed = 1, LateFill = 2 };
  enum class TimerKind : std::uint8_t {
    ExpireOrder = 0,
    MatchDelayed = 1,
    AdvanceTrade = 2,
    CloseMarket = 3,
    ResolveMarket = 4,
    RedeemMarket = 5,
    FillLate = 6,
    SubmitLate = 7,
    Tidy = 8,
  };

 private:
  // A living order, of the house or from outside, with its place in the book.
  struct Order {
    OrderTruth truth;  // of house orders only number, account, market and quantities are used
    domain::Outcome outcome = domain::Outcome::Yes;
    domain::BookSide book_side = domain::BookSide::Bid;
    domain::Price yes_price;
    domain::Money cash_bound;
    domain::Money reserved_cash;
    domain::Quantity reserved_shares;
    OrderState state = OrderState::Resting;
    bool house = false;
    // More than the order asked for can be matched: then nothing is left.
    [[nodiscard]] domain::Quantity leaves() const {
      return std::max(truth.quantity - truth.matched, domain::Quantity{});
    }
  };
  struct BookLevel {
    domain::Quantity total;
    std::vector<std::uint64_t> queue;  // order numbers, oldest first
  };
  using Ladder = std::map<domain::Price, BookLevel>;
  struct MarketState {
    Listing listing;
    std::optional<domain::Payout> payout;  // until the resolution known to the engine alone
    Ladder bids;
    Ladder asks;
    std::uint32_t unsettled = 0;
    std::vector<std::pair<domain::BookSide, domain::Price>> touched;
    template <class Archive>
    void fields(Archive& archive) {
      archive(listing, payout, bids, asks, unsettled);
    }
  };
  struct Timer {
    domain::Timestamp due{};
    std::uint64_t number = 0;
    TimerKind kind = TimerKind::Tidy;
    std::uint64_t subject = 0;
    // The earliest is on top of the heap; equal times fire in the order they were set.
    bool operator<(const Timer& other) const {
      return due != other.due ? due > other.due : number > other.number;
    }
  };
  // One price level of a planned sweep.
  struct PlannedTrade {
    domain::Price yes_price;
    domain::Quantity quantity;
  };
  struct Plan {
    std::vector<PlannedTrade> trades;
    domain::Quantity quantity;
    domain::Money cash;  // what the taker pays or gets, before fees
    domain::Money fee;
    bool complete = false;  // nothing matchable of the order would be left
  };
  // The environment of one call.
  struct Turn {
    domain::Timestamp now;
    FaultBoard& faults;
    Outputs& out;
  };

  // Order entry.
  [[nodiscard]] std::optional<domain::RejectReason> refusal(const NewOrder& order,
                                                            domain::Timestamp now) const;
  [[nodiscard]] Order make_order(AccountId account, const NewOrder& order, domain::Timestamp now);
  [[nodiscard]] std::optional<domain::RejectReason> entry_refusal(const Order& order,
                                                                  const Plan& plan) const;
  [[nodiscard]] bool affordable(const Order& order, const Plan& plan) const;
  SubmitAnswer enter(const Order& order, Turn& turn);
  SubmitAnswer hold(Order order, Turn& turn);
  void withdraw(Order& order, std::string reason, Turn& turn);
  // Matches and rests a living order; returns the trades it made.
  std::vector<domain::TradeId> execute(std::uint64_t number, const Plan& plan, Turn& turn);
  void match_delayed(std::uint64_t number, Turn& turn);

  // Matching.
  [[nodiscard]] Plan plan(const Order& taker) const;
  // Offers the order shares that are cheaper than any in the book (surplus-shares); returns the
  // number of the offer, 0 for none.
  std::uint64_t undercut(const Order& taker, Turn& turn);
  domain::TradeId match_level(Order& taker, const PlannedTrade& planned, Turn& turn);
  [[nodiscard]] TradeTruth::Party take_from(MarketState& market, Order& maker,
                                            domain::Quantity quantity, Turn& turn);
  [[nodiscard]] TradeTruth::Party party(const Order& order, domain::Quantity quantity) const;
  domain::TradeId record_trade(MarketState& market, TradeTruth trade, Turn& turn);
  [[nodiscard]] bool is_outside(const TradeTruth& trade) const;
  [[nodiscard]] FillSide fill_side(const TradeTruth::Party& party, domain::Money fee) const;
  void fill_late(std::uint64_t number, Turn& turn);

  // The book.
  void rest(Order& order);
  void remove_from_book(const Order& order);
  void release(Order& order);
  void finish(std::uint64_t number, domain::VenueOrderStatus status, std::string reason,
              Turn& turn);
  void count_finished(const OrderTruth& order);
  void touch(MarketNo number, MarketState& market, domain::BookSide side, domain::Price price);

  // Life cycles.
  void advance_trade(std::uint64_t number, Turn& turn);
  void fail_or_mine(TradeTruth& trade, Turn& turn);
  // Called once per outside party of a trade.
  using CountFill = void (*)(Totals& totals, const TradeTruth::Party& party, domain::Money fee);
  void for_each_fill(const TradeTruth& trade, CountFill count);
  void earn_rebates(const TradeTruth& trade, domain::Timestamp now);
  [[nodiscard]] bool trades_on(MarketNo market, const Turn& turn) const;
  void close_market(MarketNo market, Turn& turn);
  void resolve_market(MarketNo market, Turn& turn);
  void redeem_market(MarketNo market, Turn& turn);
  void submit_late(std::uint64_t number, Turn& turn);
  void tidy(domain::Timestamp now);
  void forget_markets();
  void set_timer(domain::Timestamp due, TimerKind kind, std::uint64_t subject);

  // Reports and memory.
  void report_order(const Order& order, OrderEventKind kind, domain::VenueOrderStatus status,
                    std::string reason, Turn& turn) const;
  void report_trade(const TradeTruth& trade, Turn& turn) const;
  [[nodiscard]] bool seen_before(const domain::VenueOrderId& id) const;
  void index_market(MarketNo number, const domain::Market& market);
  void rebuild_indexes();

  EngineSettings settings_;
  Random random_;
  Accounts accounts_;
  std::map<MarketNo, MarketState> markets_;          // living, until redeemed
  std::map<MarketNo, Listing> resolved_;             // paid out, kept for reading
  std::unordered_map<std::uint64_t, Order> orders_;  // living; never iterated unsorted
  std::map<std::uint64_t, OrderTruth> finished_;
  std::map<std::uint64_t, TradeTruth> trades_;
  std::map<std::uint64_t, SubmitLater> late_;
  std::vector<Timer> timers_;
  std::uint64_t order_count_ = 0;
  std::uint64_t trade_count_ = 0;
  std::uint64_t timer_count_ = 0;
  std::uint64_t late_count_ = 0;
  std::uint32_t market_count_ = 0;
  std::uint64_t unsettled_ = 0;
  std::optional<AccountId> first_house_;  // takes the other side of late fills
  Forgotten forgotten_;
  std::map<AccountId, Totals> totals_;
  Rebates rebates_;
  // Ids of orders that were forgotten while their market was open, shortened to 64 bits: a copy of
  // a very old order is still a duplicate. A closed market refuses it anyway.
  std::vector<std::uint64_t> forgotten_ids_;  // sorted
  // Derived from the above.
  std::set<std::uint64_t> held_;  // living orders outside the book: delayed, or to be filled late
  std::unordered_map<domain::VenueOrderId, std::uint64_t> living_ids_;
  std::unordered_map<domain::VenueOrderId, std::uint64_t> finished_ids_;
  std::unordered_map<domain::MarketId, MarketNo> market_ids_;
  std::unordered_map<domain::TokenId, TokenPlace> tokens_;
  std::vector<MarketNo> touched_markets_;
  Archived archived_;
};

}  // namespace polybot::venue_simulator
