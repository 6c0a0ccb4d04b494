#include "common/runtime/build_info.hpp"
#include "common/runtime/service.hpp"
#include "services/gateway/config.hpp"
#include "services/gateway/service.hpp"

int main(int argc, char** argv) {
  return polybot::runtime::run_service(
      {.name = "gateway",
       .summary = "Market data in from the venue, client API out, operator commands in.",
       .build = polybot::runtime::build_info(),
       .admin_port = 8001},
      argc, argv, polybot::gateway::read_config, polybot::gateway::run);
}
