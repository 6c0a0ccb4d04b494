// Starting from the journal: the whole fold of a million records, and a snapshot with a tail of a
// hundred thousand, each beside reading the same rows from SQLite and ignoring them. The loop time
// of one snapshot is printed too. (Orders made durable per second: order_intake_bench.cpp.)
#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "services/order-manager/core/ledger/ledger_image.hpp"
#include "services/order-manager/start_up.hpp"
#include "tests/support/order_history.hpp"

namespace polybot::order_manager {
namespace {

constexpr std::uint64_t kRecords = 1'000'000;
constexpr std::uint64_t kTail = 100'000;

// Made once: a million records, with a snapshot of all but the tail.
class MillionRecords {
 public:
  MillionRecords() {
    std::string name = (std::filesystem::temp_directory_path() / "bench-journal-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    path_ = (folder_ / "journal.db").string();
    Journal journal(path_, JournalAccess::ReadWrite);
    test::OrderHistory history;
    Ledger ledger;
    std::vector<domain::Event> batch;
    for (std::uint64_t seq = 1; seq <= kRecords; ++seq) {
      batch.push_back(history.next());
      ledger.apply(batch.back());
      if (batch.size() == 1'000) {
        if (!journal.append(batch).empty()) throw std::runtime_error("no room for the journal");
        batch.clear();
      }
      if (seq == kRecords - kTail) write_snapshot(journal, ledger);
    }
  }
  ~MillionRecords() { std::filesystem::remove_all(folder_); }
  MillionRecords(const MillionRecords&) = delete;
  MillionRecords& operator=(const MillionRecords&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::size_t image_bytes() const { return image_bytes_; }
  [[nodiscard]] double encode_ms() const { return encode_ms_; }
  [[nodiscard]] double part_ms_max() const { return part_ms_max_; }

  static const MillionRecords& instance() {
    static const MillionRecords made;
    return made;
  }

 private:
  static double ms_since(std::chrono::steady_clock::time_point begun) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
        .count();
  }
  void write_snapshot(Journal& journal, const Ledger& ledger) {
    auto begun = std::chrono::steady_clock::now();
    std::string image = encode_ledger(ledger);
    encode_ms_ = ms_since(begun);
    image_bytes_ = image.size();
    journal.snapshots().begin({.seq = ledger.last_seq(),
                               .journal_id = ledger.journal_id(),
                               .fingerprint = ledger_fingerprint()},
                              std::move(image));
    while (journal.snapshots().writing()) {
      begun = std::chrono::steady_clock::now();
      if (!journal.snapshots().write_part().empty()) throw std::runtime_error("no snapshot");
      part_ms_max_ = std::max(part_ms_max_, ms_since(begun));
    }
  }

  std::filesystem::path folder_;
  std::string path_;
  std::size_t image_bytes_ = 0;
  double encode_ms_ = 0;
  double part_ms_max_ = 0;
};

std::optional<VenueIdentity> no_identity(const domain::Order&, const domain::Market&) {
  return std::nullopt;
}

// Reference: the bytes alone.
void read_rows(const std::string& path, std::uint64_t from) {
  sqlite3* db = nullptr;
  sqlite3_stmt* select = nullptr;
  sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
  sqlite3_prepare_v2(db, "SELECT seq, body FROM journal WHERE seq >= ? ORDER BY seq", -1, &select,
                     nullptr);
  sqlite3_bind_int64(select, 1, static_cast<sqlite3_int64>(from));
  std::uint64_t bytes = 0;
  while (sqlite3_step(select) == SQLITE_ROW) {
    bytes += static_cast<std::uint64_t>(sqlite3_column_bytes(select, 1));
    benchmark::DoNotOptimize(sqlite3_column_blob(select, 1));
  }
  benchmark::DoNotOptimize(bytes);
  sqlite3_finalize(select);
  sqlite3_close(db);
}

void BM_ReadAMillionRows_Reference(benchmark::State& state) {
  const std::string& path = MillionRecords::instance().path();
  for (auto _ : state) read_rows(path, 1);
}
BENCHMARK(BM_ReadAMillionRows_Reference)->Unit(benchmark::kMillisecond)->Iterations(2);

void BM_FoldAMillionRecords(benchmark::State& state) {
  const Journal journal(MillionRecords::instance().path(), JournalAccess::ReadOnly);
  for (auto _ : state) {
    OrderManager core(Settings{}, no_identity);
    journal.read(1, kRecords, [&](const domain::Event& event) { (void)core.apply(event); });
    if (core.ledger().last_seq() != kRecords) state.SkipWithError("not folded");
  }
  state.counters["records/s"] = benchmark::Counter(static_cast<double>(kRecords),
                                                   benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_FoldAMillionRecords)->Unit(benchmark::kMillisecond)->Iterations(2);

void BM_ReadTheTailsRows_Reference(benchmark::State& state) {
  const std::string& path = MillionRecords::instance().path();
  for (auto _ : state) read_rows(path, kRecords - kTail + 1);
}
BENCHMARK(BM_ReadTheTailsRows_Reference)->Unit(benchmark::kMillisecond)->Iterations(5);

void BM_StartFromASnapshotAndATailOf100k(benchmark::State& state) {
  const MillionRecords& made = MillionRecords::instance();
  for (auto _ : state) {
    const Journal journal(made.path(), JournalAccess::ReadOnly);
    OrderManager core(Settings{}, no_identity);
    const StartUp started = fold_journal(
        journal, core, [](const Ledger&) {}, [](const domain::StreamedEvent&) {});
    if (started.folded != kTail) state.SkipWithError("not from the snapshot");
  }
  state.counters["image_MB"] = static_cast<double>(made.image_bytes()) / 1e6;
  state.counters["encode_ms"] = made.encode_ms();
  state.counters["part_ms_max"] = made.part_ms_max();
}
BENCHMARK(BM_StartFromASnapshotAndATailOf100k)->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace
}  // namespace polybot::order_manager

BENCHMARK_MAIN();
