#include <algorithm>

#include "common/domain/mutation.hpp"
#include "services/order-manager/core/ledger/portfolio.hpp"

namespace polybot::order_manager {

using domain::FillStatus;
using domain::Money;
using domain::Quantity;
using domain::Side;

void TokenPosition::add(const domain::OrderFilled& fill) {
  fills_.push_back({fill.fill, fill.side, fill.quantity, fill.cash, fill.fee, fill.status});
  domain::apply_fill(current_, fill.side, fill.quantity, fill.cash, fill.fee);
  fold_confirmed_front();
}

void TokenPosition::open(Quantity quantity, Money value) {
  opened_ += quantity;
  fills_.push_back({{}, Side::Buy, quantity, value, Money{}, FillStatus::Confirmed});
  domain::apply_fill(current_, Side::Buy, quantity, value, Money{});
  fold_confirmed_front();
}

void TokenPosition::advance(const domain::FillId& fill, FillStatus status) {
  for (Entry& entry : fills_) {
    if (entry.id == fill) entry.status = status;
  }
  fold_confirmed_front();
}

void TokenPosition::remove(const domain::FillId& fill) {
  const auto it = std::find_if(fills_.begin(), fills_.end(),
                               [&](const Entry& entry) { return entry.id == fill; });
  POLYBOT_ASSERT(it != fills_.end());
  if (mutated(Mutation::ReversalAsOppositeFill)) {
    Entry opposite = *it;
    opposite.side = domain::opposite(opposite.side);
    fills_.push_back(opposite);
  } else {
    fills_.erase(it);
  }
  fold_again();
  fold_confirmed_front();
}

void TokenPosition::fold_confirmed_front() {
  while (!fills_.empty() && fills_.front().status == FillStatus::Confirmed) {
    const Entry& entry = fills_.front();
    domain::apply_fill(base_, entry.side, entry.quantity, entry.cash, entry.fee);
    fills_.pop_front();
  }
  if (fills_.size() > kUnfoldedFillsMax) fold_past_stuck();
}

void TokenPosition::fold_past_stuck() {
  const auto confirmed = [](const Entry& entry) { return entry.status == FillStatus::Confirmed; };
  if (std::none_of(fills_.begin(), fills_.end(), confirmed)) return;
  for (const Entry& entry : fills_) {
    if (confirmed(entry))
      domain::apply_fill(base_, entry.side, entry.quantity, entry.cash, entry.fee);
  }
  std::erase_if(fills_, confirmed);
  fold_again();
}

void TokenPosition::fold_again() {
  current_ = base_;
  for (const Entry& entry : fills_) {
    domain::apply_fill(current_, entry.side, entry.quantity, entry.cash, entry.fee);
  }
}

Quantity TokenPosition::settled() const {
  if (mutated(Mutation::SettledIgnored)) return current_.quantity;
  Quantity settled = base_.quantity;
  for (const Entry& entry : fills_) {
    if (entry.side == Side::Sell) {
      settled -= entry.quantity;
    } else if (entry.status != FillStatus::Matched) {
      settled += entry.quantity;
    }
  }
  return settled;
}

Money TokenPosition::unsettled_proceeds() const {
  Money proceeds;
  for (const Entry& entry : fills_) {
    if (entry.side == Side::Sell && entry.status == FillStatus::Matched) {
      proceeds += entry.cash - entry.fee;
    }
  }
  return proceeds;
}

std::size_t TokenPosition::provisional() const {
  return static_cast<std::size_t>(
      std::count_if(fills_.begin(), fills_.end(),
                    [](const Entry& entry) { return entry.status != FillStatus::Confirmed; }));
}

void TokenPosition::digest(Digest& digest) const {
  digest.add(opened_);
  for (const domain::Holding& holding : {base_, current_}) {
    digest.add(holding.quantity).add(holding.cost).add(holding.realized);
  }
  for (const Entry& entry : fills_) {
    digest.add(entry.id.trade).add(entry.id.order).add(entry.side).add(entry.quantity);
    digest.add(entry.cash).add(entry.fee).add(entry.status);
  }
}

}  // namespace polybot::order_manager
