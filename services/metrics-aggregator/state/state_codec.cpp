#include "services/metrics-aggregator/state/state_codec.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

namespace polybot::metrics_aggregator {

namespace {

using metrics::Family;
using metrics::FamilyIndex;
using metrics::Type;

constexpr std::string_view kMagic = "PBSTATE1";
// Raise it with every change of what the body holds; another number is not read.
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kHeadBytes = kMagic.size() + 4 + 8 + 4;

std::uint32_t checksum(std::string_view body) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size()));
}

// --- Bytes ---------------------------------------------------------------------------------------

class Writer {
 public:
  void fixed(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
  }
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  void flag(bool value) { out_.push_back(value ? '\1' : '\0'); }
  void real(double value) { fixed(std::bit_cast<std::uint64_t>(value), 8); }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  void at(domain::Timestamp time) { span(time.time_since_epoch()); }
  void span(domain::Duration time) { fixed(static_cast<std::uint64_t>(time.count()), 8); }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After the first thing that cannot be read, everything reads as 0 and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::uint64_t fixed(unsigned bytes) {
    if (rest_.size() < bytes) return fail(), 0;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(bytes);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return fail(), 0;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    return fail(), 0;
  }
  // How many elements follow. Each takes a byte at least, so no count can make us allocate more
  // than a multiple of the file.
  std::size_t count() {
    const std::uint64_t value = number();
    if (value > rest_.size()) return fail(), 0;
    return static_cast<std::size_t>(value);
  }
  bool flag() {
    const std::uint64_t value = fixed(1);
    if (value > 1) fail();
    return value == 1;
  }
  double real() {
    const auto value = std::bit_cast<double>(fixed(8));
    if (!std::isfinite(value)) return fail(), 0;
    return value;
  }
  std::string text() {
    const std::size_t size = count();
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  domain::Timestamp at() { return domain::Timestamp(span()); }
  // At most 120 years (of 1970), so that no sum of two overflows.
  domain::Duration span() {
    constexpr domain::Duration kMost = std::chrono::hours(24 * 366 * 120);
    const domain::Duration value(static_cast<std::int64_t>(fixed(8)));
    if (value > kMost || value < -kMost) return fail(), domain::Duration{};
    return value;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool labels_fit(const Family& family, std::string_view key) {
  if (family.labels.empty()) return key.empty();
  const std::vector<std::string_view> values = metrics::split_labels(key);
  if (values.size() != family.labels.size()) return false;
  for (const std::string_view value : values) {
    if (!metrics::is_utf8(value)) return false;
  }
  return true;
}

// --- Writing -------------------------------------------------------------------------------------

void put_buckets(Writer& out, const std::vector<std::uint64_t>& buckets) {
  for (const std::uint64_t count : buckets) out.number(count);
}

void put_totals(Writer& out, const Family& family, const FamilyTotals& totals) {
  out.text(totals.fold.journal_id);
  out.number(totals.fold.version);
  out.number(totals.series.size());
  for (const auto& [labels, total] : totals.series) {
    out.text(labels);
    out.fixed(total.made_by, 1);
    if (family.type == Type::Histogram) {
      put_buckets(out, total.buckets);
      out.real(total.sum);
      out.real(total.sum_carry);
    } else {
      out.real(total.value);
      out.real(total.value_carry);
    }
  }
  out.number(totals.sticky_seen.size());
  for (const auto& [labels, seen] : totals.sticky_seen) {
    out.text(labels);
    out.at(seen);
  }
}

// Anything that has the four members of a series.
template <class Values>
void put_values(Writer& out, const Family& family, const Values& one) {
  out.text(one.labels);
  if (family.type == Type::Histogram) {
    put_buckets(out, one.buckets);
    out.real(one.sum);
  } else {
    out.real(one.value);
  }
}

void put_sender_family(Writer& out, FamilyIndex index, const SenderFamily& values) {
  const Family& family = metrics::at(index);
  out.number(index);
  out.number(values.newest_seq);
  out.flag(values.counted);
  out.number(values.baselines.size());
  for (const Baseline& one : values.baselines) put_values(out, family, one);
  out.number(values.levels.size());
  for (const metrics::Series& one : values.levels) put_values(out, family, one);
  // Only counters of an undecided sender wait beyond a merge, and they are judged when they are
  // merged. The reader would refuse values that the merge would refuse, so they are not written.
  const bool waits = values.waiting && is_count(family) &&
                     std::ranges::all_of(*values.waiting, [&](const metrics::Series& one) {
                       return can_be_counted(family, one) && labels_fit(family, one.labels);
                     });
  out.flag(waits);
  if (!waits) return;
  out.number(values.waiting->size());
  for (const metrics::Series& one : *values.waiting) put_values(out, family, one);
}

void put_sender(Writer& out, std::uint64_t incarnation, const Sender& sender) {
  out.fixed(incarnation, 8);
  out.text(sender.service);
  out.text(sender.replica);
  out.fixed(static_cast<std::uint64_t>(sender.start), 1);
  out.at(sender.birth);
  out.at(sender.born_after);
  out.flag(sender.returned);
  out.flag(sender.birth_is_foreign);
  out.at(sender.first_heard);
  out.at(sender.last_received);
  out.at(sender.last_heard);
  out.span(sender.interval);
  out.number(sender.newest_seq);
  out.flag(sender.final);
  out.flag(sender.superseded);
  out.number(sender.families.size());
  for (const auto& [index, values] : sender.families) put_sender_family(out, index, values);
}

// --- Reading -------------------------------------------------------------------------------------

// A family as the writer knew it: enough to read its values, used or not.
struct WrittenFamily {
  FamilyIndex index = metrics::kNoFamily;  // kNoFamily: its values are left out
  bool is_histogram = false;
  std::size_t buckets = 0;
};

WrittenFamily read_family(Reader& in) {
  const std::string name = in.text();
  const std::uint64_t fingerprint = in.fixed(8);
  WrittenFamily family{.is_histogram = in.flag(), .buckets = static_cast<std::size_t>(in.count())};
  const FamilyIndex index = metrics::find(name);
  if (index == metrics::kNoFamily || metrics::fingerprint(index) != fingerprint) return family;
  const Family& declared = metrics::at(index);
  const std::size_t buckets =
      declared.type == Type::Histogram ? declared.bounds.size() + 1 : std::size_t{0};
  if (family.is_histogram != (declared.type == Type::Histogram) || family.buckets != buckets) {
    in.fail();
  }
  family.index = index;
  return family;
}

// Judges what was read: labels of the family, and a count that is not negative.
void judge(Reader& in, const WrittenFamily& written, std::string_view labels, double least) {
  if (written.index == metrics::kNoFamily) return;
  const Family& family = metrics::at(written.index);
  if (!labels_fit(family, labels)) in.fail();
  if (family.type != Type::Gauge && !(least >= 0)) in.fail();
}

std::vector<std::uint64_t> read_buckets(Reader& in, const WrittenFamily& written) {
  std::vector<std::uint64_t> buckets;
  for (std::size_t i = 0; i < written.buckets && in.ok(); ++i) {
    buckets.push_back(in.number());
    if (buckets.back() > kTotalBucketMax) in.fail();
  }
  return buckets;
}

template <class Values>
Values read_values(Reader& in, const WrittenFamily& written) {
  Values one;
  one.labels = in.text();
  if (written.is_histogram) {
    one.buckets = read_buckets(in, written);
    one.sum = in.real();
  } else {
    one.value = in.real();
  }
  judge(in, written, one.labels, written.is_histogram ? one.sum : one.value);
  return one;
}

FamilyTotals read_totals(Reader& in, const WrittenFamily& written) {
  FamilyTotals totals;
  totals.fold.journal_id = in.text();
  totals.fold.version = in.number();
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    std::string labels = in.text();
    Total total{.made_by = static_cast<metrics::OwnerSet>(in.fixed(1))};
    if (written.is_histogram) {
      total.buckets = read_buckets(in, written);
      total.sum = in.real();
      total.sum_carry = in.real();
    } else {
      total.value = in.real();
      total.value_carry = in.real();
    }
    judge(in, written, labels,
          written.is_histogram ? total.sum + total.sum_carry : total.value + total.value_carry);
    if (!totals.series.emplace(std::move(labels), std::move(total)).second) in.fail();
  }
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    std::string labels = in.text();
    judge(in, written, labels, 0);
    if (!totals.sticky_seen.emplace(std::move(labels), in.at()).second) in.fail();
  }
  return totals;
}

using Dictionary = std::vector<WrittenFamily>;

void read_sender_family(Reader& in, const Dictionary& dictionary, Sender& sender) {
  const std::uint64_t place = in.number();
  if (place >= dictionary.size()) return in.fail();
  const WrittenFamily& written = dictionary[place];
  SenderFamily values{.newest_seq = in.number(), .counted = in.flag()};
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    values.baselines.push_back(read_values<Baseline>(in, written));
  }
  std::set<std::string, std::less<>> levels;
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    values.levels.push_back(read_values<metrics::Series>(in, written));
    if (!levels.insert(values.levels.back().labels).second) in.fail();
  }
  if (in.flag()) {
    values.waiting.emplace();
    for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
      values.waiting->push_back(read_values<metrics::Series>(in, written));
    }
  }
  if (written.index == metrics::kNoFamily) return;
  const Family& family = metrics::at(written.index);
  if (is_count(family) ? !values.levels.empty()
                       : !values.baselines.empty() || values.waiting.has_value()) {
    return in.fail();
  }
  if (!sender.families.emplace(written.index, std::move(values)).second) in.fail();
}

std::optional<Start> read_start(Reader& in) {
  switch (in.fixed(1)) {
    case static_cast<std::uint64_t>(Start::Undecided):
      return Start::Undecided;
    case static_cast<std::uint64_t>(Start::FromZero):
      return Start::FromZero;
    case static_cast<std::uint64_t>(Start::FromCurrent):
      return Start::FromCurrent;
    default:
      return std::nullopt;
  }
}

Sender read_sender(Reader& in, const Dictionary& dictionary) {
  Sender sender{.service = in.text(), .replica = in.text()};
  sender.bit = metrics::owner_bit(sender.service);
  const std::optional<Start> start = read_start(in);
  if (sender.bit == 0 || !start || !metrics::is_utf8(sender.replica)) in.fail();
  sender.start = start.value_or(Start::FromCurrent);
  sender.birth = in.at();
  sender.born_after = in.at();
  sender.returned = in.flag();
  sender.birth_is_foreign = in.flag();
  sender.first_heard = in.at();
  sender.last_received = in.at();
  sender.last_heard = in.at();
  sender.interval = in.span();
  // Longer than any configuration allows, and a small multiple of it does not overflow.
  if (sender.interval < domain::Duration::zero() || sender.interval > std::chrono::hours(1)) {
    in.fail();
  }
  sender.newest_seq = in.number();
  sender.final = in.flag();
  sender.superseded = in.flag();
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    read_sender_family(in, dictionary, sender);
  }
  return sender;
}

SavedState read_body(Reader& in) {
  SavedState saved;
  saved.saved.line = in.at();
  saved.saved.monotonic = in.span();
  saved.saved.boot_id = in.text();
  if (in.flag()) saved.state.floor = in.at();
  saved.state.totals.resize(metrics::families().size());
  Dictionary dictionary;
  std::set<FamilyIndex> seen;
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    const WrittenFamily& written = dictionary.emplace_back(read_family(in));
    FamilyTotals totals = read_totals(in, written);
    if (written.index == metrics::kNoFamily) {
      ++saved.families_afresh;
    } else if (seen.insert(written.index).second) {
      saved.state.totals[written.index] = std::move(totals);
    } else {
      in.fail();
    }
  }
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    const std::uint64_t incarnation = in.fixed(8);
    if (!saved.state.senders.emplace(incarnation, read_sender(in, dictionary)).second) in.fail();
  }
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    saved.state.forgotten.push_back(in.fixed(8));
  }
  return saved;
}

}  // namespace

std::string_view to_string(StateFault fault) {
  switch (fault) {
    case StateFault::NotAState:
      return "not a state file";
    case StateFault::OtherFormat:
      return "written by another version";
    case StateFault::Truncated:
      return "truncated";
    case StateFault::Corrupt:
      return "corrupt";
    case StateFault::Contradictory:
      return "contradicts itself";
  }
  return {};
}

std::string seal_state(std::string_view body) {
  Writer head;
  head.reserve(kHeadBytes + body.size());
  head.fixed(kFormat, 4);
  head.fixed(body.size(), 8);
  head.fixed(checksum(body), 4);
  return std::string(kMagic).append(head.take()).append(body);
}

std::string encode_state(const MergerState& state, const StateMoment& saved) {
  Writer out;
  out.at(saved.line);
  out.span(saved.monotonic);
  out.text(saved.boot_id);
  out.flag(state.floor.has_value());
  if (state.floor) out.at(*state.floor);
  // Every family is written, so that its place in the catalogue is its place in the file.
  out.number(state.totals.size());
  for (std::size_t i = 0; i < state.totals.size(); ++i) {
    const auto index = static_cast<FamilyIndex>(i);
    const Family& family = metrics::at(index);
    const bool is_histogram = family.type == Type::Histogram;
    out.text(family.name);
    out.fixed(metrics::fingerprint(index), 8);
    out.flag(is_histogram);
    out.number(is_histogram ? family.bounds.size() + 1 : 0);
    put_totals(out, family, state.totals[i]);
  }
  out.number(state.senders.size());
  for (const auto& [incarnation, sender] : state.senders) put_sender(out, incarnation, sender);
  out.number(state.forgotten.size());
  for (const std::uint64_t incarnation : state.forgotten) out.fixed(incarnation, 8);
  return seal_state(out.take());
}

std::variant<SavedState, StateFault> decode_state(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return kMagic.starts_with(bytes) ? StateFault::Truncated : StateFault::NotAState;
  }
  if (bytes.size() < kHeadBytes) return StateFault::Truncated;
  Reader head(bytes.substr(kMagic.size()));
  if (head.fixed(4) != kFormat) return StateFault::OtherFormat;
  const std::uint64_t size = head.fixed(8);
  const std::uint64_t expected = head.fixed(4);
  const std::string_view body = bytes.substr(kHeadBytes);
  if (body.size() != size) return StateFault::Truncated;
  if (checksum(body) != expected) return StateFault::Corrupt;
  Reader in(body);
  SavedState saved = read_body(in);
  if (!in.ok() || !in.at_end() || !link(saved.state)) return StateFault::Contradictory;
  return saved;
}

}  // namespace polybot::metrics_aggregator
