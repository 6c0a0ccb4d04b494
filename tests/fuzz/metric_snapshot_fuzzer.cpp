// What can arrive on the metrics channel, and what it does to /metrics: each piece of the input is
// decoded as a snapshot, merged, and the page that Prometheus would read is held to the format.
//
// The input is a run of pieces, each two bytes of length and that many bytes; the first byte of all
// says how far time moves between them.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/wire/metrics_codec.hpp"
#include "services/metrics-aggregator/core/merger.hpp"
#include "services/metrics-aggregator/exposition/text_format.hpp"
#include "services/metrics-aggregator/state/state_codec.hpp"
#include "tests/support/prometheus_text.hpp"

namespace {

using namespace polybot;
using namespace polybot::metrics_aggregator;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_page(const std::vector<metrics::FamilyValues>& view, ExtraLabel extra) {
  Exposition exposition(extra);
  exposition.swap(view);
  require(test_support::PrometheusText(exposition.render()).faults().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto step = std::chrono::milliseconds(100 * data[0]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  domain::Timestamp now = domain::from_unix_ms(1'700'000'000'000);
  Merger merger;
  merger.begin_lineage(now);
  while (rest.size() >= 2) {
    const std::size_t length =
        static_cast<unsigned char>(rest[0]) * 256U + static_cast<unsigned char>(rest[1]);
    auto decoded = wire::decode_snapshot(rest.substr(2, length));
    rest.remove_prefix(std::min(rest.size(), 2 + length));
    if (auto* const snapshot = std::get_if<metrics::Snapshot>(&decoded)) {
      merger.receive(std::move(*snapshot), now);
    }
    now += step;
    merger.merge(now);
  }
  check_page(merger.view({}), ExtraLabel::None);
  check_page(merger.replica_view({}), ExtraLabel::Replica);
  // Whatever was merged can be stored, and is the same after a restart.
  const std::string bytes = encode_state(merger.state(), {.line = now});
  auto loaded = decode_state(bytes);
  require(std::holds_alternative<SavedState>(loaded));
  require(encode_state(std::get<SavedState>(loaded).state, {.line = now}) == bytes);
  return 0;
}
