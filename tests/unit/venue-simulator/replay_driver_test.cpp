// A recording with notes: markets, their terms, ends and results are those of the record.
#include "services/venue-simulator/replay_driver.hpp"

#include <gmock/gmock.h>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/recording/samples.hpp"
#include "tests/unit/venue-simulator/harness.hpp"

namespace polybot::venue_simulator::testing {
namespace {

using recording::cents;
using recording::MarketNote;
using recording::sample_market;
using recording::SampleLines;
using recording::shares;

// One run over the folder of a replay; the time is the test's.
struct Replayed {
  ReplayDriver driver;
  ExchangeHost host;

  Replayed(const std::filesystem::path& file, const std::filesystem::path& data,
           const Timestamp& now)
      : driver(file.string(), 100), host(options(data, now)) {
    driver.begin(host);
  }
  ExchangeHost::Options options(const std::filesystem::path& data, const Timestamp& now) {
    ExchangeHost::Options made;
    made.config.folder = data;
    made.config.exchange.flow_kind = FlowKind::Replay;
    made.recording_fingerprint = driver.fingerprint();
    made.resolve_frames = [this](PlayFrames& frames) { driver.resolve(frames); };
    made.now = [&now] { return now; };
    return made;
  }
  void play() {
    host.advance();
    driver.play(host, [](const polymarket::MarketFrame&, Timestamp) {});
  }
  [[nodiscard]] const domain::Market* find(const domain::MarketId& id) const {
    const auto number = host.engine().find_market(id);
    return number ? &host.engine().listing(*number)->market : nullptr;
  }
};

struct ReplayNotesTest : ::testing::Test {
  test_support::TemporaryFolder folder;
  domain::Market market = sample_market();
  Timestamp now = kStart;
  SampleLines lines;

  ReplayNotesTest() {
    market.ends_at = domain::from_unix_ms(61'000);
    lines.note(1'000, recording::Header{});
    lines.note(1'000, MarketNote{market});
    lines.frame(1'000, recording::book_frame(market, market.yes_token, 1'000,
                                             {{cents(40), shares(10)}}, {{cents(60), shares(10)}}));
  }
  std::unique_ptr<Replayed> replay() {
    std::ofstream(folder / "frames.jsonl") << lines.text();
    return std::make_unique<Replayed>(folder / "frames.jsonl", folder / "data", now);
  }
};

TEST_F(ReplayNotesTest, ListsAMarketAsItsNoteDescribesIt) {
  const auto replayed = replay();
  replayed->play();
  ASSERT_EQ(replayed->host.engine().markets().size(), 1U);
  domain::Market expected = market;
  expected.ends_at = now + 60s;  // a minute after the beginning, as in the record
  EXPECT_EQ(*replayed->find(market.id), expected);
  const MarketNo number = *replayed->host.engine().find_market(market.id);
  EXPECT_EQ(replayed->host.engine().best(number, BookSide::Bid)->price, cents(40));
  EXPECT_EQ(replayed->driver.unreadable_frames(), 0U);
}

// A recorder subscribes the YES token alone.
TEST_F(ReplayNotesTest, ShowsTheMirrorWhereOneTokenWasRecorded) {
  lines.frame(1'001,
              recording::change_frame(market, 1'001, cents(45), shares(7), {cents(45), cents(60)}));
  const auto replayed = replay();
  replayed->play();
  now += 1ms;
  replayed->play();
  const auto no = replayed->driver.book_of(market.no_token, replayed->host.engine(), now);
  ASSERT_TRUE(no);
  EXPECT_EQ(no->asks.back(), (domain::Level{cents(55), shares(7)}));
  EXPECT_EQ(no->bids.back(), (domain::Level{cents(40), shares(10)}));
}

TEST_F(ReplayNotesTest, TakesOverChangedTerms) {
  domain::Market dearer = market;
  dearer.fee.rate_ppm = 90'000;
  dearer.status = domain::MarketStatus::Paused;
  lines.note(2'000, MarketNote{dearer});
  const auto replayed = replay();
  replayed->play();
  EXPECT_EQ(replayed->find(market.id)->fee, market.fee);
  now += 1s;
  replayed->play();
  EXPECT_EQ(replayed->find(market.id)->fee, dearer.fee);
  EXPECT_FALSE(replayed->host.engine().is_open(MarketNo{1}));
}

TEST_F(ReplayNotesTest, ShowsAgainWhatCameWhileAMarketWasPaused) {
  domain::Market paused = market;
  paused.status = domain::MarketStatus::Paused;
  lines.note(1'100, MarketNote{paused});
  lines.frame(1'200,
              recording::change_frame(market, 1'200, cents(45), shares(7), {cents(45), cents(60)}));
  lines.note(1'300, MarketNote{market});
  lines.frame(1'400,
              recording::change_frame(market, 1'400, cents(45), shares(9), {cents(45), cents(60)}));
  const auto replayed = replay();
  for (int i = 0; i < 5; ++i, now += 100ms) replayed->play();
  EXPECT_EQ(replayed->host.engine().quantity_at(MarketNo{1}, BookSide::Bid, cents(45)), shares(9));
  EXPECT_EQ(replayed->host.engine().quantity_at(MarketNo{1}, BookSide::Bid, cents(40)), shares(10));
}

// Not at its stated end, but when the record says so, and it pays what the record says.
TEST_F(ReplayNotesTest, EndsAndPaysWhenTheRecordSaysSo) {
  domain::Market over = market;
  over.status = domain::MarketStatus::Resolved;
  lines.note(301'000, MarketNote{over});
  lines.note(301'000, recording::ResolvedNote{market.id, {{}, domain::kPriceOne}});
  const auto replayed = replay();
  replayed->play();
  const AccountId alice = [&] {
    OpenAccount open;
    open.deposit = money("100");
    return replayed->host.apply(open).opened.at(0);
  }();
  SubmitOrders order;
  order.account = alice;
  order.orders.push_back({.id = derived_id<domain::VenueOrderId>(1, IdKind::Order, 1),
                          .token = market.no_token,
                          .side = domain::Side::Buy,
                          .limit = cents(60),
                          .quantity = shares(20),
                          .time_in_force = domain::TimeInForce::Fak});
  static_cast<void>(replayed->host.apply(order));
  const auto cash = [&] { return replayed->host.engine().accounts()[alice].cash; };
  now += 200s;
  replayed->play();
  EXPECT_TRUE(replayed->host.engine().is_open(MarketNo{1}));
  const domain::Money before = cash();
  now += 100s;
  replayed->play();
  EXPECT_EQ(replayed->find(market.id)->status, domain::MarketStatus::Resolved);
  EXPECT_EQ(replayed->find(market.id)->payout, (domain::Payout{{}, domain::kPriceOne}));
  now += 1min;
  replayed->play();
  EXPECT_EQ(cash(), before + money("10"));
  EXPECT_TRUE(replayed->driver.finished());
}

TEST_F(ReplayNotesTest, GoesOnAfterARestartWithALaterEnd) {
  lines.frame(5'000,
              recording::change_frame(market, 5'000, cents(45), shares(7), {cents(45), cents(60)}));
  {
    const auto replayed = replay();
    replayed->play();
  }
  now += 1h;
  const auto replayed = replay();
  EXPECT_EQ(replayed->host.engine().markets().size(), 1U);
  replayed->play();
  // The next frame is due at once, 4 s into the recording: 56 s are left.
  EXPECT_EQ(replayed->find(market.id)->ends_at, now + 56s);
  EXPECT_EQ(replayed->host.engine().quantity_at(MarketNo{1}, BookSide::Bid, cents(45)), shares(7));
}

TEST_F(ReplayNotesTest, NamesANoteThatTakesAnothersToken) {
  domain::Market thief = sample_market(2);
  thief.no_token = market.yes_token;
  lines.note(1'000, MarketNote{thief});
  const auto replayed = replay();
  replayed->play();
  EXPECT_EQ(replayed->host.engine().markets().size(), 1U);
  EXPECT_EQ(replayed->driver.unreadable_frames(), 1U);
  EXPECT_THAT(replayed->driver.first_unreadable(), ::testing::EndsWith("frames.jsonl:4"));
}

// Times are numbers of a file: the largest ones end no replay.
TEST_F(ReplayNotesTest, BearsAnyTime) {
  lines.raw("{\"ts_ms\":9223372036854775807,\"raw\":\"[]\"}\n");
  const auto replayed = replay();
  replayed->play();
  EXPECT_FALSE(replayed->driver.finished());
}

}  // namespace
}  // namespace polybot::venue_simulator::testing
