#include "services/order-manager/venue_desk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/runtime/logging.hpp"
#include "services/order-manager/execution/heartbeat_file.hpp"

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
namespace log = runtime::log;

constexpr domain::Duration kClockInterval = 2s;
// The first heartbeat goes out at most this long after becoming ready.
constexpr domain::Duration kReadyCheck = 200ms;
// Cancels of one request: well inside the venue's cancel burst.
constexpr std::size_t kCancelsPerRequest = 100;

std::string_view trouble_of(Standing standing) {
  switch (standing) {
    case Standing::Held:
      break;
    case Standing::Unclaimed:
      return "the account is not claimed yet, which takes 12 s where somebody has used it before";
    case Standing::Silent:
      return "the venue takes no heartbeats, so only cancels are sent";
    case Standing::Contested:
    case Standing::Fenced:
      return "another process holds the account, so neither orders nor cancels are sent";
  }
  return "";
}

}  // namespace

VenueDesk::VenueDesk(boost::asio::any_io_executor executor, const VenueConfig& config,
                     const polymarket::OrderParty& party, polymarket::OrderSigner signer,
                     ManagerMetrics& metrics, Reports reports)
    : executor_(executor),
      metrics_(metrics),
      credentials_configured_(config.credentials.has_value()),
      reports_(std::move(reports)),
      client_(executor,
              {.rest = config.rest,
               .gamma = config.gamma,
               .party = party,
               .credentials = config.credentials,
               .chain_id = config.chain_id,
               .request_timeout =
                   std::chrono::duration_cast<std::chrono::milliseconds>(config.request_timeout),
               .transport = config.transport},
              std::move(signer), client_observer()),
      session_(executor, config.user_ws, session_reports(), {}, config.transport),
      heartbeat_file_(config.heartbeat_file),
      heartbeats_(config.heartbeat_interval,
                  heartbeat_file_.empty() ? std::string() : read_heartbeat_id(heartbeat_file_)) {}

VenueClient::Observer VenueDesk::client_observer() {
  return {.on_request =
              [this](VenueOperation operation, RequestOutcome outcome, domain::Duration elapsed) {
                if (!closed_) metrics_.venue_requests.ended(operation, outcome, elapsed);
              },
          .on_link =
              [this](Link link) {
                if (!closed_) set_rest(link);
              },
          .on_throttled = [this](VenueThrottled throttled) { post(throttled); }};
}

UserSession::Reports VenueDesk::session_reports() {
  return {.on_order = [this](domain::VenueOrderUpdate update) { post(std::move(update)); },
          .on_trade = [this](domain::VenueTrade trade) { post(std::move(trade)); },
          .on_up =
              [this] {
                if (closed_) return;
                log::info("The user channel is up");
                metrics_.connected[Connection::User].set(1);
                reports_.post_link({VenueChannel::User, Link::Up});
              },
          .on_down =
              [this](std::string_view why) {
                if (closed_) return;
                log::warning("The user channel is down", {{"error", why}});
                metrics_.connected[Connection::User].set(0);
                reports_.post_link({VenueChannel::User, Link::Down});
              },
          .on_refused =
              [this](UserEventRefusal reason) {
                if (!closed_) metrics_.user_events_refused[reason].increment();
              },
          .on_missed = [this] { post(UserEventMissed{}); }};
}

void VenueDesk::set_rest(Link link) {
  if (rest_ == link) return;
  rest_ = link;
  metrics_.connected[Connection::Rest].set(link == Link::Up ? 1 : 0);
  reports_.post_link({VenueChannel::Rest, link});
}

void VenueDesk::post(Input input) {
  if (!closed_) reports_.post(std::move(input));
}

void VenueDesk::spawn(awaitable<void> work) {
  boost::asio::co_spawn(executor_, std::move(work), [](const std::exception_ptr& error) {
    // A request that ends in an exception has no answer; the core's deadlines cover that.
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      log::error("A request to the venue failed", {{"error", exception.what()}});
    }
  });
}

std::function<void()> VenueDesk::prepare(const SubmitBatch& batch) {
  return [this, signing = client_.sign(batch.orders), tick_at = batch.tick_at] {
    spawn(send_batch(signing, tick_at));
  };
}

awaitable<void> VenueDesk::send_batch(std::shared_ptr<VenueClient::Signing> signing,
                                      domain::Timestamp tick_at) {
  const auto self = shared_from_this();
  const domain::Duration begun = clock_.monotonic();
  // A process that was stopped for a while does not know yet whether the account is still its own.
  if (!account_trouble().empty()) {
    const domain::SubmitRejected not_sent{domain::RejectReason::Other,
                                          std::string("not sent: ").append(account_trouble())};
    for (const domain::SubmitAnswered& answer : all_answered(signing->orders, not_sent))
      post(answer);
    co_return;
  }
  std::optional<domain::Duration> sent;
  // It may also be stopped while an order is signed or the connection is made.
  const std::function<std::string_view()> on_leaving = [&] {
    const std::string_view trouble = account_trouble();
    if (!trouble.empty() || sent) return trouble;
    sent = clock_.monotonic();
    metrics_.observe(Stage::Submit, *sent - begun);
    if (tick_at != domain::Timestamp{}) metrics_.observe(Stage::Wire, clock_.now() - tick_at);
    return trouble;
  };
  std::vector<domain::SubmitAnswered> answers;
  try {
    answers = co_await client_.submit(signing, on_leaving);
  } catch (const std::exception& error) {
    // An order that is never answered would stay open for ever.
    log::error("A submission failed", {{"error", error.what()}});
    domain::SubmitOutcome outcome = domain::SubmitRejected{domain::RejectReason::Other, "not sent"};
    if (sent)
      outcome = domain::SubmitAmbiguous{domain::AmbiguityCause::ConnectionLost, clock_.now()};
    answers = all_answered(signing->orders, outcome);
  }
  if (closed_) co_return;
  if (sent) metrics_.observe(Stage::Ack, clock_.monotonic() - *sent);
  for (const domain::SubmitAnswered& answer : answers) post(answer);
}

void VenueDesk::cancel(const std::vector<domain::VenueOrderId>& orders) {
  if (!heartbeats_.may_cancel()) {
    // What rests may be the other process's. Without an answer each cancel is tried again.
    cancels_held_.warning("Cancels are held back",
                          {{"orders", orders.size()}, {"reason", account_trouble()}});
    return;
  }
  for (std::size_t first = 0; first < orders.size(); first += kCancelsPerRequest) {
    const std::size_t last = std::min(orders.size(), first + kCancelsPerRequest);
    spawn(send_cancels({orders.begin() + static_cast<std::ptrdiff_t>(first),
                        orders.begin() + static_cast<std::ptrdiff_t>(last)}));
  }
}

awaitable<void> VenueDesk::send_cancels(std::vector<domain::VenueOrderId> orders) {
  const auto self = shared_from_this();
  for (domain::CancelAnswered& answer : co_await client_.cancel(std::move(orders)))
    post(std::move(answer));
}

void VenueDesk::read(const Read& wanted) {
  spawn(carry_out(wanted));
}

awaitable<void> VenueDesk::carry_out(Read wanted) {
  const auto self = shared_from_this();
  if (const auto* account = std::get_if<ReadAccount>(&wanted)) {
    co_await read_account(*account);
  } else if (const auto* market = std::get_if<ReadMarket>(&wanted)) {
    post(co_await client_.read_market(market->market));
  } else {
    const auto& [id, told] = std::get<ConfirmResolution>(wanted);
    if (const auto payout = co_await client_.read_payout(id, told))
      post(ResolutionConfirmed{id, *payout});
  }
}

awaitable<void> VenueDesk::read_account(ReadAccount wanted) {
  std::optional<domain::VenueAccount> reading;
  try {
    reading = co_await client_.read_account(std::move(wanted));
  } catch (const std::exception& error) {
    // No other reading would begin before the end of this one.
    log::error("A reading of the account failed", {{"error", error.what()}});
  }
  if (reading) {
    post(std::move(*reading));
  } else {
    post(AccountReadFailed{});
  }
}

awaitable<void> VenueDesk::follow_account() {
  const auto self = shared_from_this();
  if (!client_.authenticated() && !co_await client_.authenticate()) {
    throw std::runtime_error("the venue gave no API credentials yet");
  }
  while (!heartbeats_.ours()) {
    const domain::Duration pause = co_await beat();
    if (!heartbeats_.ours()) co_await runtime::sleep_for(pause);
  }
  co_await session_.run(client_.credentials(),
                        polymarket::to_checksum(client_.party().wallet.address));
}

// Another key's orders may not be told on a channel that the old key has opened.
awaitable<void> VenueDesk::renew_credentials() {
  const std::string before = client_.authenticated() ? client_.credentials().api_key() : "";
  co_await client_.renew_credentials();
  if (!client_.authenticated() || client_.credentials().api_key() == before) co_return;
  if (credentials_configured_) {
    log::warning(
        "The venue refused the configured API credentials and gave others until the next start: "
        "replace venue.api_credentials_file");
  }
  session_.end();
}

awaitable<void> VenueDesk::watch_clock() {
  const auto self = shared_from_this();
  while (true) {
    if (const auto offset = co_await client_.read_clock_offset(); offset && !closed_) {
      metrics_.set_clock_offset(*offset);
      post(ClockOffset{*offset});
    }
    if (client_.credentials_refused()) co_await renew_credentials();
    co_await runtime::sleep_for(kClockInterval);
  }
}

// While this machine was suspended another one may have claimed the account.
domain::Duration VenueDesk::heartbeat_time() const {
  return clock_.now().time_since_epoch();
}

std::string_view VenueDesk::account_trouble() const {
  return trouble_of(heartbeats_.standing(heartbeat_time()));
}

void VenueDesk::show_heartbeat() {
  const Standing standing = heartbeats_.standing(heartbeat_time());
  if (standing_told_ == standing) return;
  standing_told_ = standing;
  if (standing == Standing::Silent)
    log::warning("No order is sent", {{"reason", trouble_of(standing)}});
  const Link link = standing == Standing::Held ? Link::Up : Link::Down;
  metrics_.connected[Connection::Heartbeat].set(link == Link::Up ? 1 : 0);
  reports_.post_link({VenueChannel::Heartbeat, link});
}

void VenueDesk::note_contest() {
  if (heartbeats_.contests() == contests_told_) return;
  contests_told_ = heartbeats_.contests();
  metrics_.account_contested.increment();
  if (heartbeats_.fenced()) return reports_.on_fenced();
  log::error(
      "A heartbeat that is not ours has moved the account's chain: nothing is sent until it "
      "has stood still");
}

awaitable<domain::Duration> VenueDesk::beat() {
  const domain::Duration sent_at = heartbeat_time();
  const HeartbeatAnswer answer = co_await client_.heartbeat(heartbeats_.id());
  const domain::Duration pause = heartbeats_.on_answer(answer, sent_at, heartbeat_time());
  if (closed_) co_return pause;
  if (answer.result == HeartbeatAnswer::Result::Accepted && !heartbeat_file_.empty() &&
      !write_heartbeat_id(heartbeat_file_, heartbeats_.id()))
    log::warning("The heartbeat id cannot be kept: the next start waits for the account",
                 {{"file", heartbeat_file_}});
  note_contest();
  show_heartbeat();
  co_return pause;
}

awaitable<void> VenueDesk::send_heartbeats(std::function<bool()> ready) {
  const auto self = shared_from_this();
  while (true) {
    domain::Duration pause = kReadyCheck;
    if (heartbeats_.ours() && ready()) {
      pause = co_await beat();
      if (!heartbeats_.ours()) session_.end();  // the account is claimed again before the next
    }
    if (closed_) co_return;
    show_heartbeat();
    co_await runtime::sleep_for(pause);
  }
}

}  // namespace polybot::order_manager
