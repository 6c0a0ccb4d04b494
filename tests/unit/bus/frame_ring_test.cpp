#include "common/bus/frame_ring.hpp"

#include <gtest/gtest.h>

namespace polybot::bus {
namespace {

constexpr std::size_t kPlenty = std::size_t{1} << 20;

Received frame(const std::string& topic, std::uint64_t first_seq, std::size_t messages,
               std::size_t bytes = 10) {
  Received received;
  received.producer = {.service = "gateway", .replica = "gateway-1", .incarnation = 1};
  received.topic = topic;
  received.first_seq = first_seq;
  received.messages.assign(messages, "m");
  received.storage = nng::Message::with_size(bytes);
  return received;
}

TEST(FrameRing, GivesFramesInOrder) {
  FrameRing ring(8, kPlenty);
  ChannelStats channel;
  for (std::uint64_t seq = 1; seq <= 5; ++seq) ring.push(frame("md.1", seq, 1), channel);
  for (std::uint64_t seq = 1; seq <= 5; ++seq) EXPECT_EQ(ring.pop()->first_seq, seq);
  EXPECT_TRUE(ring.empty());
  EXPECT_FALSE(ring.pop().has_value());
}

TEST(FrameRing, CountsTheMessagesThatWait) {
  FrameRing ring(8, kPlenty);
  ChannelStats channel;
  ring.push(frame("md.1", 1, 3), channel);
  ring.push(frame("md.1", 4, 2), channel);
  EXPECT_EQ(channel.waiting, 5u);
  EXPECT_TRUE(ring.pop().has_value());
  EXPECT_EQ(channel.waiting, 2u);
  EXPECT_EQ(channel.take_waiting_max(), 5u);
  EXPECT_EQ(channel.take_waiting_max(), 2u) << "what still waits is the new mark";
  EXPECT_TRUE(ring.pop().has_value());
  EXPECT_EQ(channel.take_waiting_max(), 2u);
  EXPECT_EQ(channel.take_waiting_max(), 0u);
}

TEST(FrameRing, DropsTheOldestAndTellsWithTheNextFrameOfItsTopic) {
  FrameRing ring(2, kPlenty);
  ChannelStats channel;
  ring.push(frame("md.1", 1, 3), channel);
  ring.push(frame("md.2", 1, 1), channel);
  ring.push(frame("md.1", 4, 1), channel);
  EXPECT_EQ(channel.lost, 3u);
  EXPECT_TRUE(ring.owes_report(1, "md.1"));
  EXPECT_FALSE(ring.owes_report(1, "md.2"));
  EXPECT_EQ(ring.pop()->lost_before, 0u);
  const auto next = ring.pop();
  EXPECT_EQ(next->first_seq, 4u);
  EXPECT_EQ(next->lost_before, 3u);
  EXPECT_FALSE(ring.owes_report(1, "md.1"));
}

TEST(FrameRing, HandsOnTheLossThatADroppedFrameReported) {
  FrameRing ring(1, kPlenty);
  ChannelStats channel;
  Received after_gap = frame("md.1", 10, 2);
  after_gap.lost_before = 5;
  after_gap.first_contact = true;
  ring.push(std::move(after_gap), channel);
  ring.push(frame("md.1", 12, 1), channel);
  EXPECT_EQ(channel.lost, 2u) << "the gap itself was counted where it was seen";
  const auto next = ring.pop();
  EXPECT_EQ(next->lost_before, 7u);
  EXPECT_TRUE(next->first_contact);
}

TEST(FrameRing, ReportsADroppedTailAtTheEndOfAStream) {
  FrameRing ring(1, kPlenty);
  ChannelStats channel;
  ring.push(frame("md.1", 1, 4), channel);
  ring.push(frame("md.2", 1, 1), channel);
  EXPECT_EQ(ring.pop()->topic, "md.2");
  EXPECT_FALSE(ring.empty());
  const auto report = ring.pop();
  EXPECT_EQ(report->topic, "md.1");
  EXPECT_EQ(report->producer.incarnation, 1u);
  EXPECT_TRUE(report->messages.empty());
  EXPECT_EQ(report->lost_before, 4u);
  EXPECT_TRUE(ring.empty());
}

TEST(FrameRing, IsBoundedByBytesToo) {
  FrameRing ring(100, 1000);
  ChannelStats channel;
  for (std::uint64_t seq = 1; seq <= 10; ++seq) ring.push(frame("md.1", seq, 1, 300), channel);
  EXPECT_EQ(ring.size(), 3u);
  EXPECT_EQ(channel.lost, 7u);
  ring.push(frame("md.1", 11, 1, 5000), channel);
  EXPECT_EQ(ring.size(), 1u) << "a frame larger than the bound passes alone";
  EXPECT_EQ(ring.pop()->first_seq, 11u);
}

TEST(FrameRing, EveryMessageIsEitherGivenOrCounted) {
  FrameRing ring(7, kPlenty);
  ChannelStats channel;
  std::uint64_t pushed = 0;
  std::uint64_t given = 0;
  std::uint64_t told = 0;
  const auto take = [&] {
    if (auto next = ring.pop()) {
      given += next->messages.size();
      told += next->lost_before;
    }
  };
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::size_t count = 1 + i % 5;
    ring.push(frame("md." + std::to_string(i % 3), i, count), channel);
    pushed += count;
    if (i % 4 == 0) take();
  }
  while (!ring.empty()) take();
  EXPECT_EQ(given + channel.lost, pushed);
  EXPECT_EQ(told, channel.lost);
  EXPECT_EQ(channel.waiting, 0u);
}

}  // namespace
}  // namespace polybot::bus
