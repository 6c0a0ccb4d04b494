#include "services/order-manager/execution/user_session.hpp"

#include <stdexcept>
#include <utility>

#include "common/polymarket/messages/user_channel.hpp"
#include "common/runtime/until_one_ends.hpp"

namespace polybot::order_manager {

namespace {

http::WebSocketClientOptions reached_by(std::shared_ptr<const http::Transport> transport) {
  http::WebSocketClientOptions options;
  options.transport = std::move(transport);
  return options;
}

}  // namespace

UserSession::UserSession(boost::asio::any_io_executor executor, std::string url, Reports reports,
                         Timing timing, std::shared_ptr<const http::Transport> transport)
    : url_(std::move(url)),
      reports_(std::move(reports)),
      timing_(timing),
      socket_(executor, reached_by(std::move(transport))) {}

boost::asio::awaitable<void> UserSession::run(polymarket::ApiCredentials credentials,
                                              std::string address) {
  if (const auto error = co_await socket_.connect(url_)) {
    throw std::runtime_error("user channel: cannot connect to " + url_ + ": " + error.message());
  }
  if (const auto error = co_await socket_.write(polymarket::user_subscribe(credentials, {}))) {
    throw std::runtime_error("user channel: cannot subscribe: " + error.message());
  }
  heard_at_ = clock_.monotonic();
  subscribed_ = false;
  reports_.on_up();
  std::string why;
  try {
    polymarket::TraderIdentity us{credentials.api_key(), std::move(address)};
    auto reading = read_frames(std::move(us));
    (void)co_await runtime::until_one_ends(std::move(reading), keep_alive());
  } catch (const std::exception& end) {
    why = end.what();
  }
  socket_.cancel();
  reports_.on_down(why);
  throw std::runtime_error("user channel: " + why);
}

boost::asio::awaitable<void> UserSession::read_frames(polymarket::TraderIdentity us) {
  while (true) {
    const auto text = co_await socket_.read();
    if (!text) throw std::runtime_error(text.error().message());
    heard_at_ = clock_.monotonic();
    take(*text, us);
  }
}

boost::asio::awaitable<void> UserSession::keep_alive() {
  while (true) {
    co_await runtime::sleep_for(timing_.ping_interval);
    if (clock_.monotonic() - heard_at_ > timing_.silence_max) {
      throw std::runtime_error("silent, not even a PONG");
    }
    if (const auto error = co_await socket_.write(std::string(polymarket::kPing))) {
      throw std::runtime_error(error.message());
    }
  }
}

// This channel replays nothing: what the event told has to be read by REST.
void UserSession::refuse(const polymarket::ParseError& error) {
  refusals_.warning("An event of the user channel cannot be read",
                    {{"error", polymarket::to_string(error)}});
  reports_.on_refused(UserEventRefusal::Malformed);
  reports_.on_missed();
}

void UserSession::take(std::string_view text, const polymarket::TraderIdentity& us) {
  const auto frame = polymarket::parse_user_frame(text);
  if (!frame) return refuse(frame.error());
  if (frame->kind == polymarket::FrameKind::Pong && !std::exchange(subscribed_, true))
    reports_.on_missed();
  if (frame->kind == polymarket::FrameKind::InvalidOperation) {
    reports_.on_refused(UserEventRefusal::InvalidOperation);
    return;
  }
  for (std::uint32_t i = 0; i < frame->unknown_events; ++i)
    reports_.on_refused(UserEventRefusal::UnknownEvent);
  for (const polymarket::ParseError& error : frame->unreadable) refuse(error);
  for (const polymarket::UserEvent& event : frame->events) {
    if (const auto* order = std::get_if<polymarket::UserOrderEvent>(&event)) {
      reports_.on_order(polymarket::to_update(order->order, order->venue_at));
    } else {
      reports_.on_trade(
          polymarket::to_trade(std::get<polymarket::UserTradeEvent>(event).trade, us));
    }
  }
}

}  // namespace polybot::order_manager
