// The aggregator's state file: the raw bytes, and the bytes as a body under a correct head and
// checksum, where the real reading begins. An accepted state can be merged, shown and stored again.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/metrics/text_format.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "services/metrics-aggregator/state/state_codec.hpp"
#include "tests/support/prometheus_text.hpp"

namespace {

using namespace polybot;
using namespace polybot::metrics_aggregator;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(std::string_view bytes) {
  auto decoded = decode_state(bytes);
  auto* const saved = std::get_if<SavedState>(&decoded);
  if (saved == nullptr) return;
  const std::string again = encode_state(saved->state, saved->saved);
  const auto loaded = decode_state(again);
  require(std::holds_alternative<SavedState>(loaded));
  require(encode_state(std::get<SavedState>(loaded).state, saved->saved) == again);
  Merger merger;
  merger.resume(std::move(saved->state), saved->saved.line);
  merger.merge(saved->saved.line + std::chrono::seconds(1));
  metrics::Exposition exposition;
  exposition.swap(merger.view({}));
  require(test_support::PrometheusText(exposition.render()).faults().empty());
}

// Begins with a state that has content, so that mutation starts from a real one.
std::string example() {
  Merger merger;
  const domain::Timestamp start = domain::from_unix_ms(1'700'000'000'000);
  merger.begin_lineage(start);
  for (std::uint64_t seq = 1; seq < 4; ++seq) {
    const domain::Timestamp now = start + std::chrono::seconds(10 + seq);
    const auto family = [](const char* name, metrics::Series series) {
      return metrics::FamilyValues{name, metrics::fingerprint(metrics::find(name)), {series}};
    };
    metrics::Series histogram{"a", 0, std::vector<std::uint64_t>(17, 1), 0.5};
    merger.receive({.service = "strategy-runner",
                    .replica = "r",
                    .incarnation = 1,
                    .seq = seq,
                    .uptime_ms = seq * 1000,
                    .families = {family("polybot_scans_total", {"a", 3}),
                                 family("polybot_scan_duration_seconds", histogram),
                                 family("polybot_strategy_running", {"a", 1})}},
                   now);
    merger.merge(now);
  }
  return encode_state(merger.state(), {.line = start}).substr(24);
}

}  // namespace

// The first byte picks: raw bytes, a body, or changes to the example.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      check(bytes);
      break;
    case 1:
      check(seal_state(bytes));
      break;
    default: {
      static const std::string kExample = example();
      std::string body = kExample;
      // Triples of two bytes of place and one of value.
      for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {
        const std::size_t place =
            static_cast<unsigned char>(bytes[i]) * 256U + static_cast<unsigned char>(bytes[i + 1]);
        body[place % body.size()] = bytes[i + 2];
      }
      check(seal_state(body));
    }
  }
  return 0;
}
