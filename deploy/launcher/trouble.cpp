#include "deploy/launcher/trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <chrono>

#include "deploy/launcher/display_text.hpp"
#include "deploy/launcher/json_fields.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// A restart or a warm-up takes a moment and is no trouble.
constexpr domain::Duration kPassing = 10s;

// From a reason such as "venue: the user channel is down; account: ..." the text of that component.
std::string reason_of(const ServiceView& service, std::string_view component) {
  std::string_view rest = service.reason;
  while (!rest.empty()) {
    const std::size_t end = rest.find("; ");
    const std::string_view part = rest.substr(0, end);
    if (part.starts_with(component) && part.substr(component.size()).starts_with(": "))
      return std::string(part.substr(component.size() + 2));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
  }
  return {};
}

class Finder {
 public:
  Finder(const Layout& layout, const ScreenFacts& facts) : layout_(layout), facts_(facts) {}

  std::vector<Trouble> find() {
    find_ends();
    find_journal();
    find_venue();
    find_upstream();
    find_other_services();
    if (facts_.status && !journal_lost_) find_held_back(*facts_.status);
    return std::move(troubles_);
  }

 private:
  [[nodiscard]] std::string since(const std::optional<domain::Timestamp>& at) const {
    return at ? clock_text(*at, facts_.now) : std::string();
  }
  [[nodiscard]] std::string log_of(const ServiceView& service) const {
    return (layout_.data / "logs" / (service.name + ".log")).string();
  }

  void find_ends() {
    for (const ServiceView& service : facts_.services) {
      const bool loops = service.ends_in_a_row > 1;
      if (service.running && !loops) continue;
      if (!service.ended_at) continue;
      told_.push_back(service.name);
      if (service.fenced) {
        troubles_.push_back(
            {service.name + " has ended for good: " + service.cause, since(service.ended_at),
             "end the other one, then do what " + log_of(service) + " says; or end this stack"});
      } else if (loops) {
        troubles_.push_back(
            {fmt::format("{} ended {} times in a row: {}", service.name, service.ends_in_a_row,
                         service.cause),
             since(service.ending_since),
             "mend the cause; it is started again by itself (" + log_of(service) + ")"});
      } else {
        troubles_.push_back({service.name + " " + service.reason, since(service.ended_at),
                             "it is being started again (" + log_of(service) + ")"});
      }
    }
  }

  void find_journal() {
    for (const ServiceView& service : facts_.services) {
      const std::string reason = reason_of(service, "journal");
      if (reason.empty() || is_told(service) || !lasts(service)) continue;
      journal_lost_ = true;
      told_.push_back(service.name);
      troubles_.push_back(
          {"the journal: " + reason + "; all orders are canceled and trading is halted",
           since(service.not_ready_since),
           "free space where " + layout_.journal.parent_path().string() +
               " is, or mend what it says; trading goes on by itself"});
    }
  }

  // The other lacks of order-manager, gateway and runners then follow from it.
  void find_venue() {
    std::optional<domain::Timestamp> begun;
    std::vector<std::string> said;
    for (const ServiceView& service : facts_.services) {
      std::string reason = reason_of(service, "venue");
      if (reason.empty()) reason = reason_of(service, "feed");
      if (reason.empty() || is_told(service) || !service.not_ready_since) continue;
      said.push_back(std::move(reason));
      begun = std::min(begun.value_or(*service.not_ready_since), *service.not_ready_since);
    }
    if (said.empty() || facts_.now - *begun < kPassing) return;
    for (const ServiceView& service : facts_.services) {
      const bool needs_venue = service.service == "order-manager" || service.service == "gateway" ||
                               service.service == "strategy-runner";
      if (needs_venue && service.running) told_.push_back(service.name);
    }
    std::string help = "nothing, it is tried again all the time";
    if (!layout_.simulator_url.empty()) {
      help += "; of the simulated venue " + layout_.simulator_url +
              "/faults lists faults that are on, DELETE .../faults/NAME ends one";
    }
    troubles_.push_back(
        {"the venue: " + boost::algorithm::join(said, "; "), since(begun), std::move(help)});
  }

  // The gateway that reads the real venue says what is odd there, though it is ready.
  void find_upstream() {
    if (!facts_.upstream) return;
    for (const std::string& notice : texts_field(object_field(*facts_.upstream, "feed"), "notices"))
      troubles_.push_back({std::string(kUpstream) + ": " + notice, "", ""});
  }

  void find_other_services() {
    for (const ServiceView& service : facts_.services) {
      if (service.ready || is_told(service) || !lasts(service)) continue;
      troubles_.push_back({service.name + " is not ready: " + service.reason,
                           since(service.not_ready_since), "see " + log_of(service)});
    }
  }

  // What holds trading back: the account before its strategies, because they cannot trade more than
  // it may.
  void find_held_back(const json::object& status) {
    const std::string account = text_field(status, "trading_state");
    const std::string trading = layout_.gateway_url + "/api/v1/trading/";
    if (account == "halted" || account == "reducing") {
      add_held_back("trading is " + account + " for the whole account", "all",
                    object_field(status, "trading"),
                    "POST " + trading + "resume resumes it (token: make token)");
    }
    for (const json::object& strategy : objects_field(status, "strategies")) {
      const std::string name = text_field(strategy, "name");
      if (const std::string state = state_of_its_own(strategy, account); !state.empty()) {
        add_held_back("strategy " + name + " is " + state, name, strategy,
                      "POST " + trading + "resume?strategy=" + name + " resumes it");
      }
      // A stop that the configuration asks for is no trouble: the state of the strategy shows it.
      const std::string stop = notice_beginning("strategy " + name + " is stopped");
      if (!is_not_false(strategy, "enabled") && !stop.empty()) {
        add_held_back(
            stop.substr(0, stop.find("; POST ")), name + " enabled", {},
            "POST " + layout_.gateway_url + "/api/v1/strategies/" + name + "/start starts it");
      }
    }
    // The notices repeat what has been said above.
    for (const std::string& text : texts_field(status, "notices")) {
      const bool is_told_above = text.starts_with("trading is ") ||
                                 text.find(" is halted") != std::string::npos ||
                                 text.find(" is reducing") != std::string::npos ||
                                 text.find(" is stopped") != std::string::npos;
      if (!text.empty() && !is_told_above)
        troubles_.push_back({text, "", "", Trouble::ToldBy::Gateway});
    }
  }

  // "halted" or "reducing" when the strategy itself is so; empty when only the account is.
  static std::string state_of_its_own(const json::object& strategy, const std::string& account) {
    const std::string own = text_field(strategy, "own_trading_state");
    const std::string state = text_field(strategy, "trading_state");
    const std::string& told = own.empty() ? state : own;
    const bool is_restricted = told == "halted" || told == "reducing";
    return is_restricted && (!own.empty() || state != account) ? told : std::string();
  }

  // The first of the gateway's notices with this beginning; empty when there is none.
  [[nodiscard]] std::string notice_beginning(std::string_view beginning) const {
    for (const std::string& notice : texts_field(*facts_.status, "notices")) {
      if (notice.starts_with(beginning)) return notice;
    }
    return {};
  }

  // `own` may hold since when, by whom and why, and until when that is acknowledged.
  void add_held_back(std::string what, const std::string& scope, const json::object& own,
                     std::string remedy) {
    const std::string by = text_field(own, "by");
    const std::string reason = text_field(own, "reason");
    const std::string said = text_field(own, "since");
    if (!by.empty()) what += " by " + by;
    if (!reason.empty() && reason != by) what += " (" + reason + ")";
    const std::string stated = text_field(own, "stated_reason");
    if (!stated.empty()) what += ": " + stated;
    const std::string until = text_field(own, "acknowledged_until");
    if (!until.empty()) what += ", acknowledged until " + clock_text(until, facts_.now);
    std::string begun = clock_text(said, facts_.now);
    const auto seen = facts_.states_since.find(scope);
    if (begun.empty() && seen != facts_.states_since.end())
      begun = clock_text(seen->second, facts_.now);
    troubles_.push_back(
        {std::move(what), std::move(begun), std::move(remedy), Trouble::ToldBy::Gateway});
  }

  [[nodiscard]] bool is_told(const ServiceView& service) const {
    return std::find(told_.begin(), told_.end(), service.name) != told_.end();
  }
  [[nodiscard]] bool lasts(const ServiceView& service) const {
    return service.not_ready_since && facts_.now - *service.not_ready_since >= kPassing;
  }

  const Layout& layout_;
  const ScreenFacts& facts_;
  std::vector<Trouble> troubles_;
  std::vector<std::string> told_;  // services of which the cause is in the list
  bool journal_lost_ = false;
};

}  // namespace

std::string Trouble::text() const {
  return what + (since.empty() ? "" : ", since " + since) + (remedy.empty() ? "" : ": " + remedy);
}

std::vector<Trouble> find_troubles(const Layout& layout, const ScreenFacts& facts) {
  return Finder(layout, facts).find();
}

}  // namespace polybot::launcher
