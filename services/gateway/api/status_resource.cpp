#include "services/gateway/api/status_resource.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "services/gateway/api/json_writer.hpp"
#include "services/gateway/api/read_model/idle_reasons.hpp"
#include "services/gateway/api/read_model/notices.hpp"
#include "services/gateway/api/render.hpp"

namespace polybot::gateway {

namespace {

constexpr std::size_t kBestTold = 10;  // /api/v1/markets has them all

}  // namespace

void StatusResource::sample(std::size_t clients, std::uint64_t requests) {
  clients_ = clients;
  const Totals now{feed_.events_seen(), orders_.events_seen(), requests};
  const domain::Duration at = clock_.monotonic();
  const auto elapsed_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(at - sampled_at_).count();
  if (sampled_at_ != domain::Duration::zero() && elapsed_ms > 0) {
    const auto rate = [&](std::uint64_t before, std::uint64_t after) {
      return (after - before) * 1000 / static_cast<std::uint64_t>(elapsed_ms);
    };
    per_second_ = {rate(last_.market_data, now.market_data), rate(last_.orders, now.orders),
                   rate(last_.requests, now.requests)};
  }
  last_ = now;
  sampled_at_ = at;
}

http::Response StatusResource::status() const {
  JsonWriter out;
  out.begin_object();
  write_fields(out);
  out.end_object();
  return http::json(out.take());
}

std::string StatusResource::status_event() const {
  JsonWriter out;
  out.begin_object().field("topic", "status").field("type", "status");
  write_fields(out);
  out.end_object();
  return out.take();
}

void StatusResource::write_fields(JsonWriter& out) const {
  out.field("at", clock_.now())
      .field("version", health_.version())
      .field("replica", health_.replica())
      .field("started_at", health_.started_at())
      .field("ready", health_.ready());
  out.key("not_ready_reasons").begin_array();
  for (const std::string& reason : health_.reasons()) out.value(reason);
  out.end_array();
  out.key("mode");
  if (const auto mode = view_.account().mode) {
    out.value(name_of(*mode));
  } else {
    out.null();
  }
  const auto state = view_.trading_state();
  out.key("trading_state");
  if (state) {
    out.value(name_of(*state));
  } else {
    out.null();
  }
  write_trading(out);
  write_markets(out);
  write_feed(out);
  write_orders(out);
  write_strategies(out);
  out.key("rates_per_second")
      .begin_object()
      .field("market_data_events", per_second_.market_data)
      .field("order_events", per_second_.orders)
      .field("api_requests", per_second_.requests)
      .end_object();
  out.field("clients", clients_);
  const IdleFacts facts{.now = clock_.now(),
                        .running_for = clock_.now() - health_.started_at(),
                        .orders_in_sync = orders_.in_sync(),
                        .links_open = feed_.links_open(),
                        .books = feed_.books().size(),
                        .books_stale = feed_.books().stale_count(),
                        .markets_active = markets_active(),
                        .markets_unreadable = feed_.catalogue().unreadable()};
  out.key("idle_reasons").begin_array();
  for (const std::string& reason : idle_reasons(view_, facts)) out.value(reason);
  out.end_array();
}

// The account's own state, and the counts over all strategies.
void StatusResource::write_trading(JsonWriter& out) const {
  const domain::AccountState& account = view_.account();
  const MarketNames markets{
      [this](const domain::MarketId& id) { return feed_.catalogue().find(id); }};
  out.key("trading").begin_object().field("state", name_of(account.own.state));
  write_reason(out, account.own);
  out.key("flattens").begin_array();
  for (const domain::FlattenState& flatten : account.flattens) write_flatten(out, flatten, markets);
  out.end_array().key("restored");
  if (account.restored_seq == 0) {
    out.null();
  } else {
    out.begin_object()
        .field("at", account.restored_at)
        .field("backup_at", account.backup_at)
        .end_object();
  }
  out.end_object();
  out.key("notices").begin_array();
  const auto name = [&](const domain::MarketId& id) { return markets.name_of(id); };
  for (const std::string& notice : notices(view_, name, clock_.now())) out.value(notice);
  for (const std::string& notice : feed_notices()) out.value(notice);
  out.end_array();
}

std::vector<std::string> StatusResource::feed_notices() const {
  std::vector<std::string> said;
  if (std::string trouble = feed_.clock_watch().trouble(); !trouble.empty())
    said.push_back(std::move(trouble));
  return said;
}

// Of the way to the venue alone: who reads the status of another stack's gateway needs no more.
void StatusResource::write_feed(JsonWriter& out) const {
  std::optional<std::int64_t> offset_ms;
  if (const auto& offset = feed_.clock_watch().offset())
    offset_ms = *offset / std::chrono::milliseconds(1);
  out.key("feed").begin_object().field("clock_offset_ms", offset_ms).key("notices").begin_array();
  for (const std::string& notice : feed_notices()) out.value(notice);
  out.end_array().end_object();
}

std::size_t StatusResource::markets_active() const {
  const auto tracked = feed_.catalogue().tracked();
  return static_cast<std::size_t>(std::count_if(
      tracked.begin(), tracked.end(),
      [](const domain::Market* market) { return market->status == domain::MarketStatus::Active; }));
}

void StatusResource::write_markets(JsonWriter& out) const {
  std::map<std::string_view, std::size_t> by_status;
  std::size_t tracked = 0;
  for (const domain::Market* market : feed_.catalogue().tracked()) {
    ++tracked;
    ++by_status[name_of(market->status)];
  }
  out.key("markets")
      .begin_object()
      .field("tracked", tracked)
      .field("books", feed_.books().size())
      .field("books_stale", feed_.books().stale_count())
      .field("refused", feed_.catalogue().refused())
      .field("left_out", feed_.catalogue().left_out())
      .field("connections", feed_.links_open());
  out.key("by_status").begin_object();
  for (const auto& [status, count] : by_status) out.field(status, count);
  out.end_object();
  write_chosen(out);
  out.end_object();
}

// Which markets are watched, and why: the best of them, and how many there are by each reason.
void StatusResource::write_chosen(JsonWriter& out) const {
  const MarketCatalogue& catalogue = feed_.catalogue();
  out.key("chosen")
      .begin_object()
      .field("places", catalogue.places())
      .field("rank", domain::name_of(catalogue.rank()));
  out.key("by").begin_object();
  for (std::size_t i = 0; i < kChosenByKinds; ++i)
    out.field(domain::name_of(static_cast<ChosenBy>(i)), catalogue.chosen_by()[i]);
  out.end_object().key("best").begin_array();
  for (const domain::MarketId& id : catalogue.best(kBestTold)) {
    const domain::Market* market = catalogue.listed(id);
    const auto choice = catalogue.choice(id);
    if (market == nullptr || !choice) continue;
    out.begin_object().field("market", market->slug);
    write_choice(out, *choice);
    out.end_object();
  }
  out.end_array().end_object();
}

void StatusResource::write_orders(JsonWriter& out) const {
  out.key("orders")
      .begin_object()
      .field("in_sync", orders_.in_sync())
      .field("last_submitted_at", view_.history().last_submitted_at());
  write_counts(out, view_.account().counts);
  out.end_object();
}

void StatusResource::write_strategies(JsonWriter& out) const {
  out.key("strategies").begin_array();
  for (const domain::StrategyState& strategy : view_.strategies()) {
    const domain::StrategyFigures& figures = strategy.figures;
    out.begin_object()
        .field("name", strategy.strategy.value)
        .field("enabled", strategy.enabled)
        .field("trading_state", name_of(strategy.trading_state))
        .field("own_trading_state", name_of(strategy.own.state));
    write_reason(out, stricter(strategy.own, view_.account().own));
    out.field("shards_leased", view_.shards_leased(strategy.strategy))
        .field("orders_live", figures.orders_live)
        .field("positions_open", figures.positions_open)
        .field("pnl", figures.realized + figures.unrealized)
        .field("realized", figures.realized)
        .field("unrealized", figures.unrealized)
        .field("daily", figures.daily_pnl)
        .field("exposure", figures.exposure);
    write_parameters(out, strategy.parameters);
    out.end_object();
  }
  const domain::StrategyFigures& account = view_.account().figures;
  out.end_array().field("pnl", account.realized + account.unrealized);
}

}  // namespace polybot::gateway
