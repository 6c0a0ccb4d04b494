// What one process knows of its metrics at one moment, as plain values: the thing that is published
// once a second, decoded by the aggregator and merged by its core. Cumulative, never a delta, so
// that the next snapshot repairs any loss. Standard library only; common/wire turns it into bytes
// and back.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics/catalogue.hpp"

namespace polybot::metrics {

// Label values of one series in the catalogue's label order, joined by a byte that valid UTF-8
// never contains: one flat key, compared and hashed as it is.
constexpr char kLabelSeparator = '\xff';
std::string join_labels(std::initializer_list<std::string_view> values);
std::string join_labels(std::span<const std::string> values);
// As many pieces as there are separators, plus one. A family without labels has the key "".
std::vector<std::string_view> split_labels(std::string_view key);

// Well-formed UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// The age of a timestamp gauge that stands for "none"; shown as 0.
constexpr double kNoAge = -1.0;

struct Series {
  std::string labels;  // see join_labels
  // Counter or gauge. For `…_timestamp_seconds` the age in seconds, or kNoAge.
  double value = 0;
  // Histogram: observations per bucket, not cumulative; one more than the family's bounds (the last
  // is +Inf), so that their sum is the count. Empty otherwise.
  std::vector<std::uint64_t> buckets = {};
  double sum = 0;
};

struct FamilyValues {
  std::string name;
  std::uint64_t fingerprint = 0;
  std::vector<Series> series = {};  // complete; empty means the family has no series now
};

// Identifies the fold behind `owned` values: same pair, same history.
struct Fold {
  std::string journal_id;
  std::uint64_t version = 0;
  bool operator==(const Fold&) const = default;
};

struct Snapshot {
  std::string service;
  std::string replica;
  std::uint64_t incarnation = 0;  // random per process start
  std::uint64_t seq = 0;          // from 1 within the incarnation; each part has its own
  std::uint64_t uptime_ms = 0;
  std::uint32_t interval_ms = 1000;
  bool final = false;  // the last one: the process is leaving in an orderly way
  Fold fold = {};      // empty journal_id: the sender owns no fold
  std::vector<FamilyValues> families = {};
};

// One heartbeat of a process.
struct Status {
  std::string service;
  std::string replica;
  std::uint64_t incarnation = 0;
  std::uint64_t seq = 0;
  std::uint64_t uptime_ms = 0;
  std::string version;
  bool ready = false;
  std::vector<std::string> reasons = {};  // why not ready, in words; empty when ready
  std::uint64_t since_ms = 0;             // uptime at which `ready` last changed
  bool final = false;
};

}  // namespace polybot::metrics
