#include "services/order-manager/core/account/settlements.hpp"

#include <algorithm>

namespace polybot::order_manager {

using domain::FillStatus;
using domain::Side;
using domain::Timestamp;

namespace {

// Balances move when a trade is mined: a reading may or may not contain a matched one.
template <class Visit>
void for_each_matched(const Portfolio& portfolio, const Visit& visit) {
  for (const auto& [strategy, positions] : portfolio.positions()) {
    for (const auto& [market, position] : positions) {
      for (const auto outcome : {domain::Outcome::Yes, domain::Outcome::No}) {
        for (const TokenPosition::Entry& entry : position.token(outcome).entries()) {
          if (entry.status == FillStatus::Matched)
            visit(domain::Instrument{market, outcome}, entry);
        }
      }
    }
  }
}

}  // namespace

void Settlements::settled(const domain::OrderFilled& fill, Timestamp now) {
  recent_.push_back({now, fill.instrument, fill.side == Side::Buy ? fill.quantity : -fill.quantity,
                     cash_flow(fill)});
  while (recent_.size() > kMax || recent_.front().at + kKept < now) recent_.pop_front();
}

ExpectedRange Settlements::cash(const Ledger& ledger, Timestamp read_at) const {
  const Portfolio& portfolio = ledger.portfolio();
  ExpectedRange range{portfolio.cash().raw(), portfolio.cash().raw()};
  for_each_matched(portfolio, [&](const domain::Instrument&, const TokenPosition::Entry& entry) {
    range.widen(-cash_flow(entry).raw());
  });
  for (const Flow& flow : recent_) {
    if (flow.at >= read_at - kSettlementLag) range.widen(-flow.cash.raw());
  }
  for (const auto& [market, resolution] : portfolio.resolutions()) {
    // The venue does not take back what it has paid too much.
    range.widen(std::max(portfolio.claim(market), domain::Money{}).raw());
  }
  return range;
}

ExpectedRange Settlements::quantity(const Ledger& ledger, const domain::Instrument& instrument,
                                    Timestamp read_at) const {
  const std::int64_t booked = ledger.portfolio().account_quantity(instrument).raw();
  ExpectedRange range{booked, booked};
  for_each_matched(
      ledger.portfolio(), [&](const domain::Instrument& of, const TokenPosition::Entry& entry) {
        if (of != instrument) return;
        range.widen(entry.side == Side::Buy ? -entry.quantity.raw() : entry.quantity.raw());
      });
  for (const Flow& flow : recent_) {
    if (flow.instrument == instrument && flow.at >= read_at - kSettlementLag)
      range.widen(-flow.quantity.raw());
  }
  return range;
}

}  // namespace polybot::order_manager
