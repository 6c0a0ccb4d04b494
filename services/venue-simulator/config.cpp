#include "services/venue-simulator/config.hpp"

#include <algorithm>
#include <limits>

#include "common/runtime/addresses.hpp"
#include "common/wire/topics.hpp"

namespace polybot::venue_simulator {

using domain::Duration;
using domain::Money;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

using TwoPlaces = domain::Decimal<struct TwoPlacesTag, 2>;

void read_flow(runtime::config::Reader& reader, FlowSettings& flow) {
  flow.edge = reader.boolean("flow.edge", true);
  flow.book_changes_per_second = reader.integer("flow.rate", 200, 0, 20'000);
  flow.rotate_period = reader.duration("flow.rotate_period", minutes(5), seconds(2), hours(24));
  flow.resolve_after_min =
      reader.duration("flow.resolve_after_min", seconds(15), milliseconds(100), hours(1));
  flow.resolve_after_max =
      reader.duration("flow.resolve_after_max", seconds(85), milliseconds(100), hours(1));
  flow.long_life = reader.duration("flow.long_life", hours(24 * 7), minutes(1), hours(24 * 365));
  if (flow.resolve_after_max < flow.resolve_after_min) {
    reader.error("flow.resolve_after_max", "must not be below flow.resolve_after_min");
  }
}

void read_rules(runtime::config::Reader& reader, EngineSettings& engine) {
  engine.mined_after_min =
      reader.duration("settlement.mined_after_min", seconds(2), milliseconds(0), minutes(10));
  engine.mined_after_max =
      reader.duration("settlement.mined_after_max", seconds(4), milliseconds(0), minutes(10));
  engine.confirmed_after_min = reader.duration("settlement.confirmed_after_min", milliseconds(200),
                                               milliseconds(0), minutes(10));
  engine.confirmed_after_max =
      reader.duration("settlement.confirmed_after_max", seconds(1), milliseconds(0), minutes(10));
  engine.redeem_after_min =
      reader.duration("settlement.redeem_after_min", seconds(3), milliseconds(0), hours(1));
  engine.redeem_after_max =
      reader.duration("settlement.redeem_after_max", seconds(8), milliseconds(0), hours(1));
  engine.taker_delay =
      reader.duration("rules.taker_delay", milliseconds(150), milliseconds(1), minutes(1));
  engine.retention = reader.duration("memory.retention", minutes(30), seconds(10), hours(24));
  engine.resolved_markets_kept =
      reader.integer_as<std::uint32_t>("memory.resolved_markets", 4096, 16, 1'000'000);
  engine.allowance = reader.decimal<Money>("account.allowance", Money::from_units(1'000'000'000),
                                           Money{}, Money::from_units(1'000'000'000));
  const auto ordered = [&](const char* key, Duration low, Duration high) {
    if (high < low) reader.error(key, "must not be below its minimum");
  };
  ordered("settlement.mined_after_max", engine.mined_after_min, engine.mined_after_max);
  ordered("settlement.confirmed_after_max", engine.confirmed_after_min, engine.confirmed_after_max);
  ordered("settlement.redeem_after_max", engine.redeem_after_min, engine.redeem_after_max);
}

std::optional<MirrorConfig> read_mirror(runtime::config::Reader& reader) {
  MirrorConfig mirror;
  const runtime::BusSecurity local;
  const auto address = [&](const char* key, const wire::Port& port) {
    return runtime::read_bus_address(reader, key, port, bus::EndpointRole::Dial, local);
  };
  const bool on = reader.boolean("mirror.on", false);
  mirror.market_data = address("mirror.market_data", wire::ports::kMarketData);
  mirror.market_data_recovery =
      address("mirror.market_data_recovery", wire::ports::kMarketDataRecovery);
  mirror.latency = reader.duration("mirror.latency", mirror.latency, milliseconds(0), seconds(5));
  mirror.book_age_max =
      reader.duration("mirror.book_age_max", mirror.book_age_max, milliseconds(100), minutes(1));
  return on ? std::optional(mirror) : std::nullopt;
}

std::vector<std::string> all_wallets() {
  std::vector<std::string> names;
  for (const polymarket::WalletKind kind : polymarket::kWalletKinds)
    names.emplace_back(polymarket::name_of(kind));
  return names;
}

void read_broad(runtime::config::Reader& reader, Config& config) {
  config.exchange.broad_markets =
      reader.integer_as<std::uint32_t>("flow.markets", 0, 0, BroadFlow::kMarketsMax);
  if (config.exchange.broad_markets == 0) {
    if (config.exchange.flow.book_changes_per_second == 0)
      reader.error("flow.rate", "0 (a world at rest) needs flow.markets");
    return;
  }
  if (!config.recording.empty())
    reader.error("flow.markets", "does not go with replay.recording: a world is one or the other");
  config.exchange.flow_kind = FlowKind::Broad;
}

}  // namespace

Config read_config(runtime::config::Reader& reader) {
  Config config;
  config.api_address = runtime::read_listen_address(reader, "api.address", "127.0.0.1");
  config.api_port = reader.port("api.port", 8090);
  config.folder = reader.string("data.folder", "data/sim/exchange");
  config.sync_every = reader.duration("data.sync_every", seconds(1), milliseconds(10), minutes(1));
  config.snapshot_every = reader.duration("data.snapshot_every", minutes(5), seconds(1), hours(24));
  config.exchange.seed = static_cast<std::uint64_t>(
      reader.integer("flow.seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  read_flow(reader, config.exchange.flow);
  read_rules(reader, config.exchange.engine);
  config.recording = reader.string("replay.recording", "");
  config.speed_percent =
      reader
          .decimal<TwoPlaces>("replay.speed", TwoPlaces::from_units(1), TwoPlaces::from_raw(1),
                              TwoPlaces::from_units(1'000))
          .raw();
  config.exchange.flow_kind = config.recording.empty() ? FlowKind::Synthetic : FlowKind::Replay;
  read_broad(reader, config);
  config.mirror = read_mirror(reader);
  if (config.mirror) config.exchange.flow_kind = FlowKind::Mirror;
  if (config.mirror && !config.recording.empty())
    reader.error("mirror.on", "does not go with replay.recording: a venue is one or the other");
  config.deposit = reader.decimal<Money>("account.deposit", Money::from_units(10'000), Money{},
                                         Money::from_units(1'000'000'000));
  config.chain_id =
      static_cast<std::uint64_t>(reader.integer("venue.chain_id", 137, 1, 1'000'000'000));
  config.existing_key = reader.choice("venue.existing_key", ExistingKey::Refuse);
  config.wallets.clear();
  for (const std::string& name : reader.strings("venue.wallets", all_wallets())) {
    const auto kind = std::ranges::find(polymarket::kWalletKinds, name, &polymarket::name_of);
    if (kind == polymarket::kWalletKinds.end()) {
      reader.error("venue.wallets", "there is no wallet of the kind \"" + name + "\"");
    } else {
      config.wallets.insert(*kind);
    }
  }
  config.live_activity = reader.choice("venue.live_activity", LiveActivity::Trades);
  config.turn = reader.duration("api.turn", milliseconds(5), milliseconds(1), seconds(1));
  return config;
}

}  // namespace polybot::venue_simulator
