// Order bodies, and what the venue's answers mean: accepted, rejected or ambiguous.
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "tests/unit/polymarket/vectors.hpp"

namespace polybot::polymarket {
namespace {

using domain::AmbiguityCause;
using domain::RejectReason;
using domain::SubmitAccepted;
using domain::SubmitAmbiguous;
using domain::SubmitOutcome;
using domain::SubmitRejected;

const domain::Timestamp kLastByte = domain::from_unix_ms(1757908892351);

PostedOrder posted_order() {
  PostedOrder posted{.order = order_a(),
                     .owner = "key",
                     .time_in_force = domain::TimeInForce::Gtd,
                     .expiration_s = 1757909999,
                     .post_only = true};
  posted.order.side = domain::Side::Sell;
  posted.order.metadata[0] = 7;
  posted.signature.signature.bytes[64] = 27;
  return posted;
}

SubmitOutcome answer(unsigned status, std::string_view body) {
  return read_order_answer(status, body, order_id(1), kLastByte);
}

std::string placed(std::string_view status, std::uint8_t order = 1) {
  std::string out;
  write_placement({.id = order_id(order), .status = status, .trades = {{"t1"}, {"t2"}}}, out);
  return out;
}

std::string refused(std::string_view text) {
  std::string out;
  write_placement({.success = false, .error = std::string(text), .status = ""}, out);
  return out;
}

RejectReason reject_reason(const SubmitOutcome& outcome) {
  const auto* const rejected = std::get_if<SubmitRejected>(&outcome);
  EXPECT_NE(rejected, nullptr);
  return rejected != nullptr ? rejected->reason : RejectReason::Other;
}

AmbiguityCause cause(const SubmitOutcome& outcome) {
  const auto* const ambiguous = std::get_if<SubmitAmbiguous>(&outcome);
  EXPECT_NE(ambiguous, nullptr);
  if (ambiguous == nullptr) return AmbiguityCause::Restarted;
  EXPECT_EQ(ambiguous->last_byte_at, kLastByte);
  return ambiguous->cause;
}

TEST(OrderBody, WhatIsWrittenReadsBackTheSame) {
  const PostedOrder posted = posted_order();
  const auto read = parse_order_body(write_order_body(posted));
  ASSERT_TRUE(read.has_value()) << to_string(read.error());
  EXPECT_EQ(*read, posted);
  const std::vector<PostedOrder> batch{posted, posted};
  EXPECT_EQ(*parse_orders_body(write_orders_body(batch)), batch);
}

TEST(OrderBody, BadOrdersAreNamed) {
  const std::string good = write_order_body(posted_order());
  const auto fault = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto read = parse_order_body(text);
    return read.has_value() ? "accepted" : to_string(read.error());
  };
  EXPECT_EQ(fault("\"salt\":123456789", "\"salt\":9007199254740992"), "BadNumber in salt");
  EXPECT_EQ(fault("\"side\":\"SELL\"", "\"side\":1"), "UnexpectedType in side");
  EXPECT_EQ(fault("\"side\":\"SELL\"", "\"side\":\"SELL\",\"nonce\":\"0\""),
            "UnknownValue in nonce");
  EXPECT_EQ(fault("\"signatureType\":0", "\"signatureType\":9"), "UnknownValue in signatureType");
  EXPECT_EQ(fault("\"orderType\":\"GTD\"", "\"orderType\":\"IOC\""), "UnknownValue in orderType");
  EXPECT_EQ(fault("\"owner\":\"key\"", "\"owner\":\"\""), "MissingField in owner");
  EXPECT_EQ(fault("\"makerAmount\":\"100000000\"", "\"makerAmount\":\"-1\""),
            "BadNumber in makerAmount");
  EXPECT_EQ(fault("\"maker\":\"0xf39F", "\"maker\":\"f39F"), "BadId in maker");
  EXPECT_EQ(to_string(parse_order_body("{}").error()), "MissingField in owner");
  EXPECT_EQ(to_string(parse_orders_body("{}").error()), "UnexpectedType in orders");
}

TEST(OrderBody, ATruncatedBodyIsNeverAccepted) {
  const std::string good = write_order_body(posted_order());
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(parse_order_body(good.substr(0, size)).has_value());
  }
}

TEST(OrderBody, SignedFieldsBecomeTheSignedStruct) {
  const domain::SignedFields fields{.salt = 5,
                                    .timestamp_ms = 1713398400000,
                                    .maker_amount = money("100"),
                                    .taker_amount = money("50"),
                                    .token = *domain::parse_token(kToken)};
  const Address account = *Address::parse(kAddress);
  OrderToSign expected = order_a();
  expected.salt = 5;
  OrderParty party{.wallet = {.owner = account, .address = account}};
  EXPECT_EQ(order_to_sign(fields, domain::Side::Buy, party), expected);
  party.builder[31] = expected.builder[31] = 1;
  party.wallet = *wallet_of(account, WalletKind::Deposit, kPolygonChainId);
  expected.maker = expected.signer = party.wallet.address;
  expected.signature_type = SignatureType::Poly1271;
  EXPECT_EQ(order_to_sign(fields, domain::Side::Buy, party), expected);
}

TEST(OrderAnswer, AcceptsByTheFullRuleOnly) {
  for (const auto& [name, state] : {std::pair("live", SubmitAccepted::State::Live),
                                    std::pair("matched", SubmitAccepted::State::Matched),
                                    std::pair("delayed", SubmitAccepted::State::Delayed)}) {
    const SubmitOutcome outcome = answer(200, placed(name));
    const auto* const accepted = std::get_if<SubmitAccepted>(&outcome);
    ASSERT_NE(accepted, nullptr) << name;
    EXPECT_EQ(accepted->state, state);
    EXPECT_EQ(accepted->trades, (std::vector<domain::TradeId>{{"t1"}, {"t2"}}));
  }
  EXPECT_EQ(cause(answer(200, placed("unmatched"))), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(200, placed(""))), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(200, placed("live", 2))),
            AmbiguityCause::Unparsable);  // another order's id
  EXPECT_EQ(cause(answer(200, R"({"success":true,"errorMsg":"","orderID":"","status":"live"})")),
            AmbiguityCause::Unparsable);
}

TEST(OrderAnswer, KnownRefusalsAreDefinite) {
  EXPECT_EQ(reject_reason(answer(400, write_error("not enough balance / allowance: balance is 0"))),
            RejectReason::Balance);
  EXPECT_EQ(reject_reason(answer(
                400, write_error(refusal::off_tick(order_id(1), price("0.555"), price("0.01"))))),
            RejectReason::TickSize);
  EXPECT_EQ(reject_reason(answer(401, write_error(refusal::kUnauthorized))),
            RejectReason::Unauthorized);
  EXPECT_EQ(reject_reason(answer(503, write_error(refusal::kPostOnlyMode, "post_only_mode", 79))),
            RejectReason::PostOnlyMode);
  EXPECT_EQ(reject_reason(answer(503, write_error(refusal::kCancelOnly))),
            RejectReason::CancelOnly);
  EXPECT_EQ(reject_reason(answer(503, write_error(refusal::kTradingDisabled))),
            RejectReason::TradingDisabled);
  EXPECT_EQ(reject_reason(answer(400, write_error("'0xA' address in closed only mode"))),
            RejectReason::ClosedOnly);
  EXPECT_EQ(reject_reason(answer(400, "\"invalid signature\"")), RejectReason::InvalidSignature);
  // Some refusals come with HTTP 200, even with "success":true.
  EXPECT_EQ(reject_reason(answer(200, refused(refusal::kFokNotFilled))), RejectReason::NotFilled);
  EXPECT_EQ(
      reject_reason(answer(200, R"({"success":true,"errorMsg":"invalid post-only order: order )"
                                R"(crosses book","orderID":"","status":""})")),
      RejectReason::Crosses);
}

TEST(OrderAnswer, EveryTextWeWriteIsKnown) {
  for (const std::string_view text :
       {refusal::kUnauthorized, refusal::kInvalidPayload, refusal::kWrongOwner,
        refusal::kWrongSigner, refusal::kInvalidOrderId, refusal::kInvalidSignature,
        refusal::kInvalidVersion, refusal::kBalance, refusal::kInvalidExpiration,
        refusal::kMarketNotReady, refusal::kPostOnlyCrosses, refusal::kFokNotFilled,
        refusal::kFakNoMatch, refusal::kTradingDisabled, refusal::kCancelOnly, refusal::kClosedOnly,
        refusal::kPostOnlyMode, refusal::kNoOrderbook, refusal::kInvalidTokenId}) {
    EXPECT_TRUE(known_refusal(text)) << text;
  }
  EXPECT_EQ(known_refusal(refusal::below_minimum(order_id(1), quantity("4"), quantity("5"))),
            RejectReason::BelowMinimum);
  EXPECT_EQ(known_refusal(refusal::duplicated(order_id(1))), RejectReason::Duplicated);
  EXPECT_EQ(known_refusal("order " + to_string(order_id(1)) + " crosses the book"),
            RejectReason::Crosses);
  EXPECT_EQ(known_refusal(refusal::too_many_orders(16, 15)), RejectReason::InvalidPayload);
  EXPECT_FALSE(known_refusal("context canceled"));
  EXPECT_FALSE(known_refusal(""));
}

TEST(OrderAnswer, RateLimitsAreRejectionsWithAnyBody) {
  EXPECT_EQ(reject_reason(answer(429, "<html>slow down</html>")), RejectReason::RateLimited);
  EXPECT_EQ(reject_reason(answer(429, "")), RejectReason::RateLimited);
}

// A proxy that answers has let no request in.
TEST(OrderAnswer, ARefusalAtTheDoorIsDefiniteAndSaysWhy) {
  const auto region = answer(
      403, R"({"error":"Trading restricted in your region, please refer to available regions"})");
  EXPECT_EQ(reject_reason(region), RejectReason::Forbidden);
  const auto page =
      answer(403, "<!DOCTYPE html><html><head><title>Attention Required!</title></head></html>");
  EXPECT_EQ(reject_reason(page), RejectReason::Forbidden);
  EXPECT_EQ(std::get<domain::SubmitRejected>(page).text, "HTTP 403: Attention Required!");
  EXPECT_EQ(reject_reason(answer(403, "")), RejectReason::Forbidden);
  EXPECT_EQ(reject_reason(answer(451, "")), RejectReason::Forbidden);
  EXPECT_EQ(reject_reason(answer(401, write_error("key is asleep"))), RejectReason::Unauthorized);
  EXPECT_TRUE(std::holds_alternative<SubmitAmbiguous>(
      answer(403, write_error(refusal::duplicated(order_id(1))))));
}

TEST(OrderAnswer, EverythingElseIsAmbiguous) {
  EXPECT_EQ(cause(answer(500, write_error("there are no matching orders"))),
            AmbiguityCause::ServerError);
  EXPECT_EQ(cause(answer(500, write_error("could not insert order"))), AmbiguityCause::ServerError);
  EXPECT_EQ(cause(answer(502, "<html>")), AmbiguityCause::ServerError);
  EXPECT_EQ(cause(answer(503, "<html>")), AmbiguityCause::ServerError);
  EXPECT_EQ(cause(answer(425, write_error("the market is not yet ready"))),
            AmbiguityCause::ServerError);
  EXPECT_EQ(cause(answer(400, write_error("context canceled"))), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(500, write_error("could not run the execution"))),
            AmbiguityCause::ServerError);
  EXPECT_EQ(cause(answer(302, "")), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(200, "")), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(200, "{\"succ")), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(200, "[]")), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(200, refused("some new words"))), AmbiguityCause::Unparsable);
  EXPECT_EQ(cause(answer(200, R"({"success":true,"errorMsg":"invalid signature","orderID":")" +
                                  to_string(order_id(1)) + R"(","status":"live"})")),
            AmbiguityCause::Unparsable);
}

TEST(OrderAnswer, ADuplicateMayMeanThatAnEarlierCopyLives) {
  EXPECT_EQ(cause(answer(400, write_error(refusal::duplicated(order_id(1))))),
            AmbiguityCause::Unparsable);
}

TEST(OrderAnswer, ATruncatedAnswerIsNeverAcceptedNorRejected) {
  for (const std::string& body : {placed("live"), refused(refusal::kBalance)}) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      ASSERT_TRUE(std::holds_alternative<SubmitAmbiguous>(answer(200, body.substr(0, size))));
    }
  }
}

TEST(OrderAnswer, LongTextsAreCutBetweenCharacters) {
  std::string text = "invalid signature ";
  while (text.size() < 400) text += "\u00e9";
  const SubmitOutcome outcome = answer(400, write_error(text));
  const std::string& kept = std::get<SubmitRejected>(outcome).text;
  EXPECT_LE(kept.size(), kRefusalTextBytesMax);
  EXPECT_EQ(static_cast<unsigned char>(kept.back()) & 0xC0U, 0x80U);  // a whole character
}

TEST(BatchAnswer, EachOrderHasItsOwnAnswer) {
  const std::vector<domain::VenueOrderId> orders{order_id(1), order_id(2), order_id(3)};
  const auto answers = read_orders_answer(
      200, "[" + placed("matched", 1) + "," + refused(refusal::kBalance) + "]", orders, kLastByte);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].order, order_id(1));
  EXPECT_TRUE(std::holds_alternative<SubmitAccepted>(answers[0].outcome));
  EXPECT_EQ(reject_reason(answers[1].outcome), RejectReason::Balance);
  EXPECT_EQ(cause(answers[2].outcome), AmbiguityCause::Unparsable);  // the array was short
}

TEST(BatchAnswer, ARefusalOfTheWholeBatchIsEachOrdersRefusal) {
  const std::vector<domain::VenueOrderId> orders{order_id(1), order_id(2)};
  for (const auto& one :
       read_orders_answer(400, write_error(refusal::too_many_orders(16, 15)), orders, kLastByte)) {
    EXPECT_EQ(reject_reason(one.outcome), RejectReason::InvalidPayload);
  }
  for (const auto& one : read_orders_answer(500, "", orders, kLastByte)) {
    EXPECT_EQ(cause(one.outcome), AmbiguityCause::ServerError);
  }
  for (const auto& one : read_orders_answer(200, "{}", orders, kLastByte)) {
    EXPECT_EQ(cause(one.outcome), AmbiguityCause::Unparsable);
  }
}

TEST(Cancels, BodiesReadBack) {
  EXPECT_EQ(*parse_cancel_body(write_cancel_body(order_id(1))), order_id(1));
  const std::vector<domain::VenueOrderId> orders{order_id(1), order_id(2)};
  EXPECT_EQ(*parse_cancels_body(write_cancels_body(orders)), orders);
  EXPECT_EQ(*parse_cancel_market_body(R"({"market":")" + to_string(market_id(1)) +
                                      R"(","asset_id":")" + to_string(token_id(2)) + R"("})"),
            (CancelMarketRequest{market_id(1), token_id(2)}));
  EXPECT_FALSE(parse_cancel_body(R"({"orderID":"0x1"})").has_value());
  EXPECT_FALSE(parse_cancels_body(R"(["0x1"])").has_value());
  EXPECT_FALSE(parse_cancels_body(R"([1])").has_value());
  EXPECT_FALSE(parse_cancel_market_body("{}").has_value());
}

TEST(Cancels, AnswersTellEachOrdersFate) {
  using Result = domain::CancelAnswered::Result;
  const CancelAnswer written{{order_id(1)},
                             {{order_id(2), std::string(refusal::kCancelGone)},
                              {order_id(3), "Order not found or already canceled"},
                              {order_id(4), std::string(refusal::kCancelDelayed)},
                              {order_id(6), "come back tomorrow"}}};
  const auto read = parse_cancel_answer(write_cancel_answer(written));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, written);
  EXPECT_EQ(cancel_result(*read, order_id(1)).result, Result::Canceled);
  EXPECT_EQ(cancel_result(*read, order_id(2)).result, Result::NotFound)
      << "also said of an order that has never arrived";
  EXPECT_EQ(cancel_result(*read, order_id(3)).result, Result::NotFound);
  EXPECT_EQ(cancel_result(*read, order_id(4)).result, Result::NotCanceled);
  EXPECT_EQ(cancel_result(*read, order_id(5)).result, Result::Unknown);
  EXPECT_EQ(cancel_result(*read, order_id(6)).result, Result::Unknown);
  EXPECT_FALSE(parse_cancel_answer("{}").has_value());
  EXPECT_FALSE(parse_cancel_answer(R"({"canceled":["x"]})").has_value());
}

TEST(Errors, BodiesReadInAllSpellings) {
  EXPECT_EQ(parse_error_body(R"({"error":"a"})"), "a");
  EXPECT_EQ(parse_error_body(R"("b")"), "b");
  EXPECT_EQ(parse_error_body(R"({"error_msg":"c","heartbeat_id":""})"), "c");
  EXPECT_FALSE(parse_error_body("<html>"));
  EXPECT_FALSE(parse_error_body("{}"));
}

}  // namespace
}  // namespace polybot::polymarket
