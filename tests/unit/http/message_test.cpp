#include "common/http/message.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>

namespace polybot::http {
namespace {

std::string literal(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(HeadersTest, FindsNamesWithoutRegardToCase) {
  Headers headers{{"Retry-After", "7"}};
  EXPECT_EQ(headers.find("retry-after"), "7");
  headers.set("RETRY-AFTER", "8");
  EXPECT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers.find("Retry-After"), "8");
  EXPECT_FALSE(headers.find("Retry").has_value());
}

TEST(HeadersTest, DropsAFieldThatWouldSplitTheMessage) {
  Headers headers{{"X-A", "1\r\nX-B: 2"}};
  headers.set("X-C", std::string_view("a\0b", 3));
  headers.add("X-D\n", "x");
  EXPECT_TRUE(headers.empty());
}

TEST(MethodTest, KnowsTheClosedSet) {
  EXPECT_EQ(parse_method("DELETE"), Method::Delete);
  EXPECT_EQ(parse_method("get"), Method::Other) << "methods are case-sensitive";
  EXPECT_EQ(to_string(parse_method("PROPFIND")), "other");
}

TEST(ProblemTest, IsAnRfc9457Object) {
  const Response response = problem(404, "no \"such\" thing\n\xFF");
  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto value = boost::json::parse(response.body).as_object();
  EXPECT_EQ(value.at("type"), "about:blank");
  EXPECT_EQ(value.at("title"), "Not Found");
  EXPECT_EQ(value.at("status"), 404);
  EXPECT_EQ(value.at("detail"), "no \"such\" thing\n\xEF\xBF\xBD");
}

TEST(JsonStringTest, ReplacesEveryKindOfBrokenUtf8) {
  const std::string replacement = "\"\xEF\xBF\xBD";
  EXPECT_EQ(literal("\xC0\xAF").substr(0, 4), replacement) << "overlong";
  EXPECT_EQ(literal("\xED\xA0\x80").substr(0, 4), replacement) << "surrogate";
  EXPECT_EQ(literal("\xF4\x90\x80\x80").substr(0, 4), replacement) << "beyond U+10FFFF";
  EXPECT_EQ(literal("\xE2\x82").substr(0, 4), replacement) << "cut short";
  EXPECT_EQ(literal("\xE2\x82\xAC"), "\"\xE2\x82\xAC\"") << "the euro sign is fine";
}

TEST(JsonStringTest, GivesBackAnyValidTextAndParsesForAnyBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random() % 3 == 0 ? random() % 256 : random() % 128);
    boost::system::error_code ec;
    const auto parsed = boost::json::parse(literal(bytes), ec);
    ASSERT_FALSE(ec) << ec.message();
    const bool ascii =
        std::all_of(bytes.begin(), bytes.end(), [](unsigned char c) { return c < 128; });
    if (ascii) {
      ASSERT_EQ(parsed.as_string(), bytes);
    }
  }
}

TEST(JsonStringTest, IsCutBetweenCharacters) {
  std::string out;
  EXPECT_FALSE(append_json_string(out,
                                  "a\xE2\x82\xAC"
                                  "b",
                                  3));
  EXPECT_EQ(out, "\"a\"");
  out.clear();
  EXPECT_FALSE(append_json_string(out, "a\nb", 2));
  EXPECT_EQ(out, "\"a\"") << "not inside an escape either";
}

}  // namespace
}  // namespace polybot::http
