#include "services/order-manager/execution/user_session.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <stdexcept>
#include <utility>
#include <variant>

#include "common/polymarket/messages/user_channel.hpp"

namespace polybot::order_manager {

using namespace boost::asio::experimental::awaitable_operators;

UserSession::UserSession(boost::asio::any_io_executor executor, std::string url, Reports reports,
                         Timing timing)
    : url_(std::move(url)), reports_(std::move(reports)), timing_(timing), socket_(executor, {}) {}

boost::asio::awaitable<void> UserSession::run(polymarket::ApiCredentials credentials) {
  if (const auto error = co_await socket_.connect(url_)) {
    throw std::runtime_error("user channel: cannot connect to " + url_ + ": " + error.message());
  }
  if (const auto error = co_await socket_.write(polymarket::user_subscribe(credentials, {}))) {
    throw std::runtime_error("user channel: cannot subscribe: " + error.message());
  }
  heard_at_ = clock_.monotonic();
  reports_.on_up();
  const std::variant<std::string, std::string> ended =
      co_await (read_frames(credentials.api_key()) || keep_alive());
  const std::string why = std::visit([](const std::string& text) { return text; }, ended);
  socket_.cancel();
  reports_.on_down(why);
  throw std::runtime_error("user channel: " + why);
}

boost::asio::awaitable<std::string> UserSession::read_frames(std::string api_key) {
  while (true) {
    const auto text = co_await socket_.read();
    if (!text) co_return text.error().message();
    heard_at_ = clock_.monotonic();
    take(*text, api_key);
  }
}

boost::asio::awaitable<std::string> UserSession::keep_alive() {
  while (true) {
    co_await runtime::sleep_for(timing_.ping_interval);
    if (clock_.monotonic() - heard_at_ > timing_.silence_max) co_return "silent, not even a PONG";
    if (const auto error = co_await socket_.write(std::string(polymarket::kPing)))
      co_return error.message();
  }
}

// Nothing is replayed on this channel: what the event told has to be read.
void UserSession::refuse(const polymarket::ParseError& error) {
  refusals_.warning("An event of the user channel cannot be read",
                    {{"error", polymarket::to_string(error)}});
  reports_.on_refused("malformed");
  reports_.on_missed();
}

void UserSession::take(std::string_view text, std::string_view api_key) {
  const auto frame = polymarket::parse_user_frame(text);
  if (!frame) return refuse(frame.error());
  if (frame->kind == polymarket::FrameKind::InvalidOperation) {
    reports_.on_refused("invalid_operation");
    return;
  }
  for (std::uint32_t i = 0; i < frame->unknown_events; ++i) reports_.on_refused("unknown_event");
  for (const polymarket::ParseError& error : frame->unreadable) refuse(error);
  for (const polymarket::UserEvent& event : frame->events) {
    if (const auto* order = std::get_if<polymarket::UserOrderEvent>(&event)) {
      reports_.on_order(polymarket::to_update(order->order, order->venue_at));
    } else {
      reports_.on_trade(
          polymarket::to_trade(std::get<polymarket::UserTradeEvent>(event).trade, api_key));
    }
  }
}

}  // namespace polybot::order_manager
