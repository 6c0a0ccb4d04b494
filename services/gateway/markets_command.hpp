// "gateway markets --dry-run": what the configuration would choose of the venue's listing, and why
// not the rest. Reads the listing once, from the first page to the last; keeps and changes nothing.
#pragma once

#include <string>
#include <vector>

namespace polybot::gateway {

// --dry-run [--config FILE] [--venue URL] [--json]. Without FILE the environment and the defaults
// count. URL is the host that lists markets; without it, FILE and POLYBOT_VENUE__GAMMA it is the
// public one of the real venue. Prints the chosen ones, best first, each with why, then how many
// are not and why, with the first few of each. 0: it is printed; throws runtime::CannotStart for
// wrong arguments, a wrong configuration, and a listing that cannot be read.
int markets_command(const std::vector<std::string>& arguments);

}  // namespace polybot::gateway
