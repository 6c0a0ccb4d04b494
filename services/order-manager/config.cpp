#include "services/order-manager/config.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/api_keys.hpp"
#include "common/runtime/addresses.hpp"
#include "common/runtime/secret_file.hpp"
#include "common/runtime/transport.hpp"
#include "common/wire/topics.hpp"
#include "services/order-manager/journal/journal_owner.hpp"
#include "services/order-manager/live_lock.hpp"

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using runtime::config::Presence;
using runtime::config::Reader;

constexpr Money kMoneyMax = Money::from_units(1'000'000'000);

// A money limit of 0 forbids everything; there is no "unlimited".
Money limit(Reader& reader, const std::string& key, Money fallback) {
  return reader.decimal<Money>(key, fallback, Money{}, kMoneyMax);
}

// Reaching a loss limit reduces trading. A limit of 0 would be reached without a loss.
Money loss_limit(Reader& reader, const std::string& key, Money fallback) {
  const Money read = limit(reader, key, fallback);
  if (read.is_zero()) {
    reader.error(key,
                 "must be above 0, which would reduce trading at once (trading.first_state = "
                 "\"reducing\" is for a new journal that is not to open positions)");
  }
  return read;
}

// `table` is "risk." or ""; `limits` holds the defaults and receives what was read.
void read_limits(Reader& reader, const std::string& table, domain::RiskLimits& limits) {
  limits.order_notional_max =
      limit(reader, table + "order_notional_max", limits.order_notional_max);
  limits.position_max = limit(reader, table + "position_max", limits.position_max);
  limits.event_exposure_max =
      limit(reader, table + "event_exposure_max", limits.event_exposure_max);
  limits.exposure_max = limit(reader, table + "exposure_max", limits.exposure_max);
  limits.open_orders_max = reader.integer_as<std::uint32_t>(table + "open_orders_max",
                                                            limits.open_orders_max, 0, 100'000);
  limits.order_rate_max =
      reader.integer_as<std::uint32_t>(table + "order_rate_max", limits.order_rate_max, 0, 100'000);
  limits.order_burst_max = reader.integer_as<std::uint32_t>(table + "order_burst_max",
                                                            limits.order_burst_max, 0, 100'000);
  limits.price_band =
      reader.decimal<Price>(table + "price_band", limits.price_band, Price{}, domain::kPriceOne);
  limits.daily_loss_max = loss_limit(reader, table + "daily_loss_max", limits.daily_loss_max);
  limits.drawdown_max = loss_limit(reader, table + "drawdown_max", limits.drawdown_max);
}

void read_strategies(Reader& reader, Settings& settings) {
  for (const std::string& name : reader.table_names("strategies")) {
    const std::string key = "strategies." + name;
    if (!wire::is_topic_part(name) || name == domain::kAllStrategies ||
        name == domain::kUnknownStrategy || name == domain::kExternalStrategy) {
      reader.error(
          key,
          "is not a usable strategy name (letters, digits, _ and -; not all, unknown, external)");
      continue;
    }
    ConfiguredStrategy strategy;
    strategy.name = {name};
    strategy.limits = settings.account_limits;
    Reader table = reader.table(key);
    strategy.enabled_at_first = table.boolean("enabled", true);
    if (table.has("risk")) read_limits(table, "risk.", strategy.limits);
    settings.strategies.push_back(std::move(strategy));
  }
  if (settings.strategies.empty()) reader.error("strategies", "no strategy is configured");
}

void read_signals(Reader& reader, Settings& settings) {
  settings.lease_duration = reader.duration("leases.duration", settings.lease_duration, 100ms, 60s);
  settings.lease_gather = reader.duration("leases.gather", settings.lease_gather, 0ms, 60s);
  settings.signal_rate_max =
      reader.integer_as<std::uint32_t>("signals.rate_max", settings.signal_rate_max, 1, 1'000'000);
  settings.signal_burst_max = reader.integer_as<std::uint32_t>(
      "signals.burst_max", settings.signal_burst_max, 1, 1'000'000);
  settings.target_adoption =
      reader.duration("signals.target_adoption", settings.target_adoption, 0s, 60s);
  settings.clock_skew_max =
      reader.duration("signals.clock_skew_max", settings.clock_skew_max, 10ms, 60s);
}

void read_orders(Reader& reader, Settings& settings) {
  settings.ambiguous_hold =
      reader.duration("orders.ambiguous_hold", settings.ambiguous_hold, 50ms, 10min);
  settings.missing_hold = reader.duration("orders.missing_hold", settings.missing_hold, 0s, 10min);
  settings.delayed_hold = reader.duration("orders.delayed_hold", settings.delayed_hold, 0s, 10min);
  settings.cancel_retry_min =
      reader.duration("orders.cancel_retry_min", settings.cancel_retry_min, 10ms, 60s);
  settings.cancel_retry_max =
      reader.duration("orders.cancel_retry_max", settings.cancel_retry_max, 10ms, 60s);
  settings.account_read_pause =
      reader.duration("orders.account_read_pause", settings.account_read_pause, 10ms, 60s);
  settings.refusal_pause =
      reader.duration("orders.refusal_pause", settings.refusal_pause, 0s, kRefusalPauseMax);
  settings.requote_tolerance_ppm =
      reader.integer("orders.requote_tolerance_ppm", settings.requote_tolerance_ppm, 0, 1'000'000);
  settings.requote_pause = reader.duration("orders.requote_pause", settings.requote_pause, 0s, 60s);
  settings.unwind_after = reader.duration("orders.unwind_after", settings.unwind_after, 0s, 10min);
  settings.unwind_pause = reader.duration("orders.unwind_pause", settings.unwind_pause, 10ms, 60s);
  settings.exit_slippage = reader.decimal<Price>("orders.exit_slippage", settings.exit_slippage,
                                                 Price{}, domain::kPriceOne);
  settings.cancel_all_on_shutdown =
      reader.boolean("orders.cancel_all_on_shutdown", settings.cancel_all_on_shutdown);
  settings.venue_order_rate =
      reader.integer_as<std::uint32_t>("venue.order_rate", settings.venue_order_rate, 1, 100'000);
  settings.venue_order_burst =
      reader.integer_as<std::uint32_t>("venue.order_burst", settings.venue_order_burst, 1, 100'000);
  settings.venue_cancel_rate =
      reader.integer_as<std::uint32_t>("venue.cancel_rate", settings.venue_cancel_rate, 1, 100'000);
  settings.venue_cancel_burst = reader.integer_as<std::uint32_t>(
      "venue.cancel_burst", settings.venue_cancel_burst, 1, 100'000);
}

void read_markets_and_money(Reader& reader, Settings& settings) {
  settings.quote_age_max = reader.duration("quotes.age_max", settings.quote_age_max, 100ms, 10min);
  settings.quote_stale_cancel =
      reader.duration("quotes.stale_cancel", settings.quote_stale_cancel, 100ms, 10min);
  settings.opening_stops_before_end = reader.duration("quotes.opening_stops_before_end",
                                                      settings.opening_stops_before_end, 0s, 24h);
  settings.day_start = reader.duration("money.day_start", settings.day_start, 0s, 24h - 1s);
  settings.marks_every = reader.duration("money.marks_every", settings.marks_every, 100ms, 10min);
  settings.mark_spread_max = reader.decimal<Price>(
      "money.mark_spread_max", settings.mark_spread_max, Price{}, domain::kPriceOne);
  settings.drift_every = reader.duration("money.drift_every", settings.drift_every, 1s, 24h);
  settings.cash_moved_after =
      reader.duration("money.cash_moved_after", settings.cash_moved_after, 0s, 24h);
}

// A credential that systemd hands over need not be named.
runtime::Secret read_passphrase(Reader& reader, const VenueKey& key) {
  constexpr const char* kKey = "venue.private_key_passphrase";
  const std::string file_key = std::string(kKey) + "_file";
  runtime::Secret named = reader.secret(kKey, Presence::Optional);
  if (!reader.string(file_key, "").empty() || !is_keystore(key.content)) return named;
  const std::string credential = runtime::credential_file(kPassphraseCredential);
  if (credential.empty()) {
    reader.error(file_key, "is required: " + key.file +
                               " is a keystore, and this is the file that holds its passphrase");
    return {};
  }
  auto read = runtime::read_secret_file(credential);
  if (read) return std::move(*read);
  reader.error(file_key, read.error().text);
  return {};
}

VenueKey read_venue_key(Reader& reader) {
  VenueKey key;
  key.content = reader.secret("venue.private_key", Presence::Required);
  key.file = reader.string("venue.private_key_file", "");
  key.passphrase = read_passphrase(reader, key);
  const std::string fault = fault_of(key);
  if (!fault.empty()) reader.error("venue.private_key_file", fault);
  return key;
}

WalletConfig read_wallet(Reader& reader) {
  WalletConfig wallet;
  const std::string kind = reader.string("venue.wallet", "eoa");
  std::string known;
  bool sound = false;
  for (const polymarket::WalletKind one : polymarket::kWalletKinds) {
    known.append(known.empty() ? "" : ", ").append(polymarket::name_of(one));
    if (polymarket::name_of(one) != kind) continue;
    wallet.kind = one;
    sound = true;
  }
  wallet.named = sound;
  if (!sound) reader.error("venue.wallet", "must be one of " + known + ", got \"" + kind + "\"");
  const std::string funder = reader.string("venue.funder", "");
  if (!funder.empty()) wallet.funder = polymarket::Address::parse(funder);
  if (!funder.empty() && !wallet.funder) {
    reader.error("venue.funder", "is no address (0x and 40 hex digits)");
    wallet.named = false;
  }
  const std::string builder = reader.string("venue.builder_code", "");
  if (!builder.empty() &&
      !(builder.starts_with("0x") && polymarket::parse_hex(builder, wallet.builder)))
    reader.error("venue.builder_code", "is no builder code (0x and 64 hex digits)");
  return wallet;
}

std::optional<polymarket::ApiCredentials> read_credentials(Reader& reader) {
  const runtime::Secret text = reader.secret("venue.api_credentials", Presence::Optional);
  if (text.empty()) return std::nullopt;
  auto read = polymarket::parse_api_credentials(text.reveal());
  if (read) return std::move(*read);
  reader.error(
      "venue.api_credentials_file",
      reader.string("venue.api_credentials_file", "") +
          " holds no API credentials, {\"apiKey\": …, \"secret\": …, \"passphrase\": …}: " +
          polymarket::to_string(read.error()));
  return std::nullopt;
}

// False when it has no exchange.
bool check_chain(Reader& reader, std::uint64_t chain_id) {
  try {
    (void)polymarket::ExchangeDomains(chain_id);
  } catch (const std::invalid_argument& error) {
    reader.error("venue.chain_id", error.what());
    return false;
  }
  return true;
}

// What a start would find wrong with chain, key and wallet together; else the account. A keystore
// that does not say its account is found out there alone.
std::optional<domain::AccountId> check_party(Reader& reader, const VenueConfig& venue) {
  if (!check_chain(reader, venue.chain_id)) return std::nullopt;
  if (!venue.wallet.named || venue.key.content.empty() || !fault_of(venue.key).empty())
    return std::nullopt;
  try {
    if (const auto key = stated_account(venue.key))
      return account_of(party_of(venue.wallet, *key, venue.chain_id), venue.chain_id);
  } catch (const WalletError& error) {
    reader.error(error.named_by(), error.what());
  } catch (const std::invalid_argument& error) {
    reader.error("venue.private_key_file", error.what());
  }
  return std::nullopt;
}

// https://clob.polymarket.com has its page at https://polymarket.com; a venue on one host has it
// there.
std::string usual_geoblock(const std::string& rest) {
  constexpr std::string_view kApiHost = "https://clob.";
  const bool apart = rest.starts_with(kApiHost);
  return (apart ? "https://" + rest.substr(kApiHost.size()) : rest) +
         std::string(polymarket::kGeoblockPath);
}

void read_addresses(Reader& reader, VenueConfig& venue) {
  venue.rest = runtime::read_url(reader, "venue.rest", "http://127.0.0.1:8090");
  venue.gamma = runtime::read_url(reader, "venue.gamma", "http://127.0.0.1:8090");
  venue.user_ws = runtime::read_url(reader, "venue.user_ws", "ws://127.0.0.1:8090/ws/user");
  venue.geoblock = usual_geoblock(venue.rest);
  if (!reader.string("venue.geoblock", "").empty())
    venue.geoblock = runtime::read_url(reader, "venue.geoblock", "");
  if (!reader.string("venue.rpc", "").empty())
    venue.node = runtime::read_url(reader, "venue.rpc", "");
  venue.transport = runtime::read_transport(
      reader, {venue.rest, venue.gamma, venue.user_ws, venue.geoblock, venue.node},
      runtime::config::current_environment());
}

// What the operator has said is the account's limit; check_live() refuses what was not said.
LiveConfig read_live(Reader& reader, Settings& settings) {
  LiveConfig live{.acknowledgement = reader.string("live.acknowledgement", ""), .unsaid = {}};
  domain::RiskLimits& limits = settings.account_limits;
  const bool is_live = settings.mode == domain::TradingMode::Live;
  for (const auto& [key, place] : {std::pair{"live.order_notional_max", &limits.order_notional_max},
                                   std::pair{"live.position_max", &limits.position_max},
                                   std::pair{"live.exposure_max", &limits.exposure_max},
                                   std::pair{"live.daily_loss_max", &limits.daily_loss_max}}) {
    const Money said = limit(reader, key, Money{});
    if (said.is_zero()) {
      live.unsaid.emplace_back(key);
    } else if (is_live) {
      *place = said;
    }
  }
  if (is_live) limits.event_exposure_max = std::min(limits.event_exposure_max, limits.exposure_max);
  return live;
}

void read_settings(Reader& reader, Settings& settings) {
  settings.mode = reader.choice("venue.mode", settings.mode);
  read_limits(reader, "risk.", settings.account_limits);
  settings.account_limits.balance_min = limit(reader, "risk.balance_min", Money{});
  settings.first_trading_state = reader.choice("trading.first_state", domain::TradingState::Active);
  read_signals(reader, settings);
  read_orders(reader, settings);
  read_markets_and_money(reader, settings);
  read_strategies(reader, settings);
  if (settings.cancel_retry_max < settings.cancel_retry_min) {
    reader.error("orders.cancel_retry_max", "must not be below orders.cancel_retry_min");
  }
}

}  // namespace

Config read_config(Reader& reader) {
  Config config = read_config_but_wallet(reader);
  // Said before anything of a stack is started.
  const auto account = check_party(reader, config.venue);
  const std::string other = of_another(config.journal_file, {account, config.settings.mode});
  if (!other.empty()) reader.error("journal.file", other);
  check_live(reader, config);
  return config;
}

Config read_config_but_wallet(Reader& reader) {
  Config config;
  config.journal_file = reader.string("journal.file", "data/sim/journal/journal.db");
  config.backup_age_max = reader.duration("journal.backup_age_max", 0s, 0s, 24h * 366);
  config.metrics = runtime::read_metrics_config(reader, wire::services::kOrderManager.front());
  const auto address = [&](const char* key, const wire::Port& port, bus::EndpointRole role) {
    return runtime::read_bus_address(reader, std::string("bus.") + key, port, role,
                                     config.metrics.security);
  };
  using enum bus::EndpointRole;
  config.bus.quotes = address("quotes", wire::ports::kQuotes, Dial);
  config.bus.signals = address("signals", wire::ports::kSignals, Listen);
  config.bus.commands = address("commands", wire::ports::kCommands, Listen);
  config.bus.orders = address("orders", wire::ports::kOrders, Listen);
  config.bus.orders_recovery = address("orders_recovery", wire::ports::kOrdersRecovery, Listen);
  config.bus.trust = config.metrics.security.trust;
  config.ring_frames = reader.integer_as<std::size_t>("bus.ring_frames", 8192, 1, 1'000'000);
  read_addresses(reader, config.venue);
  config.venue.chain_id = reader.integer_as<std::uint64_t>("venue.chain_id", 137, 1, 1'000'000'000);
  config.venue.key = read_venue_key(reader);
  config.venue.wallet = read_wallet(reader);
  config.venue.credentials = read_credentials(reader);
  for (const char* const key : {"venue.private_key_file", "venue.private_key_passphrase_file",
                                "venue.api_credentials_file"}) {
    if (std::string file = reader.string(key, ""); !file.empty())
      config.venue.secret_files.push_back(std::move(file));
  }
  config.venue.request_timeout = reader.duration("venue.request_timeout", 5s, 100ms, 60s);
  config.venue.heartbeat_interval = reader.duration("venue.heartbeat_interval", 5s, 100ms, 8s);
  config.venue.heartbeat_file =
      std::filesystem::path(config.journal_file).replace_filename("heartbeat-id").string();
  read_settings(reader, config.settings);
  config.live = read_live(reader, config.settings);
  return config;
}

}  // namespace polybot::order_manager
