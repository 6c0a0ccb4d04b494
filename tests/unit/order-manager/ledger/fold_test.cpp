// After any events in any order, a fold of the journal equals the live state, and the ledger is
// sound.
#include <random>

#include "services/order-manager/core/ledger/ledger_image.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager::test {
namespace {

// A venue and a runner that act at random.
class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : random_(seed), rig_(chaos_settings()) {
    for (std::uint64_t i = 1; i <= 4; ++i) markets_.push_back(make_market(i, 1 + i % 2));
    rig_.bring_up(markets_, usd("5000"));
  }

  void act() {
    switch (below(14)) {
      case 0:
        return buy();
      case 1:
        return buy_legs();
      case 2:
        return quote();
      case 3:
        return sell();
      case 4:
        return answer();
      case 5:
        return answer();
      case 6:
        return trade();
      case 7:
        return advance_trade();
      case 8:
        return advance_trade();
      case 9:
        return answer_cancel();
      case 10:
        return update();
      case 11:
        return rig_.advance(milliseconds(static_cast<int>(below(700))));
      case 12:
        return move();
      default:
        return rare();
    }
  }

  Rig& rig() { return rig_; }

 private:
  static Settings chaos_settings() {
    Settings settings = test_settings();
    settings.account = domain::AccountId{"0xA", 137};
    settings.account_limits.order_rate_max = 1'000;
    settings.account_limits.order_burst_max = 1'000;
    for (ConfiguredStrategy& strategy : settings.strategies)
      strategy.limits = settings.account_limits;
    settings.unwind_after = seconds(2);
    return settings;
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  const Market& any_market() { return markets_[below(markets_.size())]; }
  const StrategyName& any_strategy() { return below(2) == 0 ? kArb : kFarm; }
  Outcome any_outcome() { return below(2) == 0 ? Outcome::Yes : Outcome::No; }
  // Any order that was ever made, old ones too.
  std::optional<ClientOrderId> any_order() {
    const auto& all = rig_.core.ledger().orders().all();
    if (all.empty()) return std::nullopt;
    auto it = all.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(below(all.size())));
    return it->first;
  }
  std::optional<ClientOrderId> any_open_order() {
    const auto& open = rig_.core.ledger().orders().open();
    if (open.empty()) return std::nullopt;
    auto it = open.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(below(open.size())));
    return *it;
  }

  void buy() {
    rig_.buy(any_strategy(), any_market(), "0.52", below(2) == 0 ? "25" : "50", any_outcome());
  }
  void sell() {
    rig_.sell(any_strategy(), any_market(), "0.46", below(2) == 0 ? "5" : "20", any_outcome());
  }
  void buy_legs() {
    const Market& a = markets_[0];
    const Market& b = markets_[2];
    rig_.send(rig_.legs_signal(kArb, a,
                               {{{a.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")},
                                {{b.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}}));
  }
  void quote() {
    const char* bids[] = {"0.44", "0.45", "0.46"};
    const char* asks[] = {"0.54", "0.55", "0.56"};
    const bool none = below(6) == 0;
    rig_.send(rig_.quote_signal(kFarm, any_market(),
                                none ? std::nullopt : std::optional(level(bids[below(3)], "20")),
                                none ? std::nullopt : std::optional(level(asks[below(3)], "20"))));
  }
  void answer() {
    const auto id = below(3) == 0 ? any_order() : any_open_order();
    if (!id) return;
    switch (below(5)) {
      case 0:
        return rig_.reject(*id);
      case 1:
        return rig_.lose_answer(*id);
      case 2:
        return rig_.accept(*id, SubmitAccepted::State::Delayed);
      default:
        return rig_.accept(*id);
    }
  }
  void trade() {
    const auto id = below(5) == 0 ? any_order() : any_open_order();
    if (!id) return;
    const std::string name = "trade-" + std::to_string(++trades_made_);
    const char* sizes[] = {"1", "5", "25"};
    const bool taker = below(2) == 0;
    VenueTrade made = taker ? rig_.taker_trade(*id, name.c_str(), sizes[below(3)], "0.5")
                            : rig_.maker_trade(*id, name.c_str(), sizes[below(3)]);
    if (below(8) == 0) made.status = VenueTradeStatus::Failed;
    rig_.step(made);
    trades_.push_back(made);
    if (below(3) == 0) rig_.venue_trades.push_back(made);
  }
  void advance_trade() {
    if (trades_.empty()) return;
    VenueTrade& made = trades_[below(trades_.size())];
    const VenueTradeStatus statuses[] = {VenueTradeStatus::Matched,   VenueTradeStatus::Mined,
                                         VenueTradeStatus::Confirmed, VenueTradeStatus::Confirmed,
                                         VenueTradeStatus::Retrying,  VenueTradeStatus::Failed};
    made.status = statuses[below(6)];
    rig_.step(made);
  }
  void answer_cancel() {
    const auto id = below(4) == 0 ? any_order() : any_open_order();
    if (id) rig_.answer_cancel(*id, static_cast<CancelAnswered::Result>(below(4)));
  }
  void update() {
    const auto id = below(3) == 0 ? any_order() : any_open_order();
    if (id)
      rig_.step(
          rig_.update(*id, static_cast<VenueOrderStatus>(below(7)), below(2) == 0 ? "0" : "5"));
  }
  void move() {
    const Market& market = any_market();
    const bool up = below(2) == 0;
    rig_.set_quote(market, up ? "0.51" : "0.48", up ? "0.53" : "0.50",
                   below(2) == 0 ? "1000" : "3");
  }
  void rare() {
    switch (below(9)) {
      case 0:
        return rig_.step(VenueSessionChanged{VenueChannel::User, Link::Down});
      case 1:
        return reconnect();
      case 2:
        return command(SetTradingState{std::nullopt, static_cast<TradingState>(below(3)),
                                       below(2) == 0 ? "a drill" : "", rig_.now + seconds(60)});
      case 3:
        return command(SetTradingState{std::nullopt, TradingState::Active});
      case 4:
        return command(FlattenPositions{any_strategy()});
      case 5:
        return command(CancelAllOrders{any_strategy(), std::nullopt});
      case 6:
        return rig_.advance(seconds(static_cast<int>(below(15))));
      case 7:
        return foreign();
      default:
        return reconnect();
    }
  }
  void reconnect() {
    rig_.step(VenueSessionChanged{VenueChannel::User, Link::Up});
    rig_.answer_reads();
  }
  void command(CommandBody body) {
    rig_.step(Command{{3, ++commands_}, std::move(body), rig_.now, rig_.now + seconds(5), {}});
  }
  void foreign() {
    VenueOrderUpdate update;
    update.order = id_of<VenueOrderId>(5'000'000 + below(5));
    update.market = markets_[0].id;
    update.token = markets_[0].yes_token;
    update.price = price("0.30");
    update.original_quantity = shares("10");
    update.status = static_cast<VenueOrderStatus>(below(7));
    update.at = rig_.now;
    rig_.step(update);
  }

  std::mt19937_64 random_;
  Rig rig_;
  std::vector<Market> markets_;
  std::vector<VenueTrade> trades_;
  std::uint64_t trades_made_ = 0;
  std::uint64_t commands_ = 0;
};

TEST(Fold, EqualsTheLiveStateAfterAnyHistory) {
  Orders::RowCounts rows{};
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Chaos chaos(seed);
    for (int i = 0; i < 600; ++i) {
      chaos.act();
      if (i % 20 != 0) continue;
      for (const std::string& line : broken_invariants(chaos.rig().core.ledger())) {
        ADD_FAILURE() << "seed " << seed << " step " << i << ": " << line;
      }
      if (testing::Test::HasFailure()) return;
    }
    chaos.rig().expect_sound();
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
    const auto& taken = chaos.rig().core.ledger().orders().rows_taken();
    for (std::size_t s = 0; s < rows.size(); ++s) {
      for (std::size_t e = 0; e < rows[s].size(); ++e) rows[s][e] += taken[s][e];
    }
  }
  for (std::size_t s = 0; s < rows.size(); ++s) {
    for (std::size_t e = 0; e < rows[s].size(); ++e) {
      const auto status = static_cast<OrderStatus>(s);
      const auto event = static_cast<OrderEventKind>(e);
      if (order_row(status, event).row_class != OrderRowClass::Expected) continue;
      EXPECT_GT(rows[s][e], 0U) << identifier_of(status) << " x " << identifier_of(event)
                                << " was never taken";
    }
  }
}

TEST(Fold, IsTheSameTwice) {
  const auto digest = [] {
    Chaos chaos(99);
    for (int i = 0; i < 400; ++i) chaos.act();
    return chaos.rig().core.ledger().digest();
  };
  EXPECT_EQ(digest(), digest());
}

TEST(Fold, GoesOnFromAnyPointOfTheJournal) {
  Chaos chaos(5);
  for (int i = 0; i < 300; ++i) chaos.act();
  OrderManager again = chaos.rig().folded();
  const std::uint64_t before = again.ledger().last_seq();
  Outputs out;
  again.start(0, chaos.rig().now, out);
  again.on(VenueSessionChanged{VenueChannel::User, Link::Up}, chaos.rig().now, out);
  again.on(chaos.rig().account(), chaos.rig().now, out);
  OrderManager third(chaos.rig().settings, fake_identity);
  for (const Event& event : chaos.rig().journal) third.apply(event);
  for (const StreamedEvent& streamed : out.record) third.apply(streamed.event);
  EXPECT_GT(again.ledger().last_seq(), before);
  EXPECT_EQ(third.ledger().digest(), again.ledger().digest());
}

TEST(Fold, IsTheSameFromAnImageAndWhatFollowedIt) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Chaos chaos(seed);
    for (int i = 0; i < 400; ++i) chaos.act();
    const std::vector<Event>& journal = chaos.rig().journal;
    Ledger whole;
    for (const Event& event : journal) {
      whole.apply(event);
      if (event.seq % 97 != 0 && event.seq != journal.size()) continue;
      const std::string image = encode_ledger(whole);
      std::optional<Ledger> resumed = decode_ledger(image);
      ASSERT_TRUE(resumed.has_value());
      ASSERT_EQ(resumed->digest(), whole.digest()) << "seed " << seed << " record " << event.seq;
      ASSERT_EQ(encode_ledger(*resumed), image);
      for (std::uint64_t seq = event.seq + 1; seq <= journal.size(); ++seq) {
        resumed->apply(journal[seq - 1]);
      }
      ASSERT_EQ(resumed->digest(), chaos.rig().core.ledger().digest()) << "seed " << seed;
    }
  }
}

TEST(Fold, RefusesAnImageThatIsNotWhole) {
  Chaos chaos(3);
  for (int i = 0; i < 200; ++i) chaos.act();
  const std::string image = encode_ledger(chaos.rig().core.ledger());
  ASSERT_TRUE(decode_ledger(image).has_value());
  for (std::size_t size = 0; size < image.size(); size += 1 + image.size() / 200) {
    EXPECT_FALSE(decode_ledger(std::string_view(image).substr(0, size)).has_value());
  }
  EXPECT_FALSE(decode_ledger(image + '\0').has_value());
}

TEST(Fold, SendsOnlyAfterTheCommitAndNothingWhenItFails) {
  Rig rig;
  rig.bring_up();
  Outputs out;
  const Market market = make_market(1);
  rig.core.on(
      SignalReceived{
          rig.legs_signal(kArb, market,
                          {{{market.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("25")}}),
          rig.now},
      rig.now, out);
  const std::vector<Read> asked = out.after_commit.reads;
  ASSERT_EQ(asked.size(), 1U);
  out.clear();
  rig.core.on(MarketRead{market.id, MarketRead::Outcome::Found, market}, rig.now, out);
  ASSERT_EQ(out.after_commit.submits.size(), 1U);
  std::string order;
  const bool durable = finish_turn(
      out, [&](const Outputs::AtOnce&) { order += "cancel "; },
      [&](const std::vector<StreamedEvent>&) {
        order += "commit ";
        return false;
      },
      [&](const Outputs&) { order += "send "; });
  EXPECT_FALSE(durable);
  EXPECT_EQ(order, "commit ");
  EXPECT_TRUE(out.empty());
}

TEST(Fold, GoesOnCancelingWhenNothingCanBeRecorded) {
  Rig rig;
  const Market market = make_market(1);
  rig.bring_up({market});
  const ClientOrderId gone = rig.buy(kArb, market, "0.50", "20");
  const ClientOrderId resting = rig.buy(kFarm, market, "0.50", "20");
  const std::uint64_t recorded = rig.core.ledger().last_seq();
  const VenueOrderId gone_id = rig.venue_id(gone);
  const VenueOrderId resting_id = rig.venue_id(resting);
  const auto cancels_of = [&](const Input& input) {
    Outputs out;
    rig.core.on(input, rig.now, out);
    EXPECT_TRUE(out.record.empty());
    EXPECT_TRUE(out.after_commit.submits.empty());
    return out.at_once.cancels;
  };
  EXPECT_EQ(cancels_of(CommitFailed{}).size(), 2U);
  EXPECT_TRUE(cancels_of(TimerFired{}).empty());
  EXPECT_TRUE(cancels_of(CancelAnswered{gone_id, CancelAnswered::Result::Canceled, {}}).empty());
  EXPECT_TRUE(cancels_of(CancelAnswered{resting_id, CancelAnswered::Result::Unknown, {}}).empty());
  rig.now += seconds(6);
  EXPECT_EQ(cancels_of(TimerFired{}), std::vector<VenueOrderId>{resting_id});
  EXPECT_EQ(rig.core.ledger().last_seq(), recorded);
}

}  // namespace
}  // namespace polybot::order_manager::test
