// A restart of the aggregator loses nothing while its state is there; and it reports when the state
// is missing or cannot be written.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>

#include "common/runtime/until_one_ends.hpp"
#include "services/metrics-aggregator/state/state_file.hpp"
#include "tests/integration/metrics-aggregator/restartable_aggregator.hpp"

namespace polybot::metrics_aggregator {
namespace {

const std::map<std::string, std::string> kArbitrage = {{"strategy", "arbitrage"}};
constexpr const char* kScans = "polybot_scans_total";
constexpr const char* kLoaded = "polybot_aggregator_state_loaded";
constexpr const char* kFailures = "polybot_aggregator_state_write_failures_total";

// Makes every write of the process beyond this size of any file fail, as a full disk would.
class FileSizeLimit {
 public:
  FileSizeLimit(pid_t process, rlim_t bytes) : process_(process) {
    EXPECT_EQ(::prlimit(process_, RLIMIT_FSIZE, nullptr, &before_), 0);
    const rlimit limit{bytes, before_.rlim_max};
    EXPECT_EQ(::prlimit(process_, RLIMIT_FSIZE, &limit, nullptr), 0);
  }
  ~FileSizeLimit() { EXPECT_EQ(::prlimit(process_, RLIMIT_FSIZE, &before_, nullptr), 0); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  pid_t process_;
  rlimit before_{};
};

class AggregatorState : public RestartableAggregator {
 protected:
  // Starts an aggregator, then a runner that has counted `count` scans, and sees them shown.
  metrics::Counter start_counting(double count) {
    start();
    wait_until_it_counts_from_zero();
    runner_ = start_sender("strategy-runner", "runner-1");
    metrics::Counter scans = runner_->registry().counter("polybot_scans_total", {"arbitrage"});
    runner_->registry().histogram("polybot_scan_duration_seconds", {"arbitrage"}).observe(0.00001);
    scans.add(count);
    eventually([&] { return value(kScans, kArbitrage) == count; });
    return scans;
  }

  std::unique_ptr<metrics::ServiceMetrics> runner_;
};

TEST_F(AggregatorState, ARestartedAggregatorContinuesEveryCounter) {
  metrics::Counter scans = start_counting(41);
  EXPECT_EQ(value(kLoaded), 0) << "the first start has nothing to go on from";
  const PrometheusText before = scraped();
  kill();
  scans.increment();
  start();
  // The first readable value is the last one that was read before.
  EXPECT_GE(value(kScans, kArbitrage), 41);
  eventually([&] { return value(kScans, kArbitrage) == 42 && value(kLoaded) == 1; });
  const PrometheusText after = scraped();
  std::size_t compared = 0;
  for (const auto& family : before.families()) {
    if (family.type == "gauge") continue;
    for (const auto& sample : family.samples) {
      ASSERT_TRUE(after.value(sample.name, sample.labels).has_value()) << sample.name;
      EXPECT_GE(*after.value(sample.name, sample.labels), sample.value) << sample.name;
      ++compared;
    }
  }
  EXPECT_GT(compared, 100U);
}

TEST_F(AggregatorState, ThreeKillsInARowChangeNothing) {
  metrics::Counter scans = start_counting(5);
  for (int kills = 0; kills < 3; ++kills) {
    kill();
    scans.increment();
    start();
    eventually([&] { return value(kScans, kArbitrage) == scans.value(); });
  }
  EXPECT_EQ(value(kScans, kArbitrage), 8);
}

TEST_F(AggregatorState, EachStartOfAProcessCountsOnce) {
  const auto starts = [this](const std::string& service) {
    return value("polybot_process_starts_total", {{"service", service}});
  };
  start_counting(1);
  EXPECT_EQ(starts("strategy-runner"), 1);
  kill();
  start();
  // The very first start is before or after the beginning of its lineage.
  eventually([&] { return starts("metrics-aggregator") >= 1; });
  EXPECT_EQ(starts("strategy-runner"), 1) << "it lived through the aggregator's restart";
  runner_.reset();  // no goodbye
  runner_ = start_sender("strategy-runner", "runner-1");
  eventually([&] { return starts("strategy-runner") == 2; });
  const auto added = start_sender("strategy-runner", "runner-2");
  eventually([&] { return starts("strategy-runner") == 3; });
  kill();
  const auto meanwhile = start_sender("strategy-runner", "runner-3");
  start();
  eventually([&] { return starts("strategy-runner") == 4 && starts("metrics-aggregator") >= 2; });
}

TEST_F(AggregatorState, ATruncatedStateIsAnEmptyStartAndNeverASpike) {
  metrics::Counter scans = start_counting(1'000'000);
  kill();
  std::filesystem::resize_file(state_file(), std::filesystem::file_size(state_file()) / 2);
  start();
  eventually([&] { return is_ready(); });
  eventually([&] { return scraped().value(kScans, kArbitrage).has_value(); });
  EXPECT_EQ(value(kLoaded), 0);
  EXPECT_TRUE(std::filesystem::exists(state_file().string() + ".refused"));
  scans.add(3);
  eventually([&] { return value(kScans, kArbitrage) == 3; });
}

TEST_F(AggregatorState, AForeignFileIsNoState) {
  std::filesystem::create_directories(state_folder());
  std::ofstream(state_file()) << "nothing of ours";
  start_counting(7);
  EXPECT_EQ(value(kLoaded), 0);
}

TEST_F(AggregatorState, AFullDiskIsCountedAndMetricsGoOn) {
  metrics::Counter scans = start_counting(1);
  {
    const FileSizeLimit full(pid(), 512);
    eventually([&] { return value(kFailures) >= 2; });
    EXPECT_EQ(get("/health/ready").status, 503U);
    EXPECT_NE(get("/health/ready").body.find("state: cannot be written"), std::string::npos);
    scans.increment();
    eventually([&] { return value(kScans, kArbitrage) == 2; });
  }
  eventually([&] { return is_ready(); });
  EXPECT_EQ(get("/health/ready").status, 200U);
  const double failures = value(kFailures);
  kill();
  start();
  EXPECT_GE(value(kScans, kArbitrage), 2) << "what came after the full disk is kept";
  EXPECT_GE(value(kFailures), failures);
}

TEST_F(AggregatorState, TwoAggregatorsDoNotShareAFolder) {
  start();
  EXPECT_THROW(StateFile(io_.get_executor(), state_folder()), std::runtime_error);
}

TEST_F(AggregatorState, AnOrderlyEndKeepsWhatWasReceivedLast) {
  metrics::Counter scans = start_counting(10);
  scans.add(5);
  bool stopped = false;
  boost::asio::co_spawn(io_, runner_->stop(), [&](std::exception_ptr) { stopped = true; });
  while (!stopped) turn();
  eventually([&] { return value("polybot_service_up", {{"service", "strategy-runner"}}) == 0; });
  stop_in_order();
  start();
  EXPECT_EQ(value(kScans, kArbitrage), 15);
}

// At the end of the process the wait for the disk is cut short: the write goes on, and has not
// failed.
TEST_F(AggregatorState, AWaitThatIsCancelledIsNoFailureOfTheWrite) {
  std::filesystem::create_directories(state_folder());
  const std::string temporary = state_file().string() + ".tmp";
  ASSERT_EQ(::mkfifo(temporary.c_str(), 0600), 0);  // takes nothing until it is read
  int reader = -1;
  bool answered = false;
  {
    StateFile file(io_.get_executor(), state_folder());
    const auto write = [&]() -> boost::asio::awaitable<void> {
      (void)co_await file.write("state", Durability::ProcessCrash, std::chrono::minutes(1));
      answered = true;
    };
    const auto stop = [&]() -> boost::asio::awaitable<void> {
      co_await boost::asio::post(io_, boost::asio::use_awaitable);
    };
    const auto both = [&]() -> boost::asio::awaitable<void> {
      (void)co_await runtime::until_one_ends(write(), stop());
    };
    bool ended = false;
    boost::asio::co_spawn(io_, both(), [&](const std::exception_ptr&) { ended = true; });
    while (!ended) turn();
    reader = ::open(temporary.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  EXPECT_FALSE(answered);
  ::close(reader);
}

}  // namespace
}  // namespace polybot::metrics_aggregator
