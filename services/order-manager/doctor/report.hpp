// What order-manager doctor or livetest has found: a line for each check, for people and for
// programs. Pure.
//
// The JSON, printed by --json; that of doctor is kept in the result file (result_file.hpp):
//
//   {"doctor":1,                       the format; "livetest" of that
//    "at":"2026-06-08T12:00:00.123Z",  when the last check had ended (UTC)
//    "version":"0.1.0",                of PolyBot
//    "venue":"https://…",              venue.rest
//    "chain_id":137,
//    "wallet":{"kind":"safe","signature_type":2,"address":"0x…","owner":"0x…"},   null: unknown
//    "configuration":"3f…",            what it looked at: fingerprint_of() of live_lock.hpp
//    "verdict":"pass",                 pass or fail
//    "next":"…",                       what to do first; "" when there is nothing
//    "checks":[{"name":"clock","verdict":"pass","what":"…","next":""}, …]}
//
// The verdict of a check is pass, warn, fail or unchecked. A failed check makes the whole fail; a
// warning and a check that could not be made do not, because what kept it from being made has a
// line of its own, or is a matter of configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"
#include "common/polymarket/venue_wallet.hpp"

namespace polybot::order_manager::doctor {

enum class Verdict : std::uint8_t { Pass, Warn, Fail, Unchecked };

struct Check {
  std::string name;  // "clock"
  Verdict verdict = Verdict::Pass;
  std::string what;  // what was found, in one line
  std::string next;  // what to do about it, in one line; empty when it passes
};

struct Report {
  std::string command = "doctor";
  domain::Timestamp at{};
  std::string version;
  std::string venue;
  std::uint64_t chain_id = 0;
  std::optional<polymarket::VenueWallet> wallet;
  std::string configuration;  // see above
  std::vector<Check> checks;

  [[nodiscard]] bool passed() const;
};

enum class Look : std::uint8_t { Plain, Coloured };

// A head, a line for each check, and a last line with the verdict and what to do first. Control
// characters in texts of the venue are replaced, so that they cannot draw on a terminal.
[[nodiscard]] std::string text_of(const Report& report, Look look);
[[nodiscard]] std::string json_of(const Report& report);

}  // namespace polybot::order_manager::doctor
