// Maker rebates: a share of what takers pay in fees goes to those whose orders they took. It is
// earned as trades become final, and paid in one sum after the end of the day (UTC).
// Source: the venue's documentation of its maker rebates programme.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/ids.hpp"
#include "common/domain/time.hpp"
#include "services/venue-simulator/core/engine/accounts.hpp"

namespace polybot::venue_simulator {

class Rebates {
 public:
  // Of the fee that a taker paid.
  static constexpr std::int64_t kSharePpm = 200'000;

  using OfMarkets = std::map<domain::MarketId, domain::Money>;

  // `fee` is the maker's part of the taker's fee.
  void earn(AccountId maker, const domain::MarketId& market, domain::Money fee,
            domain::Timestamp now);
  // What is due to whom, once for each day that is over.
  [[nodiscard]] std::vector<std::pair<AccountId, domain::Money>> take_due(domain::Timestamp now);
  // What was paid for a day; empty for one that is not over, or over for a month.
  [[nodiscard]] OfMarkets paid(AccountId maker, domain::UtcDate date) const;

  template <class Archive>
  void fields(Archive& archive) {
    archive(earned_, paid_);
  }

 private:
  using OfDay = std::map<AccountId, OfMarkets>;
  std::map<domain::UtcDate, OfDay> earned_;
  std::map<domain::UtcDate, OfDay> paid_;
};

}  // namespace polybot::venue_simulator
