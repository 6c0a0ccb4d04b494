#include "services/strategy-runner/config.hpp"

#include "common/runtime/addresses.hpp"
#include "common/wire/topics.hpp"

namespace polybot::strategy_runner {
namespace {

using namespace std::chrono_literals;
using runtime::config::Reader;

BusConfig read_bus(Reader& reader, const runtime::BusSecurity& security) {
  const auto address = [&](const char* key, const wire::Port& port) {
    return runtime::read_bus_address(reader, key, port, bus::EndpointRole::Dial, security);
  };
  namespace ports = wire::ports;
  BusConfig config;
  config.market_data = address("bus.market_data", ports::kMarketData);
  config.market_data_recovery = address("bus.market_data_recovery", ports::kMarketDataRecovery);
  config.signals = address("bus.signals", ports::kSignals);
  config.orders = address("bus.orders", ports::kOrders);
  config.orders_recovery = address("bus.orders_recovery", ports::kOrdersRecovery);
  config.ring_frames =
      reader.integer_as<std::size_t>("bus.ring_frames", config.ring_frames, 64, 1'000'000);
  config.trust = security.trust;
  return config;
}

DeskSettings read_desk(Reader& reader, const std::string& table, const DeskSettings& defaults) {
  DeskSettings desk = defaults;
  desk.ttl = reader.duration(table + "ttl", desk.ttl, 100ms, domain::kSignalLifeMax);
  desk.repeat_every = reader.duration(table + "repeat_every", desk.repeat_every, 10ms, 10s);
  desk.signals_per_second_max =
      reader.integer(table + "per_second_max", desk.signals_per_second_max, 1, 10'000);
  desk.denial_pause_min =
      reader.duration(table + "denial_pause_min", desk.denial_pause_min, 10ms, 1min);
  desk.denial_pause_max =
      reader.duration(table + "denial_pause_max", desk.denial_pause_max, 10ms, 1h);
  return desk;
}

bool is_reserved(const std::string& name) {
  return name == domain::kAllStrategies || name == domain::kUnknownStrategy ||
         name == domain::kExternalStrategy;
}

std::vector<MarketKind> read_kinds(Reader& table) {
  std::vector<MarketKind> kinds;
  for (const std::string& name : table.strings("kinds", {})) {
    if (const auto kind = domain::enumerator_named<MarketKind>(name)) {
      kinds.push_back(*kind);
    } else {
      table.error("kinds", "must be of binary, neg_risk, group, got \"" + name + "\"");
    }
  }
  return kinds;
}

void read_shards(Reader& table, MarketFilter& filter) {
  const auto shard = [&](std::string_view key, domain::Shard fallback) {
    return domain::Shard{
        table.integer_as<std::uint8_t>(key, fallback.value, 0, domain::kShards - 1)};
  };
  filter.first_shard = shard("first_shard", filter.first_shard);
  filter.last_shard = shard("last_shard", filter.last_shard);
  if (filter.last_shard < filter.first_shard)
    table.error("last_shard", "must not be below first_shard");
}

StrategySettings read_strategy(Reader& root, const std::string& name,
                               const DeskSettings& defaults) {
  const std::string key = "strategies." + name;
  StrategySettings settings;
  settings.name = {name};
  if (!wire::is_topic_part(name) || is_reserved(name)) {
    root.error(
        key,
        "is not a usable strategy name (letters, digits, _ and -; not all, unknown, external)");
  }
  Reader table = root.table(key);
  settings.markets.slugs = table.strings("markets", {});
  settings.markets.kinds = read_kinds(table);
  read_shards(table, settings.markets);
  settings.desk = read_desk(table, "signals.", defaults);
  settings.desk.strategy = settings.name;

  const std::string type_name = table.string("type", name);
  const StrategyType* type = find_strategy_type(type_name);
  if (type == nullptr) {
    std::string known;
    for (const StrategyType& one : strategy_types())
      known.append(known.empty() ? "" : ", ").append(one.name);
    table.error("type", "must be one of " + known + ", got \"" + type_name + "\"");
    table.accept_below("parameters");  // they may be right for the type that was meant
    return settings;
  }
  for (const ParameterSpec& spec : type->parameters) {
    const std::string parameter = "parameters." + std::string(spec.name);
    settings.parameters[std::string(spec.name)] = table.string(parameter, spec.default_text);
  }
  const auto configured = type->configure(settings.parameters);
  if (const auto* errors = std::get_if<ParameterErrors>(&configured)) {
    for (const std::string& what : *errors) table.error("parameters", what);
  } else {
    settings.factory = std::get<StrategyFactory>(configured);
  }
  return settings;
}

}  // namespace

Config read_config(Reader& reader) {
  Config config;
  config.metrics = runtime::read_metrics_config(reader, wire::services::kRunner.front());
  config.bus = read_bus(reader, config.metrics.security);
  config.runner.book_age_max =
      reader.duration("books.age_max", config.runner.book_age_max, 100ms, 1min);
  config.timer_every = reader.duration("runner.timer_every", config.timer_every, 10ms, 1s);
  config.announce_every = reader.duration("runner.announce_every", config.announce_every, 50ms, 1s);
  const DeskSettings desk = read_desk(reader, "signals.", {});
  for (const std::string& name : reader.table_names("strategies")) {
    config.runner.strategies.push_back(read_strategy(reader, name, desk));
  }
  if (config.runner.strategies.empty()) reader.error("strategies", "no strategy is configured");
  return config;
}

}  // namespace polybot::strategy_runner
