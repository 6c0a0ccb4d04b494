#include "deploy/launcher/overrides.hpp"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <sstream>

#include "common/runtime/config_text.hpp"
#include "common/runtime/service.hpp"
#include "deploy/launcher/last_words.hpp"
#include "deploy/launcher/program_output.hpp"

namespace polybot::launcher {
namespace {

namespace config = runtime::config;
using boost::algorithm::join;

bool is_ours(const std::string& variable) {
  return variable.starts_with(config::kEnvironmentPrefix);
}

std::set<std::string, std::less<>> all_keys(const KnownKeys& known) {
  std::set<std::string, std::less<>> all;
  for (const auto& [service, keys] : known) all.insert(keys.begin(), keys.end());
  return all;
}

// The names N for which a service knows the key strategies.N.`key`.
std::vector<std::string> strategies_of(const KnownKeys& known, const std::string& service,
                                       std::string_view key) {
  constexpr std::string_view kTable = "strategies.";
  std::vector<std::string> names;
  const auto keys = known.find(service);
  if (keys == known.end()) return names;
  const std::string end = "." + std::string(key);
  for (const std::string& one : keys->second) {
    if (!one.starts_with(kTable) || !one.ends_with(end)) continue;
    const std::string name = one.substr(kTable.size(), one.size() - kTable.size() - end.size());
    if (name.find('.') == std::string::npos) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> missing_from(const std::vector<std::string>& these,
                                      const std::vector<std::string>& those) {
  std::vector<std::string> missing;
  std::set_difference(those.begin(), those.end(), these.begin(), these.end(),
                      std::back_inserter(missing));
  return missing;
}

// Whether the variable reaches a process as it was given, and whether a value of the launcher
// replaced it.
struct Fate {
  bool taken = false;
  bool overruled = false;
};
Fate fate_of(const Layout& layout, const Environment& given, const std::string& variable,
             const std::string& value) {
  const std::string key = config::key_of(variable);
  Fate fate;
  for (const auto* plans : {&layout.services, &layout.runners}) {
    for (const ServicePlan& plan : *plans) {
      for (const auto& [name, text] : plan.spec.environment) {
        const bool is_twin = name != variable && given.contains(name);
        if (!is_ours(name) || config::key_of(name) != key || is_twin) continue;
        const bool is_taken = name == variable && text == value;
        // The real venue of a paper stack is this one's; the others have the simulated one.
        if (is_taken && plan.spec.name == kUpstream) return {.taken = true, .overruled = false};
        (is_taken ? fate.taken : fate.overruled) = true;
      }
    }
  }
  return fate;
}

}  // namespace

KnownKeys ask_for_keys(const std::filesystem::path& programs,
                       const std::filesystem::path& configuration, const Environment& environment) {
  Environment given = passed_on(environment);
  for (const auto& [variable, value] : environment) {
    if (is_ours(variable)) given[variable] = value;  // some make a whole table known
  }
  KnownKeys known;
  for (const std::string& service : service_names()) {
    ProgramSpec spec;
    spec.name = service;
    spec.program = programs / service;
    spec.arguments = {"--config", (configuration / (service + ".toml")).string(), "--list-keys"};
    spec.environment = given;
    const ProgramOutput output = run_to_its_end(spec);
    if (!output.end.clean())
      throw BadOption(service + " cannot read its configuration (" + output.end.text() + "):\n" +
                      join(last_words(output.text, "", {}, {}), "\n"));
    std::istringstream lines(output.text);
    for (std::string key; std::getline(lines, key);) known[service].insert(key);
  }
  return known;
}

void check_overrides(const Layout& layout, const Environment& environment, const KnownKeys& known) {
  std::vector<std::string> refused;
  std::map<std::string, std::string> variables;  // by key
  for (const auto& [variable, value] : environment) {
    if (!is_ours(variable)) continue;
    const auto [first, is_first] = variables.try_emplace(config::key_of(variable), variable);
    const Fate fate = fate_of(layout, environment, variable, value);
    if (!is_first) {
      refused.push_back(first->second + " and " + variable + " both set " + first->first +
                        "; unset one of them");
    } else if (fate.overruled) {
      refused.push_back(variable +
                        ": the launcher itself sets this (DATA, PORT_OFFSET, SEED, EDGE, "
                        "RECORDING, SPEED and CONFIG are there to choose)");
    } else if (!fate.taken && !config::is_for_others(variable, value)) {
      const std::string close = config::closest(config::key_of(variable), all_keys(known));
      refused.push_back(
          variable + ": no service has such a key" +
          (close.empty() ? "" : " (did you mean " + config::variable_of(close) + "?)"));
    }
  }
  if (!refused.empty()) throw BadOption(join(refused, "\n"));
}

void check_values(const Layout& layout) {
  std::vector<const ServicePlan*> plans;
  for (const ServicePlan& plan : layout.services) plans.push_back(&plan);
  plans.push_back(&layout.runners.front());  // they differ in names and ports
  for (const ServicePlan* plan : plans) {
    ProgramSpec spec = plan->spec;
    spec.arguments.emplace_back("--check-config");
    const ProgramOutput output = run_to_its_end(spec);
    if (!output.end.clean())
      throw BadOption(plan->service + " cannot start with this configuration:\n" +
                      join(last_words(output.text, "", {}, {}), "\n"));
  }
}

void check_venue(const std::filesystem::path& configuration) {
  const auto venue_of = [&](const char* service) {
    config::Reader reader = runtime::load_configuration(
        service, (configuration / (std::string(service) + ".toml")).string());
    return reader.string("venue.rest", "") + " and " + reader.string("venue.gamma", "");
  };
  const std::string traded = venue_of("order-manager");
  const std::string watched = venue_of("gateway");
  if (traded == watched) return;
  throw BadOption("order-manager would trade at " + traded + ", and gateway would watch " +
                  watched + ": write the same venue.rest and venue.gamma into both files of " +
                  configuration.string());
}

std::vector<std::string> check_strategies(const KnownKeys& known) {
  const std::vector<std::string> decided = strategies_of(known, "strategy-runner", "type");
  const std::vector<std::string> managed = strategies_of(known, "order-manager", "enabled");
  std::vector<std::string> never;
  for (const std::string& name : missing_from(managed, decided)) {
    never.push_back("strategy " + name +
                    " is in strategy-runner.toml alone and would never trade: order-manager.toml "
                    "needs [strategies." +
                    name + "] with enabled = true as well");
  }
  if (!never.empty()) throw BadOption(join(never, "\n"));
  std::vector<std::string> notes;
  for (const std::string& name : missing_from(decided, managed)) {
    notes.push_back("strategy " + name + " is in order-manager.toml alone: without [strategies." +
                    name + "] in strategy-runner.toml no runner has it");
  }
  return notes;
}

}  // namespace polybot::launcher
