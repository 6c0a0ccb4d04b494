#include "common/http/url.hpp"

#include <gtest/gtest.h>

namespace polybot::http {
namespace {

TEST(UrlTest, SplitsAnAddress) {
  const auto url = parse_url("https://clob.example.com/markets?next=%2Fa#top");
  ASSERT_TRUE(url.has_value());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "clob.example.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/markets?next=%2Fa");
  EXPECT_EQ(url->host_field(), "clob.example.com");
}

TEST(UrlTest, TakesPortsAndLiteralAddresses) {
  const auto url = parse_url("ws://[::1]:8090");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8090);
  EXPECT_EQ(url->target, "/");
  EXPECT_EQ(url->host_field(), "[::1]:8090");
  EXPECT_EQ(parse_url("http://127.0.0.1?x=1")->target, "/?x=1");
}

TEST(UrlTest, RefusesWhatAClientCannotUse) {
  for (const char* const text : {"", "example.com", "/path", "ftp://example.com/", "http://",
                                 "http://user:word@example.com/", "http://example.com:0/",
                                 "http://example.com:99999/", "http://exa mple.com/"}) {
    EXPECT_FALSE(parse_url(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace polybot::http
