#include "common/bus/frame.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "polybot/v1/frame.pb.h"

namespace polybot::bus {
namespace {

using namespace std::string_view_literals;

const Producer kProducer{
    .service = "gateway", .replica = "gateway-1", .incarnation = 0x8000'0000'0000'0001};

std::string wire_of(const std::vector<std::string>& messages, std::string_view topic = "md.7") {
  std::string wire = encode_header(kProducer, topic, 41, -5);
  for (const std::string& message : messages) append_message(wire, message);
  return wire;
}

// Makes a wire message around a frame that the generated class wrote.
std::string wire_of(const v1::Frame& frame, std::string_view topic = "md.7") {
  return std::string(topic) + '\0' + frame.SerializeAsString();
}

v1::Frame generated_frame() {
  v1::Frame frame;
  frame.mutable_producer()->set_service("gateway");
  frame.mutable_producer()->set_replica("gateway-1");
  frame.mutable_producer()->set_incarnation(7);
  frame.set_topic("md.7");
  frame.set_first_seq(1);
  frame.add_messages("x");
  return frame;
}

Refusal refusal_of(std::string_view wire) {
  const auto decoded = decode_frame(wire);
  const auto* refusal = std::get_if<Refusal>(&decoded);
  EXPECT_NE(refusal, nullptr) << "was accepted";
  return refusal == nullptr ? Refusal::Oversize : *refusal;
}

TEST(Frame, ReadsWhatItWrote) {
  const std::string wire = wire_of({"one", "", std::string(300, '\0')});
  const auto decoded = decode_frame(wire);
  const auto* frame = std::get_if<FrameView>(&decoded);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(frame->producer, kProducer);
  EXPECT_EQ(frame->topic, "md.7");
  EXPECT_EQ(frame->first_seq, 41u);
  EXPECT_EQ(frame->sent_unix_ns, -5);
  EXPECT_EQ(frame->tip_seq, 0u);
  ASSERT_EQ(frame->messages.size(), 3u);
  EXPECT_EQ(frame->messages[0], "one");
  EXPECT_EQ(frame->messages[1], "");
  EXPECT_EQ(frame->messages[2], std::string(300, '\0'));
}

TEST(Frame, StartsWithTheTopicAndANul) {
  EXPECT_TRUE(wire_of({"x"}, "signal.arb").starts_with("signal.arb\0"sv));
  EXPECT_FALSE(wire_of({"x"}, "signal.arb2").starts_with("signal.arb\0"sv));
}

TEST(Frame, IsAFrameToTheGeneratedClass) {
  const std::string wire = wire_of({"one", "two"});
  v1::Frame frame;
  ASSERT_TRUE(frame.ParseFromString(wire.substr(wire.find('\0') + 1)));
  EXPECT_EQ(frame.producer().service(), "gateway");
  EXPECT_EQ(frame.producer().replica(), "gateway-1");
  EXPECT_EQ(frame.producer().incarnation(), kProducer.incarnation);
  EXPECT_EQ(frame.topic(), "md.7");
  EXPECT_EQ(frame.first_seq(), 41u);
  EXPECT_EQ(frame.sent_unix_ns(), -5);
  ASSERT_EQ(frame.messages_size(), 2);
  EXPECT_EQ(frame.messages(1), "two");
}

TEST(Frame, ReadsWhatTheGeneratedClassWrote) {
  const std::string wire = wire_of(generated_frame());
  const auto decoded = decode_frame(wire);
  const auto* frame = std::get_if<FrameView>(&decoded);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(frame->producer.incarnation, 7u);
  EXPECT_EQ(frame->messages.size(), 1u);
}

TEST(Frame, SkipsFieldsOfANewerProducer) {
  std::string wire = wire_of({"x"});
  wire += std::string("\x78\x05", 2);                                   // field 15, varint
  wire += std::string("\x81\x01\x01\x02\x03\x04\x05\x06\x07\x08", 10);  // field 16, fixed64
  wire += std::string("\x8a\x01\x02hi", 5);                             // field 17, bytes
  wire += std::string("\x95\x01\x01\x02\x03\x04", 6);                   // field 18, fixed32
  EXPECT_TRUE(std::holds_alternative<FrameView>(decode_frame(wire)));
}

TEST(Frame, ATipCarriesTheLastNumberAndNoMessages) {
  const std::string wire = encode_tip(kProducer, "lease", 12, 99);
  const auto decoded = decode_frame(wire);
  const auto* frame = std::get_if<FrameView>(&decoded);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(frame->tip_seq, 12u);
  EXPECT_EQ(frame->first_seq, 0u);
  EXPECT_TRUE(frame->messages.empty());
  v1::Frame generated;
  ASSERT_TRUE(generated.ParseFromString(wire.substr(wire.find('\0') + 1)));
  EXPECT_EQ(generated.tip_seq(), 12u);
}

TEST(Frame, EveryTruncationIsRefusedOrShorter) {
  const std::string wire = wire_of({"one", "two", "three"});
  for (std::size_t length = 0; length < wire.size(); ++length) {
    const auto decoded = decode_frame(std::string_view(wire).substr(0, length));
    const auto* frame = std::get_if<FrameView>(&decoded);
    // A cut between two messages leaves a sound, shorter frame. NNG never cuts, so this cannot
    // mislead.
    if (frame != nullptr) {
      EXPECT_LT(frame->messages.size(), 3u) << length;
    }
  }
}

TEST(Frame, EveryFlippedByteIsSafe) {
  const std::string wire = wire_of({"one", "two", "three"});
  for (std::size_t i = 0; i < wire.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = wire;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      static_cast<void>(decode_frame(flipped));
    }
  }
}

TEST(Frame, RefusesWithTheReason) {
  EXPECT_EQ(refusal_of(""), Refusal::NoTopic);
  EXPECT_EQ(refusal_of("md.7"), Refusal::NoTopic);
  EXPECT_EQ(refusal_of("\0"sv), Refusal::NoTopic);
  EXPECT_EQ(refusal_of("m d\0"sv), Refusal::NoTopic);
  EXPECT_EQ(refusal_of(std::string(kTopicBytesMax + 1, 'a') + '\0'), Refusal::NoTopic);
  EXPECT_EQ(refusal_of(std::string(kFrameBytesMax + 1, 'a')), Refusal::Oversize);
  EXPECT_EQ(refusal_of("md.7\0\xff"sv), Refusal::Undecodable);
  EXPECT_EQ(refusal_of("md.7\0"sv), Refusal::TopicMismatch);

  v1::Frame frame = generated_frame();
  EXPECT_EQ(refusal_of(wire_of(frame, "md.8")), Refusal::TopicMismatch);
  frame.clear_producer();
  EXPECT_EQ(refusal_of(wire_of(frame)), Refusal::BadProducer);
  frame = generated_frame();
  frame.mutable_producer()->set_replica("two words");
  EXPECT_EQ(refusal_of(wire_of(frame)), Refusal::BadProducer);
  frame.mutable_producer()->set_replica(std::string(kProducerNameBytesMax + 1, 'r'));
  EXPECT_EQ(refusal_of(wire_of(frame)), Refusal::BadProducer);

  frame = generated_frame();
  frame.set_first_seq(0);
  EXPECT_EQ(refusal_of(wire_of(frame)), Refusal::BadSequence);
  frame.set_first_seq(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(refusal_of(wire_of(frame)), Refusal::BadSequence);
  frame = generated_frame();
  frame.set_tip_seq(5);
  EXPECT_EQ(refusal_of(wire_of(frame)), Refusal::BadSequence) << "a tip with messages";
  frame = generated_frame();
  frame.clear_messages();
  EXPECT_EQ(refusal_of(wire_of(frame)), Refusal::BadSequence) << "neither messages nor a tip";
}

TEST(Frame, BoundsTheMessagesOfOneFrame) {
  std::string wire = encode_header(kProducer, "md.7", 1, 0);
  for (std::size_t i = 0; i < kFrameMessagesMax; ++i) append_message(wire, "");
  EXPECT_TRUE(std::holds_alternative<FrameView>(decode_frame(wire)));
  append_message(wire, "");
  EXPECT_EQ(refusal_of(wire), Refusal::TooManyMessages);
}

TEST(Frame, RefusesOverlongNumbersAsTheGeneratedClassDoes) {
  const std::string head = "md.7" + std::string(1, '\0');
  const std::string ten_bytes = std::string(9, '\xff') + '\x01';
  const std::string overflowing = std::string(9, '\xff') + '\x02';
  EXPECT_EQ(refusal_of(head + '\x18' + ten_bytes), Refusal::TopicMismatch)
      << "readable, but not a frame";
  EXPECT_EQ(refusal_of(head + '\x18' + overflowing), Refusal::Undecodable);
  EXPECT_EQ(refusal_of(head + '\x18' + std::string(10, '\xff') + '\x01'), Refusal::Undecodable);
}

TEST(Frame, TheHeaderAlwaysFitsItsAllowance) {
  const Producer longest{.service = std::string(kProducerNameBytesMax, 's'),
                         .replica = std::string(kProducerNameBytesMax, 'r'),
                         .incarnation = std::numeric_limits<std::uint64_t>::max()};
  const std::string topic(kTopicBytesMax, 't');
  const std::string header =
      encode_header(longest, topic, std::numeric_limits<std::uint64_t>::max(), -1);
  EXPECT_LE(header.size() + encoded_message_size(""), kFrameHeaderBytesMax);
  std::string wire = header;
  append_message(wire, std::string(kMessageBytesMax, 'x'));
  EXPECT_LE(wire.size(), kFrameBytesMax);
}

TEST(Frame, KnowsTheEncodedSizeOfAMessage) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 16383u, 16384u}) {
    std::string body;
    append_message(body, std::string(size, 'x'));
    EXPECT_EQ(body.size(), encoded_message_size(std::string(size, 'x')));
  }
}

TEST(Frame, TopicsAreAClosedAlphabet) {
  for (const char* topic :
       {"command", "md.0", "order.all", "runner.host-1.example", "signal.spread_farm"}) {
    EXPECT_TRUE(is_valid_topic(topic)) << topic;
  }
  for (const std::string_view topic :
       {""sv, ".md"sv, "md."sv, "md 1"sv, "md/1"sv, "md\0x"sv, "märkte"sv}) {
    EXPECT_FALSE(is_valid_topic(topic)) << topic;
  }
}

}  // namespace
}  // namespace polybot::bus
