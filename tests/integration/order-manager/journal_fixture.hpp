// A folder with a journal of ordinary trading.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "services/order-manager/core/ledger/ledger_image.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "tests/support/order_history.hpp"

namespace polybot::order_manager {

class TradedJournal : public testing::Test {
 protected:
  TradedJournal() {
    std::string name = testing::TempDir() + "journal-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = (folder_ / "journal.db").string();
  }
  ~TradedJournal() override { std::filesystem::remove_all(folder_); }

  // Appends the next `count` records of the history.
  void trade(Journal& journal, std::uint64_t count) {
    std::vector<domain::Event> batch;
    for (std::uint64_t i = 0; i < count; ++i) {
      batch.push_back(history_.next());
      expected_.apply(batch.back());
      if (batch.size() < 500 && i + 1 < count) continue;
      ASSERT_EQ(journal.append(batch), "");
      batch.clear();
    }
  }

  // Writes a snapshot of the whole history so far.
  void snapshot(Journal& journal) const {
    journal.snapshots().begin(label_of(expected_), encode_ledger(expected_));
    while (journal.snapshots().writing()) ASSERT_EQ(journal.snapshots().write_part(), "");
  }

  static SnapshotLabel label_of(const Ledger& ledger) {
    return {.seq = ledger.last_seq(),
            .journal_id = ledger.journal_id(),
            .fingerprint = ledger_fingerprint()};
  }

  static Ledger fold(const Journal& journal) {
    Ledger ledger;
    journal.read(1, UINT64_MAX, [&](const domain::Event& event) { ledger.apply(event); });
    return ledger;
  }

  void sql(const std::string& statement) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  std::filesystem::path folder_;
  std::string path_;
  test::OrderHistory history_;
  Ledger expected_;  // the fold of what was appended
};

}  // namespace polybot::order_manager
