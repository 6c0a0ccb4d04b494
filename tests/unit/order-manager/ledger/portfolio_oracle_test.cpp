// The portfolio against an oracle with an arithmetic of its own: integers without bound, nothing
// forgotten, every position folded again from all of its fills. It is written from the rules of the
// accounts, not from the code:
//
//   - a fill is a quantity and cash, fees on top of what is paid and off what is received; what a
//     position cost is kept as a whole, a sale realizes proceeds - cost x sold / held, rounded once
//     (half away from zero), and the remainder stays in the cost;
//   - a mark lasts while shares in its market are held; without one, results count at cost;
//   - a failed trade's fill has never been; only what is settled may be sold;
//   - marks, resolutions and openings of a day are the moments at which results are taken;
//   - a resolution turns a position into a claim of (yes, no) per share, in whole units downwards.
#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "services/order-manager/core/ledger/portfolio.hpp"

namespace polybot::order_manager {
namespace {

// Without expression templates: a value is a value.
using Integer = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>,
                                              boost::multiprecision::et_off>;
using namespace domain;  // NOLINT: a test vocabulary

// A hundred thousand fills in all, in quarters that run side by side.
constexpr std::uint64_t kQuarters = 4;
constexpr std::uint64_t kHistoriesOfQuarter = 15;
constexpr int kStepsOfHistory = 4'600;
constexpr int kPriceUnits = 10'000;  // of one pUSD

// Towards minus infinity; `below` > 0.
Integer floor_of(const Integer& above, const Integer& below) {
  Integer quotient = above / below;
  if (above % below != 0 && above < 0) --quotient;
  return quotient;
}

Integer half_away(const Integer& above, const Integer& below) {
  const Integer size = (2 * abs(above) + below) / (2 * below);
  return above < 0 ? Integer(-size) : size;
}

struct Trade {
  std::uint64_t number = 0;
  int strategy = 0;
  int market = 0;
  Outcome outcome = Outcome::Yes;
  Side side = Side::Buy;
  Integer quantity, cash, fee;
  FillStatus status = FillStatus::Matched;
  bool failed = false;
};

struct Held {
  Integer quantity, cost, realized;
};

// Shares bought are paid for, shares sold are paid to us; a holding below zero owes shares.
void exchange(Held& held, const Trade& trade) {
  const bool buys = trade.side == Side::Buy;
  const Integer paid = buys ? Integer(trade.cash + trade.fee) : Integer(trade.fee - trade.cash);
  const Integer gained = buys ? trade.quantity : Integer(-trade.quantity);
  const bool reduces = (held.quantity > 0 && gained < 0) || (held.quantity < 0 && gained > 0);
  if (!reduces) {
    held.quantity += gained;
    held.cost += paid;
    return;
  }
  const Integer had = abs(held.quantity);
  const Integer closed = trade.quantity < had ? trade.quantity : had;
  const Integer cost_of_closed = half_away(held.cost * closed, had);
  const Integer paid_for_closed = half_away(paid * closed, trade.quantity);
  held.realized -= paid_for_closed + cost_of_closed;
  held.cost += paid - paid_for_closed - cost_of_closed;
  held.quantity += gained;
}

struct MarketFacts {
  std::optional<int> mark;                  // of yes, in price units
  std::optional<std::pair<int, int>> pays;  // per share
  Integer paid;                             // by the venue
  bool closed = false;                      // its account is settled for good
};

class Oracle {
 public:
  static constexpr int kStrategies = 3;

  std::vector<Trade> trades;
  std::vector<MarketFacts> markets;
  Integer moved_in;

  [[nodiscard]] Held held(int strategy, int market, Outcome outcome) const {
    Held held;
    for (const std::size_t index : in_market_.at(static_cast<std::size_t>(market))) {
      const Trade& trade = trades[index];
      if (!trade.failed && trade.strategy == strategy && trade.outcome == outcome) {
        exchange(held, trade);
      }
    }
    return held;
  }
  [[nodiscard]] Integer settled(int strategy, int market, Outcome outcome) const {
    Integer settled;
    for (const std::size_t index : in_market_.at(static_cast<std::size_t>(market))) {
      const Trade& trade = trades[index];
      if (trade.failed || trade.strategy != strategy || trade.outcome != outcome) continue;
      if (trade.side == Side::Sell) settled -= trade.quantity;
      if (trade.side == Side::Buy && trade.status != FillStatus::Matched) settled += trade.quantity;
    }
    return settled;
  }
  [[nodiscard]] Integer cash() const {
    Integer cash = moved_in;
    for (const Trade& trade : trades) {
      if (trade.failed) continue;
      cash += trade.side == Side::Buy ? -trade.cash - trade.fee : trade.cash - trade.fee;
    }
    for (const MarketFacts& market : markets) cash += market.paid;
    return cash;
  }
  [[nodiscard]] Integer claim_of(int strategy, int market) const {
    const auto& pays = markets[static_cast<std::size_t>(market)].pays;
    if (!pays) return 0;
    return floor_of(held(strategy, market, Outcome::Yes).quantity * pays->first, kPriceUnits) +
           floor_of(held(strategy, market, Outcome::No).quantity * pays->second, kPriceUnits);
  }
  [[nodiscard]] Integer owed(int market) const {
    Integer owed = -markets[static_cast<std::size_t>(market)].paid;
    for (int strategy = 0; strategy < kStrategies; ++strategy) owed += claim_of(strategy, market);
    return owed;
  }
  struct Result {
    Integer realized, unrealized;
  };
  [[nodiscard]] Result result(int strategy) const {
    Result total;
    for (int market = 0; market < static_cast<int>(markets.size()); ++market) {
      const MarketFacts& facts = markets[static_cast<std::size_t>(market)];
      const Held yes = held(strategy, market, Outcome::Yes);
      const Held no = held(strategy, market, Outcome::No);
      total.realized += yes.realized + no.realized;
      if (facts.pays) {
        total.realized += claim_of(strategy, market) - yes.cost - no.cost;
      } else if (facts.mark) {
        total.unrealized += floor_of(yes.quantity * *facts.mark, kPriceUnits) +
                            floor_of(no.quantity * (kPriceUnits - *facts.mark), kPriceUnits) -
                            yes.cost - no.cost;
      }
    }
    return total;
  }
  [[nodiscard]] Integer equity(int strategy) const {
    const Result both = result(strategy);
    return both.realized + both.unrealized;
  }

  int new_market() {
    markets.emplace_back();
    in_market_.emplace_back();
    return static_cast<int>(markets.size()) - 1;
  }
  void book(const Trade& trade) {
    in_market_[static_cast<std::size_t>(trade.market)].push_back(trades.size());
    trades.push_back(trade);
  }

  // The last mark of a market's former visit does not count for the next.
  bool drop_mark_if_flat(int market) {
    for (int strategy = 0; strategy < kStrategies; ++strategy) {
      if (held(strategy, market, Outcome::Yes).quantity != 0) return false;
      if (held(strategy, market, Outcome::No).quantity != 0) return false;
    }
    return std::exchange(markets[static_cast<std::size_t>(market)].mark, std::nullopt).has_value();
  }

  // Takes the results: peaks rise.
  void look() {
    Integer account;
    for (int strategy = 0; strategy < kStrategies; ++strategy) {
      const Integer now = equity(strategy);
      account += now;
      Integer& peak = peaks[static_cast<std::size_t>(strategy)];
      if (now > peak) peak = now;
    }
    if (account > account_peak) account_peak = account;
  }
  std::array<Integer, kStrategies> peaks;
  Integer account_peak;
  std::array<Integer, kStrategies> day_open;

 private:
  std::vector<std::vector<std::size_t>> in_market_;
};

// Gives both the same history.
class Comparison {
 public:
  explicit Comparison(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < 6; ++i) open_.push_back(oracle_.new_market());
  }

  void step() {
    const std::uint64_t dice = below(1'000);
    if (dice < 5) {
      leave();
    } else if (dice < 600) {
      trade();
    } else if (dice < 860) {
      advance();
    } else if (dice < 910) {
      fail_trade();
    } else if (dice < 970) {
      mark();
    } else if (dice < 977) {
      resolve();
    } else if (dice < 990) {
      pay_claim();
    } else if (dice < 996) {
      open_day();
    } else {
      move_cash();
    }
    close_what_is_settled();
  }

  void compare_market() {
    const int market = touched_;
    for (int strategy = 0; strategy < Oracle::kStrategies; ++strategy) {
      const Held yes = oracle_.held(strategy, market, Outcome::Yes);
      const Held no = oracle_.held(strategy, market, Outcome::No);
      const MarketFacts& facts = oracle_.markets[static_cast<std::size_t>(market)];
      if (facts.closed) return;
      for (const Outcome outcome : {Outcome::Yes, Outcome::No}) {
        same(oracle_.settled(strategy, market, outcome),
             portfolio_.settled(name(strategy), {id(market), outcome}), "settled");
      }
      const PositionState state = portfolio_.state(name(strategy), id(market));
      const bool resolved = facts.pays.has_value();
      const Integer claim = oracle_.claim_of(strategy, market);
      same(resolved ? Integer(0) : yes.quantity, state.yes, "yes");
      same(resolved ? Integer(0) : no.quantity, state.no, "no");
      same(resolved ? Integer(0) : yes.cost, state.yes_cost, "cost of yes");
      same(resolved ? Integer(0) : no.cost, state.no_cost, "cost of no");
      same(yes.realized + no.realized + (resolved ? Integer(claim - yes.cost - no.cost) : 0),
           state.realized, "realized of a market");
    }
    same(oracle_.owed(market), portfolio_.claim(id(market)), "claim");
  }

  void compare_all() {
    same(oracle_.cash(), portfolio_.cash(), "cash");
    same(0, portfolio_.unconserved(), "unexplained cash");
    Integer owed;
    for (int market = 0; market < static_cast<int>(oracle_.markets.size()); ++market) {
      owed += oracle_.owed(market);
    }
    same(owed, portfolio_.unredeemed(), "unredeemed");
    Integer account;
    Integer account_day;
    for (int strategy = 0; strategy < Oracle::kStrategies; ++strategy) {
      const auto at = static_cast<std::size_t>(strategy);
      const Oracle::Result expected = oracle_.result(strategy);
      const Results found = portfolio_.results(name(strategy));
      const Integer equity = expected.realized + expected.unrealized;
      account += equity;
      account_day += equity - oracle_.day_open[at];
      same(expected.realized, found.realized, "realized");
      same(expected.unrealized, found.unrealized, "unrealized");
      same(equity - oracle_.day_open[at], portfolio_.daily_pnl(name(strategy)), "daily");
      same(std::max(Integer(0), Integer(oracle_.peaks[at] - equity)),
           portfolio_.drawdown(name(strategy)), "drawdown");
    }
    same(account, portfolio_.account_equity(), "account equity");
    same(account_day, portfolio_.account_daily_pnl(), "account daily");
    same(std::max(Integer(0), Integer(oracle_.account_peak - account)),
         portfolio_.account_drawdown(), "account drawdown");
  }

  struct Counts {
    std::uint64_t fills = 0, fees = 0, failed = 0, confirmed = 0, below_zero = 0, claims = 0,
                  closed = 0, marks_dropped = 0;
    std::array<std::uint64_t, 3> resolutions{};
    void add(const Counts& other) {
      fills += other.fills;
      fees += other.fees;
      failed += other.failed;
      confirmed += other.confirmed;
      below_zero += other.below_zero;
      claims += other.claims;
      closed += other.closed;
      marks_dropped += other.marks_dropped;
      for (std::size_t i = 0; i < resolutions.size(); ++i) resolutions[i] += other.resolutions[i];
    }
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  static StrategyName name(int strategy) { return {"strategy-" + std::to_string(strategy)}; }
  static MarketId id(int market) {
    MarketId made;
    made.bytes[30] = static_cast<std::uint8_t>(market >> 8);
    made.bytes[31] = static_cast<std::uint8_t>(market);
    return made;
  }
  template <class Number>
  static void same(const Integer& expected, Number found, const char* what) {
    ASSERT_EQ(expected, Integer(found.raw())) << what;
  }
  static FillId fill_id(const Trade& trade) {
    return {{"t" + std::to_string(trade.number)}, {{1, trade.number}, 0}};
  }
  static OrderFilled filled(const Trade& trade) {
    OrderFilled fill;
    fill.fill = fill_id(trade);
    fill.instrument = {id(trade.market), trade.outcome};
    fill.side = trade.side;
    fill.quantity = Quantity::from_raw(static_cast<std::int64_t>(trade.quantity));
    fill.cash = Money::from_raw(static_cast<std::int64_t>(trade.cash));
    fill.fee = Money::from_raw(static_cast<std::int64_t>(trade.fee));
    fill.status = trade.status;
    return fill;
  }

  void trade() {
    touched_ = open_[below(open_.size())];
    // After the end a late fill comes only sometimes.
    if (oracle_.markets[static_cast<std::size_t>(touched_)].pays && below(20) != 0) return;
    Trade trade;
    trade.strategy = static_cast<int>(below(Oracle::kStrategies));
    trade.market = touched_;
    trade.outcome = below(2) == 0 ? Outcome::Yes : Outcome::No;
    trade.side = below(5) < 3 ? Side::Buy : Side::Sell;
    // From dust to a hundred thousand shares, seldom round, at any price.
    const std::uint64_t scale = below(3) == 0 ? 100'000'000'000 : below(2) == 0 ? 50'000'000 : 900;
    trade.quantity = 1 + below(scale);
    if (trade.side == Side::Sell) fit_to_what_is_settled(trade);
    trade.cash = trade.quantity * (1 + below(999'999)) / 1'000'000;
    if (below(2) == 0) trade.fee = trade.cash * below(80) / 1'000 + below(2);
    book(trade);
  }
  void book(Trade trade) {
    trade.number = oracle_.trades.size() + 1;
    trade.status = static_cast<FillStatus>(below(8) < 6 ? 0 : below(2) + 1);
    ++counts_.fills;
    if (trade.fee != 0) ++counts_.fees;
    if (trade.status == FillStatus::Confirmed) ++counts_.confirmed;
    oracle_.book(trade);
    portfolio_.filled(name(trade.strategy), filled(trade), ++seq_);
    if (oracle_.drop_mark_if_flat(trade.market)) ++counts_.marks_dropped;
    if (oracle_.held(trade.strategy, trade.market, trade.outcome).quantity < 0) {
      ++counts_.below_zero;
    }
  }
  // All strategies get out of a market.
  void leave() {
    const int market = open_[below(open_.size())];
    if (oracle_.markets[static_cast<std::size_t>(market)].pays) return;
    touched_ = market;
    for (int strategy = 0; strategy < Oracle::kStrategies; ++strategy) {
      for (const Outcome outcome : {Outcome::Yes, Outcome::No}) {
        const Integer held = oracle_.held(strategy, market, outcome).quantity;
        if (held == 0) continue;
        Trade out;
        out.strategy = strategy;
        out.market = market;
        out.outcome = outcome;
        out.side = held > 0 ? Side::Sell : Side::Buy;
        out.quantity = abs(held);
        out.cash = out.quantity * (1 + below(999'999)) / 1'000'000;
        book(out);
      }
    }
  }
  // Usually no more than risk allows; another program may sell the account's shares all the same.
  void fit_to_what_is_settled(Trade& trade) {
    const Integer free = oracle_.settled(trade.strategy, trade.market, trade.outcome);
    if (below(12) == 0 || free <= 0) {
      if (free <= 0 && below(4) != 0) trade.side = Side::Buy;
      return;
    }
    if (trade.quantity > free || below(5) == 0) trade.quantity = free;
  }

  Trade* some_provisional() {
    for (int attempt = 0; attempt < 20 && !oracle_.trades.empty(); ++attempt) {
      const std::uint64_t newest = std::min<std::uint64_t>(oracle_.trades.size(), 300);
      Trade& trade = oracle_.trades[oracle_.trades.size() - 1 - below(newest)];
      if (!trade.failed && trade.status != FillStatus::Confirmed) return &trade;
    }
    return nullptr;
  }
  void advance() {
    Trade* trade = some_provisional();
    if (trade == nullptr) return;
    touched_ = trade->market;
    trade->status = trade->status == FillStatus::Matched && below(3) == 0 ? FillStatus::Mined
                                                                          : FillStatus::Confirmed;
    if (trade->status == FillStatus::Confirmed) ++counts_.confirmed;
    portfolio_.advanced(name(trade->strategy), filled(*trade), trade->status);
  }
  void fail_trade() {
    Trade* trade = some_provisional();
    if (trade == nullptr) return;
    touched_ = trade->market;
    portfolio_.reversed(name(trade->strategy), filled(*trade), ++seq_);
    trade->failed = true;
    if (oracle_.drop_mark_if_flat(trade->market)) ++counts_.marks_dropped;
    ++counts_.failed;
  }

  void mark() {
    MarksTaken marks;
    for (const int market : open_) {
      MarketFacts& facts = oracle_.markets[static_cast<std::size_t>(market)];
      if (facts.pays || below(3) == 0) continue;
      facts.mark = static_cast<int>(1 + below(kPriceUnits - 1));
      marks.marks.push_back({id(market), Price::from_raw(*facts.mark)});
    }
    portfolio_.marked(marks);
    oracle_.look();
  }
  void resolve() {
    const int market = open_[below(open_.size())];
    MarketFacts& facts = oracle_.markets[static_cast<std::size_t>(market)];
    if (facts.pays) return;
    touched_ = market;
    constexpr std::array<std::pair<int, int>, 3> kPays{
        {{kPriceUnits, 0}, {0, kPriceUnits}, {kPriceUnits / 2, kPriceUnits / 2}}};
    const std::size_t which = below(3);
    facts.pays = kPays[which];
    ++counts_.resolutions[which];
    portfolio_.resolved(
        {id(market), {Price::from_raw(facts.pays->first), Price::from_raw(facts.pays->second)}},
        {});
    oracle_.look();
  }
  // The last trades of a market that has ended become final.
  void confirm_all(int market) {
    for (Trade& trade : oracle_.trades) {
      if (trade.market != market || trade.failed || trade.status == FillStatus::Confirmed) continue;
      trade.status = FillStatus::Confirmed;
      ++counts_.confirmed;
      portfolio_.advanced(name(trade.strategy), filled(trade), trade.status);
    }
  }
  void pay_claim() {
    for (const int market : open_) {
      if (oracle_.markets[static_cast<std::size_t>(market)].pays && below(2) == 0) {
        touched_ = market;
        confirm_all(market);
      }
      const Integer owed = oracle_.owed(market);
      MarketFacts& facts = oracle_.markets[static_cast<std::size_t>(market)];
      if (!facts.pays || owed <= 0) continue;
      touched_ = market;
      const Integer paid = below(3) == 0 ? Integer(owed / 2) : owed;
      facts.paid += paid;
      ++counts_.claims;
      portfolio_.claim_paid({id(market), Money::from_raw(static_cast<std::int64_t>(paid))});
      return;
    }
  }
  void open_day() {
    DayOpened opened{.date = {++day_}, .equity = {}};
    for (int strategy = 0; strategy < Oracle::kStrategies; ++strategy) {
      const auto at = static_cast<std::size_t>(strategy);
      oracle_.day_open[at] = oracle_.equity(strategy);
      opened.equity[name(strategy)] =
          Money::from_raw(static_cast<std::int64_t>(oracle_.day_open[at]));
    }
    portfolio_.day_opened(opened);
    oracle_.look();
  }
  void move_cash() {
    const auto amount = static_cast<std::int64_t>(below(2'000'000'000)) - 700'000'000;
    oracle_.moved_in += amount;
    portfolio_.cash_moved(Money::from_raw(amount));
  }
  // A market whose result can no longer change leaves the book; a new one takes its place.
  void close_what_is_settled() {
    for (int& market : open_) {
      MarketFacts& facts = oracle_.markets[static_cast<std::size_t>(market)];
      if (!facts.pays || !portfolio_.forgettable(id(market))) continue;
      ASSERT_EQ(oracle_.owed(market), 0);
      portfolio_.forget(id(market));
      facts.closed = true;
      ++counts_.closed;
      market = oracle_.new_market();
    }
  }

  std::mt19937_64 random_;
  Portfolio portfolio_;
  Oracle oracle_;
  std::vector<int> open_;
  int touched_ = 0;
  int day_ = 20'000;
  std::uint64_t seq_ = 0;
  Counts counts_;
};

class PortfolioOracle : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PortfolioOracle, AgreesOnEveryNumberOfAHundredThousandFills) {
  Comparison::Counts total;
  const std::uint64_t last = (GetParam() + 1) * kHistoriesOfQuarter;
  for (std::uint64_t seed = last - kHistoriesOfQuarter + 1; seed <= last; ++seed) {
    Comparison comparison(seed);
    for (int step = 0; step < kStepsOfHistory; ++step) {
      comparison.step();
      comparison.compare_market();
      if (step % 150 == 0) comparison.compare_all();
      if (testing::Test::HasFatalFailure()) {
        FAIL() << "seed " << seed << ", step " << step;
      }
    }
    comparison.compare_all();
    total.add(comparison.counts());
  }
  std::printf(
      "%llu fills, %llu with fees, %llu confirmed, %llu failed, %llu into what is owed, "
      "%llu + %llu + %llu resolutions, %llu claims paid, %llu markets closed, "
      "%llu marks dropped\n",
      static_cast<unsigned long long>(total.fills), static_cast<unsigned long long>(total.fees),
      static_cast<unsigned long long>(total.confirmed),
      static_cast<unsigned long long>(total.failed),
      static_cast<unsigned long long>(total.below_zero),
      static_cast<unsigned long long>(total.resolutions[0]),
      static_cast<unsigned long long>(total.resolutions[1]),
      static_cast<unsigned long long>(total.resolutions[2]),
      static_cast<unsigned long long>(total.claims), static_cast<unsigned long long>(total.closed),
      static_cast<unsigned long long>(total.marks_dropped));
  EXPECT_GE(total.fills, 100'000U / kQuarters);
  EXPECT_GE(total.fees, 30'000U / kQuarters);
  EXPECT_GE(total.failed, 2'000U / kQuarters);
  EXPECT_GE(total.below_zero, 100U / kQuarters);
  EXPECT_GE(total.claims, 100U / kQuarters);
  EXPECT_GE(total.closed, 50U / kQuarters + 1);
  EXPECT_GE(total.marks_dropped, 200U / kQuarters);
  for (const std::uint64_t resolutions : total.resolutions)
    EXPECT_GE(resolutions, 30U / kQuarters + 1);
}
INSTANTIATE_TEST_SUITE_P(Quarters, PortfolioOracle, testing::Range(std::uint64_t{0}, kQuarters));

}  // namespace
}  // namespace polybot::order_manager
