#include "common/polymarket/messages/heartbeats.hpp"

#include <gtest/gtest.h>

namespace polybot::polymarket {
namespace {

TEST(Heartbeats, TheBodyIsSpelledAsTheVenueSignsIt) {
  EXPECT_EQ(write_heartbeat_body(""), R"({"heartbeat_id":""})");
  EXPECT_EQ(*parse_heartbeat_body(R"({"heartbeat_id":""})"), "");
  EXPECT_EQ(*parse_heartbeat_body(write_heartbeat_body("a-1")), "a-1");
}

TEST(Heartbeats, ABodyWithoutAnIdIsRefused) {
  EXPECT_FALSE(parse_heartbeat_body("").has_value());
  EXPECT_FALSE(parse_heartbeat_body("{}").has_value());
  EXPECT_FALSE(parse_heartbeat_body("[]").has_value());
  EXPECT_FALSE(parse_heartbeat_body(R"({"heartbeat_id":7})").has_value());
}

TEST(Heartbeats, BothAnswersNameTheIdToSendNext) {
  const HeartbeatResponse taken{"a-2", false};
  const HeartbeatResponse refused{"a-3", true};
  EXPECT_EQ(write_heartbeat_answer(taken), R"({"heartbeat_id":"a-2"})");
  EXPECT_EQ(write_heartbeat_answer(refused),
            R"({"error_msg":"Invalid Heartbeat ID","heartbeat_id":"a-3"})");
  EXPECT_EQ(*parse_heartbeat_answer(write_heartbeat_answer(taken)), taken);
  EXPECT_EQ(*parse_heartbeat_answer(write_heartbeat_answer(refused)), refused);
}

TEST(Heartbeats, ARefusalMayExpectAnEmptyId) {
  const HeartbeatResponse refused{"", true};
  EXPECT_EQ(*parse_heartbeat_answer(write_heartbeat_answer(refused)), refused);
  EXPECT_FALSE(parse_heartbeat_answer(R"({"error_msg":"Invalid Heartbeat ID"})").has_value());
}

TEST(Heartbeats, AnAnswerWithoutAnIdIsNone) {
  EXPECT_FALSE(parse_heartbeat_answer(R"({"status":"ok"})").has_value());
  EXPECT_FALSE(parse_heartbeat_answer(R"({"heartbeat_id":""})").has_value());
  EXPECT_FALSE(parse_heartbeat_answer(R"({"error":"Unauthorized/Invalid api key"})").has_value());
  EXPECT_FALSE(parse_heartbeat_answer("<html>").has_value());
}

}  // namespace
}  // namespace polybot::polymarket
