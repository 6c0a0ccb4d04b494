// The market data feed with hand-made frames and answers: real NNG, port 0.
#include "services/strategy-runner/market_feed.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/bus/nng.hpp"
#include "common/wire/topics.hpp"
#include "tests/integration/bus/loop.hpp"

namespace polybot::strategy_runner {
namespace {

using namespace std::chrono_literals;
using bus::test::kAnyTcpPort;
using bus::test::listen_on;
using bus::test::Loop;

constexpr std::uint64_t kGateway = 7;
constexpr domain::Shard kShard{3};

constexpr std::uint64_t bit(domain::Shard shard) {
  return std::uint64_t{1} << shard.value;
}

class MarketFeedTest : public testing::Test {
 protected:
  MarketFeedTest() {
    market_.id.bytes[0] = 1;
    const std::string stream =
        publisher_.attach(listen_on(kAnyTcpPort), bus::NetworkTrust::LoopbackOnly);
    const auto answer =
        [this](std::string bytes) -> boost::asio::awaitable<boost::system::result<std::string>> {
      wire::BooksRequest request;
      EXPECT_EQ(wire::decode_books_request(bytes, request), wire::DecodeError::None);
      ++asked_;
      const wire::BooksAnswer nothing{.position = {kGateway, 0}, .books = {}, .complete = true};
      const std::string taken =
          wire::encode_books_answer(request.shard == kShard ? answer_ : nothing);
      while (held_)
        co_await released_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
      co_return taken;
    };
    books_ = std::make_unique<bus::RecoveryServer>(
        loop_.executor(), bus::RecoveryServerConfig{.endpoint = listen_on(kAnyTcpPort)}, answer,
        stats_);
    const BusConfig config{.market_data = stream, .market_data_recovery = books_->address()};
    feed_ = std::make_unique<MarketFeed>(
        loop_.executor(), config, stats_, registry_,
        MarketFeed::Sink{.apply = [this](const Input& input) { take(input); },
                         .settle = [](domain::Duration) {}});
    const auto ended = [](const std::exception_ptr&) {};
    boost::asio::co_spawn(loop_.io, feed_->run(), ended);
  }
  ~MarketFeedTest() override {
    release();
    feed_->close();
    books_.reset();
    loop_.turn();
  }

  void take(const Input& input) {
    if (std::holds_alternative<MarketDataGap>(input)) {
      ++gaps_;
      stale_ = true;
    } else if (const auto* book = std::get_if<BookLoaded>(&input)) {
      loaded_.push_back(book->snapshot.bids.at(0).price.raw());
      stale_ = false;
    } else if (std::holds_alternative<BookChanged>(input)) {
      ++changes_;
    }
  }

  // Sends a frame of one change of the book with this number in the stream of the shard.
  void send(std::uint64_t seq, std::size_t count = 1) {
    const bus::Producer gateway{
        .service = "gateway", .replica = "gateway-1", .incarnation = kGateway};
    std::string body;
    const domain::BookDelta delta{.market = market_.id, .stamped_at = clock_.now()};
    for (std::size_t i = 0; i < count; ++i) bus::append_message(body, codec_.encode(delta));
    const std::string header = bus::encode_header(gateway, wire::topics::market_data(kShard), seq,
                                                  domain::to_unix_ns(clock_.now()));
    publisher_.send(bus::nng::Message::of(header, body));
    answer_.position = {kGateway, seq + count - 1};
  }
  std::uint64_t last_sent() const { return answer_.position.seq; }

  // Sets what the gateway answers from now on: a market whose best bid is this.
  void have_book(std::int64_t bid) {
    answer_.markets = {market_};
    answer_.books = {{.market = market_.id,
                      .bids = {{domain::Price::from_raw(bid), domain::Quantity::from_units(1)}},
                      .asks = {},
                      .stamped_at = clock_.now()}};
  }
  // Follows the shard until the stream is joined with the answer.
  void join(std::int64_t bid) {
    have_book(bid);
    feed_->follow(bit(kShard));
    // PUB does not tell when a connection stands.
    ASSERT_TRUE(loop_.run_until([&] {
      if (changes_ > 0) return true;
      send(last_sent() + 1);
      return false;
    }));
    ASSERT_TRUE(loop_.run_until([&] { return gaps_ > 1 && !stale_; }));
    ASSERT_TRUE(settled());
  }
  // Everything that was sent has arrived.
  bool settled() {
    const int before = changes_;
    send(last_sent() + 1);
    return loop_.run_until([&] { return changes_ > before; });
  }
  // Makes a gap: books are asked for, and the answer given now is under way until release().
  bool asks_with_the_answer_held_back() {
    const int before = asked_;
    loaded_.clear();
    held_ = true;
    have_book(4'100);
    send(last_sent() + 3);
    return loop_.run_until([&] { return asked_ == before + 1; });
  }
  void release() {
    held_ = false;
    released_.cancel();
  }

  Loop loop_;
  bus::Stats stats_;
  metrics::Registry registry_{{.service = "strategy-runner", .replica = "runner-1"}};
  runtime::Clock clock_;
  domain::Market market_;
  wire::MarketDataCodec codec_;
  bus::nng::Socket publisher_{bus::nng::Protocol::Publish, 64};
  wire::BooksAnswer answer_{.position = {kGateway, 0}, .books = {}, .complete = true};
  boost::asio::steady_timer released_{loop_.executor(),
                                      boost::asio::steady_timer::time_point::max()};
  std::unique_ptr<bus::RecoveryServer> books_;
  std::unique_ptr<MarketFeed> feed_;
  bool held_ = false;
  bool stale_ = true;
  int asked_ = 0;
  int gaps_ = 0;
  int changes_ = 0;
  std::vector<std::int64_t> loaded_;
};

TEST_F(MarketFeedTest, DoesNotTakeBooksFromBeforeASecondGapForThoseAfterIt) {
  join(4'000);
  const int asked = asked_;
  const int gaps = gaps_;
  ASSERT_TRUE(asks_with_the_answer_held_back());
  have_book(4'200);
  send(last_sent() + 6);  // what is lost before it is not in the answer under way
  ASSERT_TRUE(loop_.run_until([&] { return gaps_ == gaps + 2; }));
  release();
  ASSERT_TRUE(loop_.run_until([&] { return !stale_; }));
  EXPECT_EQ(loaded_, std::vector<std::int64_t>{4'200});
  // The second answer is joined, so no more is asked.
  ASSERT_TRUE(settled());
  EXPECT_EQ(asked_, asked + 2);
  EXPECT_EQ(gaps_, gaps + 2);
}

TEST_F(MarketFeedTest, DoesNotTakeBooksFromBeforeWhatItCouldNotKeep) {
  join(4'000);
  ASSERT_TRUE(asks_with_the_answer_held_back());
  have_book(4'200);
  const int changes = changes_;
  send(last_sent() + 1, 9'000);  // more than is kept for an answer
  ASSERT_TRUE(loop_.run_until([&] { return changes_ == changes + 9'000; }));
  release();
  ASSERT_TRUE(loop_.run_until([&] { return !stale_; }));
  EXPECT_EQ(loaded_, std::vector<std::int64_t>{4'200});
}

TEST_F(MarketFeedTest, TakesTheBooksOfARestartedGatewayThatIsStillSilent) {
  join(4'000);
  const int asked = asked_;
  have_book(4'100);
  send(last_sent() + 3);
  answer_.position = {kGateway + 1, 0};
  ASSERT_TRUE(loop_.run_until([&] { return loaded_.back() == 4'100; }));
  EXPECT_EQ(asked_, asked + 1);
}

TEST_F(MarketFeedTest, KeepsItsBooksByAnswersWhileTheStreamIsSilent) {
  join(4'000);
  const auto alive_at = feed_->alive_at();
  for (const std::int64_t bid : {4'100, 4'200}) {
    have_book(bid);
    ASSERT_TRUE(loop_.run_until([&] { return loaded_.back() == bid; }));
  }
  EXPECT_EQ(feed_->alive_at(), alive_at);  // that proves nothing of the stream
  // When it sends again, it is joined.
  const int gaps = gaps_;
  have_book(4'300);
  send(last_sent() + 3);
  ASSERT_TRUE(loop_.run_until([&] { return gaps_ > gaps && !stale_; }));
  EXPECT_EQ(loaded_.back(), 4'300);
  EXPECT_GT(feed_->alive_at(), alive_at);
  const int asked = asked_;
  ASSERT_TRUE(settled());
  EXPECT_EQ(asked_, asked);
}

TEST_F(MarketFeedTest, IsAliveWhileNothingIsPublished) {
  feed_->follow(bit(kShard) | bit({5}));
  ASSERT_TRUE(loop_.run_until([&] { return feed_->alive_at().has_value(); }));
  for (int i = 0; i < 2; ++i) {
    const auto alive_at = feed_->alive_at();
    ASSERT_TRUE(loop_.run_until([&] { return feed_->alive_at() > alive_at; }));
  }
}

TEST_F(MarketFeedTest, ASilentShardDoesNotVouchForAnother) {
  have_book(4'000);
  feed_->follow(bit(kShard) | bit({5}));
  ASSERT_TRUE(loop_.run_until([&] { return asked_ >= 2 && feed_->alive_at().has_value(); }));
  const auto alive_at = feed_->alive_at();
  ASSERT_TRUE(loop_.run_until([&] { return asked_ >= 7; }));
  EXPECT_EQ(feed_->alive_at(), alive_at);
}

}  // namespace
}  // namespace polybot::strategy_runner
