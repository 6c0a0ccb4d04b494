// The translations and the recording reader of the shell, without a socket.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/polymarket/messages/market_channel.hpp"
#include "services/venue-simulator/api/authentication.hpp"
#include "services/venue-simulator/api/shapes.hpp"
#include "services/venue-simulator/replay_driver.hpp"
#include "tests/support/recorded_data.hpp"
#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

struct MembersTest : ::testing::Test {
  polymarket::OrderSigner signer{kKey};
  Venue venue;
  Members members{7};
  AccountId account = [this] {
    venue.on(OpenAccount{signer.address().bytes, money("100")});
    const AccountId opened = venue.out.opened.at(0);
    venue.on(CreateKey{{opened, KeyKind::Api, 0}});
    members.learn(venue.exchange);
    return opened;
  }();
  const Member* member(std::uint64_t nonce = 0) {
    return members.by_nonce(signer.address(), nonce);
  }

  http::Request request(const polymarket::HeaderList& headers) {
    http::Request made;
    made.method = http::Method::Get;
    made.target = "/data/orders?id=1";
    made.path = "/data/orders";
    for (const auto& [name, value] : headers) made.headers.set(name, value);
    return made;
  }
};

TEST_F(MembersTest, CredentialsAreAFunctionOfSeedAndAddress) {
  Members again(7);
  again.learn(venue.exchange);
  Members other(8);
  other.learn(venue.exchange);
  ASSERT_NE(member(), nullptr);
  const std::string api_key = member()->credentials.api_key();
  EXPECT_EQ(api_key, again.by_nonce(signer.address(), 0)->credentials.api_key());
  EXPECT_NE(api_key, other.by_nonce(signer.address(), 0)->credentials.api_key());
  EXPECT_EQ(members.by_api_key(api_key), member());
  EXPECT_EQ(member()->account, account);
}

TEST_F(MembersTest, EachNonceHasAKeyOfItsOwnThatCanEnd) {
  EXPECT_EQ(member(7), nullptr);
  venue.on(CreateKey{{account, KeyKind::Api, 7}});
  members.learn(venue.exchange);
  ASSERT_NE(member(7), nullptr);
  const std::string second = member(7)->credentials.api_key();
  EXPECT_NE(second, member()->credentials.api_key());
  venue.on(EndKey{{account, KeyKind::Api, 7}});
  members.learn(venue.exchange);
  EXPECT_EQ(member(7), nullptr);
  EXPECT_EQ(members.by_api_key(second), nullptr);
  EXPECT_NE(member(), nullptr);
  venue.on(CreateKey{{account, KeyKind::Api, 7}});
  members.learn(venue.exchange);
  EXPECT_EQ(member(7)->credentials.api_key(), second);
}

TEST_F(MembersTest, AnOrderIsOfTheKeyThatSentIt) {
  venue.on(CreateKey{{account, KeyKind::Api, 7}});
  members.learn(venue.exchange);
  const auto order = derived_id<domain::VenueOrderId>(1, IdKind::Order, 1);
  EXPECT_EQ(members.owner_of(account, order), member()->credentials.api_key());
  venue.on(NoteOrigins{{{.order = order, .key_nonce = 7}}});
  EXPECT_EQ(members.owner_of(account, order), member(7)->credentials.api_key());
}

TEST_F(MembersTest, AReadOnlyKeyReadsForItsOwnerAlone) {
  const KeyName name{account, KeyKind::ReadOnly, 1};
  venue.on(CreateKey{name});
  members.learn(venue.exchange);
  const std::string key = members.credentials(name).api_key();
  const std::string address = polymarket::to_checksum(signer.address());
  const polymarket::HeaderList headers{{std::string(kHeaderReadOnlyKey), key},
                                       {std::string(polymarket::kHeaderAddress), address}};
  EXPECT_EQ(authenticate_reader(request(headers), members, 1'000), member());
  EXPECT_EQ(authenticate_l2(request(headers), members, 1'000), nullptr);
  const polymarket::HeaderList strange{
      {std::string(kHeaderReadOnlyKey), key},
      {std::string(polymarket::kHeaderAddress), "0x0000000000000000000000000000000000000001"}};
  EXPECT_EQ(authenticate_reader(request(strange), members, 1'000), nullptr);
  venue.on(EndKey{name});
  EXPECT_EQ(authenticate_reader(request(headers), members, 1'000), nullptr);
}

TEST_F(MembersTest, AcceptsL1HeadersOfTheRightKeyAndTime) {
  const auto headers = polymarket::l1_headers(signer, 137, 1'000, 3);
  EXPECT_EQ(authenticate_l1(request(headers), 137, 1'030), (L1Caller{signer.address(), 3}));
  EXPECT_EQ(authenticate_l1(request(headers), 137, 1'061), std::nullopt);
  EXPECT_EQ(authenticate_l1(request(headers), 80002, 1'000), std::nullopt);
  EXPECT_EQ(authenticate_l1(request({}), 137, 1'000), std::nullopt);
}

TEST_F(MembersTest, AcceptsL2HeadersForExactlyThisRequest) {
  const auto headers = member()->credentials.headers(
      signer.address(), 1'000, {.method = "GET", .path = "/data/orders", .body = ""});
  EXPECT_EQ(authenticate_l2(request(headers), members, 1'000), member());
  EXPECT_EQ(authenticate_l2(request(headers), members, 900), nullptr);
  auto other = request(headers);
  other.target = "/data/trades";
  EXPECT_EQ(authenticate_l2(other, members, 1'000), nullptr);
  other = request(headers);
  other.body = "{}";
  EXPECT_EQ(authenticate_l2(other, members, 1'000), nullptr);
}

TEST(Shapes, TheNoBookIsTheMirrorOfTheYesBook) {
  Venue venue;
  const AccountId alice = venue.open(1);
  const MarketNo market = venue.list();
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.40", "10");
  venue.submit(alice, market, Outcome::Yes, Side::Buy, "0.42", "20");
  venue.submit(alice, market, Outcome::No, Side::Buy, "0.30", "30");
  const auto yes =
      book_summary(venue.token(market, Outcome::Yes), venue.exchange.engine(), venue.now);
  const auto no =
      book_summary(venue.token(market, Outcome::No), venue.exchange.engine(), venue.now);
  ASSERT_TRUE(yes && no);
  EXPECT_EQ(yes->bids.back().price, price("0.42"));
  EXPECT_EQ(yes->asks.back().price, price("0.70"));
  EXPECT_EQ(no->bids.back().price, price("0.30"));
  EXPECT_EQ(no->asks.back().price, price("0.58"));
  EXPECT_EQ(no->asks.back().quantity, qty("20"));
}

TEST(Shapes, AMarketIsListedAsWhatItIs) {
  Venue venue(ExchangeSettings{.seed = 3});
  const MatchingEngine& engine = venue.exchange.engine();
  for (const MarketNo number : engine.markets()) {
    const domain::Market& truth = engine.listing(number)->market;
    const domain::Market read = polymarket::to_market(gamma_market(number, engine));
    EXPECT_EQ(read.id, truth.id);
    EXPECT_EQ(read.neg_risk, truth.neg_risk);
    EXPECT_EQ(read.augmented, truth.augmented);
    EXPECT_EQ(read.placeholder, truth.placeholder) << truth.slug;
    EXPECT_EQ(read.exchange, truth.exchange);
    EXPECT_EQ(read.status == domain::MarketStatus::Active,
              truth.status == domain::MarketStatus::Active);
    EXPECT_TRUE(polymarket::contradiction(read, clob_market(truth)).empty());
    EXPECT_EQ(polymarket::with_record(read, clob_market(truth)).taker_delay, truth.taker_delay);
  }
}

struct ReplayDriverTest : ::testing::Test {
  fs::path path =
      fs::temp_directory_path() / ("replay-test-" + std::to_string(::getpid()) + ".jsonl");
  void write(const std::vector<std::string>& lines) {
    std::ofstream file(path);
    for (const std::string& line : lines) file << line << "\n";
  }
  void TearDown() override { fs::remove(path); }
};

// Frames, but none of the market channel.
TEST_F(ReplayDriverTest, RefusesWhatShowsNoBook) {
  write({R"({"ts_ms":1000,"raw":"PONG"})", R"({"ts_ms":1000,"raw":"{\"event_type\":\"x\"}"})"});
  EXPECT_THROW((ReplayDriver{path.string(), 100}), runtime::CannotStart);
}

std::string market_hex() {
  return "0x" + std::string(63, '0') + "1";
}
std::string book_frame() {
  const auto book = [](const char* token, const char* bid, const char* ask) {
    return std::string(R"({\"event_type\":\"book\",\"market\":\")") + market_hex() +
           R"(\",\"asset_id\":\")" + token +
           R"(\",\"timestamp\":\"1780795911767\",\"hash\":\"\",\"bids\":[{\"price\":\")" + bid +
           R"(\",\"size\":\"100\"}],\"asks\":[{\"price\":\")" + ask + R"(\",\"size\":\"80\"}]})";
  };
  return R"({"ts_ms":1000,"raw":"[)" + book("11", "0.4", "0.45") + "," + book("22", "0.55", "0.6") +
         R"(]"})";
}

TEST_F(ReplayDriverTest, PlaysAtItsPaceTimesTheSpeedAndListsItsMarkets) {
  const fs::path folder = path.string() + ".data";
  fs::remove_all(folder);
  const std::string trade =
      R"({\"event_type\":\"last_trade_price\",\"market\":\")" + market_hex() +
      R"(\",\"asset_id\":\"11\",\"price\":\"0.45\",\"side\":\"BUY\",\"size\":\"30\",\"timestamp\":\"1780795912767\"})";
  write({book_frame(), R"({"ts_ms":3000,"raw":")" + trade + R"("})",
         R"({"ts_ms":3000,"raw":"no frame"})"});
  Timestamp now = kStart;
  {
    ReplayDriver driver(path.string(), 1'000);
    ExchangeHost::Options options;
    options.config.folder = folder;
    options.config.exchange.flow_kind = FlowKind::Replay;
    options.recording_fingerprint = driver.fingerprint();
    options.resolve_frames = [&](PlayFrames& frames) { driver.resolve(frames); };
    options.now = [&] { return now; };
    ExchangeHost host(std::move(options));
    driver.begin(host);
    int published = 0;
    const auto publish = [&](const polymarket::MarketFrame&, Timestamp) { ++published; };
    driver.play(host, publish);
    EXPECT_EQ(published, 1);
    ASSERT_EQ(host.engine().markets().size(), 1U);
    const domain::Market market = host.engine().listing(host.engine().markets()[0])->market;
    EXPECT_EQ(domain::to_string(market.yes_token), "11");
    EXPECT_FALSE(market.neg_risk);
    EXPECT_EQ(host.engine().best(MarketNo{1}, BookSide::Ask)->quantity, qty("80"));
    now += 199ms;  // two recorded seconds at ten times the pace
    driver.play(host, publish);
    EXPECT_EQ(published, 1);
  }
  // A restart goes on where the last run stopped.
  now += 1h;
  ReplayDriver driver(path.string(), 1'000);
  ExchangeHost::Options options;
  options.config.folder = folder;
  options.config.exchange.flow_kind = FlowKind::Replay;
  options.recording_fingerprint = driver.fingerprint();
  options.resolve_frames = [&](PlayFrames& frames) { driver.resolve(frames); };
  options.now = [&] { return now; };
  ExchangeHost host(std::move(options));
  driver.begin(host);
  EXPECT_EQ(host.engine().best(MarketNo{1}, BookSide::Ask)->quantity, qty("80"));
  EXPECT_EQ(driver.book_of(*domain::parse_token("22"), host.engine(), now)->bids.back().price,
            price("0.55"));
  driver.play(host, [](const polymarket::MarketFrame&, Timestamp) {});
  EXPECT_TRUE(driver.finished());
  EXPECT_EQ(host.engine().best(MarketNo{1}, BookSide::Ask)->quantity, qty("50"));
  EXPECT_EQ(driver.first_unreadable(), path.string() + ":3");
  fs::remove_all(folder);
}

// Six minutes of a real event: takers walk the recorded depth at every moment, also with an account
// that trades on it.
TEST_F(ReplayDriverTest, TheExchangeShowsTheRecordedDepth) {
  const auto data = test_support::recorded_data();
  if (!data) GTEST_SKIP() << test_support::kNoRecordedData;
  const fs::path file = *data / "polymarket" / "nhl_final_20260607_6min.jsonl.zst";
  const fs::path folder = path.string() + ".data";
  fs::remove_all(folder);
  Timestamp now = kStart;
  ReplayDriver driver(file.string(), 10'000);
  ExchangeHost::Options options;
  options.config.folder = folder;
  options.config.exchange.flow_kind = FlowKind::Replay;
  options.recording_fingerprint = driver.fingerprint();
  options.now = [&] { return now; };
  ExchangeHost host(std::move(options));
  driver.begin(host);
  std::size_t moments = 0;
  std::size_t differences = 0;
  while (!driver.finished()) {
    now += 1ms;
    driver.play(host, [](const polymarket::MarketFrame&, Timestamp) {});
    for (const MarketNo number : host.engine().markets()) {
      const domain::Market& market = host.engine().listing(number)->market;
      const auto recorded = driver.book_of(market.yes_token, host.engine(), now);
      if (!recorded || recorded->bids.empty() || recorded->asks.empty()) continue;
      ++moments;
      const auto bid = host.engine().best(number, BookSide::Bid);
      const auto ask = host.engine().best(number, BookSide::Ask);
      const bool same = bid && ask && bid->price == recorded->bids.back().price &&
                        ask->price == recorded->asks.back().price;
      if (!same) ++differences;
    }
  }
  EXPECT_EQ(driver.unreadable_frames(), 0U);
  EXPECT_EQ(host.engine().markets().size(), 6U);
  EXPECT_GT(moments, 10'000U);
  EXPECT_LT(differences * 200, moments) << differences << " of " << moments;
  fs::remove_all(folder);
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
