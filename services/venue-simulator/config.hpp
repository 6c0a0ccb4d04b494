// The simulator's configuration; deploy/config/venue-simulator.toml explains each key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "common/bus/address.hpp"
#include "common/polymarket/venue_wallet.hpp"
#include "common/runtime/config.hpp"
#include "services/venue-simulator/core/exchange.hpp"

namespace polybot::venue_simulator {

// What a repeated POST /auth/api-key gets. The documents say a refusal, then the key is derived;
// people have got the same key again.
enum class ExistingKey : std::uint8_t { Refuse = 0, Return = 1 };
// What GET /markets/live-activity/{id} tells: the official clients expect a market's latest trades,
// the OpenAPI document a description of the market.
enum class LiveActivity : std::uint8_t { Trades = 0, Market = 1 };

// The gateway that watches the real venue, and how far we are away from it.
struct MirrorConfig {
  bus::Address market_data;  // dialled, like the next
  bus::Address market_data_recovery;
  domain::Duration latency = std::chrono::milliseconds(100);  // of orders and cancels
  domain::Duration book_age_max = std::chrono::seconds(3);
};

struct Config {
  std::string api_address = "127.0.0.1";
  std::uint16_t api_port = 8090;
  std::filesystem::path folder;
  ExchangeSettings exchange;
  std::string recording;  // path; empty: synthetic flow
  std::int64_t speed_percent = 100;
  std::optional<MirrorConfig> mirror;
  domain::Money deposit = domain::Money::from_units(10'000);
  std::uint64_t chain_id = 137;
  // That are deployed for every account.
  std::set<polymarket::WalletKind> wallets{polymarket::kWalletKinds.begin(),
                                           polymarket::kWalletKinds.end()};
  ExistingKey existing_key = ExistingKey::Refuse;
  LiveActivity live_activity = LiveActivity::Trades;
  domain::Duration turn = std::chrono::milliseconds(5);
  domain::Duration sync_every = std::chrono::seconds(1);
  domain::Duration snapshot_every = std::chrono::minutes(5);
  std::uint64_t snapshot_bytes = 32U << 20;  // of inputs since the last one
};

[[nodiscard]] Config read_config(runtime::config::Reader& reader);

}  // namespace polybot::venue_simulator
