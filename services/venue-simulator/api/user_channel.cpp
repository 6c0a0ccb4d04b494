#include "services/venue-simulator/api/user_channel.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "common/polymarket/messages/user_channel.hpp"
#include "common/runtime/clock.hpp"
#include "services/venue-simulator/api/shapes.hpp"

namespace polybot::venue_simulator {

using http::CloseCode;

namespace {

constexpr domain::Duration kLateness = std::chrono::seconds(2);

}  // namespace

UserChannel::UserChannel(boost::asio::any_io_executor executor, const ExchangeHost& host,
                         const Members& members, std::uint64_t fault_seed)
    : executor_(std::move(executor)), host_(host), members_(members), fault_random_(fault_seed) {}

void UserChannel::register_routes(http::Router& router) {
  sessions_.register_route(
      router, "/ws/user", host_, {.text_bytes_max = 256 * 1024, .queue_bytes_max = 16 << 20},
      [this](Session& session, const std::string& text) { return receive(session, text); });
}

bool UserChannel::receive(Session& session, const std::string& text) {
  if (session.member != nullptr) {
    // Later texts change the wanted markets. All markets are sent here unless the first text named
    // some.
    session.socket->send(
        std::string(text == polymarket::kPing ? polymarket::kPong : polymarket::kInvalidOperation));
    return true;
  }
  const auto wanted = polymarket::parse_user_subscription(text);
  const Member* member = wanted ? members_.by_api_key(wanted->api_key) : nullptr;
  const bool known =
      member != nullptr &&
      polymarket::equal_constant_time(member->credentials.secret(), wanted->secret) &&
      polymarket::equal_constant_time(member->credentials.passphrase(), wanted->passphrase);
  if (!known) {
    session.socket->close(CloseCode::PolicyViolation, "invalid subscription payload");
    return false;
  }
  session.member = member;
  session.markets = {wanted->markets.begin(), wanted->markets.end()};
  session.no_trades = wanted->no_trades;
  return true;
}

void UserChannel::close_all(CloseCode code, std::string_view reason) {
  sessions_.close_all(code, reason);
}

void UserChannel::drop_sockets() {
  const FaultSettings* drop = host_.fault(Fault::UserSocketDrop);
  if (drop == nullptr) {
    dropped_at_.reset();
    return;
  }
  const domain::Timestamp now = host_.now();
  const bool again = dropped_at_ && drop->delay.count() > 0 && now - *dropped_at_ >= drop->delay;
  if (dropped_at_ && !again) return;
  dropped_at_ = now;
  close_all(CloseCode::GoingAway, "");
}

void UserChannel::publish(const Outputs& outputs) {
  if (sessions_.empty()) return;
  for (const AccountOutput& output : outputs.account) {
    std::string text;
    if (const auto* order = std::get_if<OrderOutput>(&output)) {
      polymarket::write_user_order(order_event(*order, members_, host_.engine()), text);
      deliver({order->account, order->update.market, About::Order,
               std::make_shared<const std::string>(std::move(text))});
      continue;
    }
    const auto& trade = std::get<TradeOutput>(output);
    const TradeTruth* truth = host_.engine().trade(trade.number);
    if (truth == nullptr) continue;
    TradeTruth then = *truth;  // it may have moved on since
    then.status = trade.trade.status;
    then.updated_at = trade.trade.updated_at;
    polymarket::UserTradeEvent event = trade_event(then, trade.account, members_, host_.engine());
    event.trade.numbers_pending = numbers_pending(then, host_);
    polymarket::write_user_trade(event, text);
    deliver({trade.account, then.market_id, About::Trade,
             std::make_shared<const std::string>(std::move(text))});
  }
}

void UserChannel::deliver(const News& news) {
  const FaultSettings* fault = host_.fault(Fault::UserEvents, news.market);
  if (fault == nullptr || !fault_random_.chance(fault->probability_ppm)) {
    send(news);
    return;
  }
  // Late, so that others overtake it; twice; or both.
  const domain::Duration most = fault->delay.count() > 0 ? fault->delay : kLateness;
  const domain::Duration delay = fault_random_.between(domain::Duration{1'000'000}, most);
  const auto kind = fault_random_.between(0, 2);
  if (kind != 0) send(news);
  if (kind == 1) send(news);
  if (kind != 1) send_late(news, delay);
}

void UserChannel::send(const News& news) {
  for (const auto& session : sessions_) {
    if (session->member == nullptr || session->member->account != news.account) continue;
    if (!session->markets.empty() && !session->markets.contains(news.market)) continue;
    if (session->no_trades && news.about == About::Trade) continue;
    session->socket->send(news.text);
  }
}

void UserChannel::send_late(News news, domain::Duration delay) {
  auto wait = [](UserChannel& channel, std::weak_ptr<int> alive, News late,
                 domain::Duration span) -> boost::asio::awaitable<void> {
    co_await runtime::sleep_for(span);
    if (alive.lock()) channel.send(late);
  };
  boost::asio::co_spawn(executor_, wait(*this, alive_, std::move(news), delay),
                        boost::asio::detached);
}

}  // namespace polybot::venue_simulator
