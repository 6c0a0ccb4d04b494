// Gamma markets, the CLOB market record, books and scalar answers.
#include "common/polymarket/messages/catalogue.hpp"

#include "common/polymarket/messages/json.hpp"
#include "tests/unit/polymarket/book_hash.hpp"
#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using domain::MarketStatus;

std::string sample(std::string text) {
  const std::pair<std::string, std::string> names[] = {{"MARKET", to_string(market_id(1))},
                                                       {"TOKEN1", to_string(token_id(1))},
                                                       {"TOKEN2", to_string(token_id(2))},
                                                       {"TOKEN3", to_string(token_id(3))},
                                                       {"TOKEN4", to_string(token_id(4))}};
  for (const auto& [name, value] : names) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name)) {
      text.replace(at, name.size(), value);
    }
  }
  return text;
}

// Shaped like a live capture: arrays as text in strings, numbers as numbers, positionIds on a v1
// market.
const std::string kMarket = sample(
    R"({"id":"1557558","question":"Bitcoin Up or Down - 5 minutes","conditionId":"MARKET","questionID":"0x1581",)"
    R"("slug":"btc-updown-5m-1773307200","outcomes":"[\"Up\", \"Down\"]","outcomePrices":"[\"0.505\", \"0.495\"]",)"
    R"("clobTokenIds":"[\"TOKEN1\", \"TOKEN2\"]","positionIds":["TOKEN3","TOKEN4"],"version":"v1","active":true,)"
    R"("closed":false,"archived":false,"acceptingOrders":true,"enableOrderBook":true,"orderPriceMinTickSize":0.01,)"
    R"("orderMinSize":5,"negRisk":false,"negRiskOther":false,"groupItemTitle":"","endDate":"2026-03-12T09:25:00Z",)"
    R"("gameStartTime":null,"secondsDelay":0,"volume":"9.99","volumeNum":9.99,"bestBid":0.5,"makerBaseFee":1000,)"
    R"("feesEnabled":true,"feeType":"crypto_fees_v2",)"
    R"("feeSchedule":{"exponent":1,"rate":0.07,"takerOnly":true,"rebateRate":0.2},"umaResolutionStatus":"",)"
    R"("events":[{"id":"1","slug":"btc-updown","title":"BTC","negRisk":false,"negRiskAugmented":false}]})");

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

ParseResult<GammaPage> page_of(std::string_view market) {
  return parse_gamma_page(R"({"markets":[)" + std::string(market) + "]}");
}

GammaMarket gamma(std::string_view text) {
  const auto page = page_of(text);
  EXPECT_TRUE(page.has_value()) << (page.has_value() ? "" : to_string(page.error()));
  if (!page.has_value() || page->markets.size() != 1) {
    ADD_FAILURE() << "no market in " << text;
    return {};
  }
  return page->markets.front();
}

std::string fault(std::string_view text) {
  const auto page = page_of(text);
  if (!page.has_value()) return to_string(page.error());
  return page->skipped.empty() ? "accepted" : to_string(page->skipped.front().error);
}

TEST(Gamma, ReadsAMarket) {
  const GammaMarket market = gamma(kMarket);
  EXPECT_EQ(market.id, market_id(1));
  EXPECT_EQ(market.outcomes, (std::array<std::string, 2>{"Up", "Down"}));
  EXPECT_EQ(market.tokens, (std::array{token_id(1), token_id(2)}));
  EXPECT_EQ(market.outcome_prices, (std::array{price("0.505"), price("0.495")}));
  EXPECT_EQ(market.tick, price("0.01"));
  EXPECT_EQ(market.min_size, quantity("5"));
  EXPECT_EQ(market.fee, (domain::FeeSchedule{70000, 1}));
  EXPECT_EQ(domain::to_unix_ms(*market.end_at), 1773307500000);
  EXPECT_EQ(tradability(market), Tradability::Tradable);

  const domain::Market ours = to_market(market);
  EXPECT_EQ(ours.exchange, domain::ExchangeVersion::V2);
  EXPECT_EQ(ours.status, MarketStatus::Active);
  EXPECT_EQ(ours.yes_token, token_id(1));
  EXPECT_EQ(ours.event_slug, "btc-updown");
  EXPECT_FALSE(ours.event.is_zero());
}

TEST(Gamma, TheVersionDecidesWhichTokensTrade) {
  const GammaMarket market = gamma(replaced(kMarket, R"("version":"v1")", R"("version":"v2")"));
  EXPECT_EQ(market.tokens, (std::array{token_id(3), token_id(4)}));
  EXPECT_EQ(to_market(market).exchange, domain::ExchangeVersion::V3);
  EXPECT_EQ(fault(replaced(kMarket, R"("version":"v1")", R"("version":"v3")")),
            "UnknownValue in version");
  EXPECT_EQ(gamma(replaced(kMarket, R"("version":"v1",)", "")).version, ProtocolVersion::V1);
}

TEST(Gamma, NegRiskMarketsShareAnEventAndAnExchange) {
  std::string text =
      replaced(kMarket, R"("negRisk":false)",
               R"("negRisk":true,"negRiskMarketID":")" + to_string(market_id(9)) + "\"");
  const domain::Market market = to_market(gamma(text));
  EXPECT_EQ(market.exchange, domain::ExchangeVersion::V2NegRisk);
  EXPECT_EQ(market.event.bytes, market_id(9).bytes);
  EXPECT_TRUE(market.neg_risk);
}

TEST(Gamma, MarketsOfOneEventSlugShareAGroup) {
  const GammaMarket first = gamma(kMarket);
  GammaMarket second = first;
  second.slug = "another";
  EXPECT_EQ(event_group_of(first), event_group_of(second));
  second.event_slug = "another-event";
  EXPECT_NE(event_group_of(first), event_group_of(second));
}

TEST(Gamma, TradabilityFollowsTheVenuesFlags) {
  const auto with = [](std::string_view from, std::string_view to) {
    return tradability(gamma(replaced(kMarket, from, to)));
  };
  EXPECT_EQ(with(R"("closed":false)", R"("closed":true)"), Tradability::Closed);
  EXPECT_EQ(with(R"("active":true)", R"("active":false)"), Tradability::Inactive);
  EXPECT_EQ(with(R"("archived":false)", R"("archived":true)"), Tradability::Inactive);
  EXPECT_EQ(with(R"("enableOrderBook":true)", R"("enableOrderBook":false)"),
            Tradability::NoOrderBook);
  EXPECT_EQ(with(R"("acceptingOrders":true)", R"("acceptingOrders":false)"),
            Tradability::NotAccepting);
  EXPECT_EQ(with(R"("umaResolutionStatus":"")", R"("umaResolutionStatus":"proposed")"),
            Tradability::ResolutionProposed);
  EXPECT_EQ(with(R"("negRiskOther":false)", R"("negRiskOther":true)"), Tradability::Placeholder);
  EXPECT_EQ(with(sample(R"("clobTokenIds":"[\"TOKEN1\", \"TOKEN2\"]")"), R"("clobTokenIds":"")"),
            Tradability::Inactive);
}

TEST(Gamma, AnInactiveOutcomeOfANegRiskEventMayStillWin) {
  GammaMarket market = gamma(kMarket);
  market.neg_risk = true;
  EXPECT_FALSE(to_market(market).placeholder);
  market.active = false;
  EXPECT_TRUE(to_market(market).placeholder);
  EXPECT_EQ(to_market(market).status, MarketStatus::Paused);
  market.active = true;
  market.neg_risk_other = true;
  EXPECT_TRUE(to_market(market).placeholder);
}

TEST(Gamma, PaysOnlyWhatAVenueCanPay) {
  GammaMarket market = gamma(kMarket);
  EXPECT_FALSE(payout(market));
  market.closed = true;
  market.resolution_status = "resolved";
  EXPECT_FALSE(payout(market));  // 0.505 / 0.495 is a price, not a payout
  EXPECT_EQ(to_market(market).status, MarketStatus::Closed);
  market.outcome_prices = {price("0"), price("1")};
  EXPECT_EQ(payout(market), (domain::Payout{price("0"), price("1")}));
  EXPECT_EQ(to_market(market).status, MarketStatus::Resolved);
  market.outcome_prices = {price("0.5"), price("0.5")};
  EXPECT_EQ(payout(market), (domain::Payout{price("0.5"), price("0.5")}));
  market.outcome_prices = {price("1"), price("1")};
  EXPECT_FALSE(payout(market));
  market.outcome_prices = {price("1"), price("0")};
  market.resolution_status = "proposed";
  EXPECT_FALSE(payout(market));
}

TEST(Gamma, PricesOfAClosedMarketAreAClaimAndNoProof) {
  const std::string closed = replaced(replaced(kMarket, R"("closed":false)", R"("closed":true)"),
                                      R"("outcomePrices":"[\"0.505\", \"0.495\"]")",
                                      R"("outcomePrices":"[\"1\", \"0\"]")");
  EXPECT_FALSE(payout(gamma(closed)));
  EXPECT_EQ(to_market(gamma(closed)).status, MarketStatus::Closed);
  EXPECT_EQ(claimed_payout(gamma(closed)), (domain::Payout{domain::kPriceOne, {}}));
  EXPECT_FALSE(claimed_payout(gamma(replaced(closed, R"("closed":true)", R"("closed":false)"))));
  EXPECT_FALSE(claimed_payout(gamma(replaced(closed, R"([\"1\", \"0\"])", R"([\"0\", \"0\"])"))))
      << "a legacy market that paid nobody";
}

TEST(Gamma, AClaimIsConfirmedByTheSameWinnerOfAClosedRecord) {
  GammaMarket market = gamma(kMarket);
  const domain::Payout yes{domain::kPriceOne, {}};
  ClobResult result{market.id, true, market.tokens, token_id(1)};
  EXPECT_TRUE(confirms(*parse_clob_result(write_clob_result(result)), market, yes));
  EXPECT_FALSE(confirms(result, market, {{}, domain::kPriceOne}));
  std::swap(result.tokens[0], result.tokens[1]);
  EXPECT_TRUE(confirms(result, market, yes)) << "listed the other way round";
  result.tokens[0] = result.tokens[1];
  EXPECT_FALSE(confirms(result, market, yes));
  result.tokens = market.tokens;
  EXPECT_FALSE(confirms(result, market, {price("0.5"), price("0.5")}));
  result.winner.reset();
  EXPECT_FALSE(confirms(*parse_clob_result(write_clob_result(result)), market, yes));
  result = {market.id, false, market.tokens, token_id(1)};
  EXPECT_FALSE(confirms(result, market, yes));
  EXPECT_FALSE(parse_clob_result(R"({"condition_id":"0x1"})").has_value());
}

// A market with one unreadable rule still exists.
TEST(Gamma, AMarketThatCannotBeReadStillSaysHowItStands) {
  const std::pair<std::string, std::string> changes[] = {
      {R"("exponent":1)", R"("exponent":0.5)"},
      {R"("version":"v1")", R"("version":"v3")"},
      {R"("secondsDelay":0)", R"("secondsDelay":7200)"},
      {R"([\"Up\", \"Down\"])", R"([\"Up\", \"Down\", \"Flat\"])"},
      {R"("slug":"btc-updown-5m-1773307200")", "\"slug\":\"" + std::string(300, 'x') + "\""}};
  for (const auto& [from, to] : changes) {
    const std::string changed = replaced(kMarket, from, to);
    const auto page = parse_gamma_page(R"({"markets":[)" + changed + "]}");
    ASSERT_TRUE(page.has_value()) << to;
    ASSERT_EQ(page->skipped.size(), 1U) << to;
    EXPECT_EQ(page->skipped[0].id, market_id(1)) << to;
    ASSERT_TRUE(page->skipped[0].state) << to;
    EXPECT_EQ(to_market(*page->skipped[0].state).status, MarketStatus::Active) << to;
    const auto ended = parse_gamma_page(
        R"({"markets":[)" +
        replaced(replaced(replaced(changed, R"("closed":false)", R"("closed":true)"),
                          R"("umaResolutionStatus":"")", R"("umaResolutionStatus":"resolved")"),
                 R"([\"0.505\", \"0.495\"])", R"([\"0\", \"1\"])") +
        "]}");
    ASSERT_TRUE(ended->skipped.at(0).state) << to;
    EXPECT_EQ(payout(*ended->skipped[0].state), (domain::Payout{{}, domain::kPriceOne})) << to;
  }
}

TEST(Gamma, BadMarketsAreNamed) {
  EXPECT_EQ(fault("{}"), "MissingField in conditionId");
  EXPECT_EQ(
      fault(replaced(kMarket, R"("outcomes":"[\"Up\", \"Down\"]")", R"("outcomes":"[\"Up\"]")")),
      "TooMany in outcomes");
  EXPECT_EQ(fault(replaced(kMarket, R"("outcomes":"[\"Up\", \"Down\"]")", R"("outcomes":"[")")),
            "InvalidJson in outcomes");
  EXPECT_EQ(fault(replaced(kMarket, R"("exponent":1)", R"("exponent":3)")),
            "UnknownValue in exponent");
  EXPECT_EQ(fault(replaced(kMarket, R"("active":true)", R"("active":"yes")")),
            "UnexpectedType in active");
  EXPECT_EQ(fault(replaced(kMarket, R"("slug":"btc-updown-5m-1773307200")", R"("slug":"")")),
            "MissingField in slug");
}

TEST(Gamma, OneBadMarketDoesNotSpoilItsPage) {
  const std::string bad = R"({"conditionId":"nonsense","negRiskMarketID":")" +
                          to_string(market_id(9)) + R"(","slug":"x"})";
  const auto page =
      parse_gamma_page(R"({"markets":[)" + kMarket + "," + bad + R"(],"next_cursor":"abc"})");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->markets.size(), 1U);
  EXPECT_EQ(page->next_cursor, "abc");
  ASSERT_EQ(page->skipped.size(), 1U);
  EXPECT_EQ(page->skipped[0].error, (ParseError{ParseFault::BadId, "conditionId"}));
  EXPECT_EQ(page->skipped[0].neg_risk_market->bytes, market_id(9).bytes);
  EXPECT_FALSE(parse_gamma_page("[]").has_value());
  EXPECT_FALSE(parse_gamma_page("{}").has_value());
}

TEST(Gamma, WhatIsWrittenReadsBackTheSame) {
  GammaMarket first = gamma(kMarket);
  GammaMarket second = first;
  second.version = ProtocolVersion::V2;
  second.neg_risk = true;
  second.neg_risk_augmented = true;
  second.neg_risk_market = domain::EventGroupId{market_id(9).bytes};
  second.tick = price("0.0025");
  second.min_size = quantity("0.5");
  second.fee = {};
  second.closed = true;
  second.resolution_status = "resolved";
  second.outcome_prices = {price("1"), price("0")};
  second.question = "A \"quoted\" question\twith a tab";
  second.end_at = domain::from_unix_ms(1773307500123);
  GammaMarket third = first;
  third.tokens = {};
  third.outcome_prices.reset();
  third.end_at.reset();
  const std::vector<GammaMarket> markets{first, second, third};
  const auto page = parse_gamma_page(write_gamma_page(markets, "next"));
  ASSERT_TRUE(page.has_value());
  EXPECT_TRUE(page->skipped.empty());
  EXPECT_EQ(page->markets, markets);
  EXPECT_EQ(page->next_cursor, "next");
  EXPECT_EQ(parse_gamma_page(write_gamma_page({}, ""))->next_cursor, "");
}

const std::string kRecord = sample(
    R"({"c":"MARKET","t":[{"t":"TOKEN1","o":"Yes"},{"t":"TOKEN2","o":"No"}],"mts":0.001,"mos":5,"nr":true,)"
    R"("fd":{"r":0.04,"e":1,"to":true},"mbf":1000,"tbf":1000,"ao":true,"cbos":true,)"
    R"("aot":"2025-07-03T20:36:33Z","gst":"x","sd":0,"itode":true,"ibce":true,"rfqe":false,)"
    R"("r":{"mi":200,"ma":3.5,"e":true,"moas":4},"v":"v1"})");

TEST(ClobMarkets, ReadsARecord) {
  const auto record = parse_clob_market(kRecord);
  ASSERT_TRUE(record.has_value()) << to_string(record.error());
  EXPECT_EQ(record->tick, price("0.001"));
  EXPECT_EQ(record->min_size, quantity("5"));
  EXPECT_TRUE(record->neg_risk);
  EXPECT_EQ(record->fee, (domain::FeeSchedule{40000, 1}));
  EXPECT_TRUE(record->accepting_orders);
  EXPECT_TRUE(record->taker_delay);
  EXPECT_EQ(*parse_clob_market(write_clob_market(*record)), *record);
}

// A record must fit the bus and the journal.
TEST(ClobMarkets, ARecordThatCouldNotBeWrittenDownIsRefused) {
  const auto fault = [](const std::string& text) {
    const auto record = parse_clob_market(text);
    return record ? std::string() : to_string(record.error());
  };
  EXPECT_EQ(fault(replaced(kRecord, R"("mts":0.001)", R"("mts":1)")), "BadNumber in mts");
  EXPECT_EQ(fault(replaced(kRecord, R"("r":0.04)", R"("r":1.5)")), "BadNumber in r");
  EXPECT_EQ(fault(replaced(kRecord, R"("r":0.04)", R"("r":1)")), "");
  EXPECT_EQ(fault(replaced(kRecord, R"("mos":5)", R"("mos":900000001)")), "BadNumber in mos");
}

TEST(ClobMarkets, OmittedFieldsMeanTheirDefaults) {
  const auto record = parse_clob_market(sample(
      R"({"c":"MARKET","t":[{"t":"TOKEN1","o":"Up"},{"t":"TOKEN2","o":"Down"}],"mts":"0.01","mos":5})"));
  ASSERT_TRUE(record.has_value());
  EXPECT_FALSE(record->neg_risk);
  EXPECT_EQ(record->fee.rate_ppm, 0);
  EXPECT_FALSE(record->accepting_orders);
  EXPECT_FALSE(record->taker_delay);
}

TEST(ClobMarkets, TheRecordOverrulesAndContradictionsAreNamed) {
  GammaMarket listed = gamma(kMarket);
  listed.neg_risk = true;
  const domain::Market market = to_market(listed);
  ClobMarket record = *parse_clob_market(kRecord);
  EXPECT_EQ(contradiction(market, record), "");
  EXPECT_EQ(with_record(market, record).tick, price("0.001"));
  EXPECT_EQ(with_record(market, record).fee.rate_ppm, 40000);
  EXPECT_TRUE(with_record(market, record).taker_delay);
  EXPECT_EQ(with_record(market, record).status, MarketStatus::Active);
  record.accepting_orders = false;
  EXPECT_EQ(with_record(market, record).status, MarketStatus::Paused);

  record.version = ProtocolVersion::V2;
  EXPECT_EQ(contradiction(market, record), "version");
  record.neg_risk = false;
  EXPECT_EQ(contradiction(market, record), "neg-risk");
  std::swap(record.tokens[0], record.tokens[1]);
  EXPECT_EQ(contradiction(market, record), "tokens");
  record.id = market_id(2);
  EXPECT_EQ(contradiction(market, record), "condition id");
}

TEST(ClobMarkets, ATruncatedRecordIsNeverAccepted) {
  for (std::size_t size = 0; size < kRecord.size(); ++size) {
    ASSERT_FALSE(parse_clob_market(kRecord.substr(0, size)).has_value());
  }
  for (std::size_t size = 1; size < kMarket.size(); ++size) {
    ASSERT_FALSE(page_of(kMarket.substr(0, size)).has_value());
  }
}

BookSummary book_summary() {
  return {.market = market_id(1),
          .token = token_id(1),
          .venue_at = domain::from_unix_ms(1791258810641),
          .bids = {{price("0.001"), quantity("16069385.26")}, {price("0.024"), quantity("7838.1")}},
          .asks = {{price("0.999"), quantity("2178920.26")}},
          .min_size = quantity("5"),
          .tick = price("0.001"),
          .neg_risk = true,
          .last_trade_price = price("0.024")};
}

TEST(Books, SummariesReadBackWithAGoodHash) {
  std::string text;
  write_book_summary(book_summary(), text);
  EXPECT_TRUE(check_book_hash(text, {})->agrees());
  EXPECT_EQ(text.find("event_type"), std::string::npos);  // clients hash the whole object
  const auto books = parse_books("[" + text + "," + text + "]");
  ASSERT_TRUE(books.has_value());
  EXPECT_EQ(books->books, (std::vector{book_summary(), book_summary()}));
  for (std::size_t size = 1; size < text.size(); ++size) {
    ASSERT_FALSE(parse_books("[" + text.substr(0, size) + "]").has_value());
  }
}

TEST(Books, OneThatCannotBeReadHidesNoOther) {
  std::string text;
  write_book_summary(book_summary(), text);
  const auto page =
      parse_books("[" + text + "," + replaced(text, R"("tick_size":")", R"("tick_size":"x)") + "]");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->books.size(), 1U);
  EXPECT_EQ(page->skipped, (std::vector{ParseError{ParseFault::BadNumber, "tick_size"}}));
}

TEST(Books, RequestsReadBackAndAreBounded) {
  const std::vector<domain::TokenId> tokens{token_id(1), token_id(2)};
  EXPECT_EQ(write_books_request(std::span(tokens).first(1)), sample(R"([{"token_id":"TOKEN1"}])"));
  EXPECT_EQ(*parse_books_request(write_books_request(tokens)), tokens);
  const std::vector<domain::TokenId> many(kBooksRequestMax + 1, token_id(1));
  EXPECT_EQ(parse_books_request(write_books_request(many)).error().fault, ParseFault::TooMany);
}

TEST(Scalars, AreReadAndWrittenAsTheVenueDoes) {
  EXPECT_EQ(*parse_time("1234567890\n"), 1234567890);
  EXPECT_FALSE(parse_time("soon").has_value());
  EXPECT_EQ(write_version(2), R"({"version":2})");
  EXPECT_EQ(write_tick_size(price("0.001")), R"({"minimum_tick_size":0.001})");
  EXPECT_EQ(write_neg_risk(true), R"({"neg_risk":true})");
  EXPECT_EQ(midpoint_text(price("0.55"), price("0.56")), "0.555");
  EXPECT_EQ(midpoint_text(price("0.0001"), price("0.0002")), "0.00015");
}

TEST(Times, EpochsAreSecondsOrMillisecondsByMagnitude) {
  EXPECT_EQ(parse_epoch("1672290701"), domain::from_unix_ms(1672290701000));
  EXPECT_EQ(parse_epoch("1672290701123"), domain::from_unix_ms(1672290701123));
  for (const std::string_view bad : {"", "0", "-5", "12290687", "1e9", "1672290701.5",
                                     "99999999999", "4102444800001", "9999999999999999"}) {
    EXPECT_FALSE(parse_epoch(bad)) << bad;
  }
}

TEST(Times, ReadInTheSpellingsOfTheVenue) {
  const auto ms = [](std::string_view text) {
    const auto at = parse_iso_time(text);
    return at ? domain::to_unix_ms(*at) : -1;
  };
  EXPECT_EQ(ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms("2026-03-12T09:25:00Z"), 1773307500000);
  EXPECT_EQ(ms("2026-03-12T09:25:00.123456Z"), 1773307500123);
  EXPECT_EQ(ms("2026-03-12 09:25:00+00"), 1773307500000);
  EXPECT_EQ(ms("2026-03-12"), 1773273600000);
  for (const std::string_view bad :
       {"", "2026", "2026-13-01", "2026-02-30", "2026-03-12T25:00:00Z", "2026-03-12T09:25:00+02",
        "2026-03-12T09:25:00.Z", "9999-01-01", "2100-01-01"}) {
    EXPECT_EQ(ms(bad), -1) << bad;
  }
  EXPECT_EQ(iso_time(domain::from_unix_ms(1773307500123)), "2026-03-12T09:25:00.123Z");
  EXPECT_EQ(iso_time(domain::from_unix_ms(0)), "1970-01-01T00:00:00Z");
}

TEST(GammaMarkets, ReadWhatMarketsAreChosenByAndForgiveItsFaults) {
  const auto read = [](const std::string& fields) {
    const std::string id(64, 'a');
    const auto page = parse_gamma_page(R"({"markets":[{"conditionId":"0x)" + id +
                                       R"(","slug":"one","version":"v1",)" + fields + "}]}");
    return page->markets.at(0);
  };
  const GammaMarket whole =
      read(R"("volume24hr":12.5,"liquidity":"20328.37","tags":[{"slug":"crypto"},"up",7,{"id":1}],)"
           R"("events":[{"slug":"e","category":"Finance"}])");
  EXPECT_EQ(whole.volume_24h, domain::Money::parse("12.5"));
  EXPECT_EQ(whole.liquidity, domain::Money::parse("20328.37"));
  EXPECT_EQ(whole.tags, (std::vector<std::string>{"crypto", "up"}));
  EXPECT_EQ(whole.category, "Finance");
  EXPECT_EQ(whole.unreadable_fact, "");
  EXPECT_EQ(read(R"("active":true)").volume_24h, std::nullopt);
  for (const char* wrong : {"-1", "1e300", "\"much\"", "true", "[]", "\"\"", "\"nan\""}) {
    const GammaMarket market = read(R"("volume24hr":)" + std::string(wrong));
    EXPECT_EQ(market.volume_24h, std::nullopt) << wrong;
    EXPECT_EQ(market.unreadable_fact, "volume24hr") << wrong;
  }
}

}  // namespace
}  // namespace polybot::polymarket
