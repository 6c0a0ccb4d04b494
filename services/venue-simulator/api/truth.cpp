#include "services/venue-simulator/api/truth.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "common/polymarket/digest.hpp"
#include "common/polymarket/messages/account_records.hpp"
#include "common/polymarket/signing.hpp"

namespace polybot::venue_simulator {
namespace json = boost::json;

namespace {

using domain::Outcome;

std::string slug_of(MarketNo number, const MatchingEngine& engine) {
  const Listing* listing = engine.listing(number);
  return listing == nullptr ? "" : listing->market.slug;
}

// An expired order is shown as such here, though the venue's own channel says CANCELED.
json::object order_object(const OrderTruth& order, const MatchingEngine& engine) {
  return {{"number", order.number},
          {"account", order.account.value},
          {"id", domain::to_string(order.id)},
          {"market", domain::to_string(order.market_id)},
          {"slug", slug_of(order.market, engine)},
          {"token", domain::to_string(order.token)},
          {"side", polymarket::wire_name(order.side)},
          {"price", order.price.to_string()},
          {"quantity", order.quantity.to_string()},
          {"matched", order.matched.to_string()},
          {"type", polymarket::wire_name(order.time_in_force)},
          {"post_only", order.post_only},
          {"salt", order.salt},
          {"status", domain::name_of(order.status)},
          {"created_ms", domain::to_unix_ms(order.created_at)},
          {"finished_ms", domain::to_unix_ms(order.finished_at)}};
}

json::object party_object(const TradeTruth::Party& party) {
  return {{"account", party.account.value},
          {"order", domain::to_string(party.order)},
          {"outcome", domain::name_of(party.outcome)},
          {"side", polymarket::wire_name(party.side)},
          {"price", party.price.to_string()},
          {"quantity", party.quantity.to_string()},
          {"cash", party.cash.to_string()}};
}

json::object trade_object(const TradeTruth& trade, const MatchingEngine& engine) {
  json::array makers;
  for (const TradeTruth::Party& maker : trade.makers) makers.push_back(party_object(maker));
  return {{"number", trade.number},
          {"id", trade.id.value},
          {"market", domain::to_string(trade.market_id)},
          {"slug", slug_of(trade.market, engine)},
          {"status", polymarket::wire_name(trade.status)},
          {"taker", party_object(trade.taker)},
          {"fee", trade.fee.to_string()},
          {"makers", std::move(makers)},
          {"matched_ms", domain::to_unix_ms(trade.matched_at)},
          {"updated_ms", domain::to_unix_ms(trade.updated_at)}};
}

json::object totals_object(const MatchingEngine::Totals& totals) {
  return {{"orders_accepted", totals.orders_accepted},
          {"orders_matched", totals.orders_matched},
          {"orders_canceled", totals.orders_canceled},
          {"orders_expired", totals.orders_expired},
          {"fills", totals.fills},
          {"fills_confirmed", totals.fills_confirmed},
          {"fills_failed", totals.fills_failed},
          {"bought", totals.bought.to_string()},
          {"sold", totals.sold.to_string()},
          {"fees", totals.fees.to_string()}};
}

json::object account_object(AccountId id, const MatchingEngine& engine) {
  const Account& account = engine.accounts()[id];
  json::array holdings;
  for (const auto& [market, held] : account.holdings) {
    const Listing* listing = engine.listing(market);
    if (listing == nullptr) continue;
    for (const Outcome outcome : {Outcome::Yes, Outcome::No}) {
      const Holding& holding = outcome == Outcome::Yes ? held.yes : held.no;
      if (holding.empty()) continue;
      holdings.push_back({{"market", domain::to_string(listing->market.id)},
                          {"slug", listing->market.slug},
                          {"token", domain::to_string(domain::token_of(listing->market, outcome))},
                          {"outcome", domain::name_of(outcome)},
                          {"quantity", holding.held.to_string()},
                          {"reserved", holding.reserved.to_string()},
                          {"locked", holding.locked.to_string()}});
    }
  }
  return {{"account", id.value},
          {"address", polymarket::to_checksum(polymarket::Address{account.address})},
          {"cash", account.cash.to_string()},
          {"reserved", account.reserved.to_string()},
          {"locked", account.locked.to_string()},
          {"deposits", account.deposits.to_string()},
          {"fees", account.fees.to_string()},
          {"open_orders", engine.open_orders(id).size()},
          {"totals", totals_object(engine.totals(id))},
          {"holdings", std::move(holdings)}};
}

json::object conservation_object(const Conservation& sums) {
  return {{"cash", sums.cash.to_string()},
          {"sets", sums.sets.to_string()},
          {"fees", sums.fees.to_string()},
          {"deposits", sums.deposits.to_string()},
          {"holds", sums.holds()}};
}

}  // namespace

std::string history_json(const ExchangeHost& host, const StatePage& page) {
  json::array orders;
  host.read_old_orders(page.orders_after, [&](const OrderTruth& order) {
    orders.push_back(order_object(order, host.engine()));
    return orders.size() < page.limit;
  });
  json::array trades;
  host.read_old_trades(page.trades_after, [&](const TradeTruth& trade) {
    trades.push_back(trade_object(trade, host.engine()));
    return trades.size() < page.limit;
  });
  json::object history;
  if (orders.size() == page.limit) history["orders_next"] = page.orders_after + orders.size();
  if (trades.size() == page.limit) history["trades_next"] = page.trades_after + trades.size();
  history["orders"] = std::move(orders);
  history["trades"] = std::move(trades);
  return json::serialize(history);
}

std::string state_json(const Exchange& exchange, const StatePage& page) {
  const MatchingEngine& engine = exchange.engine();
  json::object state;
  state["time_ms"] = domain::to_unix_ms(exchange.now());
  state["flow_running"] = exchange.flow().running();
  state["conservation"] = conservation_object(engine.conservation());
  state["unsettled_trades"] = engine.unsettled_trades();
  state["archived"] = {{"orders", engine.forgotten().orders},
                       {"trades", engine.forgotten().trades}};
  json::array accounts;
  for (std::uint32_t i = 0; i < engine.accounts().size(); ++i) {
    if (!engine.accounts()[{i}].house) accounts.push_back(account_object({i}, engine));
  }
  state["accounts"] = std::move(accounts);
  json::array orders;
  const auto order_page = engine.orders(page.orders_after, page.limit);
  for (const OrderTruth& order : order_page) orders.push_back(order_object(order, engine));
  json::array trades;
  const auto trade_page = engine.trades(page.trades_after, page.limit);
  for (const TradeTruth& trade : trade_page) trades.push_back(trade_object(trade, engine));
  state["orders"] = std::move(orders);
  state["trades"] = std::move(trades);
  if (order_page.size() == page.limit) state["orders_next"] = order_page.back().number;
  if (trade_page.size() == page.limit) state["trades_next"] = trade_page.back().number;
  return json::serialize(state);
}

std::string events_json(const Exchange& exchange) {
  const MatchingEngine& engine = exchange.engine();
  std::map<std::string, json::array> events;
  for (const MarketNo number : engine.markets()) {
    const Listing& listing = *engine.listing(number);
    const domain::Market& market = listing.market;
    json::object object{{"slug", market.slug},
                        {"id", domain::to_string(market.id)},
                        {"status", domain::name_of(market.status)},
                        {"neg_risk", market.neg_risk},
                        {"augmented", market.augmented},
                        {"placeholder", market.placeholder},
                        {"ends_ms", domain::to_unix_ms(market.ends_at)}};
    if (const auto bid = engine.best(number, domain::BookSide::Bid)) {
      object["bid"] = bid->price.to_string();
    }
    if (const auto ask = engine.best(number, domain::BookSide::Ask)) {
      object["ask"] = ask->price.to_string();
    }
    if (const auto fair = exchange.flow().fair_value(number)) object["fair"] = fair->to_string();
    events[market.event_slug].push_back(std::move(object));
  }
  json::array list;
  for (auto& [slug, markets] : events)
    list.push_back({{"slug", slug}, {"markets", std::move(markets)}});
  return json::serialize(json::object{{"events", std::move(list)}});
}

std::string faults_json(const Exchange& exchange) {
  json::object faults;
  for (const Fault fault : domain::kEnumerators<Fault>) {
    const FaultSettings* settings = exchange.faults().active(fault, exchange.now());
    json::object object{{"active", settings != nullptr}};
    if (settings != nullptr) {
      object["probability_ppm"] = settings->probability_ppm;
      object["duration_ms"] = settings->duration.count() / 1'000'000;
      object["delay_ms"] = settings->delay.count() / 1'000'000;
      object["count"] = settings->count;
      if (settings->market) object["market"] = domain::to_string(*settings->market);
      if (!settings->size.is_zero()) object["size"] = settings->size.to_string();
      if (!settings->amount.is_zero()) object["amount"] = settings->amount.to_string();
    }
    faults[to_string(fault)] = std::move(object);
  }
  return json::serialize(faults);
}

}  // namespace polybot::venue_simulator
