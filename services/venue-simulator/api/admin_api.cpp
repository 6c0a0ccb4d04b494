#include "services/venue-simulator/api/admin_api.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/domain/bounds.hpp"
#include "common/domain/number_text.hpp"
#include "common/runtime/logging.hpp"
#include "services/venue-simulator/api/truth.hpp"

namespace polybot::venue_simulator {
namespace json = boost::json;

using http::Request;
using http::Response;

namespace {

constexpr std::size_t kPageMax = 20'000;
// The bound of a fee rate, as a share of one.
constexpr domain::Price kFeeRateMax =
    domain::Price::from_raw(domain::kFeeRatePpmMax * domain::Price::kScale / 1'000'000);

std::uint64_t number_of(const Request& request, std::string_view name, std::uint64_t otherwise) {
  const auto text = request.query_value(name);
  return text ? domain::parse_number<std::uint64_t>(*text).value_or(otherwise) : otherwise;
}

StatePage page_of(const Request& request) {
  StatePage page;
  page.orders_after = number_of(request, "orders_after", 0);
  page.trades_after = number_of(request, "trades_after", 0);
  page.limit = std::min<std::size_t>(number_of(request, "limit", page.limit), kPageMax);
  if (page.limit == 0) page.limit = 1;
  return page;
}

// Faults that would be useless if they struck every time have a lower usual probability.
std::int64_t usual_probability_ppm(Fault fault) {
  if (fault == Fault::FeedGap) return 50'000;
  if (fault == Fault::UserEvents) return 500'000;
  return 1'000'000;
}

std::optional<double> as_number(const json::value& value) {
  if (value.is_double()) return value.as_double();
  if (value.is_int64()) return static_cast<double>(value.as_int64());
  if (value.is_uint64()) return static_cast<double>(value.as_uint64());
  return std::nullopt;
}

std::optional<domain::Duration> as_milliseconds(const json::value& value) {
  const auto number = as_number(value);
  if (!number || *number < 0 || *number > 1e9) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*number));
}

template <class Decimal>
std::optional<Decimal> as_decimal(const json::value& value) {
  return value.is_string() ? Decimal::parse(value.as_string()) : std::nullopt;
}

}  // namespace

AdminApi::AdminApi(ExchangeHost& host, MarketChannel& market_channel, UserChannel& user_channel,
                   const metrics::RequestsRefused& refused, ReplayStatus replay,
                   ReplayStatus mirror)
    : host_(host),
      market_channel_(market_channel),
      user_channel_(user_channel),
      refused_(refused),
      replay_(std::move(replay)),
      mirror_(std::move(mirror)) {}

// The admin server outlives this object; a request that comes in between is refused.
void AdminApi::register_routes(http::Router& router) {
  const auto at_once = [this](std::function<Response(const Request&)> answer) -> http::Handler {
    return [answer = std::move(answer), alive = std::weak_ptr<int>(alive_)](
               Request request) -> boost::asio::awaitable<Response> {
      if (alive.expired()) co_return http::problem(503, "stopping");
      co_return answer(request);
    };
  };
  router.get("/status", at_once([this](const Request&) { return status(); }));
  router.get("/state", at_once([this](const Request& request) {
               return http::json(state_json(host_.exchange(), page_of(request)));
             }));
  router.get("/state/history", at_once([this](const Request& request) {
               return http::json(history_json(host_, page_of(request)));
             }));
  router.get("/events",
             at_once([this](const Request&) { return http::json(events_json(host_.exchange())); }));
  router.get("/faults",
             at_once([this](const Request&) { return http::json(faults_json(host_.exchange())); }));
  router.post("/faults/{name}",
              at_once([this](const Request& request) { return set_fault(request); }));
  router.del("/faults/{name}",
             at_once([this](const Request& request) { return clear_fault(request); }));
  router.post("/flow/pause", at_once([this](const Request&) { return set_flow(false); }));
  router.post("/flow/resume", at_once([this](const Request&) { return set_flow(true); }));
}

Response AdminApi::status() const {
  const MatchingEngine& engine = host_.engine();
  std::size_t open = 0;
  for (const MarketNo number : engine.markets()) {
    if (engine.is_open(number)) ++open;
  }
  json::object status{
      {"flow", replay_                      ? "replay"
               : host_.exchange().mirrors() ? "mirror"
                                            : "synthetic"},
      {"running", host_.exchange().flow().running()},
      {"edge", host_.exchange().flow().settings().edge},
      {"seed", host_.seed()},
      {"time_ms", domain::to_unix_ms(host_.exchange().now())},
      {"markets", engine.markets().size()},
      {"open_markets", open},
      {"steps", host_.exchange().flow().steps()},
      {"messages", market_channel_.messages()},
      {"market_sessions", market_channel_.sessions()},
      {"user_sessions", user_channel_.sessions()},
      {"unsettled_trades", engine.unsettled_trades()},
      {"refused_requests",
       {{"host", refused_.host}, {"origin", refused_.origin}, {"crowded", refused_.crowded}}},
      {"conservation_holds", engine.conservation().holds()},
      {"log_generation", host_.log().generation()},
      {"log_bytes", host_.log().bytes()},
      {"folded_inputs", host_.folded_inputs()}};
  if (replay_) status["replay"] = json::parse(replay_());
  if (const std::string text = mirror_(); !text.empty()) status["mirror"] = json::parse(text);
  return http::json(json::serialize(status));
}

std::optional<domain::MarketId> AdminApi::find_market(std::string_view name) const {
  if (const auto id = domain::parse_hex<domain::MarketId>(name)) {
    if (host_.engine().find_market(*id)) return id;
  }
  for (const MarketNo number : host_.engine().markets()) {
    const domain::Market& market = host_.engine().listing(number)->market;
    if (market.slug == name) return market.id;
  }
  return std::nullopt;
}

std::variant<FaultSettings, std::string> AdminApi::parse_settings(Fault fault,
                                                                  const std::string& body) const {
  FaultSettings settings;
  settings.probability_ppm = usual_probability_ppm(fault);
  boost::system::error_code ec;
  const json::value value = body.empty() ? json::value(json::object()) : json::parse(body, ec);
  if (ec || !value.is_object()) return "the body must be a JSON object";
  for (const auto& [key, parameter] : value.as_object()) {
    bool good = false;
    if (key == "probability") {
      const auto number = as_number(parameter);
      good = number && *number >= 0 && *number <= 1;
      if (good) settings.probability_ppm = static_cast<std::int64_t>(*number * 1e6);
    } else if (key == "duration_ms" || key == "delay_ms") {
      const auto span = as_milliseconds(parameter);
      good = span.has_value();
      if (good) (key == "duration_ms" ? settings.duration : settings.delay) = *span;
    } else if (key == "count") {
      good = parameter.is_int64() && parameter.as_int64() >= 0;
      if (good) settings.count = parameter.as_int64();
    } else if (key == "market") {
      settings.market = parameter.is_string() ? find_market(parameter.as_string()) : std::nullopt;
      good = settings.market.has_value();
    } else if (key == "size") {
      const auto size = as_decimal<domain::Price>(parameter);
      good = size.has_value();
      if (good) settings.size = *size;
    } else if (key == "amount") {
      const auto amount = as_decimal<domain::Money>(parameter);
      good = amount.has_value();
      if (good) settings.amount = *amount;
    }
    if (!good) return "unknown or unusable parameter: " + std::string(key);
  }
  if (fault == Fault::FeeChange && (settings.size < domain::Price{} || settings.size > kFeeRateMax))
    return "the size of a fee-change is a rate from 0 to 1, not " + settings.size.to_string();
  return settings;
}

Response AdminApi::set_fault(const Request& request) {
  const auto fault = parse_fault(request.param("name"));
  if (!fault) return http::problem(404, "no such fault");
  const auto settings = parse_settings(*fault, request.body);
  if (const auto* error = std::get_if<std::string>(&settings)) return http::problem(400, *error);
  static_cast<void>(host_.apply(SetFault{*fault, std::get<FaultSettings>(settings)}));
  if (*fault == Fault::UserSocketDrop) user_channel_.forget_drops();
  runtime::log::warning("Fault switched on", {{"fault", to_string(*fault)}});
  return http::json(faults_json(host_.exchange()));
}

Response AdminApi::clear_fault(const Request& request) {
  const auto fault = parse_fault(request.param("name"));
  if (!fault) return http::problem(404, "no such fault");
  static_cast<void>(host_.apply(ClearFault{*fault}));
  runtime::log::warning("Fault switched off", {{"fault", to_string(*fault)}});
  return http::json(faults_json(host_.exchange()));
}

Response AdminApi::set_flow(bool running) {
  static_cast<void>(host_.apply(SetFlow{running}));
  return status();
}

}  // namespace polybot::venue_simulator
