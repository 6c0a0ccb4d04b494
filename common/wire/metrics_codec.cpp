#include "common/wire/metrics_codec.hpp"

#include <google/protobuf/arena.h>

#include <limits>
#include <utility>

#include "polybot/v1/metrics.pb.h"

namespace polybot::wire {

namespace {

// Field number, length and a margin: what one more family costs a part beyond its own bytes.
constexpr std::size_t kFamilyOverhead = 8;
// A century: a longer uptime is garbage and would overflow a birth.
constexpr std::uint64_t kUptimeMsMax = std::uint64_t{100} * 366 * 24 * 3600 * 1000;
constexpr std::size_t kNameBytesMax = 128;

void encode_head(const metrics::Snapshot& snapshot, v1::MetricSnapshot& out) {
  out.set_service(snapshot.service);
  out.set_replica(snapshot.replica);
  out.set_incarnation(snapshot.incarnation);
  out.set_uptime_ms(snapshot.uptime_ms);
  out.set_interval_ms(snapshot.interval_ms);
  out.set_journal_id(snapshot.fold.journal_id);
  out.set_fold_version(snapshot.fold.version);
}

void encode_family(const metrics::FamilyValues& family, v1::MetricFamily& out) {
  out.set_name(family.name);
  out.set_fingerprint(family.fingerprint);
  out.mutable_series()->Reserve(static_cast<int>(family.series.size()));
  for (const metrics::Series& series : family.series) {
    v1::MetricSeries& encoded = *out.add_series();
    encoded.set_labels(series.labels);
    encoded.set_value(series.value);
    encoded.mutable_buckets()->Add(series.buckets.begin(), series.buckets.end());
    encoded.set_sum(series.sum);
  }
}

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kNameBytesMax;
}

bool head_can_be_true(const v1::MetricSnapshot& message) {
  return is_name(message.service()) && is_name(message.replica()) && message.seq() > 0 &&
         message.uptime_ms() <= kUptimeMsMax && message.interval_ms() > 0;
}

metrics::FamilyValues decode_family(const v1::MetricFamily& message) {
  metrics::FamilyValues family{message.name(), message.fingerprint(), {}};
  family.series.reserve(static_cast<std::size_t>(message.series_size()));
  for (const v1::MetricSeries& series : message.series()) {
    family.series.push_back({.labels = series.labels(),
                             .value = series.value(),
                             .buckets = {series.buckets().begin(), series.buckets().end()},
                             .sum = series.sum()});
  }
  return family;
}

}  // namespace

EncodedSnapshot encode_snapshot(const metrics::Snapshot& snapshot, std::size_t bytes_max) {
  EncodedSnapshot encoded;
  google::protobuf::Arena arena;
  auto* part = google::protobuf::Arena::CreateMessage<v1::MetricSnapshot>(&arena);
  encode_head(snapshot, *part);
  // The number is written last, so its longest form is reserved.
  const std::size_t head_bytes = part->ByteSizeLong() + 2 * kFamilyOverhead;
  std::size_t part_bytes = head_bytes;
  const auto finish_part = [&](bool last) {
    part->set_seq(snapshot.seq + encoded.parts.size());
    part->set_final(snapshot.final && last);
    encoded.parts.push_back(part->SerializeAsString());
    part->clear_families();
    part_bytes = head_bytes;
  };
  for (const metrics::FamilyValues& family : snapshot.families) {
    auto* message = google::protobuf::Arena::CreateMessage<v1::MetricFamily>(&arena);
    encode_family(family, *message);
    const std::size_t family_bytes = message->ByteSizeLong() + kFamilyOverhead;
    if (head_bytes + family_bytes > bytes_max) {
      ++encoded.families_left_out;
      continue;
    }
    if (part_bytes + family_bytes > bytes_max) finish_part(false);
    part->mutable_families()->AddAllocated(message);
    part_bytes += family_bytes;
  }
  finish_part(true);
  return encoded;
}

std::variant<metrics::Snapshot, SnapshotRefusal> decode_snapshot(std::string_view bytes) {
  if (bytes.size() > kSnapshotBytesMax) return SnapshotRefusal::Oversize;
  google::protobuf::Arena arena;
  auto& message = *google::protobuf::Arena::CreateMessage<v1::MetricSnapshot>(&arena);
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !head_can_be_true(message)) {
    return SnapshotRefusal::Undecodable;
  }
  metrics::Snapshot snapshot{.service = message.service(),
                             .replica = message.replica(),
                             .incarnation = message.incarnation(),
                             .seq = message.seq(),
                             .uptime_ms = message.uptime_ms(),
                             .interval_ms = message.interval_ms(),
                             .final = message.final(),
                             .fold = {message.journal_id(), message.fold_version()}};
  snapshot.families.reserve(static_cast<std::size_t>(message.families_size()));
  for (const v1::MetricFamily& family : message.families()) {
    snapshot.families.push_back(decode_family(family));
  }
  return snapshot;
}

}  // namespace polybot::wire
