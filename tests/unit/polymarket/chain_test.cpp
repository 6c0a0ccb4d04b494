// What is asked of a node of the chain, and the small answers about who may trade.
#include "common/polymarket/messages/chain.hpp"

#include <gtest/gtest.h>

#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/catalogue.hpp"

namespace polybot::polymarket {
namespace {

using Kind = ChainQuestion::Kind;

constexpr Address kHolder = address_literal("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

TEST(Chain, ReadsTheQuestionsThatItWrites) {
  for (const Kind kind : {Kind::ChainId, Kind::Code, Kind::Balance}) {
    ChainQuestion question{.kind = kind};
    if (kind != Kind::ChainId) question.address = kHolder;
    if (kind == Kind::Balance) question.token = kOldCollateralToken;
    const auto read = parse_chain_question(write_chain_question(question));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, question);
  }
}

TEST(Chain, RefusesOtherQuestionsAndAnswers) {
  for (const char* const text :
       {"", "[]", R"({"method":"eth_sendRawTransaction","params":["0x00"]})",
        R"({"method":"eth_getCode","params":[]})", R"({"method":"eth_getCode","params":["0x1"]})",
        R"({"method":"eth_call","params":[{"to":"0x00","data":"0x70a08231"}]})"})
    EXPECT_FALSE(parse_chain_question(text).has_value()) << text;
  for (const char* const text : {"", R"({"error":{"code":-32000}})", R"({"result":12})",
                                 R"({"result":"12"})", R"({"result":"0xzz"})"})
    EXPECT_FALSE(parse_chain_answer(text).has_value()) << text;
  EXPECT_FALSE(parse_chain_answer(write_chain_error("no")).has_value());
}

TEST(Chain, ReadsNumbersOfAnyLength) {
  EXPECT_EQ(chain_number(*parse_chain_answer(write_chain_answer(chain_hex(137)))), 137U);
  EXPECT_EQ(chain_number("0x" + std::string(63, '0') + "5"), 5U);
  EXPECT_EQ(chain_number("0x" + std::string(64, 'f')), ~std::uint64_t{0});
  EXPECT_EQ(chain_number("0x"), std::nullopt);
  EXPECT_EQ(chain_number("137"), std::nullopt);
}

TEST(AccountState, WhatIsNotSaidIsNotNo) {
  EXPECT_TRUE(parse_geoblock(write_geoblock({.blocked = true, .country = "US"}))->blocked);
  EXPECT_FALSE(parse_geoblock(write_geoblock({}))->blocked);
  EXPECT_TRUE(*parse_closed_only(write_closed_only(true)));
  EXPECT_EQ(*parse_version(write_version(3)), 3);
  for (const char* const text : {"", "{}", R"({"blocked":null})", R"({"blocked":"no"})"}) {
    EXPECT_FALSE(parse_geoblock(text).has_value()) << text;
    EXPECT_FALSE(parse_closed_only(text).has_value()) << text;
    EXPECT_FALSE(parse_version(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace polybot::polymarket
