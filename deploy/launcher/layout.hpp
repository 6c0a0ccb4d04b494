// Which processes make the stack on one machine, with which configuration: files of deploy/config,
// and on top of them the environment variables that place everything inside one data folder.
//
//   DATA/journal/     order-manager's book of record
//   DATA/exchange/    the simulated venue's input log; not in live
//   DATA/upstream/    in paper, the tokens of the gateway that watches the real venue
//   DATA/control/     how many runners are wanted (0700)
//   DATA/aggregator/  merged totals of all metrics
//   DATA/secrets/     API token, and the venue key where the venue is simulated (0600)
//   DATA/bus/         ipc sockets (0700), or a link to where they are: socket_folder.hpp
//   DATA/logs/        <name>.log, rotated; <name>.out: what a process printed outside its log
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/launcher/child_process.hpp"
#include "deploy/launcher/options.hpp"

namespace polybot::launcher {

// By service: every key that its configuration may have, "risk.position_max".
using KnownKeys = std::map<std::string, std::set<std::string, std::less<>>>;

struct ServicePlan {
  ProgramSpec spec;
  std::string service;  // "strategy-runner"; several plans may share it
  std::uint16_t admin_port = 0;
};

// A port of the stack, and whose it is.
struct PortUse {
  std::uint16_t port = 0;
  std::string user;
};

struct Layout {
  std::vector<ServicePlan> services;  // without the runners; in the order in which they start
  std::vector<ServicePlan> runners;   // runner-1 to runner-kRunnersMax, as many as may be wanted
  std::vector<PortUse> ports;         // of all services and of the runners wanted at first
  std::filesystem::path data;
  std::filesystem::path sockets;
  std::filesystem::path programs;
  std::filesystem::path journal;
  std::filesystem::path token_file;
  std::filesystem::path upstream_token_file;
  std::string gateway_url;  // the API
  std::string aggregator_url;
  std::string venue_url;      // of the simulated venue; empty in live
  std::string simulator_url;  // its admin port; empty in live
  std::string upstream_url;   // API of the gateway that watches the real venue; empty without one
};

// In paper: the gateway that watches the real venue. What is set of markets, discovery, recording
// and venue addresses is for it, as the stack's own gateway has the simulated venue.
inline constexpr std::string_view kUpstream = "upstream";

// The longest name of a socket in the bus folder, "market-data-recovery.ipc".
[[nodiscard]] std::size_t longest_socket_name_bytes();

// Makes the folder DATA. Throws CannotWrite when it cannot be, and BadOption when its path is
// longer than the journal's may be.
void make_data_folder(const std::filesystem::path& data);

// The order of starting; "strategy-runner" last.
[[nodiscard]] const std::vector<std::string>& service_names();

// The part of the caller's environment that every program gets, without our own variables: PATH,
// LOG_LEVEL.
[[nodiscard]] Environment passed_on(const Environment& environment);

// Makes the folders in DATA and, on the first start, the key of the simulated account; then returns
// what to start. In live there is no simulated venue, and the configuration alone names venue and
// key.
// `sockets` is the folder of the ipc sockets; `known` decides which of the caller's POLYBOT_
// variables reach which service. Throws BadOption or std::filesystem::filesystem_error.
[[nodiscard]] Layout lay_out(const Options& options, const Environment& environment,
                             const std::filesystem::path& sockets,
                             const std::filesystem::path& programs,
                             const std::filesystem::path& configuration, const KnownKeys& known);

}  // namespace polybot::launcher
