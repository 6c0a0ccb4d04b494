// A vandal on the metrics channel only raises numbers in polybot_aggregator_dropped_total. Every
// scrape in between is checked against the format.
#include <limits>

#include "common/bus/frame.hpp"
#include "common/bus/nng.hpp"
#include "common/wire/metrics_codec.hpp"
#include "tests/integration/metrics-aggregator/restartable_aggregator.hpp"

namespace polybot::metrics_aggregator {
namespace {

constexpr const char* kTopic = "metrics.strategy-runner";
constexpr const char* kScans = "polybot_scans_total";
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

metrics::FamilyValues family_of(std::string name, std::vector<metrics::Series> series) {
  const std::uint64_t fingerprint = metrics::fingerprint(metrics::find(name));
  return {std::move(name), fingerprint, std::move(series)};
}

// Writes to the socket below our own publisher, which would refuse to send such things.
class Vandal {
 public:
  explicit Vandal(const std::string& address) {
    socket_.attach({bus::EndpointRole::Dial, address}, bus::NetworkTrust::LoopbackOnly);
  }

  void send_bytes(std::string_view bytes) { socket_.send(bus::nng::Message::of(bytes)); }
  // One well-formed frame around one message.
  void send(std::string_view message,
            const bus::Producer& producer = {"strategy-runner", "vandal", 666}) {
    std::string frame = bus::encode_header(producer, kTopic, ++sequence_, 1);
    bus::append_message(frame, message);
    send_bytes(frame);
  }
  // In frames of the process that it is about: no other may speak of it.
  void send(const metrics::Snapshot& snapshot) {
    const bus::Producer producer{snapshot.service, snapshot.replica, snapshot.incarnation};
    for (const std::string& part : wire::encode_snapshot(snapshot, bus::kMessageBytesMax).parts) {
      send(part, producer);
    }
  }
  metrics::Snapshot snapshot(std::vector<metrics::FamilyValues> families) {
    return {.service = "strategy-runner",
            .replica = "vandal",
            .incarnation = 666,
            .seq = ++snapshots_,
            .uptime_ms = snapshots_,
            .interval_ms = 20,
            .families = std::move(families)};
  }

 private:
  bus::nng::Socket socket_{bus::nng::Protocol::Publish, 8};
  std::uint64_t sequence_ = 0;
  std::uint64_t snapshots_ = 0;
};

class BadInputOnTheBus : public RestartableAggregator {
 protected:
  BadInputOnTheBus() {
    start();
    wait_until_it_counts_from_zero();
    honest_ = start_sender("strategy-runner", "honest");
    scans_.emplace(honest_->registry().counter("polybot_scans_total", {"arbitrage"}));
    vandal_.emplace(address("metrics"));
  }
  // The honest sender is heard in any case.
  void expect_the_honest_to_be_heard() {
    scans_->increment();
    eventually([&] { return value(kScans, {{"strategy", "arbitrage"}}) == scans_->value(); });
  }

  double sum_of_scans() {
    const auto scrape = scraped();
    double sum = 0;
    for (const auto& sample : scrape.family(kScans)->samples) sum += sample.value;
    return sum;
  }

  double resident_bytes() {
    return value("polybot_process_resident_memory_bytes", {{"service", "metrics-aggregator"}});
  }

  std::unique_ptr<metrics::ServiceMetrics> honest_;
  std::optional<metrics::Counter> scans_;
  std::optional<Vandal> vandal_;
};

TEST_F(BadInputOnTheBus, GarbageIsCounted) {
  const std::string good =
      wire::encode_snapshot(vandal_->snapshot({family_of(kScans, {{"x", 1}})})).parts.front();
  eventually([&] {
    vandal_->send_bytes("garbage");
    vandal_->send_bytes(std::string(kTopic) + std::string("\0garbage", 8));
    vandal_->send("garbage");
    vandal_->send("");
    vandal_->send(std::string_view(good).substr(0, good.size() / 2));
    return dropped("undecodable") >= 20;
  });
  expect_the_honest_to_be_heard();
}

TEST_F(BadInputOnTheBus, AnOversizeMessageIsCounted) {
  const std::string large(wire::kSnapshotBytesMax + 4096, 'x');
  eventually([&] {
    vandal_->send(large);
    return dropped("oversize") >= 3;
  });
  expect_the_honest_to_be_heard();
}

TEST_F(BadInputOnTheBus, AMessageBeyondTheSocketsLimitHurtsNoOtherSender) {
  const std::string huge(std::size_t{9} << 20, 'x');
  for (int i = 0; i < 3; ++i)
    vandal_->send_bytes(std::string(kTopic) + std::string(1, '\0') + huge);
  expect_the_honest_to_be_heard();
}

TEST_F(BadInputOnTheBus, ForeignFingerprintsAndNumbersThatAreNoneAreCounted) {
  const auto histogram = [](std::uint64_t bucket, double sum) {
    metrics::Series series{"x", 0, std::vector<std::uint64_t>(17, 1), sum};
    series.buckets[3] = bucket;
    return series;
  };
  eventually([&] {
    vandal_->send(vandal_->snapshot({{kScans, 12345, {{"x", 1e9}}},
                                     {"polybot_no_such_total", 1, {{"x", 1}}},
                                     family_of("polybot_pnl_total", {{"x", 1e9}})}));
    for (const double bad : {kNan, kInfinity, -kInfinity, -1.0, 1e300}) {
      vandal_->send(vandal_->snapshot({family_of(kScans, {{"x", bad}})}));
      vandal_->send(
          vandal_->snapshot({family_of("polybot_scan_duration_seconds", {histogram(1, bad)})}));
    }
    vandal_->send(vandal_->snapshot(
        {family_of("polybot_scan_duration_seconds", {histogram(std::uint64_t{1} << 63, 1)})}));
    vandal_->send(vandal_->snapshot({family_of("polybot_strategy_running", {{"x", kNan}})}));
    return dropped("fingerprint") >= 3 && dropped("unknown_family") >= 3 &&
           dropped("wrong_owner") >= 3 && dropped("not_finite") >= 10;
  });
  expect_the_honest_to_be_heard();
  EXPECT_EQ(scraped().value(kScans, {{"strategy", "x"}}), std::nullopt);
}

// A million label sets, from forty processes with 25,000 each: at most 2,000 are shown one by one,
// the others as one series, the sum is right and the memory stays where it is.
TEST_F(BadInputOnTheBus, ALabelExplosionEndsInOneSeriesAndTheSumIsRight) {
  constexpr std::uint64_t kProcesses = 40;
  constexpr std::uint64_t kSets = 25'000;
  expect_the_honest_to_be_heard();
  eventually([&] {  // the vandal is connected
    vandal_->send("garbage");
    return dropped("undecodable") > 0;
  });
  const double memory_before = resident_bytes();
  ASSERT_GT(memory_before, 0);
  for (std::uint64_t process = 1; process <= kProcesses; ++process) {
    std::vector<metrics::Series> series;
    for (std::uint64_t i = 0; i < kSets; ++i) {
      series.push_back({"s" + std::to_string(process * kSets + i), 1});
    }
    vandal_->send({.service = "strategy-runner",
                   .replica = "explosion-" + std::to_string(process),
                   .incarnation = 1000 + process,
                   .seq = 1,
                   .uptime_ms = 1,
                   .interval_ms = 20,
                   .final = true,  // judged at once: it will not be heard again
                   .families = {family_of(kScans, std::move(series))}});
    // One at a time: the queue of the channel is short, and lost messages are not repeated.
    eventually(
        [&] { return sum_of_scans() == static_cast<double>(process * kSets) + scans_->value(); });
  }
  const PrometheusText text = scraped();
  EXPECT_LE(text.family(kScans)->samples.size(), 2'001U);
  EXPECT_GT(text.value(kScans, {{"strategy", "__overflow__"}}).value_or(0), 990'000);
  // It counts itself in the next snapshot of its own.
  eventually([&] {
    return value("polybot_aggregator_series_overflowed_total", {{"cap", "family"}}) > 990'000;
  });
#ifndef __SANITIZE_ADDRESS__  // which keeps what is freed, to notice its use
  EXPECT_LT(resident_bytes(), memory_before + (100 << 20));
#endif
  expect_the_honest_to_be_heard();
}

}  // namespace
}  // namespace polybot::metrics_aggregator
