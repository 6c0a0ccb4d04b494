// How the state is made from the journal: from a snapshot and the records after it, or from the
// first record when no snapshot can be used. It also takes snapshots, piece by piece, beside the
// work of the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/journal/journal.hpp"

namespace polybot::order_manager {

// Why a snapshot is passed over.
struct SnapshotRefusal {
  std::string reason;
  bool damaged = false;  // else of another format or journal, or ahead of the journal
};

// The state a snapshot holds; if this program cannot use it, `refused` says why.
[[nodiscard]] std::optional<Ledger> ledger_of(const Journal& journal, const SnapshotLabel& label,
                                              SnapshotRefusal& refused);

struct StartUp {
  std::uint64_t snapshot_seq = 0;    // 0 = folded from the first record
  std::uint64_t folded = 0;          // records applied
  std::vector<std::string> refused;  // snapshots that were tried and could not be used
};

// Gives `core` the state at the end of the journal. `tail` sees each record that was applied;
// before that `resumed` sees the core when it continues a snapshot. Throws JournalError.
StartUp fold_journal(const Journal& journal, OrderManager& core,
                     const std::function<void(const Ledger&)>& resumed,
                     const std::function<void(const domain::StreamedEvent&)>& tail);

// Takes snapshots of a ledger whose records are all in the journal.
class SnapshotTaker {
 public:
  // Records between two snapshots: their tail is folded in a fraction of a second.
  static constexpr std::uint64_t kRecordsBetween = 50'000;
  static constexpr std::uint64_t kRecordsBeforeFirst = 1'000;

  enum class Step : std::uint8_t { Idle, Began, Wrote, Finished, Failed };
  // One bounded piece of work (about a millisecond; encoding some ten), when there is any.
  // `failure` says why on Failed; the next attempt comes after as many records again.
  [[nodiscard]] Step step(Journal& journal, const Ledger& ledger, std::string& failure);
  // Takes a whole snapshot at once, at a clean stop.
  [[nodiscard]] Step finish(Journal& journal, const Ledger& ledger, std::string& failure);

  // A new process: its first snapshot is due soon, so that a disk that takes none shows early.
  void begin_at(std::uint64_t last_seq) { due_seq_ = last_seq + kRecordsBeforeFirst; }

 private:
  void begin(Journal& journal, const Ledger& ledger);

  std::uint64_t due_seq_ = kRecordsBeforeFirst;  // the record after which the next one is taken
};

// For tools: a whole snapshot. Throws JournalError.
void write_snapshot(Journal& journal, const Ledger& ledger);

}  // namespace polybot::order_manager
