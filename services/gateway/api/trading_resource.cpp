#include "services/gateway/api/trading_resource.hpp"

#include <string>
#include <utility>
#include <vector>

namespace polybot::gateway {

namespace {

constexpr std::size_t kPageDefault = 100;
constexpr std::size_t kPageMax = 1000;

bool known_status(std::string_view status) {
  return status == "live" || status == "denied" ||
         domain::enumerator_named<domain::OrderStatus>(status);
}

// A page is full when one more than asked for was found; that one is not shown.
template <class View, class Write>
http::Response page(std::string_view name, std::vector<const View*> found, std::size_t limit,
                    const Write& write) {
  const bool more = found.size() > limit;
  if (more) found.resize(limit);
  JsonWriter out;
  out.begin_object().key(name).begin_array();
  for (const View* view : found) write(out, *view);
  out.end_array().key("next_cursor");
  if (more) {
    out.value(to_string(found.back()->place));
  } else {
    out.null();
  }
  out.end_object();
  return http::json(out.take());
}

}  // namespace

MarketNames TradingResource::names() const {
  return {.find = [this](const domain::MarketId& id) { return feed_.catalogue().find(id); }};
}

Parsed<TradingResource::PageRequest> TradingResource::page_request(
    const http::Request& request) const {
  PageRequest page;
  auto limit = count_parameter(request, "limit", kPageDefault, 1, kPageMax);
  if (auto* refused = std::get_if<http::Response>(&limit)) return std::move(*refused);
  page.limit = std::get<std::size_t>(limit);
  if (const auto cursor = request.query_value("cursor")) {
    page.before = parse_place(*cursor);
    if (!page.before)
      return http::problem(400, "cursor must be the next_cursor of an earlier page");
  }
  if (const auto strategy = request.query_value("strategy")) {
    page.filter.strategy = domain::StrategyName{std::string(*strategy)};
  }
  if (const auto status = request.query_value("status")) {
    if (!known_status(*status))
      return http::problem(400, "status must be live, denied, " + one_of<domain::OrderStatus>());
    page.filter.status = std::string(*status);
  }
  if (const auto market = request.query_value("market")) {
    page.filter.market = markets_.find(*market);
    if (!page.filter.market)
      return http::problem(404, "no such market is tracked; older ones go by market_id");
  }
  return page;
}

http::Response TradingResource::orders(const http::Request& request) const {
  auto wanted = page_request(request);
  if (auto* refused = std::get_if<http::Response>(&wanted)) return std::move(*refused);
  const auto& [filter, before, limit] = std::get<PageRequest>(wanted);
  const MarketNames markets = names();
  return page("orders", view_.history().orders(filter, before, limit + 1), limit,
              [&](JsonWriter& out, const OrderView& order) { write_order(out, order, markets); });
}

http::Response TradingResource::order(const http::Request& request) const {
  const auto id = domain::parse_client_order_id(request.param("id"));
  if (!id) return http::problem(400, "an order id looks like 0123456789abcdef-42-0");
  const OrderView* const order = view_.history().find(*id);
  if (order == nullptr) {
    return http::problem(
        404,
        "no such order among the live and the most recent ones; older orders are in "
        "order-manager's journal (order-manager export)");
  }
  JsonWriter out;
  write_order(out, *order, names());
  return http::json(out.take());
}

http::Response TradingResource::fills(const http::Request& request) const {
  auto wanted = page_request(request);
  if (auto* refused = std::get_if<http::Response>(&wanted)) return std::move(*refused);
  const auto& [filter, before, limit] = std::get<PageRequest>(wanted);
  const MarketNames markets = names();
  return page("fills", view_.history().fills(filter, before, limit + 1), limit,
              [&](JsonWriter& out, const FillView& fill) { write_fill(out, fill, markets); });
}

http::Response TradingResource::positions(const http::Request& request) const {
  const auto strategy = request.query_value("strategy");
  const MarketNames markets = names();
  JsonWriter out;
  out.begin_object().key("positions").begin_array();
  for (const PositionView* position : view_.holdings().positions()) {
    if (strategy && position->strategy.value != *strategy) continue;
    write_position(out, *position, markets, feed_.quote(position->state.market));
  }
  out.end_array().key("claims").begin_array();
  for (const ClaimView& claim : view_.holdings().claims()) {
    if (!strategy || claim.strategy.value == *strategy) write_claim(out, claim, markets);
  }
  out.end_array().end_object();
  return http::json(out.take());
}

void TradingResource::write_pnl_fields(JsonWriter& out) const {
  out.key("strategies").begin_array();
  for (const domain::StrategyState& strategy : view_.strategies()) write_pnl(out, strategy);
  const domain::StrategyFigures& sum = view_.account().figures;
  out.end_array().key("sum").begin_object();
  out.field("total", sum.realized + sum.unrealized)
      .field("realized", sum.realized)
      .field("unrealized", sum.unrealized)
      .field("daily", sum.daily_pnl)
      .field("exposure", sum.exposure)
      .end_object();
}

http::Response TradingResource::pnl() const {
  JsonWriter out;
  out.begin_object();
  write_pnl_fields(out);
  out.end_object();
  return http::json(out.take());
}

std::string TradingResource::pnl_event() const {
  JsonWriter out;
  out.begin_object().field("topic", "pnl").field("type", "pnl");
  write_pnl_fields(out);
  out.end_object();
  return out.take();
}

http::Response TradingResource::strategies() const {
  JsonWriter out;
  out.begin_object().key("strategies").begin_array();
  for (const domain::StrategyState& strategy : view_.strategies()) {
    write_strategy(out, strategy, view_.account().own, view_.shards_leased(strategy.strategy));
  }
  out.end_array().end_object();
  return http::json(out.take());
}

}  // namespace polybot::gateway
