// Asks what checks.hpp judges. It reads only: GET requests, a node's JSON-RPC, a WebSocket that is
// opened and closed, GET /balance-allowance/update (the venue's copy of the chain is 0 or old
// without it), and one POST /order that is empty and of nobody, because the venue tells by nothing
// else whether it takes orders from here: without a body and a sender it cannot become one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/client.hpp"
#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/runtime/clock.hpp"
#include "services/order-manager/config.hpp"
#include "services/order-manager/doctor/facts.hpp"
#include "services/order-manager/doctor/progress.hpp"

namespace polybot::order_manager::doctor {

// The key, once it is open, and the wallet that makes its orders.
struct Patient {
  const polymarket::OrderSigner& signer;
  polymarket::OrderParty party;
};

class Examination {
 public:
  // `facts` holds what is known without asking, and receives the rest. Without a patient only what
  // anybody may ask is asked. All of them outlive this.
  Examination(boost::asio::any_io_executor executor, const Config& config,
              const std::optional<Patient>& patient, Progress& progress, Facts& facts);

  [[nodiscard]] boost::asio::awaitable<void> run();

 private:
  enum class At : std::size_t { Rest, Gamma, User, Site, Node };  // in the order of Facts::hosts

  // A host that did not answer once is not asked again: its failure is the answer.
  [[nodiscard]] boost::asio::awaitable<Answer> ask(At at, http::ClientRequest request);
  [[nodiscard]] boost::asio::awaitable<Answer> get(At at, std::string target);
  // With the credentials; `query` begins with "?" or is empty.
  [[nodiscard]] boost::asio::awaitable<Answer> get_own(std::string path, std::string query = {});
  [[nodiscard]] boost::asio::awaitable<Answer> ask_node(std::string question);

  [[nodiscard]] boost::asio::awaitable<void> ask_public();
  [[nodiscard]] boost::asio::awaitable<void> ask_user_channel();
  [[nodiscard]] boost::asio::awaitable<void> ask_markets();
  [[nodiscard]] boost::asio::awaitable<void> ask_credentials();
  [[nodiscard]] boost::asio::awaitable<void> ask_account();
  [[nodiscard]] boost::asio::awaitable<void> ask_balances();
  [[nodiscard]] boost::asio::awaitable<void> ask_open_orders();
  [[nodiscard]] boost::asio::awaitable<void> ask_chain();
  void make_sample();
  void look_into_journal();
  [[nodiscard]] Host& host(At at) { return facts_.hosts[static_cast<std::size_t>(at)]; }
  [[nodiscard]] std::string without_secrets(std::string text) const;
  [[nodiscard]] std::uint64_t now_s() const;

  boost::asio::any_io_executor executor_;
  const Config& config_;
  const std::optional<Patient>& patient_;
  Progress& progress_;
  Facts& facts_;
  runtime::Clock clock_;
  http::Client client_;
  std::optional<polymarket::ApiCredentials> credentials_;
  std::optional<domain::Market> market_;  // that the sample is for
};

}  // namespace polybot::order_manager::doctor
