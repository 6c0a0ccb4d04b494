#include "common/polymarket/messages/api_keys.hpp"

#include <gtest/gtest.h>

namespace polybot::polymarket {
namespace {

TEST(ApiKeys, ReadsWhatItWrites) {
  const ApiCredentials written("1b9d", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "word");
  const auto read = parse_api_credentials(write_api_credentials(written));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->api_key(), written.api_key());
  EXPECT_EQ(read->secret(), written.secret());
  EXPECT_EQ(read->passphrase(), written.passphrase());
}

TEST(ApiKeys, RefusesEveryTruncation) {
  const std::string whole = write_api_credentials(ApiCredentials("1b9d", "AAAA", "word"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_api_credentials(whole.substr(0, size))) << size;
  }
}

TEST(ApiKeys, NamesWhatIsMissingOrWrong) {
  EXPECT_EQ(parse_api_credentials(R"({"secret":"AAAA","passphrase":"p"})").error().where, "apiKey");
  EXPECT_EQ(parse_api_credentials(R"({"apiKey":"k","passphrase":"p"})").error().where, "secret");
  EXPECT_EQ(
      parse_api_credentials(R"({"apiKey":"k","secret":"***","passphrase":"p"})").error().where,
      "secret");
  EXPECT_EQ(parse_api_credentials(R"({"apiKey":"k","secret":"AAAA"})").error().where, "passphrase");
}

// Both are sent as header fields.
TEST(ApiKeys, RefusesWhatWouldBeginAnotherHeader) {
  for (const std::string bad :
       {R"(k\r\nX-Other: 1)", R"(k\u0000)", R"(k\n)", R"(k k)", "k\u00e9"}) {
    const auto key =
        parse_api_credentials(R"({"apiKey":")" + bad + R"(","secret":"AAAA","passphrase":"p"})");
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.error().where, "apiKey");
    const auto word =
        parse_api_credentials(R"({"apiKey":"k","secret":"AAAA","passphrase":")" + bad + R"("})");
    ASSERT_FALSE(word) << bad;
    EXPECT_EQ(word.error().where, "passphrase");
  }
}

}  // namespace
}  // namespace polybot::polymarket
