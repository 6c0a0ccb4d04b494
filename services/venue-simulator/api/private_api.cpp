#include "services/venue-simulator/api/private_api.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "common/polymarket/amounts.hpp"
#include "common/polymarket/messages/heartbeats.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "common/runtime/logging.hpp"
#include "services/venue-simulator/api/lookup.hpp"
#include "services/venue-simulator/api/rewards_api.hpp"
#include "services/venue-simulator/api/shapes.hpp"
#include "services/venue-simulator/api/trade_pages.hpp"
#include "services/venue-simulator/api/wallets.hpp"
#include "services/venue-simulator/core/engine/engine_terms.hpp"

namespace polybot::venue_simulator {

namespace refusal = polymarket::refusal;
using domain::VenueOrderId;
using http::Request;
using http::Response;

namespace {

constexpr domain::Duration kLatest = std::chrono::seconds(15);  // of executed-late

std::string join(const std::vector<std::string>& parts) {
  std::string text = "[";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text.push_back(',');
    text += parts[i];
  }
  return text + "]";
}

Response cancel_answer(const std::vector<domain::CancelAnswered>& answers) {
  using Result = domain::CancelAnswered::Result;
  polymarket::CancelAnswer answer;
  for (const domain::CancelAnswered& one : answers) {
    if (one.result == Result::Canceled) {
      answer.canceled.push_back(one.order);
    } else {
      const bool is_held = one.result == Result::NotCanceled;
      answer.not_canceled.emplace_back(one.order, is_held ? polymarket::refusal::kCancelDelayed
                                                          : polymarket::refusal::kCancelGone);
    }
  }
  return http::json(polymarket::write_cancel_answer(answer));
}

Response bad_order_body(const polymarket::ParseError& error) {
  return venue_error(400, polymarket::is_of_first_protocol(error) ? refusal::kInvalidVersion
                                                                  : refusal::kInvalidPayload);
}

}  // namespace

PrivateApi::PrivateApi(ExchangeHost& host, Members& members, FaultGate& gate,
                       const Wallets& wallets)
    : host_(host),
      members_(members),
      gate_(gate),
      wallets_(wallets),
      domains_(wallets.chain_id()) {}

// ---- orders -------------------------------------------------------------------------------------

const domain::Market* PrivateApi::market_of(const domain::TokenId& token) const {
  const auto place = host_.engine().find_token(token);
  const Listing* listing = place ? host_.engine().listing(place->market) : nullptr;
  return listing == nullptr ? nullptr : &listing->market;
}

// What the faults of accounts say of an order; empty when nothing.
std::string PrivateApi::account_refusal(const Member& member, const domain::Market& market,
                                        domain::Side side) const {
  if (host_.fault(Fault::OtherVersion) != nullptr) return std::string(refusal::kInvalidVersion);
  const bool buys = side == domain::Side::Buy;
  if (buys && host_.fault(Fault::ClosedOnly) != nullptr)
    return "'" + member.address_text + "' " + std::string(refusal::kClosedOnly);
  const bool lacks_cash = buys && host_.fault(Fault::OldCollateral) != nullptr;
  if (lacks_cash || may_spend_nothing(market.exchange)) return std::string(refusal::kBalance);
  return {};
}

// The fault is of the exchange that its market trades with, else of each.
bool PrivateApi::may_spend_nothing(domain::ExchangeVersion exchange) const {
  const FaultSettings* const settings = host_.fault(Fault::NoAllowance);
  if (settings == nullptr) return false;
  if (!settings->market) return true;
  const auto number = host_.engine().find_market(*settings->market);
  const Listing* listing = number ? host_.engine().listing(*number) : nullptr;
  return listing != nullptr && listing->market.exchange == exchange;
}

std::variant<NewOrder, std::string> PrivateApi::check(const Member& member,
                                                      const polymarket::PostedOrder& posted) const {
  const polymarket::OrderToSign& signed_order = posted.order;
  if (posted.owner != member.credentials.api_key()) return std::string(refusal::kWrongOwner);
  const auto maker = wallets_.maker_of(member, signed_order);
  if (const auto* text = std::get_if<std::string>(&maker)) return *text;
  const domain::Market* market = market_of(signed_order.token);
  if (market == nullptr) return std::string(refusal::kInvalidTokenId);
  if (std::string text = account_refusal(member, *market, signed_order.side); !text.empty())
    return text;
  const polymarket::ExchangeDomain& exchange = domains_.of(market->exchange);
  const VenueOrderId id = polymarket::order_digest(signed_order, exchange);
  const auto signer = polymarket::recover_order_signer(signed_order, exchange, posted.signature);
  if (!signer || *signer != member.address) return std::string(refusal::kInvalidSignature);
  const auto terms =
      polymarket::check_amounts({.order_id = id,
                                 .side = signed_order.side,
                                 .time_in_force = posted.time_in_force,
                                 .amounts = {signed_order.maker_amount, signed_order.taker_amount},
                                 .tick = market->tick,
                                 .min_size = market->min_size});
  if (const auto* text = std::get_if<std::string>(&terms)) return *text;
  if (posted.time_in_force != domain::TimeInForce::Gtd && posted.expiration_s != 0)
    return std::string(refusal::kInvalidExpiration);
  const auto& read = std::get<polymarket::OrderTerms>(terms);
  NewOrder order;
  order.id = id;
  order.token = signed_order.token;
  order.side = signed_order.side;
  order.limit = read.price;
  order.quantity = read.quantity;
  order.time_in_force = posted.time_in_force;
  if (!rests(order.time_in_force) && order.side == domain::Side::Buy) order.cash = read.cash;
  order.post_only = posted.post_only;
  order.expiration_s = posted.expiration_s;
  order.salt = signed_order.salt;
  return order;
}

PrivateApi::Placed PrivateApi::answer_of(const NewOrder& order, const SubmitAnswer& answer) const {
  Placed placed;
  if (const auto* rejected = std::get_if<domain::SubmitRejected>(&answer.outcome)) {
    placed.refused = true;
    placed.response.success = false;
    placed.response.error = refusal_text(rejected->reason, order, market_of(order.token));
    return placed;
  }
  const auto& accepted = std::get<domain::SubmitAccepted>(answer.outcome);
  placed.response.id = order.id;
  placed.response.trades = accepted.trades;
  switch (accepted.state) {
    case domain::SubmitAccepted::State::Live:
      placed.response.status = "live";
      break;
    case domain::SubmitAccepted::State::Matched:
      placed.response.status = "matched";
      break;
    case domain::SubmitAccepted::State::Delayed:
      placed.response.status = "delayed";
      break;
    case domain::SubmitAccepted::State::Unmatched:
      placed.response.status = "unmatched";
      break;
  }
  if (answer.taking.is_positive()) {
    placed.response.making_amount = answer.making;
    placed.response.taking_amount = answer.taking;
  }
  return placed;
}

std::optional<std::vector<PrivateApi::Placed>> PrivateApi::place(
    const Member& member, const std::vector<polymarket::PostedOrder>& posted) {
  std::vector<Placed> placed(posted.size());
  SubmitOrders batch{member.account, {}};
  NoteOrigins origins;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < posted.size(); ++i) {
    auto checked = check(member, posted[i]);
    if (const auto* text = std::get_if<std::string>(&checked)) {
      placed[i] = {.response = {.success = false, .error = *text}, .refused = true};
      continue;
    }
    batch.orders.push_back(std::get<NewOrder>(std::move(checked)));
    const auto maker = std::get<polymarket::WalletKind>(wallets_.maker_of(member, posted[i].order));
    const OrderOrigin origin{batch.orders.back().id, member.nonce, posted[i].order.builder,
                             static_cast<std::uint8_t>(maker)};
    if (!is_ordinary(origin)) origins.origins.push_back(origin);
    positions.push_back(i);
  }
  if (batch.orders.empty()) return placed;
  if (!origins.origins.empty()) static_cast<void>(host_.apply(origins));
  const FaultSettings* late = host_.fault(Fault::ExecutedLate);
  if (gate_.strikes(late)) {
    const domain::Duration delay = late->delay.count() > 0 ? late->delay : gate_.up_to(kLatest);
    host_.fault_used(Fault::ExecutedLate);
    static_cast<void>(host_.apply(SubmitLater{batch.account, batch.orders, host_.now() + delay}));
    return std::nullopt;
  }
  const Outputs& outputs = host_.apply(batch);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    Placed& one = placed[positions[i]] = answer_of(batch.orders[i], outputs.submits[i]);
    if (!runtime::log::enabled(runtime::log::Level::Debug)) continue;
    runtime::log::debug("Order answered",
                        {{"order", domain::to_string(batch.orders[i].id)},
                         {"price", batch.orders[i].limit},
                         {"quantity", batch.orders[i].quantity},
                         {"answer", one.refused ? one.response.error : one.response.status}});
  }
  if (gate_.strikes(host_.fault(Fault::AnswerLost))) {
    host_.fault_used(Fault::AnswerLost);
    return std::nullopt;
  }
  return placed;
}

Response PrivateApi::post_order(const Member& member, const Request& request) {
  const auto posted = polymarket::parse_order_body(request.body);
  if (!posted) return bad_order_body(posted.error());
  const auto placed = place(member, {*posted});
  if (!placed) return cut_connection();
  if (placed->front().refused) return venue_error(400, placed->front().response.error);
  std::string body;
  polymarket::write_placement(placed->front().response, body);
  return http::json(std::move(body));
}

Response PrivateApi::post_orders(const Member& member, const Request& request) {
  const auto posted = polymarket::parse_orders_body(request.body);
  if (!posted) return bad_order_body(posted.error());
  if (posted->empty()) return venue_error(400, refusal::kInvalidPayload);
  if (posted->size() > polymarket::kOrderBatchMax) {
    return venue_error(400, refusal::too_many_orders(posted->size(), polymarket::kOrderBatchMax));
  }
  const auto placed = place(member, *posted);
  if (!placed) return cut_connection();
  std::vector<std::string> answers(placed->size());
  for (std::size_t i = 0; i < placed->size(); ++i) {
    polymarket::write_placement((*placed)[i].response, answers[i]);
  }
  return http::json(join(answers));
}

// ---- cancels ------------------------------------------------------------------------------------

Response PrivateApi::cancel(const Member& member, std::vector<VenueOrderId> orders) {
  return cancel_answer(host_.apply(CancelOrders{member.account, std::move(orders)}).cancels);
}

Response PrivateApi::cancel_resting(CancelResting request) {
  return cancel_answer(host_.apply(std::move(request)).cancels);
}

Response PrivateApi::delete_order(const Member& member, const Request& request) {
  const auto order = polymarket::parse_cancel_body(request.body);
  if (!order) return venue_error(400, refusal::kInvalidOrderId);
  return cancel(member, {*order});
}

Response PrivateApi::delete_orders(const Member& member, const Request& request) {
  auto orders = polymarket::parse_cancels_body(request.body);
  if (!orders) return venue_error(400, refusal::kInvalidPayload);
  if (orders->size() > polymarket::kCancelBatchMax) {
    return venue_error(400, refusal::too_many_orders(orders->size(), polymarket::kCancelBatchMax));
  }
  return cancel(member, std::move(*orders));
}

Response PrivateApi::cancel_all(const Member& member, const Request&) {
  return cancel_resting({member.account, std::nullopt, std::nullopt});
}

Response PrivateApi::cancel_market(const Member& member, const Request& request) {
  const auto wanted = polymarket::parse_cancel_market_body(request.body);
  if (!wanted || (!wanted->market && !wanted->token))
    return venue_error(400, refusal::kInvalidPayload);
  return cancel_resting({member.account, wanted->market, wanted->token});
}

Response PrivateApi::heartbeat(const Member& member, const Request& request) {
  auto id = polymarket::parse_heartbeat_body(request.body);
  if (!id) return venue_error(400, refusal::kInvalidPayload);
  if (gate_.strikes(host_.fault(Fault::ForeignHeartbeat))) {
    host_.fault_used(Fault::ForeignHeartbeat);
    static_cast<void>(host_.apply(
        Heartbeat{member.account, host_.exchange().dead_man_switch().expected(member.account)}));
  }
  const HeartbeatAnswer answer =
      host_.apply(Heartbeat{member.account, std::move(*id)}).heartbeats.front();
  return http::json(polymarket::write_heartbeat_answer({answer.next, !answer.valid}),
                    answer.valid ? 200 : 400);
}

// ---- readings -----------------------------------------------------------------------------------

Response PrivateApi::open_orders(const Member& member, const Request& request) {
  const auto query = parse_page_query(request);
  if (!query) return venue_error(400, refusal::kInvalidPayload);
  polymarket::Page<polymarket::OrderRecord> page;
  for (const OrderTruth& order : host_.engine().open_orders(member.account)) {
    if (order.number <= query->after_number || !query->wants(order)) continue;
    if (page.items.size() == kPageItems) {
      page.next_cursor = page_cursor(order.number - 1);
      break;
    }
    page.items.push_back(order_record(order, members_, host_.engine()));
  }
  if (page.next_cursor.empty()) page.next_cursor = polymarket::kEndCursor;
  return http::json(polymarket::write_open_orders(page));
}

Response PrivateApi::open_order(const Member& member, const Request& request) {
  const auto id = domain::parse_hex<VenueOrderId>(request.param("order_id"));
  if (!id) return venue_error(400, refusal::kInvalidOrderId);
  const auto order = host_.engine().open_order(*id);
  if (!order || order->account != member.account) return http::json("null");
  return http::json(polymarket::write_open_order(order_record(*order, members_, host_.engine())));
}

Response PrivateApi::trades(const Member& member, const Request& request) {
  const auto query = parse_page_query(request);
  if (!query) return venue_error(400, refusal::kInvalidPayload);
  return http::json(polymarket::write_trades(trade_page(*query, member.account, members_, host_)));
}

Response PrivateApi::update_balance(const Member& member, const Request& request) {
  if (host_.fault(Fault::ChainUnread) != nullptr)
    return venue_error(500, "could not read the chain");
  const auto copy = named_copy(member, request);
  if (copy && !host_.exchange().chain_copies().has(*copy))
    static_cast<void>(host_.apply(ReadChain{*copy}));
  return balance(member, request);
}

// Which holding is asked for; empty when there is none such.
std::optional<ChainCopy> PrivateApi::named_copy(const Member& member,
                                                const Request& request) const {
  const auto wallet = parse_signature_type(request);
  if (!wallet || !wallets_.has(member, static_cast<polymarket::SignatureType>(*wallet)))
    return std::nullopt;
  ChainCopy copy{member.account, static_cast<std::uint8_t>(*wallet), {}};
  if (request.query_value("asset_type") == "COLLATERAL") return copy;
  const auto token = domain::parse_token(request.query_value("token_id").value_or(""));
  if (!token || !host_.engine().find_token(*token)) return std::nullopt;
  copy.token = *token;
  return copy;
}

Response PrivateApi::balance(const Member& member, const Request& request) {
  const auto wallet = parse_signature_type(request);
  if (!wallet) return venue_error(400, "Invalid signature_type");
  const auto signature_type = static_cast<polymarket::SignatureType>(*wallet);
  if (!wallets_.has(member, signature_type) &&
      signature_type == polymarket::SignatureType::Poly1271)
    return venue_error(404, refusal::kNoDepositWallet);
  const auto type = request.query_value("asset_type").value_or("");
  const auto copy = named_copy(member, request);
  const bool has_copy = copy && host_.exchange().chain_copies().has(*copy);
  polymarket::BalanceAllowance answer;
  if (type == "COLLATERAL") {
    if (has_copy && host_.fault(Fault::OldCollateral) == nullptr)
      answer.balance = host_.engine().accounts()[member.account].cash.raw();
  } else if (type == "CONDITIONAL" || type == "CONDITIONAL-V2") {
    const auto token = domain::parse_token(request.query_value("token_id").value_or(""));
    if (!token || polymarket::asset_type_of(*token) != type)
      return venue_error(400, refusal::kInvalidTokenId);
    const auto place = host_.engine().find_token(*token);
    if (place && has_copy) {
      answer.balance = host_.engine()
                           .accounts()
                           .holding(member.account, place->market, place->outcome)
                           .held.raw();
    }
  } else {
    return venue_error(400, refusal::kInvalidPayload);
  }
  const std::int64_t allowance = host_.engine().settings().allowance.raw();
  for (const auto exchange : {domain::ExchangeVersion::V2, domain::ExchangeVersion::V2NegRisk}) {
    answer.allowances.emplace_back(*polymarket::exchange_address(wallets_.chain_id(), exchange),
                                   may_spend_nothing(exchange) ? 0 : allowance);
  }
  return http::json(polymarket::write_balance_allowance(answer));
}

}  // namespace polybot::venue_simulator
