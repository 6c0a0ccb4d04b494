// Sends order-manager's signed orders, cancels and authenticated readings to the venue by REST. It
// moves bytes and reports what came back; it decides nothing, retries nothing and keeps no order.
//
// A submission has three ends (domain/venue.hpp): accepted, rejected, ambiguous. It is ambiguous as
// soon as a byte of it may have left and no readable answer came; a request of which no byte has
// left is a rejection. Everything runs on the executor's thread except the signing of orders, which
// takes as long as a commit: it has a thread of its own and goes on beside the commit.
//
// What trades (orders, cancels, heartbeats) has connections of its own and never waits for a limit:
// the core paces it. Readings are paced by the venue's limits; one that would wait for longer than
// a request may take fails at once, and holds back nothing else.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/result.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/domain/venue.hpp"
#include "common/http/client.hpp"
#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/api_keys.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/rate_limits.hpp"
#include "common/polymarket/signing.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/outputs.hpp"
#include "services/order-manager/core/venue/heartbeat_chain.hpp"
#include "services/order-manager/execution/chain_reads.hpp"

namespace polybot::order_manager {

struct VenueClientSettings {
  std::string rest;  // without a trailing slash
  std::string gamma;
  polymarket::OrderParty party;                             // of the key that signs
  std::optional<polymarket::ApiCredentials> credentials{};  // none: asked for with the key
  std::uint64_t chain_id = polymarket::kPolygonChainId;
  std::chrono::milliseconds request_timeout{5'000};
  std::shared_ptr<const http::Transport> transport = nullptr;  // null: plain http alone
};

// How a request ended. Like the operation below a metric label: domain/enumeration.hpp.
enum class RequestOutcome : std::uint8_t {
  Ok = 0,           // 2xx
  Refused = 1,      // 4xx, a redirect, or a refusal in words
  ServerError = 2,  // 5xx
  Unreadable = 3,   // an answer that is not what the protocol says
  Failed = 4,       // no answer
  Throttled = 5,    // 429, or held back because the venue asked to be left alone
  Certificate = 6,  // the venue could not prove who it is
};

// Every kind of request to the venue: the `operation` label.
enum class VenueOperation : std::uint8_t {
  Auth = 0,
  Submit = 1,
  SubmitBatch = 2,
  Cancel = 3,
  CancelBatch = 4,
  OpenOrders = 5,
  Trades = 6,
  Balance = 7,
  Listing = 8,
  Market = 9,
  Result = 10,
  Time = 11,
  Heartbeat = 12,
  Income = 13,
  ChainRead = 14,
};

// The same answer for each.
[[nodiscard]] std::vector<domain::SubmitAnswered> all_answered(
    const std::vector<domain::Order>& orders, const domain::SubmitOutcome& outcome);

class VenueClient {
 public:
  struct Observer {
    std::function<void(VenueOperation, RequestOutcome, domain::Duration)> on_request;
    // Whether the host that takes orders answers. Listings come from another host, a heartbeat is
    // given up so early that its silence says little, and no order needs what income tells.
    std::function<void(Link)> on_link;
    // The venue takes no orders, or no readings, for so long: it said so by 429, 503 or an empty
    // bucket, or its matching engine restarts (425). Cancels keep a pace of their own.
    std::function<void(VenueThrottled)> on_throttled;
  };

  VenueClient(boost::asio::any_io_executor executor, VenueClientSettings settings,
              polymarket::OrderSigner signer, Observer observer);

  [[nodiscard]] const polymarket::OrderParty& party() const { return settings_.party; }

  // Derives this key's API credentials, or creates them. True when there are some.
  [[nodiscard]] boost::asio::awaitable<bool> authenticate();
  [[nodiscard]] bool authenticated() const { return credentials_.has_value(); }
  // The venue has refused a request for its credentials since they were taken. Credentials can end
  // at any time, and asking for them again revives them.
  [[nodiscard]] bool credentials_refused() const { return credentials_refused_; }
  [[nodiscard]] boost::asio::awaitable<void> renew_credentials();
  [[nodiscard]] const polymarket::ApiCredentials& credentials() const { return *credentials_; }

  // Orders of one request, being signed by another thread.
  struct Signing {
    Signing(std::vector<domain::Order> to_sign, std::optional<polymarket::ApiCredentials> of_today,
            boost::asio::any_io_executor executor)
        : orders(std::move(to_sign)),
          credentials(std::move(of_today)),
          ended(std::move(executor), boost::asio::steady_timer::time_point::max()) {}

    const std::vector<domain::Order> orders;
    const std::optional<polymarket::ApiCredentials> credentials;  // none while we have none
    std::optional<http::ClientRequest> request;  // none when one of the orders cannot be signed
    std::exception_ptr failure;
    std::atomic<bool> done{false};    // request and failure are the caller's from then on
    boost::asio::steady_timer ended;  // expires after that, on the caller's loop
  };
  // Begins to sign. Nothing leaves: a caller that will not send drops it. Shared, because functions
  // that carry it are copied.
  [[nodiscard]] std::shared_ptr<Signing> sign(std::vector<domain::Order> orders);
  // Waits for the signatures, then sends; once per Signing. One answer per order, in order.
  // `on_leaving` is called directly before the first byte leaves, when orders are signed and the
  // connection stands; it says why they may not leave after all, or nothing. On the connection that
  // replaces a dead one it is called again.
  [[nodiscard]] boost::asio::awaitable<std::vector<domain::SubmitAnswered>> submit(
      std::shared_ptr<Signing> signing, std::function<std::string_view()> on_leaving = {});
  // One answer per order; Unknown where the venue said nothing usable.
  [[nodiscard]] boost::asio::awaitable<std::vector<domain::CancelAnswered>> cancel(
      std::vector<domain::VenueOrderId> orders);
  // Open orders, then trades, then balances: an order missing from the first is in the second if it
  // was filled. Empty when any page failed: the first request without an answer in time ends the
  // reading, so a reading that goes on makes progress. A row or a balance that cannot be read is
  // reported as such and does not affect the others.
  [[nodiscard]] boost::asio::awaitable<std::optional<domain::VenueAccount>> read_account(
      ReadAccount wanted);
  // The market as the CLOB records it, described by the listing; Failed when the two contradict.
  [[nodiscard]] boost::asio::awaitable<MarketRead> read_market(domain::MarketId id);
  // The final payout; empty while the market is not resolved, or when no answer came. If the
  // listing names no resolution, its prices count when the CLOB's record names the same winner, or
  // when `told` is the same.
  [[nodiscard]] boost::asio::awaitable<std::optional<domain::Payout>> read_payout(
      domain::MarketId id, std::optional<domain::Payout> told);
  // One heartbeat for the venue's dead man's switch. It has a short time-out of its own: a request
  // that hangs must leave time for the next within the venue's patience.
  [[nodiscard]] boost::asio::awaitable<HeartbeatAnswer> heartbeat(std::string id);
  // The venue's clock minus ours, as far as whole seconds tell: 0 when they agree.
  [[nodiscard]] boost::asio::awaitable<std::optional<domain::Duration>> read_clock_offset();

 private:
  // What the silence of a request tells of: a single row may be what the venue cannot find.
  enum class About : std::uint8_t { Link, OneRow };
  struct Call {
    VenueOperation operation;
    http::Method method = http::Method::Get;
    std::string path;   // what is signed
    std::string query;  // with "?", or empty
    std::string body;
    About about = About::Link;
  };
  [[nodiscard]] http::ClientRequest authenticated_request(
      const Call& call, const polymarket::ApiCredentials& credentials) const;
  [[nodiscard]] http::ClientRequest credentials_request(http::Method method,
                                                        std::string_view path) const;
  [[nodiscard]] boost::asio::awaitable<http::Outcome> send(VenueOperation operation,
                                                           http::ClientRequest request,
                                                           About about = About::Link);
  // Waits for the venue's limit of that class; false when that would take too long.
  [[nodiscard]] boost::asio::awaitable<bool> admitted(polymarket::EndpointClass of);
  void heed(VenueOperation operation, const http::ClientResponse& answer);
  // The body of a 200 answer to an authenticated GET; empty text is a failure.
  [[nodiscard]] boost::asio::awaitable<std::optional<std::string>> read(Call call);
  // As it was parsed; one that could not be is counted.
  template <class Result>
  [[nodiscard]] Result counted(VenueOperation operation, Result parsed) {
    if (!parsed) unreadable(operation, polymarket::to_string(parsed.error()));
    return parsed;
  }
  // Parts of a reading; false when it cannot go on. The arguments outlive the call.
  template <class Parse, class Take>
  [[nodiscard]] boost::asio::awaitable<bool> read_pages(Call first, Parse parse, Take take,
                                                        domain::VenueAccount::Unread::Kind kind,
                                                        domain::VenueAccount& account);
  [[nodiscard]] boost::asio::awaitable<bool> read_open_orders(domain::VenueAccount& account);
  [[nodiscard]] boost::asio::awaitable<bool> read_trades(std::vector<domain::TradeId> by_id,
                                                         domain::VenueAccount& account);
  struct Balance {
    enum class State : std::uint8_t { NoAnswer, Unreadable, Told, NotAsked };
    State state = State::NoAnswer;
    std::int64_t raw = 0;
  };
  [[nodiscard]] boost::asio::awaitable<Balance> read_balance(std::string query);
  [[nodiscard]] std::string of_wallet() const;         // of a query
  [[nodiscard]] std::size_t chain_reads_left() const;  // that the venue would take now
  enum class ChainRead : std::uint8_t { NoAnswer, Refused, Throttled, Done };
  // Makes the venue read the chain for its copy of a balance. The venue takes few of these, and to
  // be told so ends no reading: what needs one waits for the next.
  [[nodiscard]] boost::asio::awaitable<ChainRead> read_chain(std::string query);
  [[nodiscard]] boost::asio::awaitable<Balance> read_collateral();
  // A few at a time, until one is not answered: the reading counts without the rest.
  [[nodiscard]] boost::asio::awaitable<void> read_holdings(
      const std::vector<domain::TokenId>& tokens, domain::VenueAccount& account);
  [[nodiscard]] boost::asio::awaitable<void> read_holding(ChainReads::Planned planned,
                                                          Balance& balance);
  // Of a token whose turn it is; Done also when there is an older copy that can be asked for.
  [[nodiscard]] boost::asio::awaitable<ChainRead> read_chain_of(domain::TokenId token,
                                                                std::string query);
  // Of either kind, until one is not answered; one that is refused hides no other.
  [[nodiscard]] boost::asio::awaitable<void> read_income(std::vector<domain::UtcDate> days,
                                                         domain::VenueAccount& account);
  // `Whole`: all terms of a market; `State`: only whether and how it has ended, which can be read
  // from some listings that are unreadable as a whole.
  enum class Listing : std::uint8_t { Whole, State };
  [[nodiscard]] boost::asio::awaitable<std::optional<polymarket::GammaMarket>> read_listing(
      domain::MarketId id, Listing wanted);
  [[nodiscard]] boost::asio::awaitable<bool> record_confirms(polymarket::GammaMarket listing,
                                                             domain::Payout claimed);
  [[nodiscard]] std::optional<http::ClientRequest> signed_request(const Signing& signing) const;
  // Wipes the answer's body.
  [[nodiscard]] bool take_credentials(http::Outcome& answer);
  void unreadable(VenueOperation operation, std::string_view what);
  [[nodiscard]] std::uint64_t now_s() const;

  VenueClientSettings settings_;
  polymarket::OrderSigner signer_;
  polymarket::ExchangeDomains domains_;
  Observer observer_;
  runtime::Clock clock_;
  boost::asio::any_io_executor executor_;
  http::Client trading_;  // apart, so that readings that hang take no connection from it
  http::Client reading_;
  polymarket::RateLimits limits_;
  std::optional<polymarket::ApiCredentials> credentials_;  // those of today
  bool credentials_refused_ = false;
  ChainReads chain_reads_;
  runtime::log::Limited failures_;
  boost::asio::thread_pool signing_thread_{1};  // last: it uses what stands above
};

}  // namespace polybot::order_manager
