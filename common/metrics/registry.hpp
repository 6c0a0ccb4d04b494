// The instruments of one process: prometheus-cpp's counters, gauges and histograms, reached only
// through the families of the catalogue.
//
// Resolve a handle once, at start, and keep it: resolving registers the label set at 0, so that the
// first event is a visible increase. Using a handle costs a few nanoseconds and allocates nothing.
//
//     metrics::Counter scans = registry.counter("polybot_scans_total", {"arbitrage"});
//     scans.increment();
//
// An unknown family or one of another type does not compile. A wrong number of labels, a label
// value outside its closed set and a family of another service are bugs: POLYBOT_ASSERT. NaN,
// infinities and negative counter or histogram values are refused and counted, never stored.
//
// Values that are folds of other state (all money families of order-manager) have no instrument.
// Register a source, which names its families and their values each time a snapshot is taken.
//
// Handles point into the registry and must not outlive it. Everything belongs to the service's one
// loop.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"
#include "common/metrics/catalogue.hpp"
#include "common/metrics/catalogue_table.hpp"
#include "common/metrics/snapshot.hpp"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace polybot::metrics {

// Label values in the catalogue's order, e.g. {"arbitrage", "buy"}.
using LabelValues = std::initializer_list<std::string_view>;

// Who this process is. The same everywhere: in snapshots, heartbeats and logs.
struct Identity {
  std::string service;            // one of kServices
  std::string replica;            // POLYBOT_REPLICA, else the host name
  std::uint64_t incarnation = 0;  // random per process start
  std::string version;
  std::string revision;
};

struct Refusals;  // counts what the instruments refused; see registry.cpp
struct TimestampCell;

class Counter {
 public:
  void increment();
  // Refuses NaN, infinities and negative amounts.
  void add(double amount);
  // For totals kept elsewhere (CPU seconds, a library's own count): rises to `total`, never falls.
  void raise_to(double total);
  double value() const;

 private:
  friend class Registry;
  Counter(prometheus::Counter& raw, Refusals& refusals) : raw_(&raw), refusals_(&refusals) {}
  prometheus::Counter* raw_;
  Refusals* refusals_;
};

class Gauge {
 public:
  // Refuses NaN and infinities.
  void set(double value);
  void add(double amount);
  double value() const;

 private:
  friend class Registry;
  Gauge(prometheus::Gauge& raw, Refusals& refusals) : raw_(&raw), refusals_(&refusals) {}
  prometheus::Gauge* raw_;
  Refusals* refusals_;
};

// A `…_timestamp_seconds` gauge. Travels as an age; `clear` means "none", shown as 0.
class TimestampGauge {
 public:
  void set(domain::Timestamp at);
  void clear();

 private:
  friend class Registry;
  explicit TimestampGauge(TimestampCell& cell) : cell_(&cell) {}
  TimestampCell* cell_;
};

class Histogram {
 public:
  // Refuses NaN, infinities and negative values.
  void observe(double value);
  void observe(domain::Duration elapsed);  // in seconds
  std::uint64_t count() const;

 private:
  friend class Registry;
  Histogram(prometheus::Histogram& raw, Refusals& refusals) : raw_(&raw), refusals_(&refusals) {}
  prometheus::Histogram* raw_;
  Refusals* refusals_;
};

// Where a source writes its values. A family that is opened and given no series is published as
// empty, so open every family of the source each time.
class Sink {
 public:
  template <Type kType>
  class Writer {
   public:
    // One label set; a repeated one is a bug. Non-finite values are refused and counted.
    void set(LabelValues labels, double value) { sink_->put(index_, labels, value); }
    // Only for `…_timestamp_seconds` families.
    void set_timestamp(LabelValues labels, domain::Timestamp at) {
      sink_->put_timestamp(index_, labels, at);
    }
    void set_no_timestamp(LabelValues labels) { sink_->put_no_timestamp(index_, labels); }

   private:
    friend class Sink;
    Writer(Sink& sink, FamilyIndex index) : sink_(&sink), index_(index) {}
    Sink* sink_;
    FamilyIndex index_;
  };

  Writer<Type::Counter> counter(CounterName name) { return {*this, open(name.index())}; }
  Writer<Type::Gauge> gauge(GaugeName name) { return {*this, open(name.index())}; }

 private:
  friend class Registry;
  class Build;
  explicit Sink(Build& build) : build_(&build) {}
  FamilyIndex open(FamilyIndex index);
  void put(FamilyIndex index, LabelValues labels, double value);
  void put_timestamp(FamilyIndex index, LabelValues labels, domain::Timestamp at);
  void put_no_timestamp(FamilyIndex index, LabelValues labels);
  Build* build_;
};

// The moment at which values are read: ages are differences to it. `uptime` is monotonic.
struct Moment {
  domain::Timestamp wall;
  domain::Duration uptime;
};

class Registry {
 public:
  explicit Registry(Identity identity);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same family and labels give a handle to the same instrument.
  Counter counter(CounterName name, LabelValues labels = {});
  Gauge gauge(GaugeName name, LabelValues labels = {});
  TimestampGauge timestamp_gauge(GaugeName name, LabelValues labels = {});
  Histogram histogram(HistogramName name, LabelValues labels = {});
  // A gauge whose label set ceased to exist (a disconnected venue). Its handles must not be used
  // again.
  void forget(GaugeName name, LabelValues labels);

  // Called each time values are read, after the hooks, in the order of registration.
  void add_source(std::function<void(Sink&)> source);
  // Called before values are read: the place to copy totals and levels that are kept elsewhere.
  void before_collect(std::function<void()> hook);

  // The fold behind `owned` families. A registry of order-manager has nothing to publish before it
  // is set.
  void set_fold(Fold fold);
  const Fold& fold() const { return fold_; }
  bool publishable() const;

  // Every family touched so far with all its series, in catalogue order.
  std::vector<FamilyValues> collect(Moment moment);

  // A family that no message could hold was left out of a snapshot.
  void count_oversize_family();

  const Identity& identity() const { return identity_; }

 private:
  struct Entry;
  Entry& touch(FamilyIndex index);
  void read_instruments(Sink::Build& build, Moment moment);

  Identity identity_;
  Fold fold_;
  std::unique_ptr<Refusals> refusals_;
  std::vector<std::unique_ptr<Entry>> entries_;  // by FamilyIndex; null until touched
  std::vector<std::function<void()>> hooks_;
  std::vector<std::function<void(Sink&)>> sources_;
};

}  // namespace polybot::metrics
