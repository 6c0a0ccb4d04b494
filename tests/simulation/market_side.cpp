#include "tests/simulation/market_side.hpp"

#include "tests/simulation/mapping.hpp"

namespace polybot::simulation {

namespace sim = venue_simulator;
namespace om = order_manager;
namespace sr = strategy_runner;
using domain::MarketId;
using domain::MarketStatus;

MarketSide::MarketSide(const sim::ExchangeSettings& settings, domain::Money deposit)
    : exchange_(settings, now_, out_) {
  ask(sim::OpenAccount{.address = {1}, .deposit = deposit});
  account_ = out_.opened.at(0);
}

// ---- requests to the venue

void MarketSide::submit(const std::vector<domain::Order>& orders) {
  ask(submit_request(account_, orders));
}

void MarketSide::cancel(std::vector<domain::VenueOrderId> orders) {
  if (!orders.empty()) ask(sim::CancelOrders{account_, std::move(orders)});
}

void MarketSide::answer(const om::Read& read) {
  if (const auto* market = std::get_if<om::ReadMarket>(&read)) {
    const auto known = markets_.find(market->market);
    manage(known == markets_.end()
               ? om::MarketRead{market->market, om::MarketRead::Outcome::NotFound, std::nullopt}
               : om::MarketRead{market->market, om::MarketRead::Outcome::Found, known->second});
  } else if (const auto* wanted = std::get_if<om::ConfirmResolution>(&read)) {
    const auto known = markets_.find(wanted->market);
    if (known != markets_.end() && known->second.status == MarketStatus::Resolved)
      manage(om::ResolutionConfirmed{wanted->market, known->second.payout});
  } else {
    manage(exchange_.account(account_, std::get<om::ReadAccount>(read).trades_since));
  }
}

bool MarketSide::deliver() {
  const sim::Outputs out = take_outputs();
  for (const sim::MarketOutput& output : out.market)
    std::visit([this](const auto& body) { publish(body); }, output);
  for (const sim::SubmitAnswer& answered : out.submits) {
    const auto outcome = std::visit([](const auto& body) -> domain::SubmitOutcome { return body; },
                                    answered.outcome);
    manage(domain::SubmitAnswered{answered.order, outcome});
  }
  for (const domain::CancelAnswered& answered : out.cancels) manage(answered);
  for (const sim::AccountOutput& output : out.account) {
    if (const auto* order = std::get_if<sim::OrderOutput>(&output)) {
      if (order->account == account_) manage(order->update);
    } else if (const auto& trade = std::get<sim::TradeOutput>(output); trade.account == account_) {
      manage(trade.trade);
    }
  }
  for (const MarketId& market : std::exchange(moved_, {})) publish_quote(market);
  return !out_.market.empty() || !out_.submits.empty() || !out_.cancels.empty() ||
         !out_.account.empty();
}

// ---- what the gateway would publish

sr::FrameOrigin MarketSide::origin_of(const MarketId& market) const {
  return {.shard = domain::shard_of(markets_.at(market).event), .sent_at = now_, .trace = {}};
}

void MarketSide::publish(const sim::MarketListed& listed) {
  markets_[listed.market.id] = listed.market;
  define(listed.market.id);
  load(listed.market.id);
}

void MarketSide::publish(const sim::BookChanged& changed) {
  books_[changed.market].apply(changed.changes);
  moved_.insert(changed.market);
  tell(sr::BookChanged{origin_of(changed.market),
                       {.market = changed.market, .changes = changed.changes, .stamped_at = now_}});
}

void MarketSide::publish(const sim::TradePrinted& trade) {
  domain::TradeTick tick = trade.tick;
  tick.stamped_at = now_;
  tell(sr::TradeSeen{origin_of(trade.market), tick});
}

void MarketSide::publish(const sim::TickSizeChanged& changed) {
  markets_.at(changed.market).tick = changed.new_tick;
  define(changed.market);
  load(changed.market);
}

void MarketSide::publish(const sim::MarketClosed& closed) {
  markets_.at(closed.market).status = MarketStatus::Closed;
  define(closed.market);
}

void MarketSide::publish(const sim::MarketResolved& resolved) {
  domain::Market& market = markets_.at(resolved.market);
  market.status = MarketStatus::Resolved;
  market.payout = resolved.payout;
  define(resolved.market);
}

void MarketSide::define(const MarketId& market) {
  tell(sr::MarketHeard{markets_.at(market)});
  manage(om::MarketHinted{markets_.at(market)});
}

void MarketSide::load(const MarketId& market) {
  const domain::OrderBook& book = books_[market];
  tell(sr::BookLoaded{origin_of(market),
                      {.market = market,
                       .bids = {book.bids().begin(), book.bids().end()},
                       .asks = {book.asks().begin(), book.asks().end()},
                       .tick = markets_.at(market).tick,
                       .stamped_at = now_}});
}

void MarketSide::publish_quote(const MarketId& market) {
  const domain::OrderBook& book = books_[market];
  manage(om::QuoteHeard{.shard = domain::shard_of(markets_.at(market).event),
                        .quote = {.market = market,
                                  .bid = book.best_bid(),
                                  .ask = book.best_ask(),
                                  .last = {},
                                  .stamped_at = now_}});
}

void MarketSide::vouch_for_books() {
  for (const auto& [id, market] : markets_) {
    if (market.status != MarketStatus::Active) continue;
    tell(sr::BookChanged{origin_of(id), {.market = id, .changes = {}, .stamped_at = now_}});
    publish_quote(id);
  }
}

}  // namespace polybot::simulation
