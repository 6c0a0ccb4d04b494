#include "common/metrics/registry.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "common/domain/assert.hpp"

namespace polybot::metrics {

struct Refusals {
  prometheus::Counter nan;
  prometheus::Counter infinite;
  prometheus::Counter negative;
  prometheus::Counter oversize;

  // True when `value` is a finite number; else counts why not.
  bool admit_finite(double value) {
    if (std::isfinite(value)) [[likely]]
      return true;
    (std::isnan(value) ? nan : infinite).Increment();
    return false;
  }
  bool admit_positive(double value) {
    if (!admit_finite(value)) return false;
    if (value >= 0) [[likely]]
      return true;
    negative.Increment();
    return false;
  }
};

// The last event of a timestamp gauge. The wall clock is believed only at the first reading after
// `set`; from then on the age grows by the monotonic clock, so that setting the host's clock cannot
// age the value.
struct TimestampCell {
  std::optional<domain::Timestamp> at;
  bool read_since_set = false;
  domain::Duration event_uptime{};  // on the monotonic clock; valid once read

  double age_seconds(Moment moment) {
    if (!at) return kNoAge;
    if (!read_since_set) {
      event_uptime = moment.uptime - (moment.wall - *at);
      read_since_set = true;
    }
    const double age = std::chrono::duration<double>(moment.uptime - event_uptime).count();
    return std::max(age, 0.0);  // an event stamped in our future happens now
  }
};

// --- Handles -------------------------------------------------------------------------------------

void Counter::increment() {
  raw_->Increment();
}
void Counter::add(double amount) {
  if (refusals_->admit_positive(amount)) raw_->Increment(amount);
}
void Counter::raise_to(double total) {
  if (refusals_->admit_positive(total)) raw_->Increment(std::max(total - raw_->Value(), 0.0));
}
double Counter::value() const {
  return raw_->Value();
}

void Gauge::set(double value) {
  if (refusals_->admit_finite(value)) raw_->Set(value);
}
void Gauge::add(double amount) {
  if (refusals_->admit_finite(amount)) raw_->Increment(amount);
}
double Gauge::value() const {
  return raw_->Value();
}

void TimestampGauge::set(domain::Timestamp at) {
  cell_->at = at;
  cell_->read_since_set = false;
}
void TimestampGauge::clear() {
  cell_->at.reset();
}

void Histogram::observe(double value) {
  if (refusals_->admit_positive(value)) raw_->Observe(value);
}
void Histogram::observe(domain::Duration elapsed) {
  observe(std::chrono::duration<double>(elapsed).count());
}
std::uint64_t Histogram::count() const {
  return raw_->Collect().histogram.sample_count;
}

// --- Storage -------------------------------------------------------------------------------------

// One touched family. Nodes of a map never move, so handles may point into it.
struct Registry::Entry {
  std::map<std::string, prometheus::Counter, std::less<>> counters;
  std::map<std::string, prometheus::Gauge, std::less<>> gauges;
  std::map<std::string, TimestampCell, std::less<>> timestamps;
  std::map<std::string, prometheus::Histogram, std::less<>> histograms;
};

// The values being gathered by one collect(), by family.
class Sink::Build {
 public:
  Build(const Registry& registry, Refusals& refusals, Moment moment)
      : registry_(registry), refusals_(refusals), moment_(moment), values_(families().size()) {}

  std::vector<Series>& open(FamilyIndex index) {
    std::optional<FamilyValues>& slot = values_[index];
    if (!slot) slot = FamilyValues{std::string(at(index).name), fingerprint(index), {}};
    return slot->series;
  }
  void put(FamilyIndex index, std::string key, double value) {
    if (refusals_.admit_finite(value)) open(index).push_back({std::move(key), value});
  }

  const Registry& registry() const { return registry_; }
  Refusals& refusals() { return refusals_; }
  Moment moment() const { return moment_; }

  // A label set that is named twice would be merged twice: a bug of the source.
  std::vector<FamilyValues> finish() {
    std::vector<FamilyValues> out;
    for (std::optional<FamilyValues>& slot : values_) {
      if (!slot) continue;
      std::ranges::sort(slot->series, {}, &Series::labels);
      POLYBOT_ASSERT(std::ranges::adjacent_find(slot->series, {}, &Series::labels) ==
                     slot->series.end());
      out.push_back(std::move(*slot));
    }
    return out;
  }

 private:
  const Registry& registry_;
  Refusals& refusals_;
  Moment moment_;
  std::vector<std::optional<FamilyValues>> values_;
};

namespace {

std::string checked_key(FamilyIndex index, LabelValues labels) {
  const Family& family = at(index);
  POLYBOT_ASSERT(labels.size() == family.labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    POLYBOT_ASSERT(admits(family.labels[i], labels.begin()[i]));
  }
  return join_labels(labels);
}

}  // namespace

FamilyIndex Sink::open(FamilyIndex index) {
  POLYBOT_ASSERT((at(index).owners & owner_bit(build_->registry().identity().service)) != 0);
  build_->open(index);
  return index;
}

void Sink::put(FamilyIndex index, LabelValues labels, double value) {
  POLYBOT_ASSERT(!at(index).is_timestamp());
  if (at(index).type == Type::Counter && !build_->refusals().admit_positive(value)) return;
  build_->put(index, checked_key(index, labels), value);
}

void Sink::put_timestamp(FamilyIndex index, LabelValues labels, domain::Timestamp at_time) {
  POLYBOT_ASSERT(at(index).is_timestamp());
  TimestampCell cell{.at = at_time};
  build_->put(index, checked_key(index, labels), cell.age_seconds(build_->moment()));
}

void Sink::put_no_timestamp(FamilyIndex index, LabelValues labels) {
  POLYBOT_ASSERT(at(index).is_timestamp());
  build_->put(index, checked_key(index, labels), kNoAge);
}

// --- Registry ------------------------------------------------------------------------------------

Registry::Registry(Identity identity)
    : identity_(std::move(identity)),
      refusals_(std::make_unique<Refusals>()),
      entries_(families().size()) {
  POLYBOT_ASSERT(owner_bit(identity_.service) != 0);
}

Registry::~Registry() = default;

Registry::Entry& Registry::touch(FamilyIndex index) {
  POLYBOT_ASSERT((at(index).owners & owner_bit(identity_.service)) != 0);
  std::unique_ptr<Entry>& entry = entries_[index];
  if (!entry) entry = std::make_unique<Entry>();
  return *entry;
}

Counter Registry::counter(CounterName name, LabelValues labels) {
  auto& all = touch(name.index()).counters;
  return {all.try_emplace(checked_key(name.index(), labels)).first->second, *refusals_};
}

Gauge Registry::gauge(GaugeName name, LabelValues labels) {
  POLYBOT_ASSERT(!at(name.index()).is_timestamp());
  auto& all = touch(name.index()).gauges;
  return {all.try_emplace(checked_key(name.index(), labels)).first->second, *refusals_};
}

TimestampGauge Registry::timestamp_gauge(GaugeName name, LabelValues labels) {
  POLYBOT_ASSERT(at(name.index()).is_timestamp());
  auto& all = touch(name.index()).timestamps;
  return TimestampGauge(all.try_emplace(checked_key(name.index(), labels)).first->second);
}

Histogram Registry::histogram(HistogramName name, LabelValues labels) {
  auto& all = touch(name.index()).histograms;
  const std::span<const double> bounds = at(name.index()).bounds;
  return {all.try_emplace(checked_key(name.index(), labels),
                          prometheus::Histogram::BucketBoundaries(bounds.begin(), bounds.end()))
              .first->second,
          *refusals_};
}

void Registry::forget(GaugeName name, LabelValues labels) {
  Entry& entry = touch(name.index());
  const std::string key = checked_key(name.index(), labels);
  entry.gauges.erase(key);
  entry.timestamps.erase(key);
}

void Registry::add_source(std::function<void(Sink&)> source) {
  sources_.push_back(std::move(source));
}

void Registry::before_collect(std::function<void()> hook) {
  hooks_.push_back(std::move(hook));
}

void Registry::set_fold(Fold fold) {
  POLYBOT_ASSERT(identity_.service == "order-manager" && !fold.journal_id.empty());
  fold_ = std::move(fold);
}

bool Registry::publishable() const {
  return identity_.service != "order-manager" || !fold_.journal_id.empty();
}

void Registry::count_oversize_family() {
  refusals_->oversize.Increment();
}

namespace {

Series histogram_series(const std::string& key, const prometheus::Histogram& histogram) {
  const prometheus::ClientMetric::Histogram value = histogram.Collect().histogram;
  Series series{key, 0, {}, value.sample_sum};
  series.buckets.reserve(value.bucket.size());
  std::uint64_t before = 0;
  for (const auto& bucket : value.bucket) {
    series.buckets.push_back(bucket.cumulative_count - before);
    before = bucket.cumulative_count;
  }
  return series;
}

}  // namespace

void Registry::read_instruments(Sink::Build& build, Moment moment) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i]) continue;
    std::vector<Series>& series = build.open(static_cast<FamilyIndex>(i));
    for (const auto& [key, counter] : entries_[i]->counters)
      series.push_back({key, counter.Value()});
    for (const auto& [key, gauge] : entries_[i]->gauges) series.push_back({key, gauge.Value()});
    for (auto& [key, cell] : entries_[i]->timestamps)
      series.push_back({key, cell.age_seconds(moment)});
    for (const auto& [key, histogram] : entries_[i]->histograms) {
      series.push_back(histogram_series(key, histogram));
    }
  }
}

std::vector<FamilyValues> Registry::collect(Moment moment) {
  for (const auto& hook : hooks_) hook();
  Sink::Build build(*this, *refusals_, moment);
  read_instruments(build, moment);
  Sink sink(build);
  for (const auto& source : sources_) source(sink);
  // This is last, so that it includes what this reading refused.
  Sink::Writer refused = sink.counter("polybot_observations_refused_total");
  refused.set({identity_.service, "nan"}, refusals_->nan.Value());
  refused.set({identity_.service, "infinite"}, refusals_->infinite.Value());
  refused.set({identity_.service, "negative"}, refusals_->negative.Value());
  refused.set({identity_.service, "oversize"}, refusals_->oversize.Value());
  return build.finish();
}

}  // namespace polybot::metrics
