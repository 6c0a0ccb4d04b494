// The judgement of order-manager doctor: each check is a function of what was learned. Pure.
//
// A check that cannot be made says why. It is `unchecked` when another line tells of the cause, so
// that one failure shows as one failure; a question that fails alone is a failure of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/order-manager/doctor/facts.hpp"
#include "services/order-manager/doctor/report.hpp"

namespace polybot::order_manager::doctor {

// All of them, in the order in which they are shown.
[[nodiscard]] std::vector<Check> examine(const Facts& facts);

// The parts of examine().
void check_way(const Facts& facts, std::vector<Check>& checks);
void check_venue(const Facts& facts, std::vector<Check>& checks);
void check_wallet(const Facts& facts, std::vector<Check>& checks);
void check_account(const Facts& facts, std::vector<Check>& checks);
void check_spenders(const Facts& facts, std::vector<Check>& checks);
void check_orders(const Facts& facts, std::vector<Check>& checks);
void check_fence(const Facts& facts, std::vector<Check>& checks);
void check_host(const Facts& facts, std::vector<Check>& checks);

// Makes the lines.
[[nodiscard]] Check passes(std::string name, std::string what);
[[nodiscard]] Check warns(std::string name, std::string what, std::string next);
[[nodiscard]] Check fails(std::string name, std::string what, std::string next);
[[nodiscard]] Check unchecked(std::string name, const std::string& because, std::string next = {});

// The line about a question without a good answer; empty when there is one. `question` is
// "GET /time".
[[nodiscard]] std::optional<Check> unanswered(const std::string& name, const std::string& question,
                                              const Answer& answer, const Facts& facts);
// What a refusal says, in the venue's words where it has some.
[[nodiscard]] std::string refusal_of(const Answer& answer);

// The collateral of a wallet; empty where it was not told.
[[nodiscard]] std::optional<domain::Money> balance_of(const Facts& facts,
                                                      polymarket::WalletKind kind);

}  // namespace polybot::order_manager::doctor
