// The loop around the core, with a real journal: the order of events before, in and after a commit.
#include "services/order-manager/engine.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>

#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the vocabulary of the cores' tests

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    fs::create_directories(folder_);
    engine_.start();
    post(ClockOffset{});
    post(VenueSessionChanged{VenueChannel::User, Link::Up});
    post(RunnerAnnounced{{"runner-1"}, kRunner, {kArb, kFarm}, false});
    post(MarketHinted{market_});
    post(QuoteHeard{.shard = {},
                    .quote = {.market = market_.id,
                              .bid = level("0.50", "1000"),
                              .ask = level("0.52", "1000"),
                              .stamped_at = clock_.now()}});
    steps_.clear();
  }
  ~EngineTest() override { fs::remove_all(folder_); }

  // Posts an input, and runs everything that follows from it without waiting for time.
  void post(const Input& input) {
    engine_.post(input);
    io_.restart();
    io_.poll();
    while (!reads_.empty()) {
      const Read read = reads_.front();
      reads_.erase(reads_.begin());
      if (std::holds_alternative<ReadAccount>(read)) {
        VenueAccount account;
        account.collateral = usd("1000");
        account.read_at = clock_.now();
        post(account);
      } else if (std::holds_alternative<ReadMarket>(read)) {
        post(MarketRead{market_.id, MarketRead::Outcome::Found, market_});
      }
    }
  }
  // One order to buy ten shares; returns its record, if there is one.
  const OrderRecord* buy() {
    Signal signal;
    signal.id = {kRunner, 1};
    signal.strategy = kArb;
    signal.event = market_.event;
    signal.shard = shard_of(market_.event);
    for (const Lease& lease : engine_.core().leases()) {
      if (lease.strategy == kArb && lease.shard == signal.shard) signal.lease_epoch = lease.epoch;
    }
    signal.applied_seq = engine_.core().ledger().last_seq();
    signal.oldest_book_at = signal.decided_at = clock_.now();
    signal.expires_at = clock_.now() + seconds(2);
    signal.action = SignalAction::Buy;
    signal.intent =
        std::vector<Leg>{{{market_.id, Outcome::Yes}, Side::Buy, price("0.52"), shares("10")}};
    post(SignalReceived{signal, clock_.now()});
    return engine_.core().ledger().orders().find({signal.id, 0});
  }

  void buy_on_a_full_disk() {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit room{};
    ::getrlimit(RLIMIT_FSIZE, &room);
    const rlimit full{.rlim_cur = 1, .rlim_max = room.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
    static_cast<void>(buy());
    ::setrlimit(RLIMIT_FSIZE, &room);
  }
  void wait_for_the_journal() {
    boost::asio::co_spawn(io_, engine_.run(), boost::asio::detached);
    io_.restart();
    for (int i = 0; i < 200 && !engine_.journal_writable(); ++i) io_.run_for(milliseconds(50));
  }

  runtime::Clock clock_;
  fs::path folder_ = fs::temp_directory_path() / ("engine-test-" + std::to_string(::getpid()));
  Market market_ = make_market(1);
  std::vector<Read> reads_;
  std::vector<std::string> steps_;
  boost::asio::io_context io_;
  Engine engine_{io_.get_executor(),
                 (folder_ / "journal.db").string(),
                 test_settings(),
                 fake_identity,
                 {.cancel = [](const std::vector<VenueOrderId>&) {},
                  .prepare =
                      [this](const SubmitBatch&) {
                        steps_.emplace_back("prepare");
                        return [this] { steps_.emplace_back("send"); };
                      },
                  .read = [this](const Read& read) { reads_.push_back(read); },
                  .publish = [this](const StreamedEvent&) { steps_.emplace_back("publish"); },
                  .forget = [this] { steps_.emplace_back("forget"); },
                  .resume = [this](const Ledger&) { steps_.emplace_back("resume"); },
                  .remember = [this](const StreamedEvent&) { steps_.emplace_back("remember"); },
                  .decided = [](Duration) {},
                  .committed = [this](Duration) { steps_.emplace_back("commit"); },
                  .commit_failed = [](const std::string&) {},
                  .started = [](const StartUp&) {},
                  .snapshot = [](SnapshotTaker::Step, const std::string&) {}}};
};

TEST_F(EngineTest, AnOrderIsReadiedBeforeItsCommitAndSentBeforeAnybodyIsTold) {
  ASSERT_NE(buy(), nullptr);
  ASSERT_GE(steps_.size(), 4U);
  steps_.resize(4);
  EXPECT_EQ(steps_, (std::vector<std::string>{"prepare", "commit", "send", "publish"}));
}

TEST_F(EngineTest, ACommandOvertakesWhateverElseWaits) {
  for (int i = 0; i < 1000; ++i)
    engine_.post(QuoteHeard{.shard = {}, .quote = {.market = market_.id}});
  Command halt{.id = {1, 2},
               .body = SetTradingState{.strategy = {}, .state = TradingState::Halted},
               .issued_at = clock_.now(),
               .expires_at = clock_.now() + seconds(9),
               .trace = {}};
  engine_.post(halt);
  io_.restart();
  io_.run_one();
  EXPECT_EQ(engine_.core().ledger().trading_status({}).state, TradingState::Halted);
}

TEST_F(EngineTest, AnOrderIsNotSentWhenItsCommitFails) {
  buy_on_a_full_disk();
  EXPECT_EQ(steps_, std::vector<std::string>{"prepare"});
  EXPECT_FALSE(engine_.journal_writable());
}

TEST_F(EngineTest, AStopThatIsAskedForOnAFullDiskIsNotForgotten) {
  buy_on_a_full_disk();
  ASSERT_FALSE(engine_.journal_writable());
  post(ShutdownRequested{});
  wait_for_the_journal();
  ASSERT_TRUE(engine_.journal_writable());
  post(TimerFired{});
  EXPECT_THAT(engine_.core().not_ready(), testing::Contains(NotReady::ShuttingDown));
}

// What the core decided and the journal refused must not stay with those who keep the streams. The
// last word is the whole ledger's: it knows streams that have been silent for long.
TEST_F(EngineTest, AJournalThatIsOpenedAgainIsToldFromTheBeginning) {
  buy_on_a_full_disk();
  steps_.clear();
  wait_for_the_journal();
  ASSERT_TRUE(engine_.journal_writable());
  std::vector<std::string> told(steps_.begin(), std::find(steps_.begin(), steps_.end(), "commit"));
  ASSERT_GE(told.size(), 3U);
  EXPECT_EQ(told.front(), "forget");
  EXPECT_EQ(told.back(), "resume");
  EXPECT_GT(std::count(told.begin(), told.end(), "remember"), 0);
}

TEST_F(EngineTest, ASettledTradeSharesTheNextCommit) {
  const OrderRecord* bought = buy();
  ASSERT_NE(bought, nullptr);
  const Order order = bought->order;
  post(SubmitAnswered{order.venue_id, SubmitAccepted{SubmitAccepted::State::Matched, {{"t-1"}}}});
  VenueTrade trade;
  trade.id = {"t-1"};
  trade.taker_order = order.venue_id;
  trade.market = market_.id;
  trade.token = order.fields.token;
  trade.quantity = order.quantity;
  trade.price = order.limit;
  trade.we_are_taker = true;
  trade.makers = {
      {id_of<VenueOrderId>(9), order.fields.token, Side::Sell, order.quantity, order.limit, false}};
  trade.matched_at = trade.updated_at = clock_.now();
  const auto commits = [this] { return std::count(steps_.begin(), steps_.end(), "commit"); };
  const auto before_fill = commits();
  post(trade);
  EXPECT_EQ(commits(), before_fill + 1);  // a fill waits for nothing

  const std::uint64_t known = engine_.journal_sequence();
  trade.status = VenueTradeStatus::Mined;
  post(trade);
  trade.status = VenueTradeStatus::Confirmed;
  post(trade);
  EXPECT_EQ(commits(), before_fill + 1);
  EXPECT_EQ(engine_.journal_sequence(), known);
  post(TimerFired{});
  EXPECT_EQ(commits(), before_fill + 2);
  EXPECT_GE(engine_.journal_sequence(), known + 2);
}

}  // namespace
}  // namespace polybot::order_manager
