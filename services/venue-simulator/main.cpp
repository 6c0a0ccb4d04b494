#include "common/runtime/build_info.hpp"
#include "common/runtime/service.hpp"
#include "services/venue-simulator/config.hpp"
#include "services/venue-simulator/service.hpp"

int main(int argc, char** argv) {
  return polybot::runtime::run_service(
      {.name = "venue-simulator",
       .summary = "A prediction-market venue to trade against: the real one's REST and WebSocket "
                  "protocol over a simulated exchange.",
       .build = polybot::runtime::build_info(),
       .admin_port = 8003},
      argc, argv, polybot::venue_simulator::read_config, polybot::venue_simulator::run);
}
