#include "services/gateway/feed/market_link.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "common/http/websocket_client.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;

struct MarketLink::State {
  State(asio::any_io_executor on, http::WebSocketClientOptions options, Reports to,
        runtime::Clock with)
      : executor(on),
        client(std::move(on), std::move(options)),
        reports(std::move(to)),
        clock(with) {}

  asio::any_io_executor executor;
  http::WebSocketClient client;
  Reports reports;
  runtime::Clock clock;
  bool cut = false;
};

MarketLink::MarketLink(asio::any_io_executor executor, const VenueUrls& urls, runtime::Clock clock,
                       Reports reports) {
  http::WebSocketClientOptions options;
  options.transport = urls.transport;
  state_ =
      std::make_shared<State>(std::move(executor), std::move(options), std::move(reports), clock);
  auto session = [](std::shared_ptr<State> state, std::string to) -> asio::awaitable<void> {
    const auto end = [&](std::string_view why) {
      if (!std::exchange(state->cut, true)) state->reports.on_end(why);
    };
    if (const auto failed = co_await state->client.connect(std::move(to))) {
      end("connect: " + failed.message());
      co_return;
    }
    if (state->cut) co_return;
    state->reports.on_open();
    while (!state->cut) {
      const auto text = co_await state->client.read();
      if (state->cut) co_return;
      if (!text) {
        end("read: " + text.error().message());
        co_return;
      }
      state->reports.on_text(*text, state->clock.now());
    }
  };
  // A session that fails in an unforeseen way ends alone and reports it.
  auto at_end = [state = state_](const std::exception_ptr& failure) {
    if (!failure) return;
    std::string why = "unknown failure";
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& exception) {
      why = exception.what();
    }
    if (!std::exchange(state->cut, true)) state->reports.on_end(why);
  };
  asio::co_spawn(state_->executor, session(state_, urls.market_ws), std::move(at_end));
}

void MarketLink::send(std::string text) {
  auto writer = [](std::shared_ptr<State> state, std::string bytes) -> asio::awaitable<void> {
    // A write that fails ends the connection, and the pending read reports that.
    [[maybe_unused]] const auto failed = co_await state->client.write(std::move(bytes));
  };
  asio::co_spawn(state_->executor, writer(state_, std::move(text)), asio::detached);
}

void MarketLink::cut() {
  if (std::exchange(state_->cut, true)) return;
  state_->client.cancel();
}

}  // namespace polybot::gateway
