#include "common/metrics/catalogue.hpp"

#include <algorithm>
#include <bit>

#include "common/metrics/catalogue_table.hpp"

namespace polybot::metrics {

namespace {

// --- The table is checked when it is compiled: a broken row does not build -----------------------

consteval bool is_name(std::string_view text) {
  if (text.empty() || text.front() < 'a' || text.front() > 'z') return false;
  for (const char c : text) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed) return false;
  }
  return true;
}

// The one promised name that breaks the convention: a gauge that ends in _total.
consteval bool suffix_is_right(const Family& family) {
  if (family.name == "polybot_pnl_total") return family.type == Type::Gauge;
  return family.name.ends_with("_total") == (family.type == Type::Counter);
}

consteval bool labels_are_right(const Family& family) {
  for (std::size_t i = 0; i < family.labels.size(); ++i) {
    const std::string_view name = family.labels[i].name;
    if (!is_name(name) || name == "le" || name == "quantile" || name == "replica") return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (family.labels[j].name == name) return false;
    }
  }
  return true;
}

// `market` rotates every five minutes: one family may carry it, no rule or variable reads it.
consteval bool market_is_rare(const Family& family) {
  for (const Label& label : family.labels) {
    if (label.name == "market" && family.name != "polybot_position_value_usd") return false;
  }
  return true;
}

consteval bool bounds_are_right(const Family& family) {
  if (family.bounds.empty() != (family.type != Type::Histogram)) return false;
  for (std::size_t i = 1; i < family.bounds.size(); ++i) {
    if (!(family.bounds[i - 1] < family.bounds[i])) return false;
  }
  return true;
}

consteval bool policy_is_right(const Family& family) {
  if (family.sticky && family.policy != Policy::Max) return false;
  switch (family.type) {
    case Type::Counter:
      return family.policy == Policy::Sum || family.policy == Policy::Owned;
    case Type::Gauge:
      return family.policy != Policy::Owned;
    case Type::Histogram:
      return family.policy == Policy::Sum;
  }
  return false;
}

consteval bool proof_is_right(const Family& family) {
  return (family.proof.kind == ProofKind::Fault) == !family.proof.fault.empty();
}

// An owned or last family has one owner by definition, an owned one needs a fold: order-manager's.
consteval bool owners_are_right(const Family& family) {
  if (family.owners == 0) return false;
  const bool single = (family.owners & (family.owners - 1)) == 0;
  if (family.policy == Policy::Last && !single) return false;
  return family.policy != Policy::Owned || family.owners == kOrderManager;
}

consteval bool table_is_right() {
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    const Family& family = kFamilies[i];
    if (!family.name.starts_with("polybot_") || !is_name(family.name) || family.help.empty())
      return false;
    if (!suffix_is_right(family) || !labels_are_right(family) || !market_is_rare(family))
      return false;
    if (!bounds_are_right(family) || !policy_is_right(family) || !proof_is_right(family))
      return false;
    if (!owners_are_right(family)) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (kFamilies[j].name == family.name) return false;
    }
  }
  return true;
}
static_assert(table_is_right(), "a row of the metric catalogue breaks the contract's rules");
static_assert(kFamilies.size() < kNoFamily);

consteval bool large_families_exist() {
  for (const LargeFamily& large : kLargeFamilies) {
    bool exists = false;
    for (const Family& family : kFamilies) exists = exists || family.name == large.name;
    if (!exists || large.label_sets_max == 0) return false;
  }
  return true;
}
static_assert(large_families_exist(), "a large family is not in the catalogue");

// --- Fingerprints and look-up, also made when the table is compiled ------------------------------

class Fnv1a {
 public:
  constexpr void add(std::string_view text) {
    for (const char c : text) add_byte(static_cast<std::uint8_t>(c));
    add_byte(0);  // ends the field, so that "ab","c" differs from "a","bc"
  }
  constexpr void add(double number) {
    const auto bits = std::bit_cast<std::uint64_t>(number);
    for (unsigned shift = 0; shift < 64; shift += 8)
      add_byte(static_cast<std::uint8_t>(bits >> shift));
  }
  constexpr std::uint64_t value() const { return hash_; }

 private:
  constexpr void add_byte(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; }
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

constexpr std::uint64_t hash_of(const Family& family) {
  Fnv1a hash;
  hash.add(domain::name_of(family.type));
  hash.add(domain::name_of(family.policy));
  for (const Label& label : family.labels) hash.add(label.name);
  for (const double bound : family.bounds) hash.add(bound);
  return hash.value();
}

constexpr auto kFingerprints = [] {
  std::array<std::uint64_t, kFamilies.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = hash_of(kFamilies[i]);
  return all;
}();

// Places in the table, in the order of the names.
constexpr auto kByName = [] {
  std::array<FamilyIndex, kFamilies.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<FamilyIndex>(i);
  std::sort(all.begin(), all.end(),
            [](FamilyIndex a, FamilyIndex b) { return kFamilies[a].name < kFamilies[b].name; });
  return all;
}();

}  // namespace

OwnerSet owner_bit(std::string_view service) {
  for (const Service& known : kServices) {
    if (known.name == service) return known.bit;
  }
  return 0;
}

std::uint64_t fingerprint(const Family& family) {
  return hash_of(family);
}

std::span<const Family> families() {
  return kFamilies;
}

FamilyIndex find(std::string_view name) {
  const auto* const found = std::lower_bound(
      kByName.begin(), kByName.end(), name,
      [](FamilyIndex index, std::string_view wanted) { return kFamilies[index].name < wanted; });
  return found != kByName.end() && kFamilies[*found].name == name ? *found : kNoFamily;
}

const Family& at(FamilyIndex index) {
  return kFamilies.at(index);
}

std::uint64_t fingerprint(FamilyIndex index) {
  return kFingerprints.at(index);
}

std::size_t label_sets_max(FamilyIndex index) {
  for (const LargeFamily& large : kLargeFamilies) {
    if (large.name == at(index).name) return large.label_sets_max;
  }
  return 0;
}

bool admits(const Label& label, std::string_view value) {
  if (label.values.empty()) return true;
  std::string_view rest = label.values;
  while (true) {
    const std::size_t bar = rest.find('|');
    if (rest.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    rest.remove_prefix(bar + 1);
  }
}

}  // namespace polybot::metrics
