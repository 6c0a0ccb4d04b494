#include "common/http/proxy.hpp"

#include <gtest/gtest.h>

namespace polybot::http {
namespace {

TEST(ProxyTest, ReadsAnAddress) {
  for (const char* const text :
       {"proxy.example:3128", "http://proxy.example:3128", "HTTP://proxy.example:3128/"}) {
    const auto proxy = parse_proxy(text);
    ASSERT_TRUE(proxy.has_value()) << text;
    EXPECT_EQ(proxy->host, "proxy.example");
    EXPECT_EQ(proxy->port, 3128);
    EXPECT_EQ(proxy->authorization, "");
  }
  EXPECT_EQ(parse_proxy("[2001:db8::1]:8080")->host, "2001:db8::1");
  EXPECT_EQ(parse_proxy("10.0.0.1:8080")->host, "10.0.0.1");
}

TEST(ProxyTest, ReadsUserAndPassword) {
  EXPECT_EQ(parse_proxy("http://Aladdin:open%20sesame@p:1")->authorization,
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617
  EXPECT_EQ(parse_proxy("me:p@ss@p:1")->authorization, "Basic bWU6cEBzcw==");
  EXPECT_EQ(parse_proxy("me@p:1")->authorization, "Basic bWU6");
}

TEST(ProxyTest, SaysWhyAnAddressCannotBeUsed) {
  const auto fault = [](std::string_view text) {
    const auto proxy = parse_proxy(text);
    EXPECT_FALSE(proxy.has_value()) << text;
    return proxy ? ProxyFault::Rest : proxy.error();
  };
  EXPECT_EQ(fault("https://p:1"), ProxyFault::Scheme);
  EXPECT_EQ(fault("socks5://p:1"), ProxyFault::Scheme);
  EXPECT_EQ(fault("://p:1"), ProxyFault::Scheme);
  EXPECT_EQ(fault("http://p"), ProxyFault::Port);
  EXPECT_EQ(fault("p:0"), ProxyFault::Port);
  EXPECT_EQ(fault("p:65536"), ProxyFault::Port);
  EXPECT_EQ(fault("p:80x"), ProxyFault::Port);
  EXPECT_EQ(fault("::1:80"), ProxyFault::Host);
  EXPECT_EQ(fault(""), ProxyFault::Host);
  EXPECT_EQ(fault("a b:80"), ProxyFault::Host);
  EXPECT_EQ(fault("[::1:80"), ProxyFault::Host);
  EXPECT_EQ(fault("[p]:80"), ProxyFault::Host);
  EXPECT_EQ(fault("[fe80::1%eth0]:80"), ProxyFault::Host);
  EXPECT_EQ(fault(std::string_view("[::1\0x]:80", 11)), ProxyFault::Host);
  EXPECT_EQ(fault("p:80/path"), ProxyFault::Rest);
  EXPECT_EQ(fault("p:80?x"), ProxyFault::Rest);
  EXPECT_EQ(fault(":word@p:1"), ProxyFault::UserInformation);
  EXPECT_EQ(fault("me:%4@p:1"), ProxyFault::UserInformation);
  EXPECT_EQ(fault("me:%zz@p:1"), ProxyFault::UserInformation);
  EXPECT_EQ(fault("me:a%0D%0AX: y@p:1"), ProxyFault::UserInformation);
  EXPECT_EQ(fault("m%3Ae:word@p:1"), ProxyFault::UserInformation);
}

bool covers(std::string_view list, std::string_view host, std::uint16_t port = 443) {
  const auto parsed = NoProxy::parse(list);
  EXPECT_TRUE(parsed.has_value()) << list;
  return parsed && parsed->covers(host, port);
}

TEST(NoProxyTest, MatchesWholeLabelsFromTheEnd) {
  for (const char* const list :
       {"example.com", ".example.com", "*.example.com", "x, EXAMPLE.com.", "x example.com"}) {
    EXPECT_TRUE(covers(list, "example.com")) << list;
    EXPECT_TRUE(covers(list, "clob.Example.COM")) << list;
    EXPECT_TRUE(covers(list, "clob.example.com.")) << list;
    EXPECT_FALSE(covers(list, "badexample.com")) << list;
    EXPECT_FALSE(covers(list, "example.com.evil.test")) << list;
  }
  EXPECT_FALSE(covers("", "example.com"));
  EXPECT_TRUE(covers("*", "example.com"));
  EXPECT_TRUE(covers("a,*", "10.0.0.1"));
}

TEST(NoProxyTest, MatchesAddressesAndNetworks) {
  EXPECT_TRUE(covers("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(covers("10.1.2.3", "10.1.2.4"));
  EXPECT_TRUE(covers("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(covers("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(covers("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(covers("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(covers("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(covers("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(covers("2001:db8::/32", "2001:db8:1::1"));
  EXPECT_TRUE(covers("[2001:db8::1]:443", "2001:db8::1"));
  EXPECT_TRUE(covers("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_FALSE(covers("0.1", "10.0.0.1")) << "an address has no labels";
}

TEST(NoProxyTest, MatchesAPortWhereOneIsNamed) {
  EXPECT_TRUE(covers("example.com:8443", "example.com", 8443));
  EXPECT_FALSE(covers("example.com:8443", "example.com", 443));
  EXPECT_TRUE(covers("10.0.0.1:8443", "10.0.0.1", 8443));
  EXPECT_FALSE(covers("10.0.0.1:8443", "10.0.0.1", 443));
}

TEST(NoProxyTest, NamesAnEntryThatIsNone) {
  for (const char* const entry : {"10.0.0.0/33", "10.0.0.0/x", "example.com/8", "::1/129", "a:0",
                                  "a:b", "<local>", "[example.com]", "exa*mple.com", "."}) {
    const auto parsed = NoProxy::parse(std::string("good.test,") + entry);
    ASSERT_FALSE(parsed.has_value()) << entry;
    EXPECT_EQ(parsed.error(), entry);
  }
}

TEST(ProxyRulesTest, ThisMachineIsReachedDirectly) {
  ProxyRules rules;
  EXPECT_EQ(rules.of("example.com", 443), nullptr);
  rules.proxy = *parse_proxy("p:1");
  rules.except = *NoProxy::parse("example.com");
  for (const char* const host : {"localhost", "LOCALHOST", "x.localhost", "127.0.0.1", "127.9.9.9",
                                 "::1", "::ffff:127.0.0.1", "example.com"}) {
    EXPECT_EQ(rules.of(host, 443), nullptr) << host;
  }
  for (const char* const host : {"example.org", "notlocalhost", "10.0.0.1", "2001:db8::1"}) {
    EXPECT_EQ(rules.of(host, 443), &*rules.proxy) << host;
  }
}

}  // namespace
}  // namespace polybot::http
