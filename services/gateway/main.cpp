#include "common/runtime/build_info.hpp"
#include "common/runtime/service.hpp"
#include "services/gateway/api/access/token_command.hpp"
#include "services/gateway/config.hpp"
#include "services/gateway/markets_command.hpp"
#include "services/gateway/service.hpp"

int main(int argc, char** argv) {
  return polybot::runtime::run_service(
      {.name = "gateway",
       .summary = "Market data in from the venue, client API out, operator commands in.",
       .build = polybot::runtime::build_info(),
       .admin_port = 8001,
       .commands =
           {{"token",
             "add NAME [--read]|revoke NAME|list [FOLDER]: the named API tokens of a data "
             "folder, also while the gateway runs",
             polybot::gateway::token_command},
            {"markets",
             "--dry-run [--config FILE] [--venue URL] [--json]: reads the venue's listing once "
             "(without FILE and URL that of the real venue), prints which markets "
             "[markets] chooses, and why, and why the others are not, and ends",
             polybot::gateway::markets_command}}},
      argc, argv, polybot::gateway::read_config, polybot::gateway::run);
}
