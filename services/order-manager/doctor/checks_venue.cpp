// What the venue says to anybody: its clock, its protocol, whether it takes orders from here and
// now.
#include <fmt/format.h>

#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/order-manager/doctor/checks.hpp"

namespace polybot::order_manager::doctor {
namespace {

using namespace std::chrono_literals;

// The venue tells whole seconds. It does not say how far a signature's time may be off; the least
// that was seen to be taken is far more than this.
constexpr domain::Duration kClockWarned = 1s;
constexpr domain::Duration kClockFailed = 5s;
constexpr const char* kSetClock = "have this host's clock set (timedatectl set-ntp true)";
constexpr const char* kNoTrade =
    "do not trade from here: PolyBot helps nobody around it; the venue's terms of use name the "
    "places where it may be used";

// The venue's clock minus ours, as far as whole seconds tell.
domain::Duration clock_offset(std::int64_t seconds, const Facts& facts) {
  const domain::Timestamp earliest = domain::from_unix_ms(seconds * 1000);
  const domain::Timestamp latest = earliest + 1s;
  if (facts.time_told < earliest) return earliest - facts.time_told;
  if (facts.time_asked >= latest) return latest - facts.time_asked;
  return {};
}

Check check_clock(const Facts& facts) {
  if (auto missing = unanswered("clock", "GET /time", facts.time, facts)) return *missing;
  const auto seconds = polymarket::parse_time(facts.time.body);
  constexpr std::int64_t kLatest = 9'000'000'000;  // in milliseconds it still has room
  if (!seconds || *seconds > kLatest)
    return fails("clock", "GET /time is answered without a time", "see that venue.rest is right");
  const domain::Duration offset = clock_offset(*seconds, facts);
  const domain::Duration off = offset < domain::Duration{} ? -offset : offset;
  const std::string what = fmt::format("this host's clock is {:.1f} s {} the venue's",
                                       std::chrono::duration<double>(off).count(),
                                       offset > domain::Duration{} ? "behind" : "ahead of");
  if (off >= kClockFailed)
    return fails("clock", what + ", which refuses signatures then", kSetClock);
  if (off > kClockWarned) return warns("clock", what, kSetClock);
  return passes("clock", "this host's clock agrees with the venue's");
}

Check check_version(const Facts& facts) {
  if (auto missing = unanswered("version", "GET /version", facts.version, facts)) return *missing;
  const auto version = polymarket::parse_version(facts.version.body);
  if (!version) {
    return fails("version", "GET /version is answered without a version",
                 "see that venue.rest is right");
  }
  if (*version != polymarket::kProtocolVersion) {
    return fails(
        "version",
        fmt::format("the venue speaks version {} of its protocol, this PolyBot {}: it would "
                    "answer \"{}\"",
                    *version, polymarket::kProtocolVersion, polymarket::refusal::kInvalidVersion),
        "do not trade; look for a newer PolyBot");
  }
  return passes("version", fmt::format("the venue speaks version {}", *version));
}

// A window is told behind the gate of the region.
bool is_of_window(const Answer& gate) {
  return gate.status == 425 || gate.status == 503;
}

// The order was empty and of nobody, so that it could not be one: 401 or 400 is what the venue says
// to such where it takes orders.
Check check_region(const Facts& facts) {
  const Answer& gate = facts.gate;
  if (gate.end != Answer::End::Answered) {
    if (auto missing = unanswered("region", "an order without a sender", gate, facts))
      return *missing;
  }
  if (gate.status == 400 || gate.status == 401 || is_of_window(gate))
    return passes("region", "the venue takes orders from this place");
  if (gate.status == 403 || gate.status == 451) {
    const bool of_venue = polymarket::parse_error_body(gate.body).has_value();
    return fails("region",
                 of_venue
                     ? "the venue takes no orders from this place: " + refusal_of(gate)
                     : fmt::format("what stands before the venue, or a proxy of yours, refuses "
                                   "orders from this place ({})",
                                   gate.status),
                 kNoTrade);
  }
  return fails("region",
               "whether the venue takes orders from this place cannot be told: an order without a "
               "sender is answered " +
                   refusal_of(gate),
               "run doctor again; do not trade before it is told");
}

Check check_site(const Facts& facts) {
  if (auto missing = unanswered("site", "the venue's geoblock page", facts.site, facts))
    return *missing;
  const auto gate = polymarket::parse_geoblock(facts.site.body);
  if (!gate) {
    return fails("site", "the venue's geoblock page says nothing of this place",
                 "see that venue.geoblock is right; do not trade before it is told");
  }
  if (!gate->blocked) return passes("site", "the venue's site does not block this place");
  const std::string place = gate->country + (gate->region.empty() ? "" : "-" + gate->region);
  return fails("site",
               "the venue's site blocks this place" + (place.empty() ? "" : " (" + place + ")"),
               kNoTrade);
}

Check check_windows(const Facts& facts) {
  const Answer& gate = facts.gate;
  if (gate.end != Answer::End::Answered) {
    if (auto missing = unanswered("windows", "an order without a sender", gate, facts))
      return *missing;
  }
  const std::string later = "wait until it has ended, then run doctor again";
  if (gate.status == 425) {
    return fails("windows", "the venue's matching engine is being restarted",
                 "wait four minutes, then run doctor again");
  }
  const auto words = polymarket::parse_error_body(gate.body).value_or("");
  const auto reason = polymarket::known_refusal(words);
  if (gate.status == 503 && reason == domain::RejectReason::PostOnlyMode)
    return fails("windows", "the venue takes only orders that rest (post-only)", later);
  if (gate.status == 503 && reason == domain::RejectReason::CancelOnly)
    return fails("windows", "the venue takes no orders, only cancels (cancel-only)", later);
  if (gate.status == 503) {
    return fails("windows", "the venue takes no orders: " + refusal_of(gate), later);
  }
  return passes("windows", "the venue tells of no post-only or cancel-only window");
}

}  // namespace

void check_venue(const Facts& facts, std::vector<Check>& checks) {
  checks.push_back(check_clock(facts));
  checks.push_back(check_version(facts));
  checks.push_back(check_region(facts));
  checks.push_back(check_site(facts));
  checks.push_back(check_windows(facts));
}

}  // namespace polybot::order_manager::doctor
