#include "common/runtime/build_info.hpp"
#include "common/runtime/service.hpp"
#include "services/order-manager/config.hpp"
#include "services/order-manager/service.hpp"
#include "services/order-manager/tools/commands.hpp"

int main(int argc, char** argv) {
  using namespace polybot::order_manager;
  return polybot::runtime::run_service(
      {.name = "order-manager",
       .summary = "Risk, order state, execution at the venue, positions and P&L; owns the journal "
                  "and the keys.",
       .build = polybot::runtime::build_info(),
       .admin_port = 8002,
       .commands =
           {{"verify", "[--at N] [--json] [--orders] JOURNAL: re-fold it and print what it says",
             verify},
            {"backup",
             "[--force] JOURNAL TARGET: a consistent copy, also while it is written; --force "
             "replaces "
             "an older one",
             backup},
            {"restore",
             "BACKUP JOURNAL: put a backup in the place of a lost journal, which is set aside",
             restore},
            {"archive",
             "--before YYYY-MM-DD JOURNAL: move the records of before that day to a compressed "
             "file beside it",
             archive},
            {"export",
             "orders|fills|pnl|states|commands [--csv] JOURNAL: comma-separated values to standard "
             "output",
             export_csv},
            {"key",
             "new|import|change|show|wallets KEYSTORE: the venue key under a passphrase; key "
             "--help tells "
             "more",
             key},
            {"doctor",
             "[--config FILE] [--json]: whatever would have the venue refuse the first order, "
             "found "
             "before it; reads only",
             [](const std::vector<std::string>& arguments) {
               return doctor_command(arguments, polybot::runtime::build_info().version);
             }},
            {"livetest",
             "[--config FILE] [--market M] [--fill USD] [--json]: place, see and cancel the "
             "smallest order there is; with --fill buy the smallest amount",
             [](const std::vector<std::string>& arguments) {
               return livetest_command(arguments, polybot::runtime::build_info().version);
             }}},
       .memory_access = polybot::runtime::MemoryAccess::Forbidden},
      argc, argv, read_config, run);
}
