#include "services/venue-simulator/core/engine/rebates.hpp"

namespace polybot::venue_simulator {
namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::size_t kDaysKept = 31;

}  // namespace

void Rebates::earn(AccountId maker, const domain::MarketId& market, domain::Money fee,
                   domain::Timestamp now) {
  const domain::Money rebate = domain::Money::from_raw(
      domain::mul_div(fee.raw(), kSharePpm, kMillion, domain::Rounding::Down));
  if (rebate.is_positive()) earned_[domain::utc_date(now)][maker][market] += rebate;
}

std::vector<std::pair<AccountId, domain::Money>> Rebates::take_due(domain::Timestamp now) {
  std::vector<std::pair<AccountId, domain::Money>> due;
  while (!earned_.empty() && earned_.begin()->first < domain::utc_date(now)) {
    for (const auto& [maker, markets] : earned_.begin()->second) {
      domain::Money total;
      for (const auto& [market, amount] : markets) total += amount;
      due.emplace_back(maker, total);
    }
    paid_.insert(earned_.extract(earned_.begin()));
    if (paid_.size() > kDaysKept) paid_.erase(paid_.begin());
  }
  return due;
}

Rebates::OfMarkets Rebates::paid(AccountId maker, domain::UtcDate date) const {
  const auto day = paid_.find(date);
  if (day == paid_.end()) return {};
  const auto found = day->second.find(maker);
  return found == day->second.end() ? OfMarkets{} : found->second;
}

}  // namespace polybot::venue_simulator
