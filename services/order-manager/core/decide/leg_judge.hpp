// Legs that were filled unevenly: recorded, watched, and levelled when their strategy does not do
// it.
#pragma once

#include <vector>

#include "services/order-manager/core/orders/exits.hpp"

namespace polybot::order_manager {

class LegJudge {
 public:
  LegJudge(const Settings& settings, const Readiness& readiness, const QuoteBoard& quotes,
           Exits& exits)
      : settings_(settings), readiness_(readiness), quotes_(quotes), exits_(exits) {}

  // Records which groups have become unlevel or level. Call it at the end of every turn.
  void judge(Turn& turn);
  // Sells the surplus of groups that have been unlevel for too long.
  void unwind(Turn& turn);

 private:
  enum class Verdict : std::uint8_t { Level, Unlevel };
  [[nodiscard]] std::optional<Verdict> verdict(const Turn& turn, const LegGroup& group) const;
  [[nodiscard]] bool hopeless(const Turn& turn, const LegGroup& group,
                              const std::vector<LegQuantity>& quantities) const;
  [[nodiscard]] bool overdue(const Turn& turn, const LegGroup& group) const;

  const Settings& settings_;
  const Readiness& readiness_;
  const QuoteBoard& quotes_;
  Exits& exits_;
  bool all_due_ = true;  // not only what is unlevel already: something else has changed
};

}  // namespace polybot::order_manager
