#include "common/runtime/logging.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <limits>
#include <random>

namespace polybot::runtime::log {
namespace {

const domain::Timestamp kAt = domain::from_unix_ms(1'780'000'000'123);

std::string json_line(std::string_view message, Fields fields = {}, std::uint64_t suppressed = 0) {
  return format_line(Format::Json, kAt, Level::Info, {"order-manager", "om-1"}, message, fields,
                     suppressed);
}
std::string text_line(std::string_view message, Fields fields = {}) {
  return format_line(Format::Text, kAt, Level::Warning, {"gateway", "g-1"}, message, fields);
}
boost::json::object parsed(const std::string& line) {
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_LE(line.size(), kLineBytesMax);
  return boost::json::parse(line).as_object();
}

TEST(LoggingTest, PrintsTheFieldsOfTheContractInOrder) {
  const domain::ClientOrderId id{{0xABC, 7}, 1};
  EXPECT_EQ(json_line("Order filled", {{"order_id", id},
                                       {"strategy", domain::StrategyName{"momentum"}},
                                       {"fill_price", exact("0.45")},
                                       {"cash", *domain::Money::parse("-12.500001")},
                                       {"maker", true},
                                       {"count", 3U}}),
            R"({"timestamp":"2026-05-28T20:26:40.123Z","level":"INFO","message":"Order filled",)"
            R"("service":"order-manager","replica":"om-1","order_id":"0000000000000abc-7-1",)"
            R"("strategy":"momentum","fill_price":0.45,"cash":-12.500001,"maker":true,"count":3})");
}

TEST(LoggingTest, PrintsTextForPeople) {
  EXPECT_EQ(text_line("Feed silent\nfor long",
                      {{"url", "ws://h"}, {"why", "no data"}, {"s", 5}, {"e", ""}}),
            "2026-05-28T20:26:40.123Z WARNING gateway/g-1 Feed silent\\nfor long url=ws://h "
            "why=\"no data\" "
            "s=5 e=\"\"");
}

// A message is not inside quotes, but a value may be, and then its own quotes are escaped.
TEST(LoggingTest, EscapesNoQuotesInATextMessage) {
  EXPECT_EQ(text_line("got \"x\" in C:\\n\tand", {{"why", "not \"y\""}}),
            "2026-05-28T20:26:40.123Z WARNING gateway/g-1 got \"x\" in C:\\\\n\\tand "
            "why=\"not \\\"y\\\"\"");
}

TEST(LoggingTest, PrintsOnlyTrueNumbersAsNumbers) {
  for (const char* const number : {"0", "-0", "10", "0.45", "-1.5e10", "1E+2"}) {
    EXPECT_NE(json_line("x", {{"n", exact(number)}}).find(std::string("\"n\":") + number),
              std::string::npos);
  }
  for (const char* const other :
       {"", "-", "01", ".5", "5.", "1e", "+1", "0x1", "NaN", "1 ", "1,\"a\":2"}) {
    EXPECT_TRUE(parsed(json_line("x", {{"n", exact(other)}})).at("n").is_string()) << other;
  }
}

TEST(LoggingTest, PrintsNoNumberThatJsonLacks) {
  for (const double number : {std::nan(""), std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity()}) {
    EXPECT_TRUE(parsed(json_line("x", {{"n", number}})).at("n").is_null());
  }
  EXPECT_EQ(parsed(json_line("x", {{"n", 0.1}})).at("n").as_double(), 0.1);
  EXPECT_EQ(parsed(json_line("x", {{"n", std::numeric_limits<std::uint64_t>::max()}}))
                .at("n")
                .as_uint64(),
            std::numeric_limits<std::uint64_t>::max());
}

TEST(LoggingTest, RedactsSecrets) {
  for (const char* const key :
       {"private_key", "api_key", "API_KEY", "poly_api_key", "secret", "passphrase",
        "Authorization", "POLY-SIGNATURE", "bearer_token", "token"}) {
    EXPECT_TRUE(is_secret_key(key)) << key;
    EXPECT_EQ(json_line("x", {{key, "hunter2"}}).find("hunter2"), std::string::npos) << key;
    EXPECT_EQ(text_line("x", {{key, "hunter2"}}).find("hunter2"), std::string::npos) << key;
  }
  for (const char* const key : {"token_id", "tokens", "secretary", "signature_type", "order_id"}) {
    EXPECT_FALSE(is_secret_key(key)) << key;
  }
  const Secret secret("hunter2");
  EXPECT_EQ(parsed(json_line("x", {{"word", secret}})).at("word"), "***");
}

TEST(LoggingTest, KeepsItsOwnFieldsApart) {
  const auto object = parsed(json_line("real", {{"message", "forged"}, {"level", "forged"}}));
  EXPECT_EQ(object.at("message"), "real");
  EXPECT_EQ(object.at("message_"), "forged");
  EXPECT_EQ(object.at("level"), "INFO");
}

TEST(LoggingTest, CapsTheLineAndSaysSo) {
  const std::string huge(100'000, '\x01');  // each byte takes six when escaped
  const auto object =
      parsed(json_line(huge, {{"a", huge}, {"b", huge}, {"c", huge}, {"d", "small"}}, 9));
  EXPECT_EQ(object.at("truncated"), true);
  EXPECT_EQ(object.at("suppressed"), 9);
  EXPECT_LE(text_line(huge, {{"a", huge}, {"b", std::string(100'000, 'b')}, {"c", huge}}).size(),
            kLineBytesMax);
}

TEST(LoggingTest, IsOneJsonObjectForAnyBytes) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    const auto bytes = [&] {
      std::string text(random() % 60, '\0');
      for (char& c : text) c = static_cast<char>(random() % 256);
      return text;
    };
    const std::string key = bytes();
    const std::string value = bytes();
    const std::string message = bytes();
    const std::string replica = bytes();
    const std::string line =
        format_line(Format::Json, kAt, Level::Critical, {"s", replica}, message,
                    {{key, value}, {"n", exact(bytes())}, {"x", 1.5}});
    boost::system::error_code ec;
    const auto value_parsed = boost::json::parse(line, ec);
    ASSERT_FALSE(ec) << line;
    ASSERT_TRUE(value_parsed.is_object());
    ASSERT_EQ(line.find('\n'), std::string::npos);
    const std::string text =
        format_line(Format::Text, kAt, Level::Info, {"s", replica}, message, {{"k", value}});
    ASSERT_EQ(text.find_first_of("\n\r\x1b"), std::string::npos)
        << "no line breaks, no terminal tricks";
  }
}

TEST(LoggingTest, ReadsLevelsAndFormats) {
  EXPECT_EQ(parse_level("WARNING"), Level::Warning);
  EXPECT_EQ(parse_level("debug"), Level::Debug);
  EXPECT_EQ(parse_level("loud"), std::nullopt);
  EXPECT_EQ(parse_format("JSON"), Format::Json);
  EXPECT_EQ(parse_format("xml"), std::nullopt);
}

// Otherwise a watchdog that ends its process would hang in its last words.
TEST(LoggingTest, LastWordsDoNotWaitForAReaderThatStopped) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const std::string full(static_cast<std::size_t>(::fcntl(pipe[1], F_GETPIPE_SZ)), 'x');
  ASSERT_EQ(::write(pipe[1], full.data(), full.size()), static_cast<ssize_t>(full.size()));
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::dup2(pipe[1], STDERR_FILENO);
    write_now(Level::Critical, "The event loop is stuck");
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  for (const int end : pipe) ::close(end);
}

}  // namespace
}  // namespace polybot::runtime::log
