// What can arrive on the metrics channel, and its effect on /metrics: each piece of the input is
// decoded as a snapshot, merged, and the page that Prometheus would read is checked against the
// format.
//
// The input is a run of pieces, each two bytes of length and that many bytes; the first byte of all
// says how far time moves between them. A piece is the bytes of a message, or, with the length's
// highest bit set, changes to a good one, because a fingerprint cannot be guessed.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/metrics/text_format.hpp"
#include "common/wire/metrics_codec.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "services/metrics-aggregator/state/state_codec.hpp"
#include "tests/support/prometheus_text.hpp"

namespace {

using namespace polybot;
using namespace polybot::metrics_aggregator;

void require(bool condition) {
  if (!condition) std::abort();
}

// A good snapshot, the `seq`-th of its sender, with something of everything.
std::string example(std::uint64_t seq) {
  const auto family = [](const char* name, metrics::Series series) {
    return metrics::FamilyValues{name, metrics::fingerprint(metrics::find(name)), {series}};
  };
  const auto count = static_cast<double>(seq);
  const metrics::Series histogram{"a", 0, std::vector<std::uint64_t>(17, seq), count};
  return wire::encode_snapshot({.service = "strategy-runner",
                                .replica = "r",
                                .incarnation = 1,
                                .seq = seq,
                                .uptime_ms = seq * 1000,
                                .families = {family("polybot_scans_total", {"a", count}),
                                             family("polybot_scan_duration_seconds", histogram),
                                             family("polybot_strategy_running", {"a", 1}),
                                             family("polybot_nng_queue_depth", {"md", 3})}})
      .parts.front();
}

// Triples of two bytes of place and one of value.
std::string changed(std::string bytes, std::string_view changes) {
  for (std::size_t i = 0; i + 2 < changes.size(); i += 3) {
    const std::size_t place =
        static_cast<unsigned char>(changes[i]) * 256U + static_cast<unsigned char>(changes[i + 1]);
    bytes[place % bytes.size()] = changes[i + 2];
  }
  return bytes;
}

void check_page(const std::vector<metrics::FamilyValues>& view, metrics::ExtraLabel extra) {
  metrics::Exposition exposition(extra);
  exposition.swap(view);
  require(test_support::PrometheusText(exposition.render()).faults().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto step = std::chrono::milliseconds(100 * data[0]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  domain::Timestamp now = domain::from_unix_ms(1'700'000'000'000);
  std::uint64_t examples = 0;
  Merger merger;
  merger.begin_lineage(now);
  while (rest.size() >= 2) {
    const bool is_change = (static_cast<unsigned char>(rest[0]) & 0x80U) != 0;
    const std::size_t length =
        (static_cast<unsigned char>(rest[0]) & 0x7FU) * 256U + static_cast<unsigned char>(rest[1]);
    const std::string_view piece = rest.substr(2, length);
    auto decoded =
        wire::decode_snapshot(is_change ? changed(example(++examples), piece) : std::string(piece));
    rest.remove_prefix(std::min(rest.size(), 2 + length));
    if (auto* const snapshot = std::get_if<metrics::Snapshot>(&decoded)) {
      merger.receive(std::move(*snapshot), now);
    }
    now += step;
    merger.merge(now);
  }
  check_page(merger.view({}), metrics::ExtraLabel::None);
  check_page(merger.replica_view({}), metrics::ExtraLabel::Replica);
  // A merged state can be stored, and is the same after a restart.
  const std::string bytes = encode_state(merger.state(), {.line = now});
  auto loaded = decode_state(bytes);
  require(std::holds_alternative<SavedState>(loaded));
  require(encode_state(std::get<SavedState>(loaded).state, {.line = now}) == bytes);
  return 0;
}
