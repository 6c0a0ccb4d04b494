// The configuration of order-manager: deploy/config/order-manager.toml says what each key means.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/http/transport.hpp"
#include "common/polymarket/credentials.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/metrics.hpp"
#include "services/order-manager/core/settings.hpp"
#include "services/order-manager/order_party.hpp"
#include "services/order-manager/venue_key.hpp"

namespace polybot::order_manager {

struct BusAddresses {
  bus::Address quotes;
  bus::Address signals;
  bus::Address commands;
  bus::Address orders;
  bus::Address orders_recovery;
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
};

struct VenueConfig {
  std::string rest;
  std::string gamma;
  std::string user_ws;
  std::string geoblock;  // the page of the venue's site; order-manager doctor alone asks these two
  std::string node;      // JSON-RPC of a node of the chain; empty: none
  std::shared_ptr<const http::Transport> transport;  // of all of them; null: plain alone
  std::uint64_t chain_id = 137;
  VenueKey key;
  WalletConfig wallet;
  std::vector<std::string> secret_files;                  // that are named
  std::optional<polymarket::ApiCredentials> credentials;  // none: asked for with the key
  domain::Duration request_timeout{};
  domain::Duration heartbeat_interval{};
  std::string heartbeat_file;  // see heartbeat_file.hpp; empty: nothing is remembered
};

// What venue.mode = live demands; see live_lock.hpp.
struct LiveConfig {
  std::string acknowledgement;
  std::vector<std::string> unsaid;  // the keys of limits that the operator has not set
};

struct Config {
  std::string journal_file;
  domain::Duration backup_age_max{};  // zero: see backup_due()
  BusAddresses bus;
  VenueConfig venue;
  Settings settings;
  LiveConfig live;
  runtime::MetricsConfig metrics;
  std::size_t ring_frames = 8192;
};

// Reads every key; errors are collected by the reader. A journal of another account or mode is one.
[[nodiscard]] Config read_config(runtime::config::Reader& reader);
// The same, but a key without the configured wallet is no error: the caller looks at that itself.
[[nodiscard]] Config read_config_but_wallet(runtime::config::Reader& reader);

}  // namespace polybot::order_manager
