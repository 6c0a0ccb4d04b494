#include "services/order-manager/tools/snapshot_check.hpp"

#include <fmt/format.h>

#include <utility>

#include "services/order-manager/start_up.hpp"
#include "services/order-manager/tools/report.hpp"

namespace polybot::order_manager {

SnapshotCheck fold_and_check(const Journal& journal, std::uint64_t at, Ledger& ledger) {
  SnapshotCheck check;
  std::vector<Ledger> resumed;
  for (const SnapshotLabel& label : journal.snapshots().labels()) {
    if (label.seq > at) continue;
    SnapshotRefusal refused;
    if (auto begun = ledger_of(journal, label, refused)) {
      resumed.push_back(std::move(*begun));
    } else {
      (refused.damaged ? check.damaged : check.unused).push_back(std::move(refused.reason));
    }
  }
  // Compared record by record, so that a difference in a snapshot's own state is told from one in
  // its tail.
  std::vector<std::uint64_t> starts;
  for (const Ledger& begun : resumed) starts.push_back(begun.last_seq());
  journal.read(1, at, [&](const domain::Event& event) {
    ledger.apply(event);
    for (std::size_t i = 0; i < resumed.size(); ++i) {
      if (event.seq > starts[i]) resumed[i].apply(event);
      if (event.seq != starts[i] || resumed[i].digest() == ledger.digest()) continue;
      check.wrong.push_back(
          fmt::format("the snapshot of record {} is not the fold up to there", starts[i]));
    }
  });
  for (std::size_t i = 0; i < resumed.size(); ++i) {
    if (resumed[i].digest() == ledger.digest()) {
      ++check.equal;
    } else {
      check.wrong.push_back(fmt::format(
          "the fold from the snapshot of record {} differs from the whole fold", starts[i]));
    }
  }
  return check;
}

std::vector<std::string> faults_of(const Ledger& ledger, const SnapshotCheck& check) {
  std::vector<std::string> faults = broken_identities(ledger);
  faults.insert(faults.end(), check.wrong.begin(), check.wrong.end());
  return faults;
}

std::string text_of(const SnapshotCheck& check) {
  std::string text;
  if (check.equal > 0) {
    text += fmt::format("{} snapshots, each with its tail equal to the whole fold\n", check.equal);
  }
  for (const std::string& unused : check.unused) text += unused + "; it is not used\n";
  return text;
}

}  // namespace polybot::order_manager
