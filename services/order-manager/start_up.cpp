#include "services/order-manager/start_up.hpp"

#include <algorithm>
#include <utility>

#include "services/order-manager/core/ledger/ledger_image.hpp"

namespace polybot::order_manager {
namespace {

std::string name_of(const SnapshotLabel& label) {
  return "the snapshot of record " + std::to_string(label.seq);
}

// The order in which snapshots are tried: first those that leave a tail for replays, last those
// whose tail begins in an archive, which may be on another disk by now.
std::vector<SnapshotLabel> candidates(const Journal& journal) {
  std::vector<SnapshotLabel> labels = journal.snapshots().labels();  // newest first
  std::stable_partition(
      labels.begin(), labels.end(),
      [last = journal.last_seq()](const auto& label) { return label.seq + kReplayTail <= last; });
  std::stable_partition(
      labels.begin(), labels.end(),
      [first = journal.first_kept()](const auto& label) { return label.seq + 1 >= first; });
  return labels;
}

}  // namespace

std::optional<Ledger> ledger_of(const Journal& journal, const SnapshotLabel& label,
                                SnapshotRefusal& refused) {
  if (label.fingerprint != ledger_fingerprint()) {
    refused = {.reason = name_of(label) + " is of another format"};
    return std::nullopt;
  }
  if (label.journal_id != journal.journal_id() || label.seq > journal.last_seq()) {
    refused = {.reason = name_of(label) + " is of another journal"};
    return std::nullopt;
  }
  const std::optional<std::string> image = journal.snapshots().read(label);
  std::optional<Ledger> ledger = image ? decode_ledger(*image) : std::nullopt;
  if (!ledger || ledger->last_seq() != label.seq || ledger->journal_id() != label.journal_id) {
    refused = {.reason = name_of(label) + " is damaged", .damaged = true};
    return std::nullopt;
  }
  return ledger;
}

StartUp fold_journal(const Journal& journal, OrderManager& core,
                     const std::function<void(const Ledger&)>& resumed,
                     const std::function<void(const domain::StreamedEvent&)>& tail) {
  StartUp result;
  // Folding the first records of a journal is faster than taking a snapshot of them.
  const bool is_short = journal.last_seq() <= kReplayTail && journal.archives().empty();
  const auto labels = is_short ? std::vector<SnapshotLabel>{} : candidates(journal);
  for (const SnapshotLabel& label : labels) {
    SnapshotRefusal refused;
    if (std::optional<Ledger> ledger = ledger_of(journal, label, refused)) {
      core.restore(std::move(*ledger));
      result.snapshot_seq = label.seq;
      resumed(core.ledger());
      break;
    }
    result.refused.push_back(std::move(refused.reason));
  }
  journal.read(result.snapshot_seq + 1, journal.last_seq(), [&](const domain::Event& event) {
    tail(core.apply(event));
    ++result.folded;
  });
  return result;
}

void SnapshotTaker::begin(Journal& journal, const Ledger& ledger) {
  due_seq_ = ledger.last_seq() + kRecordsBetween;
  journal.snapshots().begin({.seq = ledger.last_seq(),
                             .journal_id = ledger.journal_id(),
                             .fingerprint = ledger_fingerprint()},
                            encode_ledger(ledger));
}

SnapshotTaker::Step SnapshotTaker::step(Journal& journal, const Ledger& ledger,
                                        std::string& failure) {
  if (journal.snapshots().writing()) {
    failure = journal.snapshots().write_part();
    if (!failure.empty()) return Step::Failed;
    return journal.snapshots().writing() ? Step::Wrote : Step::Finished;
  }
  if (ledger.last_seq() < due_seq_) return Step::Idle;
  begin(journal, ledger);
  return Step::Began;
}

SnapshotTaker::Step SnapshotTaker::finish(Journal& journal, const Ledger& ledger,
                                          std::string& failure) {
  begin(journal, ledger);
  Step done = Step::Wrote;
  while (done == Step::Wrote) done = step(journal, ledger, failure);
  return done;
}

void write_snapshot(Journal& journal, const Ledger& ledger) {
  std::string failure;
  if (SnapshotTaker().finish(journal, ledger, failure) != SnapshotTaker::Step::Finished)
    throw JournalError("no snapshot could be written: " + failure);
}

}  // namespace polybot::order_manager
