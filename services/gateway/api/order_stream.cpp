#include "services/gateway/api/order_stream.hpp"

#include <utility>

#include "common/runtime/until_one_ends.hpp"

namespace polybot::gateway {
namespace {

constexpr std::string_view kComponent = "orders";

feeds::OrderFeedSettings feed_settings(const OrderStreamSettings& settings) {
  return {.orders_address = settings.orders_address,
          .recovery_address = settings.recovery_address,
          .trust = settings.trust,
          .recovery_timeout = settings.recovery_timeout,
          .beginning = follow::Beginning::Events,
          .streams = {}};
}

}  // namespace

OrderStream::OrderStream(boost::asio::any_io_executor executor, const OrderStreamSettings& settings,
                         runtime::Health& health, runtime::Clock clock, bus::Stats& stats,
                         feeds::OrderFeedListener listener)
    : silence_(settings.silence),
      health_(health),
      clock_(clock),
      feed_(executor, feed_settings(settings), stats, std::move(listener)) {
  health_.add(kComponent, "order-manager has not been heard yet");
}

boost::asio::awaitable<void> OrderStream::run() {
  (void)co_await runtime::until_one_ends(feed_.run(), watch());
}

bool OrderStream::silent() const {
  return !feed_.heard_at() || clock_.monotonic() - *feed_.heard_at() >= silence_;
}

boost::asio::awaitable<void> OrderStream::watch() {
  for (;;) {
    co_await runtime::sleep_for(std::chrono::milliseconds(250));
    if (silent()) {
      health_.set_not_ready(kComponent, "order-manager is silent");
    } else if (!feed_.whole()) {
      health_.set_not_ready(kComponent, "order events are being replayed");
    } else {
      health_.set_ready(kComponent);
    }
  }
}

}  // namespace polybot::gateway
