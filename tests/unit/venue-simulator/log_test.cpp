#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/runtime/config.hpp"
#include "services/venue-simulator/api/trade_pages.hpp"
#include "services/venue-simulator/exchange_host.hpp"
#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

namespace fs = std::filesystem;

struct Folder : ::testing::Test {
  fs::path path =
      fs::temp_directory_path() / ("venue-simulator-test-" + std::to_string(::getpid()) + "-" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
  void SetUp() override { fs::remove_all(path); }
  void TearDown() override { fs::remove_all(path); }

  // A copy of what a killed process leaves behind.
  fs::path copy_of(const fs::path& folder) {
    const fs::path copy = path / ("copy-" + std::to_string(++copies_));
    fs::create_directories(copy);
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename() != "lock")
        fs::copy_file(entry.path(), copy / entry.path().filename());
    }
    return copy;
  }
  static void damage(const fs::path& file) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
    stream.put('\x5a');
    stream.put('\xa5');
  }

 private:
  int copies_ = 0;
};

using InputLogTest = Folder;
using HistoryTest = Folder;

std::vector<Timestamp> times_in(InputLog& log) {
  std::vector<Timestamp> times;
  log.replay([&](const Input&, Timestamp at) { times.push_back(at); });
  return times;
}

TEST_F(InputLogTest, GivesBackWhatWasAppended) {
  {
    InputLog log(path);
    EXPECT_FALSE(log.open());
    log.create({.settings = {.seed = 9}, .started_at = kStart, .recording = "x.jsonl:7"});
    log.append(OpenAccount{{1}, money("5")}, kStart + 1s);
    log.append(SetFault{Fault::FeedGap, {.probability_ppm = 3}}, kStart + 2s);
  }
  InputLog log(path);
  const auto opened = log.open();
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->header.settings.seed, 9U);
  EXPECT_EQ(opened->header.recording, "x.jsonl:7");
  EXPECT_FALSE(opened->state);
  std::vector<Input> inputs;
  EXPECT_EQ(log.replay([&](const Input& input, Timestamp) { inputs.push_back(input); }), 2U);
  EXPECT_EQ(std::get<OpenAccount>(inputs[0]).deposit, money("5"));
  EXPECT_EQ(std::get<SetFault>(inputs[1]).settings.probability_ppm, 3);
}

TEST_F(InputLogTest, CutsOffATornTail) {
  {
    InputLog log(path);
    static_cast<void>(log.open());
    log.create({});
    log.append(AdvanceTime{}, kStart + 1s);
    log.append(AdvanceTime{}, kStart + 2s);
  }
  fs::resize_file(path / "inputs-0", fs::file_size(path / "inputs-0") - 3);
  {
    InputLog log(path);
    static_cast<void>(log.open());
    EXPECT_EQ(times_in(log), std::vector<Timestamp>{kStart + 1s});
    log.append(AdvanceTime{}, kStart + 3s);
  }
  InputLog log(path);
  static_cast<void>(log.open());
  EXPECT_EQ(times_in(log), (std::vector<Timestamp>{kStart + 1s, kStart + 3s}));
}

TEST_F(InputLogTest, FallsBackToTheSnapshotBeforeADamagedOne) {
  {
    InputLog log(path);
    static_cast<void>(log.open());
    log.create({});
    for (int generation = 1; generation <= 3; ++generation) {
      log.append(AdvanceTime{}, kStart + std::chrono::seconds(generation));
      log.compact("state " + std::to_string(generation));
    }
    log.append(AdvanceTime{}, kStart + 9s);
  }
  EXPECT_FALSE(fs::exists(path / "snapshot-1"));
  damage(path / "snapshot-3");
  InputLog log(path);
  const auto opened = log.open();
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->state, "state 2");
  EXPECT_EQ(times_in(log), (std::vector<Timestamp>{kStart + 3s, kStart + 9s}));
}

TEST_F(InputLogTest, RefusesAFolderThatIsInUse) {
  InputLog log(path);
  EXPECT_THROW(InputLog other(path), runtime::CannotStart);
}

TEST_F(InputLogTest, RefusesAFolderThatIsDamagedBeyondRepair) {
  {
    InputLog log(path);
    static_cast<void>(log.open());
    log.create({});
  }
  damage(path / "snapshot-0");
  InputLog log(path);
  EXPECT_THROW(static_cast<void>(log.open()), runtime::CannotStart);
}

TEST_F(HistoryTest, WritesEachNumberOnceAndCutsOffATornRecord) {
  fs::create_directories(path);
  const fs::path file = path / "orders";
  {
    HistoryFile history(file);
    history.append(1, "one");
    history.append(2, "two");
    history.append(2, "two again");
  }
  fs::resize_file(file, fs::file_size(file) - 1);
  HistoryFile history(file);
  EXPECT_EQ(history.count(), 1U);
  history.append(2, "second");
  std::vector<std::string> records;
  history.read(0, [&](std::string_view record) {
    records.emplace_back(record);
    return true;
  });
  EXPECT_EQ(records, (std::vector<std::string>{"one", "second"}));
}

struct HostTest : Folder {
  Timestamp now = kStart;

  std::unique_ptr<ExchangeHost> host(const fs::path& folder, std::uint64_t seed = 4) {
    ExchangeHost::Options options;
    options.config.folder = folder;
    options.config.exchange.seed = seed;
    options.config.exchange.flow.book_changes_per_second = 10;  // hours pass in these tests
    options.config.snapshot_every = 1h;
    options.now = [this] { return now; };
    return std::make_unique<ExchangeHost>(std::move(options));
  }
  // Trades for a while: orders that rest, match and get canceled.
  void trade(ExchangeHost& host, int actions, AccountId account, Random& random) {
    for (int i = 0; i < actions; ++i) {
      now += 20ms;
      const auto markets = host.engine().markets();
      const Listing& listing = *host.engine().listing(markets[static_cast<std::size_t>(
          random.between(0, static_cast<std::int64_t>(markets.size()) - 1))]);
      NewOrder order;
      order.id = derived_id<domain::VenueOrderId>(77, IdKind::Order, random.next() >> 8);
      order.token = listing.market.yes_token;
      order.limit = Price::from_raw(100 * random.between(20, 80));
      order.quantity = qty("10");
      host.apply(SubmitOrders{account, {order}});
      if (random.chance(300'000)) host.apply(CancelOrders{account, {order.id}});
    }
  }
  static std::string facts(const ExchangeHost& host, AccountId account) {
    std::string bytes;
    Saver saver(bytes);
    const MatchingEngine& engine = host.engine();
    for (OrderTruth& order : engine.orders(0, 100'000)) saver(order);
    for (TradeTruth& trade : engine.trades(0, 100'000)) saver(trade);
    Account copy = engine.accounts()[account];
    saver(copy);
    return bytes;
  }
};

TEST_F(HostTest, AKilledProcessFindsEverythingAgain) {
  auto first = host(path / "data");
  const AccountId account = first->apply(OpenAccount{{1}, money("10000")}).opened.at(0);
  Random random(1);
  for (int round = 0; round < 3; ++round) {
    trade(*first, 300, account, random);
    auto second = host(copy_of(path / "data"));
    EXPECT_TRUE(facts(*second, account) == facts(*first, account));
    EXPECT_TRUE(second->engine().conservation().holds());
  }
}

TEST_F(HostTest, ASnapshotAndTheInputsAfterItGiveTheSameStateAsAllInputs) {
  auto first = host(path / "data");
  const AccountId account = first->apply(OpenAccount{{1}, money("10000")}).opened.at(0);
  Random random(2);
  trade(*first, 200, account, random);
  now += 2h;  // the next maintenance takes a snapshot
  first->advance();
  first->maintain();
  EXPECT_EQ(first->log().generation(), 1U);
  trade(*first, 200, account, random);
  auto second = host(copy_of(path / "data"));
  EXPECT_LT(second->folded_inputs(), 500U);
  EXPECT_TRUE(facts(*second, account) == facts(*first, account));
}

TEST_F(HostTest, MarketTimeGoesOnWhileTheProcessIsDown) {
  auto first = host(path / "data");
  std::size_t closed = 0;
  now += 10s;
  first->advance();
  auto second_folder = copy_of(path / "data");
  now += 10min;
  auto second = host(second_folder);
  for (const MarketNo number : second->engine().markets()) {
    if (!second->engine().is_open(number)) ++closed;
  }
  EXPECT_GT(closed, 8U);
  EXPECT_TRUE(second->engine().conservation().holds());
}

TEST_F(HostTest, AFolderKeepsItsSeedAndTakesNewSettings) {
  std::string slug;
  {
    auto first = host(path / "data", 4);
    slug = domain::to_string(first->engine().listing(first->engine().markets()[0])->market.id);
    first->close();
  }
  ExchangeHost::Options options;
  options.config.folder = path / "data";
  options.config.exchange.seed = 5;
  options.config.exchange.flow.edge = false;
  options.now = [this] { return now; };
  ExchangeHost second(std::move(options));
  EXPECT_EQ(second.seed(), 4U);
  EXPECT_EQ(domain::to_string(second.engine().listing(second.engine().markets()[0])->market.id),
            slug);
  EXPECT_FALSE(second.exchange().flow().settings().edge);
}

TEST_F(HostTest, RefusesAFolderOfAnotherRecording) {
  { auto first = host(path / "data"); }
  ExchangeHost::Options options;
  options.config.folder = path / "data";
  options.recording_fingerprint = "frames.jsonl:12";
  options.now = [this] { return now; };
  EXPECT_THROW(ExchangeHost second(std::move(options)), runtime::CannotStart);
}

TEST_F(HostTest, ForgottenOrdersAndTradesAreOnFileOnce) {
  auto first = host(path / "data");
  const AccountId account = first->apply(OpenAccount{{1}, money("10000")}).opened.at(0);
  Random random(3);
  trade(*first, 200, account, random);
  const fs::path before = copy_of(path / "data");
  now += 1h;
  first->advance();
  const auto count = [](const ExchangeHost& from) {
    std::uint64_t orders = 0;
    from.read_old_orders(0, [&](const OrderTruth&) { return ++orders > 0; });
    return orders;
  };
  EXPECT_GT(count(*first), 50U);
  EXPECT_EQ(count(*first), first->engine().forgotten().orders);
  const std::uint64_t known = count(*first);
  auto second = host(copy_of(path / "data"));
  EXPECT_EQ(count(*second), known);
}

TEST_F(HostTest, TradePagesHoldEachTradeOnceOldOnesIncluded) {
  auto venue = host(path / "data");
  const AccountId account = venue->apply(OpenAccount{{1}, money("100000")}).opened.at(0);
  Members members(venue->seed());
  members.learn(venue->exchange());
  Random random(5);
  const auto fills = [&] { return venue->engine().totals(account).fills; };
  while (fills() < 600) trade(*venue, 100, account, random);
  now += 1h;  // they go to the file
  venue->advance();
  const std::uint64_t old = fills();
  while (fills() < old + 600) trade(*venue, 100, account, random);

  const auto read = [&](PageQuery query) {
    std::vector<std::string> ids;
    while (true) {
      const auto page = trade_page(query, account, members, *venue);
      EXPECT_LE(page.items.size(), kPageItems);
      for (const auto& trade : page.items) ids.push_back(trade.id.value);
      if (page.last()) return ids;
      EXPECT_EQ(page.items.size(), kPageItems);
      const auto cursor = polymarket::parse_base64(page.next_cursor);
      query.after_number = std::stoull(std::string(cursor->begin(), cursor->end()));
    }
  };
  const std::vector<std::string> all = read({});
  EXPECT_GT(all.size(), 1'000U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  std::uint64_t known = 0;
  const auto count = [&known](const TradeTruth&) { return ++known > 0; };
  venue->read_old_trades(0, count);
  EXPECT_GT(known, 500U);
  venue->engine().read_trades(0, count);
  EXPECT_EQ(all.size(), known);

  PageQuery late;
  late.after_s = domain::to_unix_ms(now - 30min) / 1000;
  const std::vector<std::string> newer = read(late);
  EXPECT_GT(newer.size(), 500U);
  EXPECT_TRUE(std::equal(newer.rbegin(), newer.rend(), all.rbegin()));
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
