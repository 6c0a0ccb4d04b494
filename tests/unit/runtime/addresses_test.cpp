// Addresses that a start would refuse are errors of the configuration, under their key.
#include "common/runtime/addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polybot::runtime {
namespace {

using bus::EndpointRole;
using testing::AllOf;
using testing::HasSubstr;
using wire::ports::kOrders;

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
                       (void)read_bus_address(reader, "bus.orders", kOrders, EndpointRole::Listen,
                                              BusSecurity());
                       (void)read_listen_address(reader, "api.address", "127.0.0.1");
                       (void)read_url(reader, "venue.rest", "");
                     }),
            "");
}

TEST(Addresses, ShowNoPasswordOfAUrl) {
  EXPECT_THAT(error_of("venue.rest = \"https://me:hunter2@venue.example/\"",
                       [](config::Reader& reader) { (void)read_url(reader, "venue.rest", ""); }),
              AllOf(HasSubstr("venue.rest"), testing::Not(HasSubstr("hunter2"))));
}

TEST(Addresses, NamesTheKeyOfABusAddressThatCannotBe) {
  for (const char* address :
       {"tcp://127.0.0.1", "tcp://0.0.0.0:5561", "ipc://relative/path", "udp://localhost",
        "tcp://localhost:port", "tls+tcp://localhost:5561", "tls+tcp://127.0.0.1", ""}) {
    EXPECT_THAT(error_of("bus.orders = \"" + std::string(address) + "\"",
                         [](config::Reader& reader) {
                           (void)read_bus_address(reader, "bus.orders", kOrders,
                                                  EndpointRole::Listen, BusSecurity());
                         }),
                HasSubstr("bus.orders"))
        << address;
  }
}

// Who dials beyond loopback would believe whatever answers; who listens there, anybody who comes.
TEST(Addresses, LeaveLoopbackOverATrustedNetworkAlone) {
  for (const EndpointRole role : {EndpointRole::Listen, EndpointRole::Dial}) {
    const auto read = [role](config::Reader& reader) {
      const BusSecurity security = read_bus_security(reader, "order-manager");
      (void)read_bus_address(reader, "bus.orders", kOrders, role, security);
    };
    const std::string address = "bus.orders = \"tcp://10.0.0.1:5561\"";
    EXPECT_EQ(error_of("bus.trusted_network = true\n" + address, read), "");
    EXPECT_THAT(error_of(address, read), AllOf(HasSubstr("bus.orders"), HasSubstr("tls+tcp://"),
                                               HasSubstr("bus.trusted_network")));
  }
}

TEST(Addresses, NameWhatTlsNeeds) {
  const auto read = [](config::Reader& reader) {
    (void)read_bus_security(reader, "order-manager");
  };
  EXPECT_THAT(error_of("bus.tls.certificate_file = \"/a\"", read),
              HasSubstr("bus.tls.authorities"));
  EXPECT_THAT(error_of("bus.tls.authorities = \"/a\"", read),
              HasSubstr("bus.tls.certificate_file"));
  EXPECT_THAT(error_of("bus.tls.authorities = \"/a\"\nbus.tls.certificate_file = \"/gone\"", read),
              AllOf(HasSubstr("bus.tls.certificate_file"), HasSubstr("/gone")));
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
