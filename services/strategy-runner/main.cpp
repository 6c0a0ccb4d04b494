// strategy-runner: trades the shards it has leased by emitting signals. It has no connection to the
// outside world.
#include "common/runtime/build_info.hpp"
#include "common/runtime/service.hpp"
#include "services/strategy-runner/config.hpp"
#include "services/strategy-runner/service.hpp"

int main(int argc, char** argv) {
  using namespace polybot;
  return runtime::run_service({.name = "strategy-runner",
                               .summary = "Runs strategies over leased shards and emits signals.",
                               .build = runtime::build_info(),
                               .admin_port = 8010},
                              argc, argv, strategy_runner::read_config, strategy_runner::run);
}
