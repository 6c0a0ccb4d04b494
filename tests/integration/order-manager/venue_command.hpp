// The commands of order-manager that ask the venue, as they are typed: over TLS with an authority
// of the test, against the built-in venue.
#pragma once

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "services/order-manager/tools/commands.hpp"
#include "tests/integration/http/stand_ins.hpp"
#include "tests/integration/venue-simulator/venue.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::order_manager::testing {

namespace asio = boost::asio;
namespace venue_test = venue_simulator::testing;
using asio::ip::tcp;

// Speaks TLS for a port of this machine that does not.
class TlsDoor {
 public:
  TlsDoor(asio::io_context& io, const test::KeyAndCertificate& identity, std::uint16_t behind)
      : context_(asio::ssl::context::tls_server),
        acceptor_(io, {asio::ip::address_v4::loopback(), 0}),
        behind_(behind) {
    context_.use_certificate_chain(asio::buffer(identity.certificate_pem));
    context_.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
    asio::co_spawn(io, accept(), asio::detached);
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  using Secure = asio::ssl::stream<tcp::socket>;

  asio::awaitable<void> accept() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(test::kAsTuple);
      if (ec) co_return;
      asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> serve(tcp::socket socket) {
    const auto outer = std::make_shared<Secure>(std::move(socket), context_);
    auto [refused] =
        co_await outer->async_handshake(asio::ssl::stream_base::server, test::kAsTuple);
    if (refused) co_return;
    const auto inner = std::make_shared<tcp::socket>(outer->get_executor());
    const tcp::endpoint to{asio::ip::address_v4::loopback(), behind_};
    auto [unreached] = co_await inner->async_connect(to, test::kAsTuple);
    if (unreached) co_return;
    asio::co_spawn(outer->get_executor(), pass(outer, inner), asio::detached);
    co_await pass(inner, outer);
  }
  template <class From, class To>
  static asio::awaitable<void> pass(std::shared_ptr<From> from, std::shared_ptr<To> to) {
    std::array<char, 4096> bytes{};
    for (;;) {
      auto [ec, size] = co_await from->async_read_some(asio::buffer(bytes), test::kAsTuple);
      if (ec) break;
      auto [unsent, sent] =
          co_await asio::async_write(*to, asio::buffer(bytes, size), test::kAsTuple);
      if (unsent) break;
    }
    boost::system::error_code ignored;
    from->lowest_layer().close(ignored);
    to->lowest_layer().close(ignored);
  }

  asio::ssl::context context_;
  tcp::acceptor acceptor_;
  std::uint16_t behind_;
};

class VenueCommandTest : public venue_test::VenueTest {
 protected:
  struct Result {
    int code = -1;
    std::string out;
    std::string err;
  };
  void open_venue(venue_simulator::Config config = {}) {
    venue = std::make_unique<venue_test::Running>(folder, std::move(config));
    trader = std::make_unique<venue_test::Trader>(*venue);
    door = std::make_unique<TlsDoor>(venue->io, authority.issue({}), venue->simulator->api_port());
    std::ofstream(home / "key") << venue_test::kKey << "\n";
    std::filesystem::permissions(
        home / "key", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void log_in() { test::run(venue->io, trader->log_in()); }
  void admin(http::Method method, const std::string& path, const std::string& body = {}) {
    const auto ask = [&]() -> asio::awaitable<void> {
      const http::Outcome answer = co_await trader->admin(method, path, body);
      EXPECT_EQ(answer->status, 200U) << answer->body;
    };
    test::run(venue->io, ask());
  }

  std::string at_door(const std::string& scheme) const {
    return scheme + "://localhost:" + std::to_string(door->port());
  }
  // `venue_keys` replace or follow those of the table [venue].
  std::string configuration(const std::map<std::string, std::string>& venue_keys,
                            const std::string& more) const {
    std::map<std::string, std::string> keys{{"rest", at_door("https")},
                                            {"gamma", at_door("https")},
                                            {"user_ws", at_door("wss") + "/ws/user"},
                                            {"rpc", at_door("https") + "/rpc"},
                                            {"ca_file", ca_file.path()},
                                            {"private_key_file", (home / "key").string()}};
    for (const auto& [key, value] : venue_keys) keys[key] = value;
    std::string toml =
        "[journal]\nfile = \"" + (home / "data/journal.db").string() + "\"\n[venue]\n";
    for (const auto& [key, value] : keys) toml += key + " = \"" + value + "\"\n";
    return toml + more + "[strategies.arbitrage]\nenabled = true\n";
  }
  std::vector<std::string> configured(std::vector<std::string> words,
                                      const std::map<std::string, std::string>& venue_keys = {},
                                      const std::string& more = "") const {
    std::ofstream(home / "order-manager.toml") << configuration(venue_keys, more);
    words.insert(words.end(), {"--config", (home / "order-manager.toml").string()});
    return words;
  }
  // The venue goes on in a thread of its own meanwhile.
  Result printed_by(const std::function<int()>& command) const {
    venue->io.restart();
    std::thread beside([this] { venue->io.run(); });
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Result result;
    result.code = command();
    std::fflush(stdout);
    result.out = ::testing::internal::GetCapturedStdout();
    result.err = ::testing::internal::GetCapturedStderr();
    venue->io.stop();
    beside.join();
    return result;
  }
  // Which checks failed.
  static std::set<std::string> failed(const Result& result) {
    std::set<std::string> names;
    std::istringstream lines(result.out);
    for (std::string verdict, name, rest; lines >> verdict >> name && std::getline(lines, rest);) {
      if (verdict == "fail") names.insert(name);
    }
    return names;
  }

  test_support::TemporaryFolder home{"venue-command"};
  test::Authority authority{"The Authority"};
  test::TemporaryFile ca_file{authority.pem()};
  std::unique_ptr<venue_test::Running> venue;
  std::unique_ptr<venue_test::Trader> trader;
  std::unique_ptr<TlsDoor> door;
};

}  // namespace polybot::order_manager::testing
