// The market data side against a venue that loses messages, hangs up, freezes and lies.
#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "common/wire/recovery_codec.hpp"
#include "common/wire/topics.hpp"
#include "tests/integration/gateway/gateway_fixture.hpp"

namespace polybot::gateway::test {
namespace {

using domain::MarketStatus;

class FeedTest : public GatewayFixture {
 protected:
  // What a subscriber on the bus hears.
  struct Heard {
    std::map<domain::MarketId, domain::OrderBook> books;
    std::map<domain::MarketId, bool> stale;
    std::map<domain::MarketId, domain::Market> markets;
    std::map<domain::MarketId, domain::QuoteTick> quotes;
    domain::ShardVouched books_vouched;  // the last of any shard
    domain::ShardVouched quotes_vouched;
    int trades = 0;
  };
  asio::awaitable<void> listen(Heard& heard) {
    co_await (listen_to(heard, name + "-md") && listen_to(heard, name + "-quotes"));
  }
  asio::awaitable<void> listen_to(Heard& heard, std::string address) {
    const bool is_quotes = address.ends_with("-quotes");
    bus::SubscriberConfig config{.endpoints = {{bus::EndpointRole::Dial, address}}};
    for (const char* channel : {"md", "market", "quote"}) {
      if (is_quotes == (channel == std::string_view("quote")))
        config.subscriptions.push_back(bus::Subscription::channel(channel));
    }
    bus::Subscriber subscriber(io.get_executor(), std::move(config), listener_stats);
    wire::MarketDataCodec codec;
    for (;;) {
      const bus::Received frame = co_await subscriber.receive();
      for (const std::string_view message : frame.messages) {
        take(heard, codec, bus::channel_of(frame.topic), message);
      }
    }
  }
  static void take(Heard& heard, wire::MarketDataCodec& codec, std::string_view channel,
                   std::string_view message) {
    if (channel == "quote") {
      wire::QuoteData data;
      EXPECT_EQ(wire::decode_quote(message, data), wire::DecodeError::None);
      if (const auto* quote = std::get_if<domain::QuoteTick>(&data)) {
        heard.quotes[quote->market] = *quote;
      } else {
        heard.quotes_vouched = std::get<domain::ShardVouched>(data);
      }
    } else if (channel == "market") {
      domain::Market market;
      EXPECT_EQ(wire::decode_market(message, market), wire::DecodeError::None);
      heard.markets[market.id] = market;
    } else {
      wire::MarketData data;
      EXPECT_EQ(codec.decode(message, data), wire::DecodeError::None);
      if (const auto* book = std::get_if<domain::BookSnapshot>(&data)) {
        heard.books[book->market].load(book->bids, book->asks);
        heard.stale[book->market] = book->stale;
      } else if (const auto* delta = std::get_if<domain::BookDelta>(&data)) {
        heard.books[delta->market].apply(delta->changes);
      } else if (const auto* stale = std::get_if<domain::BookStale>(&data)) {
        heard.stale[stale->market] = true;
      } else if (const auto* vouched = std::get_if<domain::ShardVouched>(&data)) {
        heard.books_vouched = *vouched;
      } else {
        ++heard.trades;
      }
    }
  }

  bus::Stats listener_stats;
};

TEST_F(FeedTest, DiscoversSubscribesAndTellsTheBus) {
  venue.add(1);
  venue.add(2);
  Heard heard;
  run([&]() -> asio::awaitable<void> {
    const auto steps = [&]() -> asio::awaitable<void> {
      co_await until("both markets are published",
                     [&] { return heard.markets.size() == 2 && heard.books.size() == 2; });
      co_await until("both are quoted", [&] { return heard.quotes.size() == 2; });
      venue.set(1, Side::Buy, 41, 3);
      venue.trade(1, 42);
      co_await until("the change arrives",
                     [&] { return heard.books[FakeVenue::id_of(1)].best_bid() == level(41, 3); });
      co_await until("the quote follows", [&] {
        const domain::QuoteTick& quote = heard.quotes[FakeVenue::id_of(1)];
        return quote.bid == level(41, 3) && quote.last == cents(42);
      });
      co_await until("the trade arrives", [&] { return heard.trades == 1; });
    };
    co_await (listen(heard) || steps());
  });
  EXPECT_EQ(heard.markets[FakeVenue::id_of(1)].slug, "market-1");
  EXPECT_EQ(venue.subscriptions, 1);
  EXPECT_EQ(venue.pings_too_early, 0);
  EXPECT_EQ(registry.gauge("polybot_venue_connected", {"rest"}).value(), 1);
}

TEST_F(FeedTest, VouchesForABookOnlyUpToWhatItsConnectionHasTold) {
  const domain::Timestamp begun = clock.now();
  venue.add(1).venue_ms = domain::to_unix_ms(begun) - 60'000;
  Heard heard;
  const auto quote = [&]() -> const domain::QuoteTick& {
    return heard.quotes[FakeVenue::id_of(1)];
  };
  run([&]() -> asio::awaitable<void> {
    const auto steps = [&]() -> asio::awaitable<void> {
      co_await until("the quiet book is quoted", [&] { return quote().bid == level(40, 10); });
      EXPECT_GE(quote().stamped_at, begun);  // asked for since
      // A change of long ago that waited, and a new one.
      venue.set(1, Side::Buy, 41, 3);
      const domain::Timestamp waited = domain::from_unix_ms(venue.at(1).venue_ms);
      co_await until("the old change is quoted", [&] { return quote().bid == level(41, 3); });
      EXPECT_EQ(quote().stamped_at, waited + kVenueLagMax);
      venue.at(1).venue_ms = domain::to_unix_ms(clock.now());
      venue.set(1, Side::Buy, 42, 3);
      co_await until("the new change is quoted", [&] { return quote().bid == level(42, 3); });
      EXPECT_GE(quote().stamped_at, begun);
    };
    co_await (listen(heard) || steps());
  });
}

TEST_F(FeedTest, BecomesReadyOnceEveryBookIsFresh) {
  venue.add(1);
  make_feed();
  EXPECT_FALSE(health.ready());
  run([&]() -> asio::awaitable<void> {
    co_await until("the gateway is ready", [&] { return health.ready(); });
  });
  EXPECT_EQ(registry.gauge("polybot_markets_tracked").value(), 1);
}

TEST_F(FeedTest, RepairsALostMessageByRest) {
  venue.add(1);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    venue.lose(1, Side::Buy, 42, 9);
    venue.set(1, Side::Buy, 30, 1);
    co_await until("the gap is found",
                   [&] { return counter("polybot_book_resyncs_total", {"best_mismatch"}) == 1; });
    co_await until("the book is right again",
                   [&] { return fresh(1) && best_bid(1) == level(42, 9); });
  });
  EXPECT_GE(venue.books_requests, 1);
  EXPECT_EQ(venue.subscriptions, 1);  // one loss does not cost the connection
}

TEST_F(FeedTest, DeclaresBooksStaleWhenTheConnectionEndsAndComesBack) {
  venue.add(1);
  Heard heard;
  run([&]() -> asio::awaitable<void> {
    const auto steps = [&]() -> asio::awaitable<void> {
      co_await until_fresh(1);
      co_await until("the bus has the book", [&] { return heard.books.size() == 1; });
      venue.opening_books = false;
      venue.hang_up();
      co_await until("the book is stale",
                     [&] { return !fresh(1) && heard.stale[FakeVenue::id_of(1)]; });
      co_await until("a new connection is there", [&] { return venue.subscriptions == 2; });
      EXPECT_FALSE(fresh(1));  // trusted only after an opening book
      venue.opening_books = true;
      venue.hang_up();
      co_await until_fresh(1);
    };
    co_await (listen(heard) || steps());
  });
  EXPECT_GE(counter("polybot_book_resyncs_total", {"disconnected"}), 1);
}

// A weekend on which nothing moves is no outage: the books are compared, and known up to then.
TEST_F(FeedTest, KnowsAQuietMarketUpToWhenItWasCompared) {
  const auto age = [this] {
    for (const metrics::FamilyValues& family : registry.collect({clock.now(), 1h})) {
      if (family.name == "polybot_market_data_last_update_timestamp_seconds")
        return family.series.front().value;
    }
    return metrics::kNoAge;
  };
  venue.add(1);
  settings.supervisor.silence = 100ms;
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    EXPECT_EQ(age(), metrics::kNoAge) << "an opening book says nothing of what comes after";
    co_await until("a quiet book is compared", [&] { return age() != metrics::kNoAge; });
    const int compared = venue.books_requests;
    co_await until("it is compared again",
                   [&] { return venue.books_requests > compared + 2 && age() < 0.2; });
  });
}

TEST_F(FeedTest, ReplacesAFrozenConnectionThatAnswersPings) {
  venue.add(1);
  settings.supervisor.silence = 100ms;
  settings.supervisor.ping_interval = 50ms;
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    venue.frozen = true;
    co_await until("quiet alone changes nothing",
                   [&] { return venue.books_requests >= 2 && venue.pings >= 2; });
    EXPECT_TRUE(fresh(1));
    venue.set(1, Side::Buy, 43, 2);
    venue.at(1).venue_ms += 3000;
    co_await until("a new socket brings the truth",
                   [&] { return fresh(1) && best_bid(1) == level(43, 2); });
  });
  EXPECT_EQ(counter("polybot_book_resyncs_total", {"feed_silent"}), 1);
  EXPECT_EQ(venue.subscriptions, 2);
}

TEST_F(FeedTest, SeedsABookByRestWhenNoOpeningBookComes) {
  venue.add(1);
  venue.opening_books = false;
  settings.supervisor.snapshot_timeout = 100ms;
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    EXPECT_GE(venue.books_requests, 1);
    co_await until("one more socket is tried", [&] { return venue.subscriptions == 2; });
    co_await until_fresh(1);
  });
}

TEST_F(FeedTest, AddsAMarketThatIsListedLater) {
  venue.add(1);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    venue.add(2);
    co_await until_fresh(2);
  });
  EXPECT_EQ(venue.clients(), 0U);
}

TEST_F(FeedTest, CrawlsNoMoreOftenThanTheVenueCachesItsListing) {
  venue.max_age = 300;
  venue.add(1);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    venue.add(2);
    std::string announced;
    polymarket::write_new_market({.market = FakeVenue::id_of(2),
                                  .venue_at = domain::from_unix_ms(1'780'795'911'000),
                                  .slug = "market-2",
                                  .question = "",
                                  .event_slug = "",
                                  .tokens = {},
                                  .outcomes = {},
                                  .tick = {}},
                                 announced);
    venue.say(announced);
    co_await until_fresh(2);  // it is looked up by itself
  });
  EXPECT_EQ(venue.listings, 1);
}

TEST_F(FeedTest, ReadsAPageAgainOnlyWhenItHasChanged) {
  venue.gives_etags = true;
  venue.add(1);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until("the page is unchanged", [&] { return venue.listings_unchanged >= 2; });
    venue.add(2);
    co_await until_fresh(2);
    venue.resolve(1, true);
    co_await until("the resolution is known", [&] { return feed->catalogue().books() == 1; });
  });
  EXPECT_EQ(feed->catalogue().find(FakeVenue::id_of(1))->status, domain::MarketStatus::Resolved);
}

TEST_F(FeedTest, KeepsTheBestByVolumeAndWhatIsHeld) {
  for (int n = 1; n <= 4; ++n) venue.add(n).gamma.volume_24h = domain::Money::from_units(10 * n);
  settings.catalogue.selection.books_max = 2;
  std::set<domain::MarketId> held;
  make_feed({.on_quote = {}, .on_trade = {}, .on_market = {}, .pinned = [&] { return held; }});
  const auto has = [&](int n) { return feed->catalogue().has_book(FakeVenue::id_of(n)); };
  run([&]() -> asio::awaitable<void> {
    co_await until("the best are kept", [&] { return has(3) && has(4); });
    held.insert(FakeVenue::id_of(1));
    co_await until("what is held is kept", [&] { return has(1) && has(4) && !has(3); });
    venue.at(2).gamma.volume_24h = domain::Money::from_units(100);
    co_await until("a better one has come", [&] { return has(1) && has(2); });
  });
}

TEST_F(FeedTest, IsNotReadyWhileABookThatIsWantedIsMissing) {
  venue.add(1);
  venue.add(2).record_missing = true;
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until("the missing book counts as stale",
                   [&] { return registry.gauge("polybot_books_stale").value() == 1; });
    EXPECT_FALSE(health.ready());
    venue.at(2).record_missing = false;
    co_await until("the gateway is ready", [&] { return health.ready(); });
  });
  EXPECT_EQ(registry.gauge("polybot_books_stale").value(), 0);
}

TEST_F(FeedTest, EndsTheBookOfAResolvedMarketAndTellsThePayout) {
  venue.add(1);
  venue.add(2);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    venue.resolve(1, false);
    co_await until("it is resolved", [&] {
      const domain::Market* market = feed->catalogue().find(FakeVenue::id_of(1));
      return market != nullptr && market->status == MarketStatus::Resolved;
    });
    EXPECT_EQ(feed->catalogue().find(FakeVenue::id_of(1))->payout.no, domain::kPriceOne);
    EXPECT_FALSE(feed->book(FakeVenue::id_of(1)).has_value());
    EXPECT_TRUE(feed->quote(FakeVenue::id_of(1))->stale);
    EXPECT_TRUE(fresh(2));
  });
}

TEST_F(FeedTest, TakesNoHalfPayoutFromAResolutionThatNamesNoWinner) {
  venue.add(1);
  venue.add(2);
  const auto market = [&]() -> const domain::Market& {
    return *feed->catalogue().find(FakeVenue::id_of(1));
  };
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    std::string text;
    polymarket::write_market_resolved({.market = FakeVenue::id_of(1),
                                       .venue_at = clock.now(),
                                       .tokens = {},
                                       .winning_token = std::nullopt,
                                       .winning_outcome = {}},
                                      text);
    venue.say(text);
    co_await until("it is over", [&] { return market().status == MarketStatus::Closed; });
    EXPECT_EQ(market().payout, domain::Payout{});
    const domain::Price half = cents(50);
    venue.at(1).gamma.closed = true;
    venue.at(1).gamma.resolution_status = "resolved";
    venue.at(1).gamma.outcome_prices = {{half, half}};
    co_await until("the listing tells", [&] { return market().status == MarketStatus::Resolved; });
    EXPECT_EQ(market().payout, (domain::Payout{half, half}));
  });
}

TEST_F(FeedTest, RefusesAMarketWhoseRecordContradictsItsListing) {
  venue.add(1);
  venue.add(2).contradicts = true;
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until("the other is refused", [&] { return feed->catalogue().refused() == 1; });
  });
  EXPECT_EQ(feed->catalogue().find(FakeVenue::id_of(2)), nullptr);
}

TEST_F(FeedTest, OpensNothingInAMarketWhoseTermsBecomeUnreadable) {
  venue.add(1);
  venue.add(2);
  const auto status = [&] { return feed->catalogue().find(FakeVenue::id_of(1))->status; };
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    venue.at(1).gamma.fee = {.rate_ppm = 25'000, .exponent = 3};
    co_await until("nothing is opened there", [&] { return status() == MarketStatus::ReduceOnly; });
    EXPECT_TRUE(fresh(1));
    co_await until("the field is counted", [&] {
      return registry.gauge("polybot_markets_unreadable", {"fee"}).value() == 1;
    });
    venue.at(1).gamma.closed = true;
    venue.at(1).gamma.resolution_status = "resolved";
    venue.at(1).gamma.outcome_prices = {{domain::kPriceOne, {}}};
    co_await until("its result is read", [&] { return status() == MarketStatus::Resolved; });
  });
  EXPECT_EQ(feed->catalogue().find(FakeVenue::id_of(2))->status, MarketStatus::Active);
}

TEST_F(FeedTest, TakesTheResultOfAMarketThatNeverSaysSoFromItsRecord) {
  venue.add(1);
  venue.add(2);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    venue.at(1).gamma.closed = true;
    venue.at(1).gamma.outcome_prices = {{domain::Price{}, domain::kPriceOne}};
    const auto status = [&] { return feed->catalogue().find(FakeVenue::id_of(1))->status; };
    co_await until("it is over", [&] { return status() == MarketStatus::Closed; });
    venue.winners[FakeVenue::id_of(1)] = venue.at(1).gamma.tokens[1];
    co_await until("its result is known", [&] { return status() == MarketStatus::Resolved; });
    EXPECT_EQ(feed->catalogue().find(FakeVenue::id_of(1))->payout.no, domain::kPriceOne);
  });
}

TEST_F(FeedTest, NoticesAFeeThatIsChangedInPlace) {
  venue.add(1).gamma.fee = {.rate_ppm = 20'000, .exponent = 1};
  const auto rate = [&] { return feed->catalogue().find(FakeVenue::id_of(1))->fee.rate_ppm; };
  Heard heard;
  run([&]() -> asio::awaitable<void> {
    const auto steps = [&]() -> asio::awaitable<void> {
      co_await until_fresh(1);
      EXPECT_EQ(rate(), 20'000);
      venue.at(1).gamma.fee.rate_ppm = 70'000;
      co_await until("the new rate is known", [&] { return rate() == 70'000; });
      co_await until("and told",
                     [&] { return heard.markets[FakeVenue::id_of(1)].fee.rate_ppm == 70'000; });
    };
    co_await (listen(heard) || steps());
  });
}

TEST_F(FeedTest, TradesAgainWhatTheRecordHadPaused) {
  venue.add(1);
  settings.catalogue.record_refresh = 50ms;
  settings.catalogue.record_reread = 50ms;
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    const auto status = [&] { return feed->catalogue().find(FakeVenue::id_of(1))->status; };
    venue.at(1).record_refuses = true;
    co_await until("it is paused", [&] { return status() == MarketStatus::Paused; });
    venue.at(1).record_refuses = false;
    co_await until("it goes on", [&] { return status() == MarketStatus::Active; });
    co_await until_fresh(1);
  });
}

// A maker still rests between the ticks of a new grid, and each whole book shows it.
TEST_F(FeedTest, OneBookOffTheGridCostsNoOther) {
  venue.add(1);
  venue.add(2);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until_fresh(2);
    const std::array bids = {level(40, 220),
                             domain::Level{domain::Price::from_raw(4130), shares(17)}};
    const std::array asks = {level(45, 90)};
    venue.at(1).book.load(bids, asks);
    for (int i = 0; i < 10; ++i) {
      venue.at(1).venue_ms += 6'000;
      std::string text;
      polymarket::write_book({.market = FakeVenue::id_of(1),
                              .token = venue.at(1).gamma.tokens[0],
                              .venue_at = domain::from_unix_ms(venue.at(1).venue_ms),
                              .bids = bids,
                              .asks = asks,
                              .tick = cents(1),
                              .last_trade_price = {}},
                             {.min_size = shares(5), .neg_risk = false}, text);
      venue.say(text);
    }
    co_await until("each is refused",
                   [&] { return counter("polybot_book_resyncs_total", {"bad_level"}) >= 10; });
    EXPECT_FALSE(fresh(1));
    EXPECT_TRUE(fresh(2));
    venue.set(2, Side::Buy, 41, 3);
    co_await until("the other goes on", [&] { return best_bid(2) == level(41, 3); });
  });
  EXPECT_EQ(venue.subscriptions, 1);
}

TEST_F(FeedTest, DoubtsTheOneBookThatAMessageItCannotReadIsAbout) {
  venue.add(1);
  venue.add(2);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until_fresh(2);
    const int asked = venue.books_requests;
    venue.lose(1, Side::Buy, 42, 9);
    venue.say(R"([{"event_type":"price_change","market":")" +
              domain::to_string(FakeVenue::id_of(1)) +
              R"(","timestamp":"1780795999000","price_changes":[{"price":""}]}])");
    co_await until("it is read again", [&] { return venue.books_requests > asked; });
    co_await until("it is right", [&] { return fresh(1) && best_bid(1) == level(42, 9); });
    EXPECT_TRUE(fresh(2));
  });
  EXPECT_EQ(venue.subscriptions, 1);
}

TEST_F(FeedTest, DoubtsABookThatComesBeforeTheChangeItCannotReadInOneFrame) {
  venue.add(1);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    const int asked = venue.books_requests;
    venue.at(1).venue_ms += 1'000;
    std::string book;
    const std::array bids = {level(40, 10)};
    const std::array asks = {level(45, 20)};
    polymarket::write_book({.market = FakeVenue::id_of(1),
                            .token = venue.at(1).gamma.tokens[0],
                            .venue_at = domain::from_unix_ms(venue.at(1).venue_ms),
                            .bids = bids,
                            .asks = asks,
                            .tick = cents(1),
                            .last_trade_price = {}},
                           {.min_size = shares(5), .neg_risk = false}, book);
    venue.lose(1, Side::Buy, 42, 9);
    venue.say("[" + book + R"(,{"event_type":"price_change","market":")" +
              domain::to_string(FakeVenue::id_of(1)) +
              R"(","timestamp":"1780795999000","price_changes":[{"price":""}]}])");
    co_await until("it is read again", [&] { return venue.books_requests > asked; });
    co_await until("it is right", [&] { return fresh(1) && best_bid(1) == level(42, 9); });
  });
}

TEST_F(FeedTest, DoubtsEveryBookOfALinkAfterAnUnreadableMessage) {
  venue.add(1);
  venue.add(2);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    co_await until_fresh(2);
    venue.lose(1, Side::Buy, 42, 9);
    venue.lose(2, Side::Buy, 43, 8);
    venue.say(R"({"event_type":"price_change"})");
    co_await until("the first is right", [&] { return best_bid(1) == level(42, 9); });
    co_await until("the second is right", [&] { return best_bid(2) == level(43, 8); });
    const int asked = venue.books_requests;
    venue.say(R"({"event_type":"last_trade_price","market":")" +
              domain::to_string(FakeVenue::id_of(1)) + R"("})");
    co_await until("it is refused", [&] {
      return counter("polybot_market_data_frames_refused_total", {"malformed"}) == 2;
    });
    EXPECT_TRUE(fresh(1)) << "a trade changes no book";
    EXPECT_EQ(venue.books_requests, asked);
  });
  EXPECT_EQ(venue.subscriptions, 1);
}

TEST_F(FeedTest, KnowsHowManyMarketsANegRiskEventHas) {
  venue.add(1, "election", true);
  venue.add(2, "election", true);
  venue.add(3, "election", true);
  venue.resolve(3, false);  // out before we came
  run([&]() -> asio::awaitable<void> {
    co_await until("the total is known", [&] {
      const domain::Market* market = feed->catalogue().find(FakeVenue::id_of(1));
      return market != nullptr && market->event_market_count == 3;
    });
  });
}

TEST_F(FeedTest, SurvivesFramesThatMakeNoSense) {
  const std::vector<std::string> nonsense = {"",
                                             "{",
                                             "[1,2]",
                                             R"({"event_type":"book"})",
                                             "INVALID OPERATION",
                                             R"({"event_type":"something_new","x":1})"};
  venue.add(1);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    for (const std::string& frame : nonsense) venue.say(frame);
    venue.set(1, Side::Buy, 41, 3);
    co_await until("the feed goes on", [&] { return best_bid(1) == level(41, 3); });
    EXPECT_EQ(venue.subscriptions, 1);
    venue.say("\xff\xfe");  // not a text at all: this one costs the connection
    co_await until("a new connection is there",
                   [&] { return venue.subscriptions == 2 && fresh(1); });
  });
  EXPECT_GE(counter("polybot_market_data_frames_refused_total", {"malformed"}), 4);
  EXPECT_EQ(counter("polybot_market_data_frames_refused_total", {"invalid_operation"}), 1);
  EXPECT_EQ(counter("polybot_market_data_events_total", {"unknown"}), 1);
}

TEST_F(FeedTest, AnswersForTheBooksOfAShard) {
  venue.add(1);
  run([&]() -> asio::awaitable<void> {
    co_await until_fresh(1);
    const domain::Shard shard =
        domain::shard_of(feed->catalogue().find(FakeVenue::id_of(1))->event);
    bus::RecoveryClient client(io.get_executor(), {.address = name + "-books"}, listener_stats);
    const auto bytes = co_await client.request(wire::encode_books_request({shard}), 2000ms);
    EXPECT_TRUE(bytes.has_value());
    wire::BooksAnswer answer;
    EXPECT_EQ(wire::decode_books_answer(*bytes, answer), wire::DecodeError::None);
    EXPECT_EQ(answer.books.size(), 1U);
    EXPECT_EQ(answer.position.incarnation, 42U);
    EXPECT_FALSE((co_await client.request("garbage", 2000ms)).has_value());
  });
}

TEST_F(FeedTest, RetriesAVenueThatIsNotThereYet) {
  venue.add(1);
  settings.urls.market_ws = "ws://127.0.0.1:0/ws/market";
  settings.supervisor.silence = 50ms;
  run([&]() -> asio::awaitable<void> {
    co_await until("it says so", [&] {
      const auto reasons = health.reasons();
      return std::any_of(reasons.begin(), reasons.end(), [](const std::string& reason) {
        return reason.find("connections are down") != std::string::npos;
      });
    });
  });
  EXPECT_FALSE(health.ready());
}

}  // namespace
}  // namespace polybot::gateway::test
