// What the screen says of real markets: which are watched and why, and how their feed is.
#include "deploy/launcher/paper_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/algorithm/string/join.hpp>
#include <boost/json.hpp>

#include "deploy/launcher/trouble.hpp"

namespace polybot::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class PaperLinesTest : public testing::Test {
 protected:
  PaperLinesTest() {
    layout_.upstream_url = "http://upstream.test:81";
    facts_.upstream = boost::json::parse(R"({"not_ready_reasons":[],
      "markets":{"tracked":41,"books":40,"books_stale":2,"connections":1,
        "chosen":{"places":40,"rank":"volume",
          "by":{"held":0,"slug":2,"event":0,"tag":0,"category":0,"rank":38},
          "best":[{"market":"one","reason":"number 1 by volume of 24 hours, 90 pUSD"},
                  {"market":"two","reason":"its slug is in markets.slugs (t*); number 2 by it"},
                  {"market":"three","reason":"number 3 by volume of 24 hours, 70 pUSD"},
                  {"market":"four","reason":"number 4 by volume of 24 hours, 60 pUSD"}]}}})")
                          .as_object();
  }
  [[nodiscard]] std::string watched(TerminalSize size) const {
    return boost::algorithm::join(watched_lines(layout_, facts_, size), "\n");
  }
  [[nodiscard]] std::string feed() const {
    return boost::algorithm::join(feed_lines(facts_, 200), "\n");
  }
  boost::json::object& markets() { return (*facts_.upstream)["markets"].as_object(); }

  Layout layout_;
  ScreenFacts facts_;
};

TEST_F(PaperLinesTest, SayWhichMarketsAreWatchedAndWhy) {
  EXPECT_THAT(
      watched({24, 200}),
      AllOf(HasSubstr("2 by slug, 38 by rank"), HasSubstr("http://upstream.test:81/api/v1/markets"),
            HasSubstr("one: number 1 by volume of 24 hours, 90 pUSD"),
            HasSubstr("two: its slug is in markets.slugs (t*)"), HasSubstr("three: "),
            Not(HasSubstr("four")), HasSubstr("and 37 more"), Not(HasSubstr("held"))));
  EXPECT_THAT(watched({50, 200}), AllOf(HasSubstr("four: "), HasSubstr("and 36 more")));
}

TEST_F(PaperLinesTest, SayThatThereAreMoreOnlyWhenThereAre) {
  markets()["chosen"].as_object()["places"] = 4;
  EXPECT_THAT(watched({50, 200}), Not(HasSubstr("more")));
}

TEST_F(PaperLinesTest, SayHowTheFeedIs) {
  EXPECT_THAT(feed(), HasSubstr("1 connections to the real venue, 40 books of which 2 are stale; "
                                "ready"));
  (*facts_.upstream)["not_ready_reasons"] = {"feed: 1 of 2 market channel connections are down"};
  EXPECT_THAT(feed(), HasSubstr("not ready: feed: 1 of 2 market channel connections are down"));
}

TEST_F(PaperLinesTest, LeaveTheVenuesClockToTheTroubles) {
  EXPECT_THAT(find_troubles(layout_, facts_), IsEmpty());
  (*facts_.upstream)["feed"] = {{"notices", {"the venue's clock is 3.0 s ahead of ours"}}};
  const auto troubles = find_troubles(layout_, facts_);
  ASSERT_THAT(troubles, SizeIs(1));
  EXPECT_EQ(troubles[0].text(), "upstream: the venue's clock is 3.0 s ahead of ours");
}

TEST_F(PaperLinesTest, SayWhenNothingIsKnown) {
  facts_.upstream.reset();
  EXPECT_THAT(feed(), HasSubstr("upstream does not say"));
  EXPECT_THAT(watched_lines(layout_, facts_, {24, 80}), IsEmpty());
  EXPECT_THAT(mirror_lines(facts_, 200), SizeIs(1));
}

}  // namespace
}  // namespace polybot::launcher
