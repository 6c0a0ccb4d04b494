// The real order-manager process in its worst moments: killed at ten seeded records of its journal,
// and without room left for the next one.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <random>

#include "tests/integration/stack/small_disk.hpp"
#include "tests/integration/stack/stack.hpp"

namespace polybot::stack {
namespace {

using testing::HasSubstr;

constexpr int kGateway = 8080;
constexpr int kOrderManager = 8002;
constexpr int kSimulator = 8003;
constexpr int kKills = 10;
constexpr std::uint64_t kSeed = 20'261;
constexpr std::size_t kJournalRoom = std::size_t{24} << 20;

// The journal's newest record, read from outside; 0 = not there yet.
std::uint64_t last_record(const std::filesystem::path& journal) {
  sqlite3* db = nullptr;
  sqlite3_stmt* select = nullptr;
  std::uint64_t last = 0;
  if (sqlite3_open_v2(journal.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(db, "SELECT max(seq) FROM journal", -1, &select, nullptr) == SQLITE_OK &&
      sqlite3_step(select) == SQLITE_ROW) {
    last = static_cast<std::uint64_t>(sqlite3_column_int64(select, 0));
  }
  sqlite3_finalize(select);
  sqlite3_close(db);
  return last;
}

bool order_manager_ready(const Stack& stack) {
  return stack.get(kOrderManager, "/health/ready").status == 200;
}

TEST_F(StackTest, LosesNothingWhenKilledAtTenRecordsOfTheJournal) {
  Stack stack(folder_);
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  const std::filesystem::path journal = folder_ / "journal" / "journal.db";
  std::mt19937_64 random(kSeed);
  std::string points;
  for (int kill = 0; kill < kKills; ++kill) {
    // Somewhere in the trading that follows: right after the start, or a little later.
    const std::uint64_t target = last_record(journal) + 3 + random() % 150;
    ASSERT_TRUE(stack.wait_until([&] { return last_record(journal) >= target; }))
        << "no record " << target << "\n"
        << stack.transcript();
    const pid_t pid = stack.service("order-manager");
    ASSERT_GT(pid, 0);
    ::kill(pid, SIGKILL);
    points += " " + std::to_string(target);
    ASSERT_TRUE(stack.wait_until([&] {
      const pid_t next = stack.service("order-manager");
      return next > 0 && next != pid && order_manager_ready(stack);
    })) << "after record "
        << target << "\n"
        << stack.transcript();
  }
  std::printf("killed at the records%s\n", points.c_str());
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
}

// ---- a disk that is full ------------------------------------------------------------------------

// The journal's newest record by the metrics; 0 = not shown.
std::uint64_t shown_records(const Stack& stack) {
  const std::string metrics = stack.get(8000, "/metrics").body;
  std::smatch found;
  static const std::regex kSequence("\npolybot_journal_sequence ([0-9]+)");
  return std::regex_search(metrics, found, kSequence) ? std::stoull(found[1]) : 0;
}

TEST_F(StackTest, CancelsEverythingAndHaltsWhileItsDiskIsFullAndThenGoesOn) {
  const std::filesystem::path journal = folder_ / "journal";
  std::filesystem::create_directories(journal);
  if (!may_mount(journal)) {
    GTEST_SKIP() << "this user may not mount a file system in a namespace of its own";
  }
  Stack stack(folder_, [&] {
    if (!mount_small(journal, kJournalRoom)) ::_exit(126);
  });
  ASSERT_TRUE(stack.wait_for_line(kFills)) << stack.transcript();
  ASSERT_TRUE(order_manager_ready(stack));
  // The launcher's file system, as it is seen from here.
  const std::filesystem::path inside =
      "/proc/" + std::to_string(stack.launcher()) + "/root" + journal.string();
  const std::filesystem::path ballast = inside / "ballast";

  fill(ballast);
  Stack::Answer answer;
  ASSERT_TRUE(stack.wait_until([&] {
    // What a checkpoint frees is filled again.
    fill(ballast);
    answer = stack.get(kOrderManager, "/health/ready");
    return answer.status == 503;
  })) << stack.transcript();
  EXPECT_THAT(answer.body, HasSubstr("full"));
  // Fail closed: nothing of ours rests at the venue, and the monitoring says halted.
  ASSERT_TRUE(stack.wait_until([&] {
    return stack.get(kSimulator, "/state").body.find("\"open_orders\":0") != std::string::npos;
  })) << stack.get(kSimulator, "/state").body.substr(0, 2'000);
  ASSERT_TRUE(stack.wait_until([&] {
    return stack.get(8000, "/metrics").body.find("polybot_trading_state{strategy=\"all\"} 2") !=
           std::string::npos;
  }));
  const std::uint64_t records = shown_records(stack);
  ASSERT_GT(records, 0U);

  std::filesystem::remove(ballast);
  ASSERT_TRUE(stack.wait_until([&] { return order_manager_ready(stack); })) << stack.transcript();
  // The journaled state counts: no operator had halted, so it trades on.
  ASSERT_TRUE(stack.wait_until([&] {
    return stack.get(8000, "/metrics").body.find("polybot_trading_state{strategy=\"all\"} 0") !=
           std::string::npos;
  }));
  ASSERT_TRUE(stack.wait_until([&] { return shown_records(stack) > records + 20; }))
      << stack.transcript();
  EXPECT_EQ(stack.get(kGateway, "/api/v1/status").status, 200);
  stack.interrupt();
  EXPECT_EQ(stack.wait_for_end(), 0) << stack.transcript();
  EXPECT_THAT(stack.transcript(), HasSubstr("venue == journal == metrics"));
}

}  // namespace
}  // namespace polybot::stack
