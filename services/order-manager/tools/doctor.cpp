#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "common/runtime/secret_file.hpp"
#include "common/runtime/service.hpp"
#include "services/order-manager/doctor/checks.hpp"
#include "services/order-manager/doctor/examination.hpp"
#include "services/order-manager/doctor/result_file.hpp"
#include "services/order-manager/fence.hpp"
#include "services/order-manager/live_lock.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/venue_command.hpp"

namespace polybot::order_manager {
namespace {

using runtime::CannotStart;

constexpr int kExitPassed = 0;
constexpr int kExitFailed = 1;

constexpr std::string_view kDoctorUsage =
    R"(usage: order-manager doctor [--config FILE] [--json]

Looks, before any order, for whatever would have the venue refuse the first one: the way to the venue, clock, protocol,
region, windows, key, wallet, API key, balance, spenders, limits, an order that is signed and not sent; and whether
another process has taken the account. It reads only, and places, cancels and makes nothing. A line for each check says what is wrong and what to do.

  --config FILE  the configuration, as a start of order-manager takes it (default: the one that a start takes)
  --json         the result as JSON; its form is described in the runbook

The result is kept as doctor.json beside the journal. Exit codes: 0 no check failed, 1 one did, 2 it could not be run.
)";

struct DoctorWords {
  bool help = false;
  bool json = false;
  std::string config;
};

DoctorWords parsed_doctor_words(const std::vector<std::string>& words) {
  DoctorWords parsed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--json") {
      parsed.json = true;
    } else if (words[i] == "--help" || words[i] == "-h") {
      parsed.help = true;
    } else if (words[i] == "--config" && i + 1 < words.size()) {
      parsed.config = words[++i];
    } else {
      throw CannotStart(words[i] == "--config"
                            ? "--config needs the name of a file"
                            : "unexpected '" + words[i] + "' (order-manager doctor --help)");
    }
  }
  return parsed;
}

Config read_doctor_config(const std::string& file) {
  runtime::config::Reader reader = runtime::load_configuration("order-manager", file);
  Config config = read_config_but_wallet(reader);
  reader.finish();
  return config;
}

std::string in_one_line(std::string text) {
  std::string line;
  std::istringstream lines(text);
  for (std::string part; std::getline(lines, part);)
    line.append(line.empty() ? "" : "; ").append(part.substr(part.find_first_not_of(' ')));
  return line;
}

void note_disk(const std::string& journal, doctor::Facts& facts) {
  const std::filesystem::path folder =
      std::filesystem::path(doctor::result_file(journal)).parent_path();
  const std::string shown = folder.empty() ? "." : folder.string();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  struct ::statvfs disk {};
  if (error) {
    facts.disk_fault =
        "the folder of the journal, " + shown + ", cannot be made: " + error.message();
  } else if (::statvfs(shown.c_str(), &disk) != 0 || ::access(shown.c_str(), W_OK | X_OK) != 0) {
    facts.disk_fault =
        "the folder of the journal, " + shown + ", cannot be written: " + std::strerror(errno);
  } else {
    facts.disk_free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
}

doctor::Facts known_before(const Config& config) {
  doctor::Facts facts;
  facts.chain_id = config.venue.chain_id;
  facts.limits = config.settings.account_limits;
  if (!facts.limits.balance_min.is_zero()) facts.balance_min = facts.limits.balance_min;
  facts.credentials_configured = config.venue.credentials.has_value();
  facts.node_configured = !config.venue.node.empty();
  facts.funder_configured = config.venue.wallet.funder.has_value();
  facts.key_file = config.venue.key.file;
  for (const std::string& file : config.venue.secret_files) {
    if (std::string exposure = runtime::exposure_of(file); !exposure.empty())
      facts.exposures.push_back(std::move(exposure));
  }
  if (std::optional<FenceNotice> fence = fence_of(config.journal_file)) {
    facts.fence = std::move(fence->what);
    facts.fence_next = std::move(fence->next);
  }
  note_disk(config.journal_file, facts);
  return facts;
}

// Empty with the reason in `facts`.
std::optional<polymarket::OrderSigner> open_key(Config& config, doctor::Facts& facts) {
  try {
    const VenueKey key = std::exchange(config.venue.key, {});
    return order_manager::open(key);
  } catch (const std::exception& error) {
    facts.key_fault = error.what();
    return std::nullopt;
  }
}

std::optional<doctor::Patient> patient_of(const Config& config,
                                          const std::optional<polymarket::OrderSigner>& signer,
                                          doctor::Facts& facts) {
  if (!signer) return std::nullopt;
  try {
    doctor::Patient patient{
        *signer, party_of(config.venue.wallet, signer->address(), config.venue.chain_id)};
    facts.wallet = patient.party.wallet;
    return patient;
  } catch (const WalletError& error) {
    facts.wallet_fault = in_one_line(error.what());
    return std::nullopt;
  }
}

doctor::Report examined(Config config, const std::string& version) {
  doctor::Progress progress;
  progress.begin("opening the key");
  doctor::Facts facts = known_before(config);
  const std::optional<polymarket::OrderSigner> signer = open_key(config, facts);
  const std::optional<doctor::Patient> patient = patient_of(config, signer, facts);
  boost::asio::io_context io(1);
  doctor::Examination examination(io.get_executor(), config, patient, progress, facts);
  boost::asio::co_spawn(io, examination.run(), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
  const runtime::Clock clock;
  return {
      .at = clock.now(),
      .version = version,
      .venue = config.venue.rest,
      .chain_id = config.venue.chain_id,
      .wallet = facts.wallet,
      .configuration = fingerprint_of(config.venue, config.settings.account_limits, facts.wallet),
      .checks = doctor::examine(facts)};
}

}  // namespace

int doctor_command(const std::vector<std::string>& arguments, const std::string& version) {
  std::optional<doctor::Report> report;
  DoctorWords words;
  std::string result;
  try {
    words = parsed_doctor_words(arguments);
    if (words.help) {
      fmt::print("{}", kDoctorUsage);
      return kExitPassed;
    }
    Config config = read_doctor_config(words.config);
    result = doctor::result_file(config.journal_file);
    report = examined(std::move(config), version);
  } catch (const std::exception& error) {
    return tell_that_it_cannot_run("doctor", error.what());
  }
  const std::string json = doctor::json_of(*report) + "\n";
  fmt::print("{}", words.json ? json : text_of(*report, look_of_output()));
  if (const std::error_code error = doctor::keep_result(result, json)) {
    std::fprintf(stderr, "doctor: the result cannot be kept in %s: %s\n", result.c_str(),
                 error.message().c_str());
    return kExitFailed;
  }
  return report->passed() ? kExitPassed : kExitFailed;
}

}  // namespace polybot::order_manager
