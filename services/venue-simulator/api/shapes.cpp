#include "services/venue-simulator/api/shapes.hpp"

#include <algorithm>

#include "common/polymarket/amounts.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Level;
using domain::Outcome;
using domain::Price;
using domain::RejectReason;

namespace {

const std::string& label_of(const domain::Market& market, Outcome outcome) {
  return outcome == Outcome::Yes ? market.yes_label : market.no_label;
}

std::string label_of(const domain::TokenId& token, const MatchingEngine& engine) {
  const auto place = engine.find_token(token);
  const Listing* listing = place ? engine.listing(place->market) : nullptr;
  return listing == nullptr ? "" : label_of(listing->market, place->outcome);
}

}  // namespace

polymarket::GammaMarket gamma_market(MarketNo number, const MatchingEngine& engine) {
  const Listing& listing = *engine.listing(number);
  const domain::Market& market = listing.market;
  const bool resolved = market.status == domain::MarketStatus::Resolved;
  const bool ended = resolved || market.status == domain::MarketStatus::Closed;
  polymarket::GammaMarket gamma;
  gamma.gamma_id = std::to_string(1'000'000 + number.value);
  gamma.id = market.id;
  gamma.slug = market.slug;
  gamma.question = market.question;
  gamma.group_item_title = market.event_market_count > 1 ? market.question : "";
  gamma.outcomes = {market.yes_label, market.no_label};
  gamma.tokens = {market.yes_token, market.no_token};
  if (resolved) gamma.outcome_prices = {market.payout.yes, market.payout.no};
  if (!resolved && listing.last_trade) {
    gamma.outcome_prices = {*listing.last_trade, domain::complement(*listing.last_trade)};
  }
  // As at the real venue, an unnamed outcome says that it accepts orders, but it does not.
  gamma.active = true;
  gamma.closed = resolved;
  gamma.accepting_orders = !ended;
  gamma.enable_order_book = true;
  gamma.resolution_status = resolved ? "resolved" : ended ? "proposed" : "";
  gamma.tick = market.tick;
  gamma.min_size = market.min_size;
  gamma.neg_risk = market.neg_risk;
  gamma.neg_risk_other = market.placeholder;
  gamma.neg_risk_augmented = market.augmented;
  if (market.neg_risk) gamma.neg_risk_market = market.event;
  gamma.event_slug = market.event_slug;
  gamma.event_title = listing.event_title;
  gamma.fee = market.fee;
  if (market.ends_at != domain::Timestamp{}) gamma.end_at = market.ends_at;
  return gamma;
}

polymarket::ClobMarket clob_market(const domain::Market& market) {
  polymarket::ClobMarket record;
  record.id = market.id;
  record.tokens = {market.yes_token, market.no_token};
  record.outcomes = {market.yes_label, market.no_label};
  record.tick = market.tick;
  record.min_size = market.min_size;
  record.neg_risk = market.neg_risk;
  record.fee = market.fee;
  record.accepting_orders = market.status == domain::MarketStatus::Active;
  record.taker_delay = market.taker_delay;
  return record;
}

std::vector<Level> mirrored(const std::vector<Level>& levels) {
  std::vector<Level> mirror;
  mirror.reserve(levels.size());
  for (const Level& level : levels)
    mirror.push_back({domain::complement(level.price), level.quantity});
  return mirror;
}

std::optional<polymarket::BookSummary> book_summary(const domain::TokenId& token,
                                                    const MatchingEngine& engine,
                                                    domain::Timestamp now) {
  const auto place = engine.find_token(token);
  if (!place || !engine.is_open(place->market)) return std::nullopt;
  const Listing& listing = *engine.listing(place->market);
  polymarket::BookSummary book;
  book.market = listing.market.id;
  book.token = token;
  book.venue_at = now;
  const auto bids = engine.levels(place->market, BookSide::Bid);
  const auto asks = engine.levels(place->market, BookSide::Ask);
  const bool yes = place->outcome == Outcome::Yes;
  book.bids = yes ? bids : mirrored(asks);
  book.asks = yes ? asks : mirrored(bids);
  book.min_size = listing.market.min_size;
  book.tick = listing.market.tick;
  book.neg_risk = listing.market.neg_risk;
  book.last_trade_price = listing.last_trade;
  return book;
}

polymarket::UserOrderEvent order_event(const OrderOutput& output, const Members& members,
                                       const MatchingEngine& engine) {
  polymarket::UserOrderEvent event;
  switch (output.kind) {
    case OrderEventKind::Placement:
      event.type = polymarket::UserOrderEventType::Placement;
      break;
    case OrderEventKind::Update:
      event.type = polymarket::UserOrderEventType::Update;
      break;
    case OrderEventKind::Cancellation:
      event.type = polymarket::UserOrderEventType::Cancellation;
      break;
  }
  const domain::VenueOrderUpdate& update = output.update;
  event.venue_at = update.at;
  polymarket::OrderRecord& order = event.order;
  order.id = update.order;
  order.market = update.market;
  order.token = update.token;
  order.side = update.side;
  order.price = update.price;
  order.original_size = update.original_quantity;
  order.size_matched = update.matched_quantity;
  order.status = update.status;
  order.reason = update.reason;
  order.time_in_force = output.time_in_force;
  order.owner = members.owner_of(output.account, update.order);
  order.maker_address = members.maker_of(output.account, update.order);
  order.outcome = label_of(update.token, engine);
  order.created_at = output.created_at;
  if (output.expiration_s > 0) order.expiration_s = output.expiration_s;
  return event;
}

polymarket::OrderRecord order_record(const OrderTruth& truth, const Members& members,
                                     const MatchingEngine& engine) {
  polymarket::OrderRecord order;
  order.id = truth.id;
  order.market = truth.market_id;
  order.token = truth.token;
  order.side = truth.side;
  order.price = truth.price;
  order.original_size = truth.quantity;
  order.size_matched = truth.matched;
  order.status = truth.status;
  order.time_in_force = truth.time_in_force;
  order.owner = members.owner_of(truth.account, truth.id);
  order.maker_address = members.maker_of(truth.account, truth.id);
  order.outcome = label_of(truth.token, engine);
  order.created_at = truth.created_at;
  if (truth.expiration_s > 0) order.expiration_s = truth.expiration_s;
  return order;
}

namespace {

// The order by which the account took part.
const domain::VenueOrderId& own_order(const TradeTruth& truth, AccountId account) {
  if (truth.taker.account == account) return truth.taker.order;
  const auto own = std::ranges::find(truth.makers, account, &TradeTruth::Party::account);
  return own == truth.makers.end() ? truth.taker.order : own->order;
}

}  // namespace

polymarket::UserTradeEvent trade_event(const TradeTruth& truth, AccountId account,
                                       const Members& members, const MatchingEngine& engine) {
  const Listing* listing = engine.listing(truth.market);
  const auto label = [listing](Outcome outcome) {
    return listing == nullptr ? std::string() : label_of(listing->market, outcome);
  };
  const auto token = [listing](Outcome outcome) {
    return listing == nullptr ? domain::TokenId{} : domain::token_of(listing->market, outcome);
  };
  polymarket::UserTradeEvent event;
  event.venue_at = truth.updated_at;
  polymarket::TradeRecord& trade = event.trade;
  trade.id = truth.id;
  trade.taker_order = truth.taker.order;
  trade.market = truth.market_id;
  trade.token = token(truth.taker.outcome);
  trade.side = truth.taker.side;
  trade.quantity = truth.taker.quantity;
  trade.price = truth.taker.price;
  trade.status = truth.status;
  trade.trader_side =
      truth.taker.account == account ? domain::LiquiditySide::Taker : domain::LiquiditySide::Maker;
  trade.owner = members.owner_of(account, own_order(truth, account));
  trade.trade_owner = members.owner_of(truth.taker.account, truth.taker.order);
  trade.maker_address = members.maker_of(truth.taker.account, truth.taker.order);
  trade.outcome = label(truth.taker.outcome);
  const bool on_chain = truth.status == domain::VenueTradeStatus::Mined ||
                        truth.status == domain::VenueTradeStatus::Confirmed;
  if (on_chain) {
    trade.transaction_hash = domain::to_string(
        derived_id<domain::VenueOrderId>(truth.number, IdKind::Trade, truth.market.value));
  }
  trade.matched_at = truth.matched_at;
  trade.updated_at = truth.updated_at;
  for (const TradeTruth::Party& party : truth.makers) {
    trade.makers.push_back({.order = party.order,
                            .owner = members.owner_of(party.account, party.order),
                            .maker_address = members.maker_of(party.account, party.order),
                            .token = token(party.outcome),
                            .side = party.side,
                            .quantity = party.quantity,
                            .price = party.price,
                            .outcome = label(party.outcome)});
  }
  return event;
}

bool numbers_pending(const TradeTruth& trade, const ExchangeHost& host) {
  const FaultSettings* fault = host.fault(Fault::EmptyNumbers, trade.market_id);
  return fault != nullptr && Random(splitmix64(trade.number)).chance(fault->probability_ppm);
}

http::Response venue_error(unsigned status, std::string_view text) {
  return http::json(polymarket::write_error(text), status);
}

std::string refusal_text(RejectReason reason, const NewOrder& order, const domain::Market* market) {
  namespace refusal = polymarket::refusal;
  switch (reason) {
    case RejectReason::TickSize:
      return refusal::off_tick(order.id, order.limit, market == nullptr ? Price{} : market->tick);
    case RejectReason::BelowMinimum: {
      if (market != nullptr && rests(order.time_in_force) && order.quantity < market->min_size) {
        return refusal::below_minimum(order.id, order.quantity, market->min_size);
      }
      std::string text = polymarket::check_marketable_notional(
          order.side, domain::notional(order.limit, order.quantity, domain::Rounding::Down));
      return text.empty() ? "invalid amount for a marketable order, min size: $1" : text;
    }
    case RejectReason::Duplicated:
      return refusal::duplicated(order.id);
    case RejectReason::Crosses:
      return std::string(refusal::kPostOnlyCrosses);
    case RejectReason::Balance:
      return std::string(refusal::kBalance);
    case RejectReason::Expiration:
      return std::string(refusal::kInvalidExpiration);
    case RejectReason::MarketNotReady:
      return std::string(refusal::kMarketNotReady);
    case RejectReason::NotFilled:
      return std::string(order.time_in_force == domain::TimeInForce::Fok ? refusal::kFokNotFilled
                                                                         : refusal::kFakNoMatch);
    case RejectReason::InvalidSignature:
      return std::string(refusal::kInvalidSignature);
    case RejectReason::Unauthorized:
      return std::string(refusal::kUnauthorized);
    case RejectReason::Amounts:
      return "invalid amounts, more decimals than the market supports";
    case RejectReason::TradingDisabled:
      return std::string(refusal::kTradingDisabled);
    case RejectReason::PostOnlyMode:
      return std::string(refusal::kPostOnlyMode);
    case RejectReason::Forbidden:
      return std::string(refusal::kRegion);
    case RejectReason::ClosedOnly:
      return std::string(refusal::kClosedOnly);
    case RejectReason::CancelOnly:
      return std::string(refusal::kCancelOnly);
    case RejectReason::InvalidPayload:
    case RejectReason::RateLimited:
    case RejectReason::NotFoundAtVenue:
    case RejectReason::Other:
      break;
  }
  return std::string(refusal::kInvalidPayload);
}

}  // namespace polybot::venue_simulator
