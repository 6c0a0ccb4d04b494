#include "tests/simulation/venue.hpp"

#include <memory>

#include "services/venue-simulator/core/identity.hpp"
#include "tests/simulation/mapping.hpp"

namespace polybot::simulation {

namespace sim = venue_simulator;
namespace om = order_manager;
using om::Input;
using sim::Fault;
using Inputs = std::vector<Input>;

Venue::Venue(Stage& stage, const Plan& plan)
    : stage_(stage),
      plan_(plan),
      random_(stage.random(1)),
      exchange_(plan.exchange, plan.start, out_),
      internet_(plan.internet),
      request_trouble_ppm_(plan.request_trouble_ppm),
      user_loss_ppm_(plan.user_loss_ppm),
      balance_refused_ppm_(plan.balance_refused_ppm),
      key_ended_ppm_(plan.key_ended_ppm) {
  exchange_.on(sim::OpenAccount{.address = {1}, .deposit = plan.deposit}, stage.now(), out_);
  account_ = out_.opened.at(0);
  out_.clear();  // there is no listener yet: the catalogue is read by REST
}

void Venue::input(const sim::Input& input) {
  exchange_.on(input, stage_.now(), out_);
  publish();
}

void Venue::heal() {
  for (int i = 0; i < sim::kFaults; ++i) input(sim::ClearFault{static_cast<Fault>(i)});
  input(sim::SetFlow{false});
  internet_.stall_ppm = 0;
  request_trouble_ppm_ = user_loss_ppm_ = balance_refused_ppm_ = key_ended_ppm_ = 0;
  rest_cut_until_ = {};
}

Duration Venue::way() {
  Duration delay = random_.between(internet_.delay_min, internet_.delay_max);
  if (random_.chance(internet_.stall_ppm))
    delay += random_.between(Duration{}, internet_.stall_max);
  return delay;
}

bool Venue::key_ended() {
  if (!key_ended_ && random_.chance(key_ended_ppm_)) {
    ++stage_.totals["API keys ended"];
    key_ended_ = true;
  }
  return key_ended_;
}

bool Venue::strikes(Fault fault) {
  const sim::FaultSettings* settings = exchange_.faults().active(fault, stage_.now());
  return settings != nullptr && random_.chance(settings->probability_ppm);
}

// ---- REST

Venue::Fate Venue::draw_fate() {
  if (stage_.now() < rest_cut_until_) return random_.chance(500'000) ? Fate::NotSent : Fate::Lost;
  if (strikes(Fault::VenueDown)) return random_.chance(700'000) ? Fate::NotSent : Fate::Lost;
  if (strikes(Fault::ExecutedLate)) return Fate::ExecutedLate;
  if (strikes(Fault::AnswerLost)) return Fate::AnswerLost;
  if (!random_.chance(request_trouble_ppm_)) return Fate::Passes;
  constexpr std::array kTroubles{Fate::NotSent,     Fate::Lost,         Fate::AnswerLost,
                                 Fate::ServerError, Fate::ExecutedLate, Fate::Throttled};
  return kTroubles[static_cast<std::size_t>(random_.between(0, kTroubles.size() - 1))];
}

void Venue::request(Call call, Fate fate) {
  const auto shared = std::make_shared<Call>(std::move(call));
  const auto finished = std::make_shared<bool>(false);
  const auto finish = [shared, finished](bool answered, const Inputs& inputs) {
    if (std::exchange(*finished, true)) return;
    shared->reply({answered, false, inputs});
  };
  const auto fail = [shared, finished, finish](const Failure& failure) {
    if (!*finished) finish(false, shared->failed(failure));
  };
  const auto reset = [this, fail](Duration span) {
    stage_.schedule.after(span, [fail] { fail({true, domain::AmbiguityCause::ConnectionLost}); });
  };
  if (fate == Fate::ExecutedLate && !shared->later) fate = Fate::AnswerLost;
  if (fate == Fate::NotSent) {
    stage_.schedule.after(way(), [fail] { fail({false, domain::AmbiguityCause::ConnectionLost}); });
    return;
  }
  stage_.schedule.after(plan_.request_timeout, [fail] {
    fail({true, domain::AmbiguityCause::Timeout});
  });
  if (fate == Fate::ExecutedLate) {
    shared->later();
    return reset(way());
  }
  if (fate == Fate::Lost) {
    if (random_.chance(500'000)) reset(way());
    return;
  }
  Duration arrival = way();
  if (const auto* hang = exchange_.faults().active(Fault::VenueHang, stage_.now()))
    arrival += hang->delay;
  stage_.schedule.after(arrival, [this, shared, finished, finish, reset, fate] {
    if (fate == Fate::Throttled) {
      const Inputs inputs = shared->throttled();
      stage_.schedule.after(way(), [finish, inputs] { finish(true, inputs); });
      return;
    }
    if (shared->refused && key_ended()) {
      const Inputs inputs = shared->refused();
      stage_.schedule.after(way(), [shared, finished, inputs] {
        if (!std::exchange(*finished, true)) shared->reply({true, true, inputs});
      });
      return;
    }
    // Everything until now happened before this request.
    advance();
    const bool executes = fate != Fate::ServerError || random_.chance(300'000);
    const Inputs inputs = executes ? shared->execute() : Inputs{};
    if (fate == Fate::Passes)
      stage_.schedule.after(way(), [finish, inputs] { finish(true, inputs); });
    if (fate == Fate::AnswerLost && random_.chance(500'000)) reset(way());
    if (fate == Fate::ServerError) {
      const Inputs broken = shared->failed({true, domain::AmbiguityCause::ServerError});
      stage_.schedule.after(way(), [finish, broken] { finish(true, broken); });
    }
  });
}

void Venue::submit(const std::vector<domain::Order>& orders, OnReply reply) {
  const sim::SubmitOrders batch = submit_request(account_, orders);
  std::vector<domain::VenueOrderId> ids;
  for (const domain::Order& order : orders) ids.push_back(order.venue_id);
  const auto all = [ids](const domain::SubmitOutcome& outcome) {
    Inputs inputs;
    for (const domain::VenueOrderId& id : ids)
      inputs.emplace_back(domain::SubmitAnswered{id, outcome});
    return inputs;
  };
  Call call;
  call.execute = [this, batch] {
    exchange_.on(batch, stage_.now(), out_);
    Inputs inputs;
    for (const sim::SubmitAnswer& answered : out_.submits) {
      inputs.emplace_back(domain::SubmitAnswered{
          answered.order, std::visit([](const auto& body) -> domain::SubmitOutcome { return body; },
                                     answered.outcome)});
    }
    publish();
    return inputs;
  };
  call.failed = [this, all](const Failure& failure) {
    if (!failure.may_have_left)
      return all(domain::SubmitRejected{domain::RejectReason::Other, "not sent"});
    ++stage_.totals["requests without an answer"];
    return all(domain::SubmitAmbiguous{failure.cause, client_now()});
  };
  call.throttled = [all] {
    Inputs inputs =
        all(domain::SubmitRejected{domain::RejectReason::RateLimited, "too many requests"});
    inputs.emplace_back(om::VenueThrottled{seconds(1)});
    return inputs;
  };
  call.refused = [all] {
    return all(domain::SubmitRejected{domain::RejectReason::Unauthorized, "invalid api key"});
  };
  call.later = [this, batch] {
    ++stage_.totals["orders executed late"];
    const Timestamp due = stage_.now() + random_.between(milliseconds(50), plan_.executed_late_max);
    input(sim::SubmitLater{batch.account, batch.orders, due});
  };
  call.reply = std::move(reply);
  request(std::move(call), draw_fate());
}

void Venue::cancel(std::vector<domain::VenueOrderId> orders, OnReply reply) {
  const auto unknown = [orders] {
    Inputs inputs;
    for (const auto& id : orders)
      inputs.emplace_back(domain::CancelAnswered{id, domain::CancelAnswered::Result::Unknown, {}});
    return inputs;
  };
  Call call;
  call.execute = [this, orders] {
    exchange_.on(sim::CancelOrders{account_, orders}, stage_.now(), out_);
    Inputs inputs(out_.cancels.begin(), out_.cancels.end());
    publish();
    return inputs;
  };
  call.failed = [unknown](const Failure&) { return unknown(); };
  call.throttled = unknown;
  call.refused = unknown;
  call.reply = std::move(reply);
  request(std::move(call), draw_fate());
}

void Venue::read_clock(OnReply reply) {
  Call call;
  call.execute = [this] {
    return Inputs{om::ClockOffset{stage_.now() + milliseconds(3) - client_now()}};
  };
  call.failed = [](const Failure&) { return Inputs{}; };
  call.throttled = [] {
    return Inputs{om::VenueThrottled{seconds(1), om::VenueThrottled::What::Readings}};
  };
  call.reply = std::move(reply);
  request(std::move(call), draw_fate());
}

void Venue::ask_for_key(OnReply reply) {
  Call call;
  call.execute = [this] {
    key_ended_ = false;
    return Inputs{};
  };
  call.failed = [](const Failure&) { return Inputs{}; };
  call.throttled = [] { return Inputs{}; };
  call.reply = std::move(reply);
  request(std::move(call), draw_fate());
}

void Venue::heartbeat(const std::string& id,
                      std::function<void(const om::HeartbeatAnswer&, const Reply&)> deliver) {
  using Result = om::HeartbeatAnswer::Result;
  const auto answer = std::make_shared<om::HeartbeatAnswer>();
  Call call;
  call.execute = [this, id, answer] {
    exchange_.on(sim::Heartbeat{account_, id}, stage_.now(), out_);
    const sim::HeartbeatAnswer& told = out_.heartbeats.front();
    *answer = {told.valid ? Result::Accepted : Result::WrongId, told.next};
    publish();
    return Inputs{};
  };
  // Also when it was executed: a client without an answer does not know.
  call.failed = [answer](const Failure&) {
    *answer = {};
    return Inputs{};
  };
  call.throttled = [] { return Inputs{}; };
  call.refused = [] { return Inputs{}; };
  call.reply = [answer, deliver = std::move(deliver)](const Reply& reply) {
    deliver(*answer, reply);
  };
  request(std::move(call), draw_fate());
}

void Venue::read(const om::Read& wanted, OnReply reply) {
  if (const auto* account = std::get_if<om::ReadAccount>(&wanted))
    return read_account(*account, std::move(reply));
  const bool record = std::holds_alternative<om::ReadMarket>(wanted);
  const domain::MarketId id = record ? std::get<om::ReadMarket>(wanted).market
                                     : std::get<om::ConfirmResolution>(wanted).market;
  const auto failed = [record, id] {
    return record ? Inputs{om::MarketRead{id, om::MarketRead::Outcome::Failed, std::nullopt}}
                  : Inputs{};
  };
  Call call;
  call.execute = [this, record, id] {
    const auto number = exchange_.engine().find_market(id);
    const sim::Listing* listing = number ? exchange_.engine().listing(*number) : nullptr;
    if (record && listing == nullptr)
      return Inputs{om::MarketRead{id, om::MarketRead::Outcome::NotFound, std::nullopt}};
    if (record) return Inputs{om::MarketRead{id, om::MarketRead::Outcome::Found, listing->market}};
    if (listing == nullptr || listing->market.status != domain::MarketStatus::Resolved)
      return Inputs{};
    return Inputs{om::ResolutionConfirmed{id, listing->market.payout}};
  };
  call.failed = [failed](const Failure&) { return failed(); };
  call.throttled = failed;
  call.reply = std::move(reply);
  request(std::move(call), draw_fate());
}

// Open orders, then trades, then balances: three requests, and the world moves in between.
void Venue::read_account(const om::ReadAccount& wanted, OnReply reply) {
  const auto account = std::make_shared<domain::VenueAccount>();
  account->read_at = client_now();
  account->trades_since = wanted.trades_since;
  const auto failed = [] { return Inputs{om::AccountReadFailed{}}; };
  const auto ask = [this, failed](std::function<void()> execute, OnReply then) {
    Call call;
    call.execute = [execute] {
      execute();
      return Inputs{};
    };
    call.failed = [failed](const Failure&) { return failed(); };
    call.throttled = [] {
      return Inputs{om::AccountReadFailed{},
                    om::VenueThrottled{seconds(3), om::VenueThrottled::What::Readings}};
    };
    call.refused = [] { return Inputs{om::AccountReadFailed{}}; };
    call.reply = std::move(then);
    request(std::move(call), draw_fate());
  };
  const auto balances = [this, account, tokens = wanted.tokens, days = wanted.income] {
    for (const domain::UtcDate day : days) {
      domain::Money paid;
      for (const auto& [market, amount] : exchange_.engine().rebates(account_, day)) paid += amount;
      account->income.push_back({domain::IncomeKind::Rebate, day, paid});
    }
    account->collateral = exchange_.engine().accounts()[account_].cash;
    for (const domain::TokenId& token : tokens) {
      const auto place = exchange_.engine().find_token(token);
      if (!place) continue;
      if (balance_refused(token)) {
        ++stage_.totals["balances refused"];
        account->unread_balances.push_back(token);
        continue;
      }
      account->holdings.push_back(
          {token,
           exchange_.engine().accounts().holding(account_, place->market, place->outcome).held});
    }
  };
  const auto trades_at = std::make_shared<Timestamp>();
  const auto last = [this, account, trades_at, reply](const Reply& answer) {
    if (!answer.answered || !answer.inputs.empty()) return reply(answer);
    account_readings_[stage_.now()] = *trades_at;
    reply(Reply{.inputs = {*account}});
  };
  const auto second = [ask, balances, last, reply](const Reply& answer) {
    if (!answer.answered || !answer.inputs.empty()) return reply(answer);
    ask(balances, last);
  };
  const auto trades = [this, account, trades_at, by_id = wanted.trades] {
    account->trades = trades_since(account->trades_since);
    for (const auto& [matched_at, number] : our_trades_) {
      const sim::TradeTruth& truth = *exchange_.engine().trade(number);
      if (std::find(by_id.begin(), by_id.end(), truth.id) != by_id.end())
        account->trades.push_back(exchange_.engine().view(truth, account_));
    }
    *trades_at = stage_.now();
  };
  const auto first = [ask, trades, second, reply](const Reply& answer) {
    if (!answer.answered || !answer.inputs.empty()) return reply(answer);
    ask(trades, second);
  };
  ask([this, account] { account->open_orders = open_orders(); }, first);
}

std::vector<domain::VenueOrderUpdate> Venue::open_orders() const {
  std::vector<domain::VenueOrderUpdate> open;
  for (const sim::OrderTruth& order : exchange_.engine().open_orders(account_)) {
    open.push_back({.order = order.id,
                    .market = order.market_id,
                    .token = order.token,
                    .side = order.side,
                    .status = order.status,
                    .price = order.price,
                    .original_quantity = order.quantity,
                    .matched_quantity = order.matched,
                    .reason = {},
                    .at = client_now(),
                    .created_at = order.created_at});
  }
  return open;
}

std::vector<domain::VenueTrade> Venue::trades_since(Timestamp since) const {
  std::vector<domain::VenueTrade> trades;
  const auto from =
      std::lower_bound(our_trades_.begin(), our_trades_.end(), std::pair{since, std::uint64_t{0}});
  for (auto it = from; it != our_trades_.end(); ++it) {
    trades.push_back(exchange_.engine().view(*exchange_.engine().trade(it->second), account_));
  }
  return trades;
}

// ---- sockets

void Venue::publish() {
  sim::Outputs out = std::exchange(out_, {});
  for (const sim::MarketOutput& output : out.market) tell_market(output);
  for (const sim::AccountOutput& output : out.account) {
    if (const auto* order = std::get_if<sim::OrderOutput>(&output)) {
      if (order->account != account_) continue;
      if (order->update.status == domain::VenueOrderStatus::Canceled)
        withdrawn_.try_emplace(order->update.order, order->update.at);
      if (order->update.reason == sim::kHeartbeatReason)
        ++stage_.totals["orders canceled for want of a heartbeat"];
      tell_user(order->update);
      continue;
    }
    const auto& trade = std::get<sim::TradeOutput>(output);
    if (trade.account != account_) continue;
    if (trade.trade.status == domain::VenueTradeStatus::Matched)
      our_trades_.emplace_back(trade.trade.matched_at, trade.number);
    if (tells_trades_) tell_user(trade.trade);
  }
}

std::optional<Timestamp> Venue::withdrawn_at(const domain::VenueOrderId& order) const {
  const auto found = withdrawn_.find(order);
  return found == withdrawn_.end() ? std::nullopt : std::optional(found->second);
}

Timestamp Venue::trades_seen_at(Timestamp when) const {
  const auto after = account_readings_.upper_bound(when);
  return after == account_readings_.begin() ? Timestamp{} : std::prev(after)->second;
}

void Venue::tell_market(const sim::MarketOutput& output) {
  if (strikes(Fault::FeedFreeze) || strikes(Fault::FeedGap)) return;
  market_last_ = std::max(market_last_, stage_.now() + way());
  stage_.schedule.at(market_last_, [this, output] { market_socket(output); });
}

bool Venue::open_user_channel(UserSession session) {
  if (exchange_.faults().active(Fault::VenueDown, stage_.now()) != nullptr) return false;
  session_ = std::move(session);
  ++session_number_;
  tells_trades_ = !random_.chance(plan_.tradeless_ppm);
  if (!tells_trades_) ++stage_.totals["user sessions without trades"];
  return true;
}

void Venue::abandon_user_channel() {
  session_.reset();
}

void Venue::drop_user_channel() {
  if (!session_) return;
  const auto closed = session_->closed;
  session_.reset();
  stage_.schedule.after(random_.between(milliseconds(1), milliseconds(1'500)), closed);
}

void Venue::tell_user(const Input& event) {
  if (!session_) return;
  if (random_.chance(user_loss_ppm_)) {
    ++stage_.totals["user events lost"];
    return;
  }
  const Timestamp in_order = user_last_ = std::max(user_last_, stage_.now() + way());
  if (!strikes(Fault::UserEvents)) return deliver_to_user(event, in_order);
  // Late, so that others overtake it; twice; or both.
  const auto kind = random_.between(0, 2);
  if (kind != 0) deliver_to_user(event, in_order);
  if (kind == 1) deliver_to_user(event, in_order);
  if (kind != 1)
    deliver_to_user(event, in_order + random_.between(milliseconds(1), milliseconds(4'000)));
}

void Venue::deliver_to_user(const Input& event, Timestamp when) {
  stage_.schedule.at(when, [this, event, number = session_number_] {
    if (session_ && session_number_ == number) session_->event(event);
  });
}

void Venue::read_book(const domain::MarketId& market,
                      std::function<void(const BookReading&)> deliver) {
  if (draw_fate() != Fate::Passes) return;
  stage_.schedule.after(way(), [this, market, deliver = std::move(deliver)] {
    advance();
    const auto number = exchange_.engine().find_market(market);
    if (!number || !exchange_.engine().is_open(*number)) return;
    const BookReading reading{.market = market,
                              .bids = exchange_.engine().levels(*number, domain::BookSide::Bid),
                              .asks = exchange_.engine().levels(*number, domain::BookSide::Ask),
                              .tick = exchange_.engine().listing(*number)->market.tick,
                              .at = stage_.now()};
    stage_.schedule.after(way(), [deliver, reading] { deliver(reading); });
  });
}

void Venue::read_listings(std::function<void(const std::vector<domain::Market>&)> deliver) {
  if (draw_fate() != Fate::Passes) return;
  stage_.schedule.after(way(), [this, deliver = std::move(deliver)] {
    advance();
    std::vector<domain::Market> markets;
    for (const sim::MarketNo number : exchange_.engine().markets()) {
      const sim::Listing& listing = *exchange_.engine().listing(number);
      const bool long_over =
          listing.resolved_at != Timestamp{} && stage_.now() > listing.resolved_at + minutes(2);
      if (!long_over) markets.push_back(listing.market);
    }
    stage_.schedule.after(way(), [deliver, markets = std::move(markets)] { deliver(markets); });
  });
}

// Tokens of resolved markets that pay nothing are those that the venue may refuse for good.
bool Venue::balance_refused(const domain::TokenId& token) {
  if (random_.chance(balance_refused_ppm_)) return true;
  const auto place = exchange_.engine().find_token(token);
  const sim::Listing& listing = *exchange_.engine().listing(place->market);
  if (!plan_.balances_refused_for_good || listing.market.status != domain::MarketStatus::Resolved)
    return false;
  const domain::Payout& payout = listing.market.payout;
  return !(place->outcome == domain::Outcome::Yes ? payout.yes : payout.no).is_positive();
}

bool Venue::stick_trades() {
  for (auto trade = our_trades_.rbegin(); trade != our_trades_.rend(); ++trade) {
    const sim::TradeTruth* truth = exchange_.engine().trade(trade->second);
    const auto number =
        truth == nullptr ? std::nullopt : exchange_.engine().find_market(truth->market_id);
    if (!number ||
        exchange_.engine().listing(*number)->market.ends_at < stage_.now() + std::chrono::hours(2))
      continue;
    stage_.fault("trades of a market stuck");
    input(sim::SetFault{Fault::TradeStuck, {.market = truth->market_id}});
    return true;
  }
  return false;
}

// ---- by hand

std::optional<domain::Market> Venue::any_open_market(Duration lasts_for) {
  std::vector<domain::Market> open;
  for (const sim::MarketNo number : exchange_.engine().markets()) {
    if (!exchange_.engine().is_open(number)) continue;
    const domain::Market& market = exchange_.engine().listing(number)->market;
    if (market.ends_at > stage_.now() + lasts_for) open.push_back(market);
  }
  if (open.empty()) return std::nullopt;
  return open[static_cast<std::size_t>(
      random_.between(0, static_cast<std::int64_t>(open.size()) - 1))];
}

void Venue::order_by_hand(const domain::Market& market, domain::Side side, domain::Price limit,
                          domain::Quantity quantity, Duration rests_for) {
  const auto id =
      sim::derived_id<domain::VenueOrderId>(~stage_.seed, sim::IdKind::Order, by_hand_.size() + 1);
  by_hand_.insert(id);
  ++stage_.totals["orders by hand"];
  const std::int64_t expiration_s = domain::to_unix_ms(stage_.now() + rests_for) / 1'000 + 60;
  input(sim::SubmitOrders{account_,
                          {{.id = id,
                            .token = market.yes_token,
                            .side = side,
                            .limit = limit,
                            .quantity = quantity,
                            .cash = {},
                            .time_in_force = domain::TimeInForce::Gtd,
                            .post_only = false,
                            .expiration_s = expiration_s,
                            .salt = by_hand_.size()}}});
}

// A bid that betters the best one and ends by itself, or a purchase at the best offer.
void Venue::trade_by_hand() {
  if (plan_.bought_before > 0 && random_.chance(300'000) && sell_by_hand()) return;
  const auto market = any_open_market();
  if (!market) return;
  const bool takes = random_.chance(250'000);
  const auto best = exchange_.engine().best(*exchange_.engine().find_market(market->id),
                                            takes ? domain::BookSide::Ask : domain::BookSide::Bid);
  if (!best) return;
  const domain::Price limit = takes ? best->price : best->price + market->tick;
  const Duration rests_for = seconds(random_.between(2, 15));
  const auto quantity =
      domain::Quantity::from_units(takes ? random_.between(5, 20) : random_.between(40, 160));
  order_by_hand(*market, domain::Side::Buy, limit, quantity, rests_for);
}

bool Venue::sell_by_hand() {
  for (const sim::MarketNo number : exchange_.engine().markets()) {
    if (!exchange_.engine().is_open(number)) continue;
    const domain::Market& market = exchange_.engine().listing(number)->market;
    const auto bid = exchange_.engine().best(number, domain::BookSide::Bid);
    domain::Quantity& offered = offered_by_hand_[market.id];
    const domain::Quantity left = held_before({market.id, domain::Outcome::Yes}) - offered;
    if (!bid || left < market.min_size) continue;
    offered += left;
    order_by_hand(market, domain::Side::Sell, bid->price, left, seconds(random_.between(2, 15)));
    return true;
  }
  return false;
}

void Venue::buy_before() {
  const auto market = any_open_market(std::chrono::hours(2));
  if (!market) return;
  const auto ask =
      exchange_.engine().best(*exchange_.engine().find_market(market->id), domain::BookSide::Ask);
  if (!ask) return;
  const bool rests = random_.chance(200'000);
  const auto quantity = domain::Quantity::from_units(random_.between(5, rests ? 60 : 20));
  order_by_hand(*market, domain::Side::Buy, ask->price, quantity,
                rests ? Duration(minutes(4)) : Duration(seconds(2)));
}

bool Venue::before_us(const sim::TradeTruth& trade) const {
  return trade.matched_at < began_at_;
}

domain::Quantity Venue::held_before(const domain::Instrument& instrument) const {
  domain::Quantity sum;
  for (const auto& [matched_at, number] : our_trades_) {
    const sim::TradeTruth* found = exchange_.engine().trade(number);
    if (found == nullptr || !before_us(*found) || found->market_id != instrument.market) continue;
    const sim::TradeTruth& trade = *found;
    if (trade.status == domain::VenueTradeStatus::Failed) continue;
    const auto add = [&](const sim::TradeTruth::Party& party) {
      if (party.account == account_ && party.outcome == instrument.outcome) sum += party.quantity;
    };
    add(trade.taker);
    for (const auto& maker : trade.makers) add(maker);
  }
  return sum;
}

}  // namespace polybot::simulation
