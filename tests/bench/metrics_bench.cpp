// What metrics cost: an event on the trading path, a snapshot on its way, a scrape of 10,000
// series, each beside prometheus-cpp doing the same; and the aggregator's state and memory.
//
// Goals: 10 ns an increment, 20 ns an observation, 5 ms a scrape of 10,000 series and five times
// as fast as the reference, a million merged series a second, 200 MB at 100,000 series.
#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "common/metrics/registry.hpp"
#include "common/metrics/text_format.hpp"
#include "common/wire/metrics_codec.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "services/metrics-aggregator/exposition/gzip.hpp"
#include "services/metrics-aggregator/state/state_codec.hpp"

namespace polybot {
namespace {

using namespace std::chrono_literals;
using metrics::FamilyValues;
using metrics::Series;

// --- On the trading path: goals 10 ns and 20 ns --------------------------------------------------

metrics::Registry& registry() {
  static metrics::Registry instance({"strategy-runner", "runner-1", 1, "1", "r"});
  return instance;
}

void counter_increment(benchmark::State& state) {
  metrics::Counter counter = registry().counter("polybot_scans_total", {"arbitrage"});
  for (auto _ : state) counter.increment();
}
BENCHMARK(counter_increment);

void counter_increment_reference_prometheus_cpp(benchmark::State& state) {
  prometheus::Counter counter;
  for (auto _ : state) counter.Increment();
}
BENCHMARK(counter_increment_reference_prometheus_cpp);

// Latencies over the whole range of buckets.
double latency(unsigned turn) {
  return 1e-6 * static_cast<double>(1U << (turn % 20));
}

void histogram_observe(benchmark::State& state) {
  metrics::Histogram histogram = registry().histogram("polybot_order_latency_seconds", {"total"});
  unsigned turn = 0;
  for (auto _ : state) histogram.observe(latency(turn++));
}
BENCHMARK(histogram_observe);

void histogram_observe_reference_prometheus_cpp(benchmark::State& state) {
  prometheus::Histogram histogram(
      {metrics::kOrderLatencyBounds.begin(), metrics::kOrderLatencyBounds.end()});
  unsigned turn = 0;
  for (auto _ : state) histogram.Observe(latency(turn++));
}
BENCHMARK(histogram_observe_reference_prometheus_cpp);

// --- 10,000 series: 8,000 counters and gauges, 2,000 lines of histograms -------------------------

constexpr std::size_t kCounters = 5000;
constexpr std::size_t kGauges = 3000;
constexpr std::size_t kHistograms = 100;  // 17 bounds: 20 lines each

std::string strategy(std::size_t number) {
  return "strategy-" + std::to_string(number);
}

FamilyValues family_of(std::string name) {
  const std::uint64_t fingerprint = metrics::fingerprint(metrics::find(name));
  return {std::move(name), fingerprint, {}};
}

// Makes `times` as many.
std::vector<FamilyValues> ten_thousand_series(double turn, std::size_t times = 1) {
  std::vector<FamilyValues> all;
  all.push_back(family_of("polybot_scans_total"));
  for (std::size_t i = 0; i < times * kCounters; ++i) {
    all.back().series.push_back({strategy(100000 + i), static_cast<double>(i) * 7 + turn});
  }
  all.push_back(family_of("polybot_strategy_running"));
  for (std::size_t i = 0; i < times * kGauges; ++i) {
    all.back().series.push_back({strategy(100000 + i), static_cast<double>(i) * 0.37 + turn});
  }
  all.push_back(family_of("polybot_scan_duration_seconds"));
  for (std::size_t i = 0; i < times * kHistograms; ++i) {
    Series series{strategy(100000 + i), 0,
                  std::vector<std::uint64_t>(metrics::kScanBounds.size() + 1, i), 0.123 * turn};
    series.buckets[3] += static_cast<std::uint64_t>(turn);
    all.back().series.push_back(std::move(series));
  }
  return all;
}

void scrape_render(benchmark::State& state, std::size_t times) {
  metrics::Exposition exposition;
  exposition.swap(ten_thousand_series(1, times));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = exposition.render();
    bytes = text.size();
    benchmark::DoNotOptimize(text.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
void scrape_render_10k_series(benchmark::State& state) {
  scrape_render(state, 1);
}
BENCHMARK(scrape_render_10k_series)->Unit(benchmark::kMillisecond);

void scrape_render_100k_series(benchmark::State& state) {
  scrape_render(state, 10);
}
BENCHMARK(scrape_render_100k_series)->Unit(benchmark::kMillisecond);

void scrape_reference_prometheus_cpp_10k_series(benchmark::State& state) {
  prometheus::Registry reference;
  auto& counters =
      prometheus::BuildCounter().Name("polybot_scans_total").Help("Help.").Register(reference);
  auto& gauges =
      prometheus::BuildGauge().Name("polybot_strategy_running").Help("Help.").Register(reference);
  auto& histograms = prometheus::BuildHistogram()
                         .Name("polybot_scan_duration_seconds")
                         .Help("Help.")
                         .Register(reference);
  for (std::size_t i = 0; i < kCounters; ++i) {
    counters.Add({{"strategy", strategy(100000 + i)}}).Increment(static_cast<double>(i) * 7 + 1);
  }
  for (std::size_t i = 0; i < kGauges; ++i) {
    gauges.Add({{"strategy", strategy(100000 + i)}}).Set(static_cast<double>(i) * 0.37 + 1);
  }
  const prometheus::Histogram::BucketBoundaries bounds(metrics::kScanBounds.begin(),
                                                       metrics::kScanBounds.end());
  for (std::size_t i = 0; i < kHistograms; ++i) {
    histograms.Add({{"strategy", strategy(100000 + i)}}, bounds).Observe(0.001);
  }
  const prometheus::TextSerializer serializer;
  for (auto _ : state) {
    std::ostringstream out;
    serializer.Serialize(out, reference.Collect());
    const std::string text = out.str();
    benchmark::DoNotOptimize(text.data());
  }
}
BENCHMARK(scrape_reference_prometheus_cpp_10k_series)->Unit(benchmark::kMillisecond);

void scrape_gzip_level_1(benchmark::State& state) {
  metrics::Exposition exposition;
  exposition.swap(ten_thousand_series(1));
  const std::string text = exposition.render();
  for (auto _ : state) {
    const std::string packed = metrics_aggregator::gzip(text);
    benchmark::DoNotOptimize(packed.data());
  }
}
BENCHMARK(scrape_gzip_level_1)->Unit(benchmark::kMillisecond);

// --- Snapshots -----------------------------------------------------------------------------------

// Caps that do not bind, because the cost per series is measured.
metrics_aggregator::Merger roomy_merger() {
  metrics_aggregator::Merger merger({.series_per_service_max = 1'000'000,
                                     .label_sets_per_family_max = 1'000'000,
                                     .senders_max = 10});
  merger.begin_lineage(domain::from_unix_ms(0));
  return merger;
}

metrics::Snapshot snapshot_of(std::uint64_t seq, std::vector<FamilyValues> families) {
  return {.service = "strategy-runner",
          .replica = "runner-1",
          .incarnation = 1,
          .seq = seq,
          .uptime_ms = seq * 1000,
          .interval_ms = 1000,
          .families = std::move(families)};
}

constexpr double kSeriesPerSnapshot = kCounters + kGauges + kHistograms;

void merge_snapshot(benchmark::State& state) {
  metrics_aggregator::Merger merger = roomy_merger();
  std::uint64_t seq = 0;
  for (auto _ : state) {
    state.PauseTiming();
    ++seq;
    metrics::Snapshot snapshot = snapshot_of(seq, ten_thousand_series(static_cast<double>(seq)));
    const domain::Timestamp now =
        domain::from_unix_ms(static_cast<std::int64_t>(1'000'000 + seq * 1000));
    state.ResumeTiming();
    merger.receive(std::move(snapshot), now);
    merger.merge(now);
  }
  state.counters["series/s"] =
      benchmark::Counter(kSeriesPerSnapshot, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(merge_snapshot)->Unit(benchmark::kMillisecond);

void decode_snapshot(benchmark::State& state) {
  const auto encoded = wire::encode_snapshot(snapshot_of(1, ten_thousand_series(1)));
  std::size_t bytes = 0;
  for (const std::string& part : encoded.parts) bytes += part.size();
  for (auto _ : state) {
    for (const std::string& part : encoded.parts)
      benchmark::DoNotOptimize(wire::decode_snapshot(part));
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["series/s"] =
      benchmark::Counter(kSeriesPerSnapshot, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(decode_snapshot)->Unit(benchmark::kMillisecond);

void encode_snapshot(benchmark::State& state) {
  const metrics::Snapshot snapshot = snapshot_of(1, ten_thousand_series(1));
  for (auto _ : state) benchmark::DoNotOptimize(wire::encode_snapshot(snapshot));
  state.counters["series/s"] =
      benchmark::Counter(kSeriesPerSnapshot, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(encode_snapshot)->Unit(benchmark::kMillisecond);

void view_and_swap(benchmark::State& state) {
  metrics_aggregator::Merger merger = roomy_merger();
  for (std::uint64_t seq = 1; seq < 4; ++seq) {
    const domain::Timestamp now =
        domain::from_unix_ms(static_cast<std::int64_t>(1'000'000 + seq * 1000));
    merger.receive(snapshot_of(seq, ten_thousand_series(static_cast<double>(seq))), now);
    merger.merge(now);
  }
  metrics::Exposition exposition;
  for (auto _ : state) exposition.swap(merger.view({}));
}
BENCHMARK(view_and_swap)->Unit(benchmark::kMillisecond);

// What the aggregator writes each interval.
void encode_state_10k_series(benchmark::State& state) {
  metrics_aggregator::Merger merger = roomy_merger();
  for (std::uint64_t seq = 1; seq < 4; ++seq) {
    const domain::Timestamp now =
        domain::from_unix_ms(static_cast<std::int64_t>(1'000'000 + seq * 1000));
    merger.receive(snapshot_of(seq, ten_thousand_series(static_cast<double>(seq))), now);
    merger.merge(now);
  }
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string encoded = metrics_aggregator::encode_state(merger.state(), {});
    bytes = encoded.size();
    benchmark::DoNotOptimize(encoded.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(encode_state_10k_series)->Unit(benchmark::kMillisecond);

double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) / 1e6;
}

// Everything the aggregator holds for 100,000 series in its steady state: totals, baselines, the
// view, its rendering and the bytes of the state. Measured in the process of the benchmarks, whose
// own share is in `before_mb`.
void resident_memory_at_100k_series(benchmark::State& state) {
  const double before = resident_mb();
  double after = before;
  for (auto _ : state) {
    metrics_aggregator::Merger merger = roomy_merger();
    metrics::Exposition exposition;
    for (std::uint64_t seq = 1; seq < 4; ++seq) {
      const domain::Timestamp now =
          domain::from_unix_ms(static_cast<std::int64_t>(1'000'000 + seq * 1000));
      merger.receive(snapshot_of(seq, ten_thousand_series(static_cast<double>(seq), 10)), now);
      merger.merge(now);
      exposition.swap(merger.view({}));
      const std::string stored = metrics_aggregator::encode_state(merger.state(), {});
      const std::string page = exposition.render();
      benchmark::DoNotOptimize(stored.data());
      benchmark::DoNotOptimize(page.data());
      after = std::max(after, resident_mb());
    }
  }
  state.counters["before_mb"] = before;
  state.counters["rss_mb"] = after;
}
BENCHMARK(resident_memory_at_100k_series)->Iterations(1)->Unit(benchmark::kMillisecond);

// A whole snapshot of an ordinary service, from instruments to bytes: what the loop of a trading
// process spends on metrics once a second. Goal: one slice of at most 100 us.
void collect_and_encode_a_service(benchmark::State& state) {
  metrics::Registry service({"order-manager", "om", 1, "1", "r"});
  service.set_fold({"journal", 1});
  const char* const strategies[] = {"arbitrage", "spread_farm", "momentum"};
  const char* const statuses[] = {"submitted", "accepted", "partially_filled",
                                  "ambiguous", "filled",   "canceled",
                                  "rejected",  "expired",  "denied"};
  service.add_source([&](metrics::Sink& sink) {
    metrics::Sink::Writer orders = sink.counter("polybot_orders_total");
    metrics::Sink::Writer value = sink.gauge("polybot_position_value_usd");
    for (const char* const name : strategies) {
      for (const char* const status : statuses) {
        orders.set({name, "buy", status}, 12);
        orders.set({name, "sell", status}, 13);
      }
      for (int market = 0; market < 40; ++market)
        value.set({name, "market-with-a-slug-" + std::to_string(market)}, 1.25);
    }
  });
  for (const char* const stage : {"risk", "journal", "submit", "ack", "fill", "total"}) {
    static_cast<void>(service.histogram("polybot_order_latency_seconds", {stage}));
  }
  for (auto _ : state) {
    metrics::Snapshot snapshot{.service = "order-manager",
                               .replica = "om",
                               .incarnation = 1,
                               .seq = 1,
                               .uptime_ms = 1,
                               .families = service.collect({domain::from_unix_ms(1), 1s})};
    benchmark::DoNotOptimize(wire::encode_snapshot(snapshot));
  }
}
BENCHMARK(collect_and_encode_a_service)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace polybot
