// The metric contract as one constexpr table: every family PolyBot can ever expose, with its type,
// help, labels, owners, merge policy, bucket bounds and proof. Services can instrument only what is
// declared here (an unknown name does not compile), the aggregator merges by it, and
// `--print-catalogue` prints it for the dashboard, alert and documentation checks.
//
// This is data, not instruments: see registry.hpp for the handles. Needs the standard library
// and, for the words of its enums, domain/enumeration.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "common/domain/enumeration.hpp"

namespace polybot::metrics {

enum class Type : std::uint8_t { Counter, Gauge, Histogram };

// How the values of several replicas become one.
enum class Policy : std::uint8_t {
  Sum,    // counters and histograms by incarnation; gauges over live replicas
  Max,    // over live replicas
  Min,    // over live replicas
  Last,   // single owner: the whole family from the replica with the newest birth
  Owned,  // an absolute value from a fold of committed transactions; never falls within one fold
};

// How an end-to-end run shows the family alive. There is no default: a family without a proof
// cannot exist.
enum class ProofKind : std::uint8_t {
  Moves,      // two different values in a healthy run
  Fault,      // a resting value in a healthy run, changed by the named fault
  Constant,   // always the same value
  Invariant,  // keeps a required value (0, or within a bound) throughout
};

struct Proof {
  ProofKind kind;
  std::string_view fault;  // the fault's name; empty unless kind is Fault
};
constexpr Proof kMoves{ProofKind::Moves, {}};
constexpr Proof kConstant{ProofKind::Constant, {}};
constexpr Proof kInvariant{ProofKind::Invariant, {}};
constexpr Proof fault(std::string_view name) {
  return {ProofKind::Fault, name};
}

// Services that may instrument a family, as a set of bits.
using OwnerSet = std::uint8_t;
constexpr OwnerSet kGateway = 1;
constexpr OwnerSet kStrategyRunner = 2;
constexpr OwnerSet kOrderManager = 4;
constexpr OwnerSet kMetricsAggregator = 8;
constexpr OwnerSet kEveryService = kGateway | kStrategyRunner | kOrderManager | kMetricsAggregator;

struct Service {
  std::string_view name;
  OwnerSet bit;
};
// The services whose health and metrics are expected, in the order in which they are shown.
constexpr std::array<Service, 4> kServices{{{"gateway", kGateway},
                                            {"strategy-runner", kStrategyRunner},
                                            {"order-manager", kOrderManager},
                                            {"metrics-aggregator", kMetricsAggregator}}};
// 0 for a name that is not one of kServices.
OwnerSet owner_bit(std::string_view service);

struct Label {
  std::string_view name;
  // The closed set of values, separated by '|'. Empty: the set comes from configuration, routes or
  // an enum of another component (still small and closed, never an id or a raw path).
  std::string_view values = {};
};

constexpr std::size_t kLabelsMax = 4;

class LabelList {
 public:
  constexpr LabelList() = default;
  constexpr LabelList(std::initializer_list<Label> labels) {
    for (const Label& label : labels) labels_.at(size_++) = label;
  }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const Label& operator[](std::size_t index) const { return labels_[index]; }
  constexpr const Label* begin() const { return labels_.data(); }
  constexpr const Label* end() const { return labels_.data() + size_; }

 private:
  std::array<Label, kLabelsMax> labels_{};
  std::size_t size_ = 0;
};

struct Family {
  std::string_view name;
  Type type;
  Policy policy;
  LabelList labels;
  OwnerSet owners;
  Proof proof;
  std::string_view help;
  // Upper bounds of a histogram's buckets, rising, without +Inf. Empty for other types.
  std::span<const double> bounds = {};
  // With Max: a label set once seen stays exposed at 0 while no live replica carries it.
  bool sticky = false;

  // Gauges named like this travel as ages, so that no sender's wall clock is believed.
  constexpr bool is_timestamp() const { return name.ends_with("_timestamp_seconds"); }
};

// Everything that must agree between sender and aggregator for values to be mergeable: type,
// labels, policy and bounds. FNV-1a over a canonical rendering; stable across builds and machines.
std::uint64_t fingerprint(const Family& family);

// The whole contract, in the order in which it is exposed and documented.
std::span<const Family> families();

// A family's place in families(); dense, so it can index arrays.
using FamilyIndex = std::uint16_t;
constexpr FamilyIndex kNoFamily = 0xffff;

// kNoFamily when the name is not in the catalogue.
FamilyIndex find(std::string_view name);
// Both throw std::out_of_range for kNoFamily.
const Family& at(FamilyIndex index);
std::uint64_t fingerprint(FamilyIndex index);

// How many label sets the family needs in its largest use, when that is more than others need; 0
// otherwise.
std::size_t label_sets_max(FamilyIndex index);

// Whether `value` is in the '|'-separated set; an empty set admits every value.
bool admits(const Label& label, std::string_view value);

}  // namespace polybot::metrics
