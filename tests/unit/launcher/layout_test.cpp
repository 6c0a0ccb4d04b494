// Decisions before any process is started: the paths a data folder may have, and the ports.
#include "deploy/launcher/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fstream>

#include "deploy/launcher/overrides.hpp"
#include "deploy/launcher/ports.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(DataFolder, IsTheSameWithASlashAtItsEnd) {
  EXPECT_EQ(read_options({{"DATA", "/a/b c/"}}, "", Home::WorkingFolder).data, "/a/b c");
  EXPECT_EQ(read_options({{"DATA", "/a/../b"}}, "", Home::WorkingFolder).data, "/b");
  EXPECT_EQ(read_options({{"DATA", "b/"}}, "", Home::WorkingFolder).data, fs::current_path() / "b");
}

TEST(DataFolder, IsRefusedInOneSentenceWhereItCannotBeMade) {
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "file") << "no folder\n";
  EXPECT_THAT([&] { make_data_folder(folder / "file" / "data"); },
              ThrowsMessage<BadOption>(
                  AllOf(HasSubstr((folder / "file").string()), HasSubstr("DATA=folder"))));
}

TEST(DataFolder, IsRefusedWhereTheJournalCouldNotBeOpened) {
  const test_support::TemporaryFolder folder;
  const fs::path below = folder / std::string(200, 'x') / std::string(200, 'x');
  const std::size_t most = 504 - std::string("/journal/journal.db").size();
  const auto of_length = [&](std::size_t bytes) {
    return below / std::string(bytes - below.native().size() - 1, 'x');
  };
  make_data_folder(of_length(most));
  EXPECT_THAT([&] { make_data_folder(of_length(most + 1)); },
              ThrowsMessage<BadOption>(HasSubstr("bytes over: 1")));
}

TEST(VenueKey, IsMadeForANewJournalAlone) {
  const test_support::TemporaryFolder folder;
  const Options options{.data = folder.path(), .runners = 1};
  const fs::path key = folder / "secrets" / "venue-key";
  const auto layout = [&] { return lay_out(options, {}, folder / "bus", "/bin", "/etc", {}); };
  const fs::path journal = layout().journal;
  ASSERT_TRUE(fs::exists(key));
  std::ofstream(journal) << "of this key's account\n";
  EXPECT_NO_THROW(layout());
  fs::remove(key);
  EXPECT_THAT(layout, ThrowsMessage<BadOption>(
                          AllOf(HasSubstr(key.string()), HasSubstr(journal.string()))));
  EXPECT_FALSE(fs::exists(key));
}

TEST(Ports, NamesThePortOfAnotherProgram) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor other(io, {boost::asio::ip::address_v4::loopback(), 0});
  const PortUse taken{other.local_endpoint().port(), "gateway"};
  const auto found = find_taken_port({{0, "any free one"}, taken});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "gateway");
  EXPECT_THAT(taken_text(*found),
              AllOf(HasSubstr("port " + std::to_string(taken.port) + " of gateway is in use by "),
                    HasSubstr("(process " + std::to_string(::getpid()) + ")")));
  EXPECT_EQ(listens(::getpid(), taken.port), true);
  EXPECT_EQ(listens(::getppid(), taken.port), false);
  other.close();
  EXPECT_FALSE(find_taken_port({taken}));
}

TEST(Ports, AreFreeAtAnotherOffset) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor other(io, {boost::asio::ip::address_v4::loopback(), 0});
  const std::uint16_t taken = other.local_endpoint().port();
  const auto below = static_cast<std::uint16_t>(taken - 100);
  const auto offset = find_free_offset({{below, "gateway"}}, 1'000);
  ASSERT_TRUE(offset);
  EXPECT_GT(*offset, 1'100) << "a hundred higher it is taken";
  EXPECT_EQ(find_free_offset({{below, "gateway"}}, kPortOffsetMax), std::nullopt);
}

TEST(PaperLayout, HasOneGatewayForTheRealVenueAlone) {
  const test_support::TemporaryFolder folder;
  const Options options{.mode = domain::TradingMode::Paper, .data = folder.path(), .runners = 1};
  const Environment given = {{"POLYBOT_MARKETS__SLUGS", "x"},
                             {"POLYBOT_VENUE__REST", "https://real.test"}};
  const KnownKeys known = {{"gateway", {"markets.slugs", "venue.rest"}},
                           {"order-manager", {"venue.rest"}}};
  const Layout layout = lay_out(options, given, folder / "bus", "/bin", "/etc", known);
  const auto set = [&](const std::string& name, const std::string& variable) {
    for (const ServicePlan& plan : layout.services) {
      if (plan.spec.name != name) continue;
      const auto found = plan.spec.environment.find(variable);
      return found == plan.spec.environment.end() ? std::string() : found->second;
    }
    return std::string("no such service");
  };
  EXPECT_EQ(set("upstream", "POLYBOT_VENUE__REST"), "https://real.test");
  EXPECT_EQ(set("upstream", "POLYBOT_MARKETS__SLUGS"), "x");
  EXPECT_EQ(set("gateway", "POLYBOT_MARKETS__SLUGS"), "");
  for (const char* name : {"gateway", "order-manager"})
    EXPECT_THAT(set(name, "POLYBOT_VENUE__REST"), HasSubstr(layout.venue_url));
  EXPECT_EQ(set("venue-simulator", "POLYBOT_MIRROR__MARKET_DATA"),
            set("upstream", "POLYBOT_BUS__MARKET_DATA"));
  EXPECT_NE(set("gateway", "POLYBOT_BUS__MARKET_DATA"),
            set("upstream", "POLYBOT_BUS__MARKET_DATA"));
}

TEST(LiveLayout, HasNoSimulatedVenueAndMakesNoKey) {
  const test_support::TemporaryFolder folder;
  const Options options{.mode = domain::TradingMode::Live, .data = folder.path(), .runners = 1};
  const Layout layout = lay_out(options, {}, folder / "bus", "/bin", "/etc", {});
  EXPECT_EQ(layout.simulator_url, "");
  EXPECT_EQ(layout.venue_url, "");
  EXPECT_FALSE(fs::exists(folder / "secrets" / "venue-key"));
  for (const ServicePlan& plan : layout.services) {
    EXPECT_NE(plan.service, "venue-simulator");
    const bool trades = plan.service == "order-manager";
    for (const char* name :
         {"POLYBOT_VENUE__REST", "POLYBOT_VENUE__GAMMA", "POLYBOT_VENUE__PRIVATE_KEY_FILE"})
      EXPECT_FALSE(plan.spec.environment.contains(name)) << plan.service;
    EXPECT_EQ(plan.spec.environment.contains("POLYBOT_VENUE__MODE"), trades);
    if (trades) EXPECT_EQ(plan.spec.environment.at("POLYBOT_VENUE__MODE"), "live");
  }
}

TEST(LiveVenue, IsTheSameForTradingAndWatching) {
  const test_support::TemporaryFolder folder;
  const auto write = [&](const std::string& service, const std::string& rest) {
    std::ofstream(folder / (service + ".toml"))
        << "[venue]\nrest = \"" << rest << "\"\ngamma = \"https://gamma.test\"\n";
  };
  write("order-manager", "https://one.test");
  write("gateway", "https://one.test");
  EXPECT_NO_THROW(check_venue(folder.path()));
  write("gateway", "https://two.test");
  EXPECT_THAT([&] { check_venue(folder.path()); },
              ThrowsMessage<BadOption>(
                  AllOf(HasSubstr("https://one.test"), HasSubstr("https://two.test"))));
}

TEST(Ports, OfTwoStacksAHundredApartAreDifferent) {
  const test_support::TemporaryFolder folder;
  Options options{.data = folder.path(), .runners = kRunnersMax};
  const Layout first = lay_out(options, {}, folder / "bus", "/bin", "/etc", {});
  options.port_offset = 100;
  const Layout second = lay_out(options, {}, folder / "bus", "/bin", "/etc", {});
  ASSERT_EQ(first.ports.size(), 4 + kRunnersMax + 2);
  for (const PortUse& one : first.ports) {
    for (const PortUse& other : second.ports) EXPECT_NE(one.port, other.port);
  }
}

}  // namespace
}  // namespace polybot::launcher
