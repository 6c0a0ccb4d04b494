// Proves, with the smallest order there is, that this account can trade: places one that rests far
// from the market, sees it by REST and by the user channel, cancels it, and sees it gone by both.
// With an amount to spend it then buys the smallest fill. It uses what order-manager trades with
// (execution/), and neither journal nor heartbeats.
//
// Nothing stays behind: an order that is placed is canceled however the test goes on, and ends by
// itself after minutes if this process dies. What was bought stays, and order-manager books it to
// `external`.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/http/client.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/runtime/clock.hpp"
#include "services/order-manager/config.hpp"
#include "services/order-manager/doctor/progress.hpp"
#include "services/order-manager/doctor/report.hpp"
#include "services/order-manager/execution/user_session.hpp"
#include "services/order-manager/execution/venue_client.hpp"
#include "services/order-manager/livetest/placement.hpp"

namespace polybot::order_manager::livetest {

struct Wanted {
  std::string market;                 // slug or condition id; empty: the most traded that fits
  std::optional<domain::Money> fill;  // at most so much is spent on one; none: nothing is bought
};

class LiveTest {
 public:
  // All of them outlive this.
  LiveTest(boost::asio::any_io_executor executor, const Config& config,
           const polymarket::OrderParty& party, polymarket::OrderSigner signer,
           doctor::Progress& progress, Wanted wanted);

  // A line for each step that was made, in order.
  [[nodiscard]] boost::asio::awaitable<std::vector<doctor::Check>> run();
  // Ends it early: what rests is canceled first.
  void stop();

 private:
  using Condition = std::function<bool()>;
  struct Chosen {
    domain::Market market;
    polymarket::BookSummary book;
  };
  using Choice = std::variant<Chosen, std::string>;  // in words why there is none

  [[nodiscard]] boost::asio::awaitable<bool> log_in();
  [[nodiscard]] boost::asio::awaitable<void> listen();
  [[nodiscard]] boost::asio::awaitable<void> examine();
  [[nodiscard]] boost::asio::awaitable<bool> hear();
  [[nodiscard]] boost::asio::awaitable<std::optional<Chosen>> choose();
  [[nodiscard]] boost::asio::awaitable<bool> place(Chosen chosen);
  [[nodiscard]] boost::asio::awaitable<void> see_resting();
  [[nodiscard]] boost::asio::awaitable<void> take_away();
  [[nodiscard]] boost::asio::awaitable<void> fill(Chosen chosen);
  [[nodiscard]] boost::asio::awaitable<void> see_filled();
  [[nodiscard]] boost::asio::awaitable<void> see_settled();

  // Markets that may be taken, best first, by the listing.
  [[nodiscard]] boost::asio::awaitable<std::vector<domain::MarketId>> candidates();
  [[nodiscard]] boost::asio::awaitable<Choice> look_at(domain::MarketId id);
  [[nodiscard]] boost::asio::awaitable<std::optional<polymarket::BookSummary>> read_book(
      domain::TokenId token);
  [[nodiscard]] boost::asio::awaitable<std::optional<std::string>> fetch(http::ClientRequest);
  // Signs and sends a purchase; false when it was refused, which has a line then.
  [[nodiscard]] boost::asio::awaitable<bool> send(domain::Market market, Placement placement,
                                                  domain::TimeInForce how);
  // Whether that is so, or becomes so in time. Woken by the user channel.
  [[nodiscard]] boost::asio::awaitable<bool> becomes(Condition so, domain::Duration within);
  // The same of the account, which is read again and again.
  [[nodiscard]] boost::asio::awaitable<bool> account_shows(
      std::function<bool(const domain::VenueAccount&)> so, domain::Duration within);
  [[nodiscard]] UserSession::Reports reports();
  void note(const domain::VenueTrade& trade);

  const Config& config_;
  const polymarket::OrderParty& party_;
  doctor::Progress& progress_;
  Wanted wanted_;
  runtime::Clock clock_;
  domain::Timestamp begun_at_;
  http::Client public_;
  VenueClient client_;
  UserSession session_;
  boost::asio::steady_timer news_;
  std::vector<doctor::Check> checks_;

  bool stopped_ = false;
  bool heard_ = false;         // the venue has taken the subscription
  std::string channel_fault_;  // why there is no user channel; empty: there is
  domain::VenueOrderId order_;
  std::set<domain::VenueOrderStatus> told_;        // of `order_`, by the user channel
  std::optional<domain::VenueTradeStatus> trade_;  // of `order_`, the latest known
  bool trade_told_ = false;                        // by the user channel
};

}  // namespace polybot::order_manager::livetest
