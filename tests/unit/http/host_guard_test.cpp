#include "common/http/host_guard.hpp"

#include <gtest/gtest.h>

namespace polybot::http {
namespace {

using Refusal = HostGuard::Refusal;

std::optional<Refusal> refusal(Headers headers, std::vector<std::string> names = {}) {
  Request request;
  request.headers = std::move(headers);
  return HostGuard(std::move(names)).refuse(request);
}

TEST(HostGuard, KnowsItsNamesAndEveryAddress) {
  for (const char* host : {"localhost", "LocalHost:8080", "127.0.0.1", "[::1]:8080",
                           "Trading.Example:80", "10.1.2.3", "[fd00::2]:8000"}) {
    EXPECT_EQ(refusal({{"Host", host}}, {"trading.example"}), std::nullopt) << host;
  }
  EXPECT_EQ(refusal({}), std::nullopt) << "a browser always names the host";
}

TEST(HostGuard, RefusesANameThatMayBeRebound) {
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example",
                           "127.0.0.1.evil.example", "", "[evil]", "[127.0.0.1]", "::1"}) {
    EXPECT_EQ(refusal({{"Host", host}}, {"trading.example"}), Refusal::Host) << host;
  }
}

TEST(HostGuard, TakesAPageOfItsOwnAlone) {
  EXPECT_EQ(refusal({{"Host", "localhost"}, {"Origin", "http://localhost:3000"}}), std::nullopt);
  EXPECT_EQ(refusal({{"Host", "10.1.2.3:8080"}, {"Origin", "http://10.1.2.3:8080"}}), std::nullopt);
  for (const char* origin : {"https://evil.example", "http://10.9.9.9", "null", "", "localhost"}) {
    EXPECT_EQ(refusal({{"Host", "localhost"}, {"Origin", origin}}), Refusal::Origin) << origin;
  }
}

TEST(HostGuard, WithAnyHostStillRefusesForeignPages) {
  EXPECT_EQ(refusal({{"Host", "any.example"}}, {"*"}), std::nullopt);
  EXPECT_EQ(refusal({{"Host", "any.example"}, {"Origin", "https://any.example"}}, {"*"}),
            std::nullopt);
  EXPECT_EQ(refusal({{"Host", "any.example"}, {"Origin", "https://evil.example"}}, {"*"}),
            Refusal::Origin);
}

}  // namespace
}  // namespace polybot::http
