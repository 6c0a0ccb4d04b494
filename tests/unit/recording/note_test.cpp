#include "common/recording/note.hpp"

#include <gmock/gmock.h>

#include "tests/unit/recording/samples.hpp"

namespace polybot::recording {
namespace {

Note there_and_back(const Note& note) {
  std::string line;
  append_line(7, note, line);
  line.pop_back();
  const auto read = parse_note(line);
  EXPECT_TRUE(read) << line;
  return read ? *read : Note{};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string fault_of(const std::string& line) {
  const auto read = parse_note(line);
  return read ? "" : polymarket::to_string(read.error());
}

TEST(Note, SaysWhatItWasToldThereAndBack) {
  const std::vector<Note> notes{
      Header{.version = 1, .program = "p 1", .venue = "wss://v", .clock_offset_ms = -250},
      Header{.version = 1, .program = "p 1", .venue = "wss://v", .clock_offset_ms = {}},
      MarketNote{sample_market()},
      MarketNote{[] {
        domain::Market market = sample_market();
        market.status = domain::MarketStatus::ReduceOnly;
        market.augmented = market.placeholder = true;
        market.neg_risk = market.taker_delay = false;
        market.ends_at = {};
        return market;
      }()},
      ResolvedNote{sample_market().id, {domain::kPriceOne, {}}},
      ResolvedNote{sample_market().id, {cents(50), cents(50)}},
      GapNote{.reason = "disconnected", .from_ms = 5, .markets = {sample_market().id}, .lines = 3},
      GapNote{.reason = "restart", .from_ms = {}, .markets = {}, .lines = 0}};
  for (const Note& note : notes) EXPECT_EQ(there_and_back(note), note);
}

TEST(Note, IsUnknownWhereItsKindIsOfALaterVersion) {
  const auto read = parse_note(R"({"ts_ms":1,"note":"weather","wind":"west"})");
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::holds_alternative<UnknownNote>(*read));
}

// What its readers rely on: a replay would stop, or trade on nonsense.
TEST(Note, RefusesAMarketThatCannotBe) {
  std::string line;
  append_line(7, MarketNote{sample_market()}, line);
  EXPECT_EQ(fault_of(line), "");
  EXPECT_THAT(fault_of(replaced(line, R"("tick":"0.001")", R"("tick":"0")")),
              ::testing::HasSubstr("tick"));
  EXPECT_THAT(fault_of(replaced(line, R"("tick":"0.001")", R"("tick":"0.3")")),
              ::testing::HasSubstr("tick"));
  EXPECT_THAT(fault_of(replaced(line, R"("fee_exponent":2)", R"("fee_exponent":3)")),
              ::testing::HasSubstr("fee_exponent"));
  EXPECT_THAT(fault_of(replaced(line, R"("status":"active")", R"("status":"asleep")")),
              ::testing::HasSubstr("status"));
  EXPECT_THAT(fault_of(replaced(line, R"("slug":"will-it-rain-1")", R"("slug":"")")),
              ::testing::HasSubstr("slug"));
  EXPECT_THAT(fault_of(replaced(line, domain::to_string(sample_market().no_token),
                                domain::to_string(sample_market().yes_token))),
              ::testing::HasSubstr("tokens"));
  EXPECT_THAT(
      fault_of(replaced(line, R"("ends_ms":1800000000000)", R"("ends_ms":9200000000000000000)")),
      ::testing::HasSubstr("ends_ms"));
}

TEST(Note, RefusesAPayoutThatIsNotOneInAll) {
  std::string line;
  append_line(7, ResolvedNote{sample_market().id, {cents(50), cents(50)}}, line);
  EXPECT_EQ(fault_of(line), "");
  EXPECT_THAT(fault_of(replaced(line, R"(["0.5","0.5"])", R"(["1","1"])")),
              ::testing::HasSubstr("payout"));
  EXPECT_THAT(fault_of(replaced(line, R"(["0.5","0.5"])", R"(["2","-1"])")),
              ::testing::HasSubstr("payout"));
}

// A reader from before there were notes takes {"ts_ms", "raw"} and skips the rest.
TEST(Note, AHeaderIsAnEmptyFrameToOldReaders) {
  std::string line;
  append_line(7, Header{}, line);
  EXPECT_THAT(line, ::testing::StartsWith(R"({"ts_ms":7,"raw":"[]",)"));
  polymarket::MarketFrame frame;
  EXPECT_TRUE(polymarket::parse_market_frame("[]", frame));
  EXPECT_TRUE(frame.events.empty());
}

}  // namespace
}  // namespace polybot::recording
