#include "services/gateway/api/read_model/idle_reasons.hpp"

#include <algorithm>
#include <string_view>

#include "services/gateway/api/read_model/notices.hpp"

namespace polybot::gateway {
namespace {

constexpr auto kDenialsOver = std::chrono::seconds(60);

void about_the_feed(std::vector<std::string>& reasons, const IdleFacts& facts) {
  if (facts.links_open == 0) {
    reasons.emplace_back("no market data connection to the venue is open");
  } else if (facts.books == 0) {
    reasons.emplace_back("no market accepts orders");
  } else if (facts.books_stale == facts.books) {
    reasons.emplace_back("every book is stale");
  } else if (facts.markets_active == 0 && !facts.markets_unreadable.empty()) {
    std::string fields;
    for (const auto& [field, count] : facts.markets_unreadable)
      fields.append(fields.empty() ? "" : ", ").append(field);
    reasons.push_back("the terms of every market at the venue cannot be read (" + fields +
                      "): nothing is opened there until they can");
  }
}

void about_strategies(std::vector<std::string>& reasons, const TradingView& view) {
  bool any_enabled = false;
  for (const domain::StrategyState& strategy : view.strategies()) {
    const std::string& name = strategy.strategy.value;
    if (!strategy.enabled) {
      reasons.push_back("strategy " + name + " is stopped");
      continue;
    }
    any_enabled = true;
    if (view.shards_leased(strategy.strategy) == 0) {
      reasons.push_back("strategy " + name + " has no runner");
    } else if (strategy.trading_state != domain::TradingState::Active) {
      reasons.push_back("strategy " + name + " is " + std::string(name_of(strategy.trading_state)));
    }
  }
  if (!view.strategies().empty() && !any_enabled) reasons = {"every strategy is stopped"};
}

void about_denials(std::vector<std::string>& reasons, const TradingView& view,
                   domain::Timestamp now) {
  const auto denials = view.history().denials_since(now - kDenialsOver);
  const auto most =
      std::max_element(denials.begin(), denials.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == denials.end()) return;
  reasons.push_back(
      std::to_string(most->second) +
      " orders were denied in the last minute, most often: " + std::string(most->first));
}

}  // namespace

std::vector<std::string> idle_reasons(const TradingView& view, const IdleFacts& facts) {
  // A halt is reported at once. Other reasons count only after a quiet time.
  const auto state = view.trading_state();
  if (facts.orders_in_sync && state && *state != domain::TradingState::Active) {
    // The state topic says since when and by whom. The event of a change may come a moment earlier.
    domain::TradingStatus status = view.account().own;
    if (status.state != *state) status = {.state = *state};
    return {"trading is " + trading_sentence(status, std::nullopt)};
  }
  // Orders that are sent all the same are attempts, which the venue refuses.
  const std::string& paused = view.account().submissions_paused;
  if (facts.orders_in_sync && !paused.empty()) return {"the venue takes no orders: " + paused};
  const domain::Timestamp last = view.history().last_submitted_at();
  if (last != domain::Timestamp{} && facts.now - last < facts.quiet_after) return {};
  if (!facts.orders_in_sync) {
    return {"order-manager is not heard, or its events are still being replayed"};
  }
  std::vector<std::string> reasons;
  about_the_feed(reasons, facts);
  if (!reasons.empty()) return reasons;
  about_strategies(reasons, view);
  about_denials(reasons, view, facts.now);
  if (reasons.empty()) {
    reasons.emplace_back(facts.running_for < facts.quiet_after
                             ? "just started: strategies watch the books for some seconds first"
                             : "no strategy sees an opportunity");
  }
  return reasons;
}

}  // namespace polybot::gateway
