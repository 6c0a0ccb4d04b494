// Between the engine and the venue: carries out what a turn decided (submit, cancel, read) and
// turns every answer and user event into an input. Keeps the links: credentials, the user channel,
// the clock.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/order-manager/config.hpp"
#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/outputs.hpp"
#include "services/order-manager/execution/user_session.hpp"
#include "services/order-manager/execution/venue_client.hpp"
#include "services/order-manager/manager_metrics.hpp"

namespace polybot::order_manager {

// Shared with the requests under way, which may outlast their owner by a turn of the loop.
class VenueDesk : public std::enable_shared_from_this<VenueDesk> {
 public:
  struct Reports {
    std::function<void(Input)> post;
    std::function<void(VenueSessionChanged)> post_link;
    std::function<void()> on_fenced;  // another process holds the account: this one must end
  };
  VenueDesk(boost::asio::any_io_executor executor, const VenueConfig& config,
            const polymarket::OrderParty& party, polymarket::OrderSigner signer,
            ManagerMetrics& metrics, Reports reports);

  // Begins to sign a batch; the function it returns, called once, sends it.
  [[nodiscard]] std::function<void()> prepare(const SubmitBatch& batch);
  void cancel(const std::vector<domain::VenueOrderId>& orders);
  void read(const Read& wanted);

  // Claims the account, then one life of the user channel; ends with an exception (for
  // runtime::supervise).
  [[nodiscard]] boost::asio::awaitable<void> follow_account();
  // Reads the venue's clock for ever: the offset, and whether its REST answers at all. Asks for new
  // credentials when the venue has refused the present ones.
  [[nodiscard]] boost::asio::awaitable<void> watch_clock();
  // Sends heartbeats for ever, while the account is ours and `ready` says that this process manages
  // it; otherwise the venue must cancel what is open there.
  [[nodiscard]] boost::asio::awaitable<void> send_heartbeats(std::function<bool()> ready);
  // Why no order may be sent, and whether cancels are, as words for /health and for refused orders;
  // empty when the account is ours and the venue would cancel everything if this process died.
  [[nodiscard]] std::string_view account_trouble() const;
  // Another process holds the account.
  [[nodiscard]] bool fenced() const { return heartbeats_.fenced(); }
  // The heartbeat id of that process, as far as known.
  [[nodiscard]] std::string foreign_heartbeat() const { return heartbeats_.foreign_id(); }
  // From here on nothing is reported.
  void close() { closed_ = true; }

  // Whose orders are signed.
  [[nodiscard]] const polymarket::OrderParty& party() const { return client_.party(); }

 private:
  [[nodiscard]] boost::asio::awaitable<void> renew_credentials();
  // One heartbeat; the result is the pause before the next.
  [[nodiscard]] boost::asio::awaitable<domain::Duration> beat();
  void show_heartbeat();
  [[nodiscard]] domain::Duration heartbeat_time() const;
  void note_contest();
  [[nodiscard]] boost::asio::awaitable<void> send_batch(
      std::shared_ptr<VenueClient::Signing> signing, domain::Timestamp tick_at);
  [[nodiscard]] boost::asio::awaitable<void> send_cancels(std::vector<domain::VenueOrderId> orders);
  [[nodiscard]] boost::asio::awaitable<void> carry_out(Read wanted);
  [[nodiscard]] boost::asio::awaitable<void> read_account(ReadAccount wanted);
  void spawn(boost::asio::awaitable<void> work);
  void post(Input input);
  void set_rest(Link link);
  [[nodiscard]] VenueClient::Observer client_observer();
  [[nodiscard]] UserSession::Reports session_reports();

  boost::asio::any_io_executor executor_;
  ManagerMetrics& metrics_;
  bool credentials_configured_;
  Reports reports_;
  runtime::Clock clock_;
  VenueClient client_;
  UserSession session_;
  std::string heartbeat_file_;
  HeartbeatChain heartbeats_;
  std::uint64_t contests_told_ = 0;
  std::optional<Standing> standing_told_;
  runtime::log::Limited cancels_held_;
  std::optional<Link> rest_;
  bool closed_ = false;
};

}  // namespace polybot::order_manager
