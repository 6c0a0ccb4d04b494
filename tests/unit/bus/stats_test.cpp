#include "common/bus/stats.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/bus/error.hpp"

namespace polybot::bus {
namespace {

TEST(Stats, AChannelIsTheTopicUpToItsFirstDot) {
  EXPECT_EQ(channel_of("md.17"), "md");
  EXPECT_EQ(channel_of("command"), "command");
  EXPECT_EQ(channel_of("runner.host.example"), "runner");
  EXPECT_EQ(channel_of(""), "");
}

TEST(Stats, TopicsOfOneChannelShareTheirCounters) {
  Stats stats;
  ChannelStats& md = stats.channel("md.1");
  ++md.published;
  stats.channel("lease");
  EXPECT_EQ(&stats.channel("md.2"), &md);
  EXPECT_EQ(stats.channels.size(), 2u);
  EXPECT_EQ(stats.channel("md").published, 1u);
}

TEST(Stats, CountsByReason) {
  Stats stats;
  stats.count(Refusal::Undecodable);
  stats.count(ReplayOutcome::TimedOut);
  EXPECT_EQ(stats.refused_for(Refusal::Undecodable), 1u);
  EXPECT_EQ(stats.refused_for(Refusal::NoTopic), 0u);
  EXPECT_EQ(stats.replays_with(ReplayOutcome::TimedOut), 1u);
}

TEST(Error, EveryCodeHasAMessage) {
  for (const Errc code : {Errc::TimedOut, Errc::Closed, Errc::TooLarge, Errc::Busy, Errc::Refused,
                          Errc::Malformed, Errc::Transport}) {
    const boost::system::error_code error = code;
    EXPECT_STREQ(error.category().name(), "bus");
    EXPECT_NE(error.message(), "unknown bus error");
  }
}

}  // namespace
}  // namespace polybot::bus
