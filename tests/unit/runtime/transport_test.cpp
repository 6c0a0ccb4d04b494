#include "common/runtime/transport.hpp"

#include <gmock/gmock.h>

namespace polybot::runtime {
namespace {

using config::Environment;
using config::Reader;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Read {
  std::shared_ptr<const http::Transport> transport;
  std::string errors;
};

Read read(const Environment& environment, std::string_view toml = "",
          std::string_view url = "https://venue.test") {
  Reader reader = Reader::parse(toml, "gateway.toml", environment);
  Read result{read_transport(reader, {"http://simulator.test", url}, environment), ""};
  try {
    reader.finish();
  } catch (const ConfigError& error) {
    result.errors = error.what();
  }
  return result;
}

bool uses_proxy(const Read& read, const char* url = "https://venue.test") {
  EXPECT_EQ(read.errors, "");
  return read.transport->proxy_of(*http::parse_url(url)) != nullptr;
}

TEST(TransportConfigTest, TakesAProxyFromTheEnvironmentAsCurlDoes) {
  EXPECT_FALSE(uses_proxy(read({})));
  for (const char* const name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    EXPECT_TRUE(uses_proxy(read({{name, "http://p.test:3128"}}))) << name;
  EXPECT_FALSE(uses_proxy(read({{"http_proxy", "p.test:3128"}}))) << "that is for plain http";
  EXPECT_FALSE(uses_proxy(read({{"https_proxy", ""}, {"HTTPS_PROXY", "p.test:3128"}})))
      << "an empty one says none";
  const Read lower = read({{"https_proxy", "a.test:1"}, {"HTTPS_PROXY", "b.test:2"}});
  EXPECT_EQ(lower.transport->proxy_of(*http::parse_url("https://venue.test"))->host, "a.test");
  for (const char* const name : {"no_proxy", "NO_PROXY"}) {
    const Read except = read({{"HTTPS_PROXY", "p.test:3128"}, {name, "venue.test,10.0.0.0/8"}});
    EXPECT_FALSE(uses_proxy(except)) << name;
    EXPECT_TRUE(uses_proxy(except, "wss://other.test/ws")) << name;
  }
}

TEST(TransportConfigTest, NamesTheVariableAndNeverThePassword) {
  EXPECT_THAT(read({{"HTTPS_PROXY", "https://me:hunter2@p.test:3128"}}).errors,
              AllOf(HasSubstr("HTTPS_PROXY must be an http:// proxy"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(read({{"https_proxy", "http://me:hunter2@p.test"}}).errors,
              AllOf(HasSubstr("https_proxy must name its port"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(read({{"HTTPS_PROXY", "p.test:1"}, {"NO_PROXY", "a.test,10.0.0.0/99"}}).errors,
              AllOf(HasSubstr("NO_PROXY has the entry "), HasSubstr("\"10.0.0.0/99\"")));
}

TEST(TransportConfigTest, NamesAnUnreadableFileAndWhereItIsFrom) {
  EXPECT_THAT(read({}, "[venue]\nca_file = \"/nowhere/ca.pem\"\n").errors,
              AllOf(HasSubstr("gateway.toml:2: venue.ca_file: "), HasSubstr("/nowhere/ca.pem")));
  EXPECT_THAT(read({{"POLYBOT_VENUE__CA_FILE", "/nowhere/ca.pem"}}).errors,
              HasSubstr("environment POLYBOT_VENUE__CA_FILE: venue.ca_file: "));
  EXPECT_THAT(read({{"SSL_CERT_FILE", "/nowhere/certs.pem"}}).errors,
              AllOf(HasSubstr("SSL_CERT_FILE names "), HasSubstr("/nowhere/certs.pem")));
}

TEST(TransportConfigTest, SaysThatAFolderIsNoFileOfAuthorities) {
  EXPECT_THAT(read({}, "[venue]\nca_file = \"/usr\"\n").errors,
              AllOf(HasSubstr("gateway.toml:2: venue.ca_file: names \"/usr\""),
                    HasSubstr("it is a folder")));
  EXPECT_THAT(read({{"SSL_CERT_FILE", "/usr"}}).errors,
              AllOf(HasSubstr("SSL_CERT_FILE names \"/usr\""), HasSubstr("it is a folder")));
}

TEST(TransportConfigTest, LooksAtNothingWhereNoAddressNeedsIt) {
  const Read plain = read({{"HTTPS_PROXY", "socks5://p.test:1"}, {"SSL_CERT_FILE", "/nowhere"}}, "",
                          "ws://simulator.test/ws/market");
  EXPECT_EQ(plain.errors, "");
  EXPECT_EQ(plain.transport, nullptr);
  EXPECT_THAT(read({}, "[venue]\nca_file = \"/nowhere/ca.pem\"\n", "http://x.test").errors,
              HasSubstr("venue.ca_file"))
      << "but what the configuration itself says must be right";
}

}  // namespace
}  // namespace polybot::runtime
