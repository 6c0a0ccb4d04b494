#include "deploy/launcher/layout.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/domain/ids.hpp"
#include "common/runtime/config_text.hpp"
#include "common/wire/topics.hpp"

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kFirstRunnerPort = 8010;
// SQLite opens no file whose real path is longer than 504 bytes.
constexpr std::size_t kJournalPathBytesMax = 504;

void make_private_folder(const fs::path& folder) {
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
}

// A private key for the simulated account; the launcher never makes a real one. A journal belongs
// to one account: if there is a journal, its key is lost, and a new one is of no use.
void make_venue_key(const fs::path& file, const fs::path& journal) {
  if (fs::exists(file)) return;
  if (fs::exists(journal)) {
    throw BadOption("the venue key " + file.string() + " is missing, and the journal " +
                    journal.string() +
                    " is of its account: put the key back, or move the journal away to begin with "
                    "another account");
  }
  std::array<std::uint8_t, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw BadOption("no random bytes for a venue key");
  }
  bytes[0] &= 0x7F;  // below the order of secp256k1 for certain
  bytes[31] |= 1;    // and not zero
  const std::string text = domain::to_hex(bytes) + "\n";
  const int descriptor = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  const bool written = descriptor >= 0 && ::write(descriptor, text.data(), text.size()) ==
                                              static_cast<ssize_t>(text.size());
  if (descriptor >= 0) ::close(descriptor);
  if (!written) throw BadOption("cannot write the venue key to " + file.string());
}

// The bus addresses that a service knows; an unknown key would stop its start.
struct BusKey {
  std::string_view key;
  const wire::Port& port;
};
namespace ports = wire::ports;
constexpr BusKey kMarketData{"MARKET_DATA", ports::kMarketData};
constexpr BusKey kMarketDataRecovery{"MARKET_DATA_RECOVERY", ports::kMarketDataRecovery};
constexpr BusKey kQuotes{"QUOTES", ports::kQuotes};
constexpr BusKey kSignals{"SIGNALS", ports::kSignals};
constexpr BusKey kCommands{"COMMANDS", ports::kCommands};
constexpr BusKey kOrders{"ORDERS", ports::kOrders};
constexpr BusKey kOrdersRecovery{"ORDERS_RECOVERY", ports::kOrdersRecovery};
constexpr BusKey kMetrics{"METRICS", ports::kMetrics};
constexpr BusKey kStatus{"STATUS", ports::kStatus};
constexpr std::array kBusKeys{kMarketData, kMarketDataRecovery, kQuotes,  kSignals, kCommands,
                              kOrders,     kOrdersRecovery,     kMetrics, kStatus};

std::string socket_name(const BusKey& key) {
  return std::string(key.port.ipc_name) + ".ipc";
}

// Over TLS the aggregator has two ports for each service that it measures: 5572 and 5573 are those
// of the first.
std::uint16_t tls_port(const BusKey& key, std::string_view service) {
  if (&key.port != &ports::kMetrics && &key.port != &ports::kStatus) return key.port.number;
  const auto& measured = wire::services::kMeasured;
  const auto place = std::find(measured.begin(), measured.end(), service) - measured.begin();
  return static_cast<std::uint16_t>(key.port.number + 2 + 2 * place);
}

bool knows(const KnownKeys& known, const std::string& service, std::string_view variable) {
  const auto keys = known.find(service);
  return keys != known.end() && variable.starts_with(runtime::config::kEnvironmentPrefix) &&
         keys->second.contains(runtime::config::key_of(variable));
}

bool is_for_upstream(std::string_view variable) {
  for (const std::string_view table : {"MARKETS__", "DISCOVERY__", "RECORD__", "VENUE__"}) {
    if (variable.starts_with(std::string(runtime::config::kEnvironmentPrefix) + std::string(table)))
      return true;
  }
  return false;
}

class Planner {
 public:
  Planner(const Options& options, const Environment& environment, const KnownKeys& known,
          fs::path sockets, fs::path programs, fs::path configuration)
      : options_(options),
        environment_(environment),
        known_(known),
        sockets_(std::move(sockets)),
        programs_(std::move(programs)),
        configuration_(std::move(configuration)) {}

  ServicePlan plan(const std::string& service, const std::string& name, std::uint16_t admin_port,
                   const std::vector<BusKey>& bus_keys, Environment extra) const {
    ServicePlan plan;
    plan.service = service;
    plan.admin_port = port(admin_port);
    plan.spec.name = name;
    plan.spec.program = programs_ / service;
    const std::string file = name == kUpstream ? name : service;
    plan.spec.arguments = {"--config", (configuration_ / (file + ".toml")).string()};
    plan.spec.output = options_.data / "logs" / (name + ".out");
    Environment& set = plan.spec.environment;
    set = passed_on(environment_);
    for (const auto& [variable, value] : environment_) {
      const bool is_others = options_.mode == domain::TradingMode::Paper && name != kUpstream &&
                             is_for_upstream(variable);
      if (!is_others && knows(known_, service, variable)) set[variable] = value;
    }
    set["POLYBOT_REPLICA"] = name;
    set["POLYBOT_ADMIN__PORT"] = std::to_string(plan.admin_port);
    set["POLYBOT_LOG__FILE"] = (options_.data / "logs" / (name + ".log")).string();
    if (options_.certificates) {
      set_tls_addresses(set, service, bus_keys);
    } else {
      for (const BusKey& key : bus_keys) {
        set["POLYBOT_BUS__" + std::string(key.key)] =
            "ipc://" + (sockets_ / socket_name(key)).string();
      }
    }
    for (const auto& [variable, value] : extra)
      set[variable] = value;  // what the launcher decides wins
    return plan;
  }

  [[nodiscard]] std::uint16_t port(std::uint16_t usual) const {
    return static_cast<std::uint16_t>(usual + options_.port_offset);
  }

 private:
  void set_tls_addresses(Environment& set, const std::string& service,
                         const std::vector<BusKey>& bus_keys) const {
    if (bus_keys.empty()) return;
    set["POLYBOT_BUS__TLS__CERTIFICATE_FILE"] =
        (*options_.certificates / service / "certificate.pem").string();
    set["POLYBOT_BUS__TLS__AUTHORITIES"] = (*options_.certificates / "authorities").string();
    const auto address = [this](const BusKey& key, std::string_view of) {
      return "tls+tcp://127.0.0.1:" + std::to_string(port(tls_port(key, of)));
    };
    if (service != wire::services::kAggregator.front()) {
      for (const BusKey& key : bus_keys)
        set["POLYBOT_BUS__" + std::string(key.key)] = address(key, service);
      return;
    }
    for (const std::string_view sender : wire::services::kMeasured) {
      std::string name;
      for (const char c : sender) name.push_back(c == '-' ? '_' : static_cast<char>(c - 'a' + 'A'));
      for (const BusKey& key : bus_keys)
        set["POLYBOT_BUS__FROM__" + name + "__" + std::string(key.key)] = address(key, sender);
    }
  }

  const Options& options_;
  const Environment& environment_;
  const KnownKeys& known_;
  fs::path sockets_;
  fs::path programs_;
  fs::path configuration_;
};

Environment venue_addresses(std::uint16_t port) {
  const std::string host = "127.0.0.1:" + std::to_string(port);
  return {{"POLYBOT_VENUE__REST", "http://" + host},
          {"POLYBOT_VENUE__GAMMA", "http://" + host},
          {"POLYBOT_VENUE__MARKET_WS", "ws://" + host + "/ws/market"},
          {"POLYBOT_VENUE__USER_WS", "ws://" + host + "/ws/user"}};
}

Environment pick(const Environment& from, const std::vector<std::string>& names) {
  Environment picked;
  for (const std::string& name : names) {
    if (const auto found = from.find(name); found != from.end()) picked.insert(*found);
  }
  return picked;
}

// The ipc sockets of the gateway that watches the real venue, beside those of the stack's own.
std::string upstream_socket(const fs::path& sockets, const char* name) {
  return "ipc://" + (sockets / (std::string("mirror-") + name + ".ipc")).string();
}

Environment upstream_settings(const Options& options, const fs::path& sockets,
                              std::uint16_t api_port) {
  return {{"POLYBOT_API__PORT", std::to_string(api_port)},
          {"POLYBOT_DATA__FOLDER", (options.data / kUpstream).string()},
          {"POLYBOT_BUS__MARKET_DATA", upstream_socket(sockets, "books")},
          {"POLYBOT_BUS__MARKET_DATA_RECOVERY", upstream_socket(sockets, "recovery")},
          {"POLYBOT_BUS__QUOTES", upstream_socket(sockets, "quotes")}};
}

Environment simulator_settings(const Options& options, const fs::path& sockets,
                               std::uint16_t port) {
  Environment set = {{"POLYBOT_API__PORT", std::to_string(port)},
                     {"POLYBOT_DATA__FOLDER", (options.data / "exchange").string()}};
  if (options.mode == domain::TradingMode::Paper) {
    set["POLYBOT_MIRROR__ON"] = "true";
    set["POLYBOT_MIRROR__MARKET_DATA"] = upstream_socket(sockets, "books");
    set["POLYBOT_MIRROR__MARKET_DATA_RECOVERY"] = upstream_socket(sockets, "recovery");
  }
  if (options.edge) set["POLYBOT_FLOW__EDGE"] = *options.edge ? "true" : "false";
  if (options.seed) set["POLYBOT_FLOW__SEED"] = std::to_string(*options.seed);
  if (options.recording) set["POLYBOT_REPLAY__RECORDING"] = options.recording->string();
  if (options.speed) set["POLYBOT_REPLAY__SPEED"] = *options.speed;
  return set;
}

fs::path journal_in(const fs::path& data) {
  return data / "journal" / "journal.db";
}

void add_upstream(Layout& layout, const Options& options, const Planner& planner) {
  const std::uint16_t port = planner.port(8081);
  fs::create_directories(options.data / kUpstream);
  layout.upstream_token_file = options.data / kUpstream / "secrets" / "api-token";
  layout.upstream_url = "http://127.0.0.1:" + std::to_string(port);
  layout.ports.push_back({port, "the API of " + std::string(kUpstream)});
  layout.services.push_back(planner.plan("gateway", std::string(kUpstream), 8004,
                                         {kCommands, kOrders, kOrdersRecovery, kMetrics, kStatus},
                                         upstream_settings(options, layout.sockets, port)));
}

// Returns what places the others at it, its account's key among it.
Environment add_simulated_venue(Layout& layout, const Options& options, const Planner& planner) {
  const std::uint16_t port = planner.port(8090);
  const fs::path key = options.data / "secrets" / "venue-key";
  fs::create_directories(options.data / "exchange");
  make_venue_key(key, layout.journal);
  layout.venue_url = "http://127.0.0.1:" + std::to_string(port);
  layout.simulator_url = "http://127.0.0.1:" + std::to_string(planner.port(8003));
  layout.ports.push_back({port, "the simulated venue"});
  layout.services.push_back(planner.plan("venue-simulator", "venue-simulator", 8003, {},
                                         simulator_settings(options, layout.sockets, port)));
  Environment venue = venue_addresses(port);
  venue["POLYBOT_VENUE__PRIVATE_KEY_FILE"] = key.string();
  return venue;
}

// Those of services, runners that begin, and the bus; in this order they are told when one is
// taken.
void list_ports(Layout& layout, const Options& options, const Planner& planner) {
  for (const ServicePlan& plan : layout.services)
    layout.ports.push_back({plan.admin_port, plan.spec.name});
  for (std::size_t i = 0; i < options.runners; ++i)
    layout.ports.push_back({layout.runners[i].admin_port, layout.runners[i].spec.name});
  if (!options.certificates) return;
  std::set<std::uint16_t> bus;  // two services may dial one port
  for (const BusKey& bus_key : kBusKeys) {
    for (const std::string_view service : bus_key.port.dials)
      bus.insert(planner.port(tls_port(bus_key, service)));
  }
  for (const std::uint16_t port : bus) layout.ports.push_back({port, "the bus"});
}

}  // namespace

std::size_t longest_socket_name_bytes() {
  std::size_t longest = 0;
  for (const BusKey& key : kBusKeys) {
    longest = std::max(longest, socket_name(key).size());
  }
  return longest;
}

void make_data_folder(const fs::path& data) {
  std::error_code error;
  const fs::path journal = journal_in(fs::weakly_canonical(data, error));
  if (!error && journal.native().size() > kJournalPathBytesMax) {
    throw BadOption("the path of DATA is too long for the journal's (bytes over: " +
                    std::to_string(journal.native().size() - kJournalPathBytesMax) +
                    "); name a shorter one with DATA=folder");
  }
  fs::create_directories(data, error);
  if (error) {
    throw CannotWrite("cannot make the folder " + data.string() + " (" + error.message() +
                      "); name one that can be written with DATA=folder");
  }
}

const std::vector<std::string>& service_names() {
  static const std::vector<std::string> names = {"venue-simulator", "metrics-aggregator",
                                                 "order-manager", "gateway", "strategy-runner"};
  return names;
}

Environment passed_on(const Environment& environment) {
  Environment passed;
  for (const std::string name : {"PATH", "HOME", "LANG", "TZ", "LOG_FORMAT", "LOG_LEVEL"}) {
    if (const auto found = environment.find(name); found != environment.end())
      passed.insert(*found);
  }
  return passed;
}

Layout lay_out(const Options& options, const Environment& environment, const fs::path& sockets,
               const fs::path& programs, const fs::path& configuration, const KnownKeys& known) {
  for (const char* folder : {"journal", "aggregator", "logs"})
    fs::create_directories(options.data / folder);
  make_private_folder(options.data / "secrets");
  make_private_folder(options.data / "control");

  const Planner planner(options, environment, known, sockets, programs, configuration);
  const std::uint16_t api_port = planner.port(8080);
  Layout layout;
  layout.data = options.data;
  layout.sockets = sockets;
  layout.programs = programs;
  layout.journal = journal_in(options.data);
  layout.token_file = options.data / "secrets" / "api-token";
  const Environment venue = options.mode == domain::TradingMode::Live
                                ? Environment{}
                                : add_simulated_venue(layout, options, planner);
  if (options.mode == domain::TradingMode::Paper) add_upstream(layout, options, planner);
  layout.services.push_back(
      planner.plan("metrics-aggregator", "metrics-aggregator", 8000, {kMetrics, kStatus},
                   {{"POLYBOT_STATE__FOLDER", (options.data / "aggregator").string()}}));
  Environment manager = pick(venue, {"POLYBOT_VENUE__REST", "POLYBOT_VENUE__GAMMA",
                                     "POLYBOT_VENUE__USER_WS", "POLYBOT_VENUE__PRIVATE_KEY_FILE"});
  manager["POLYBOT_VENUE__MODE"] = name_of(options.mode);
  manager["POLYBOT_JOURNAL__FILE"] = layout.journal.string();
  layout.services.push_back(planner.plan(
      "order-manager", "order-manager", 8002,
      {kQuotes, kSignals, kCommands, kOrders, kOrdersRecovery, kMetrics, kStatus}, manager));
  Environment gateway =
      pick(venue, {"POLYBOT_VENUE__REST", "POLYBOT_VENUE__GAMMA", "POLYBOT_VENUE__MARKET_WS"});
  gateway["POLYBOT_API__PORT"] = std::to_string(api_port);
  gateway["POLYBOT_DATA__FOLDER"] = options.data.string();
  layout.services.push_back(planner.plan("gateway", "gateway", 8001,
                                         {kMarketData, kMarketDataRecovery, kQuotes, kCommands,
                                          kOrders, kOrdersRecovery, kMetrics, kStatus},
                                         gateway));
  for (std::size_t i = 0; i < kRunnersMax; ++i) {
    layout.runners.push_back(planner.plan(
        "strategy-runner", "runner-" + std::to_string(i + 1),
        static_cast<std::uint16_t>(kFirstRunnerPort + i),
        {kMarketData, kMarketDataRecovery, kSignals, kOrders, kOrdersRecovery, kMetrics, kStatus},
        {}));
  }
  list_ports(layout, options, planner);
  layout.ports.push_back({api_port, "the API"});
  layout.gateway_url = "http://127.0.0.1:" + std::to_string(api_port);
  layout.aggregator_url = "http://127.0.0.1:" + std::to_string(planner.port(8000));
  return layout;
}

}  // namespace polybot::launcher
