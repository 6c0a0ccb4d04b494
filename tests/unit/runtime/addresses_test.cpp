// Addresses that a start would refuse are errors of the configuration, under their key.
#include "common/runtime/addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::runtime {
namespace {

using bus::EndpointRole;
using bus::NetworkTrust;
using testing::HasSubstr;

config::Reader reader_of(const std::string& toml) {
  return config::Reader::parse(toml, "test.toml", {});
}

// What finish() says after `read`; empty when nothing is wrong.
template <class Read>
std::string error_of(const std::string& toml, const Read& read) {
  config::Reader reader = reader_of(toml);
  read(reader);
  try {
    reader.finish();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

TEST(Addresses, TakesWhatAStartWouldTake) {
  EXPECT_EQ(error_of("bus.orders = \"ipc:///run/polybot/orders\"\n"
                     "api.address = \"::1\"\nvenue.rest = \"https://venue.example/\"",
                     [](config::Reader& reader) {
                       (void)read_bus_address(reader, "bus.orders", 5561, EndpointRole::Listen,
                                              NetworkTrust::LoopbackOnly);
                       (void)read_listen_address(reader, "api.address", "127.0.0.1");
                       (void)read_url(reader, "venue.rest", "");
                     }),
            "");
}

TEST(Addresses, NamesTheKeyOfABusAddressThatCannotBe) {
  for (const char* address : {"tcp://127.0.0.1", "tcp://0.0.0.0:5561", "ipc://relative/path",
                              "udp://localhost", "tcp://localhost:port", ""}) {
    EXPECT_THAT(error_of("bus.orders = \"" + std::string(address) + "\"",
                         [](config::Reader& reader) {
                           (void)read_bus_address(reader, "bus.orders", 5561, EndpointRole::Listen,
                                                  NetworkTrust::LoopbackOnly);
                         }),
                HasSubstr("bus.orders"))
        << address;
  }
}

TEST(Addresses, LetsATrustedNetworkIn) {
  EXPECT_EQ(error_of("bus.trusted_network = true\nbus.orders = \"tcp://0.0.0.0:5561\"",
                     [](config::Reader& reader) {
                       const NetworkTrust trust = read_trust(reader);
                       (void)read_bus_address(reader, "bus.orders", 5561, EndpointRole::Listen,
                                              trust);
                     }),
            "");
}

TEST(Addresses, NamesTheKeyOfAUrlOrListenAddressThatCannotBe) {
  EXPECT_THAT(error_of("venue.rest = \"ftp://venue\"",
                       [](config::Reader& reader) { (void)read_url(reader, "venue.rest", ""); }),
              HasSubstr("venue.rest"));
  EXPECT_THAT(error_of("api.address = \"everywhere\"",
                       [](config::Reader& reader) {
                         (void)read_listen_address(reader, "api.address", "");
                       }),
              HasSubstr("api.address"));
}

}  // namespace
}  // namespace polybot::runtime
