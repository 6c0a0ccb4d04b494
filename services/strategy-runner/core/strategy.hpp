// The one interface of a strategy. A Strategy object trades the markets of one shard for as long as
// the runner holds that shard's lease; its state dies with it, so losing a shard needs no cleaning
// up.
//
// Strategies are pure: they see the world through a View as of `now`, keep statistics in integers
// and emit intents through the Context. They cannot decide on a stale book: View::book() does not
// hand one out, and the Context refuses intents whose markets have none.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/domain/events.hpp"
#include "common/domain/signal.hpp"
#include "services/strategy-runner/core/holdings.hpp"
#include "services/strategy-runner/core/market_table.hpp"
#include "services/strategy-runner/core/parameters.hpp"
#include "services/strategy-runner/core/scan_marks.hpp"
#include "services/strategy-runner/core/signal_desk.hpp"

namespace polybot::strategy_runner {

// What a strategy may know at one instant. References live as long as the call it was passed to.
class View {
 public:
  // `everyone`: the holdings of all strategies of this process, this one's among them.
  View(const MarketTable& markets, const Holdings& holdings,
       std::span<const Holdings* const> everyone, const SignalDesk& desk,
       domain::TradingState trading_state, domain::Timestamp now)
      : markets_(markets),
        holdings_(holdings),
        everyone_(everyone),
        desk_(desk),
        trading_state_(trading_state),
        now_(now) {}

  [[nodiscard]] domain::Timestamp now() const { return now_; }
  // False while the strategy may only reduce what it holds.
  [[nodiscard]] bool may_open() const { return trading_state_ == domain::TradingState::Active; }

  // Null when unknown.
  [[nodiscard]] const domain::Market* market(const domain::MarketId& id) const {
    return markets_.find(id);
  }
  // The event's known markets, in id order.
  [[nodiscard]] std::span<const domain::MarketId> event_markets(
      const domain::EventGroupId& event) const {
    return markets_.markets_of(event);
  }
  // Null unless the book can be trusted now: fresh, in sync, sound, its market accepting orders.
  [[nodiscard]] const domain::OrderBook* book(const domain::MarketId& id) const {
    const KeptBook* state = markets_.usable_book(id, now_);
    return state == nullptr ? nullptr : &state->book;
  }
  // When a trade was made, and up to when a book is known, for statistics over time. It is earlier
  // than now where the news had waited, and never later, because the gateway's clock may be ahead.
  [[nodiscard]] domain::Timestamp time_of(const domain::TradeTick& trade) const {
    return std::min(trade.stamped_at, now_);
  }
  [[nodiscard]] domain::Timestamp time_of_book(const domain::MarketId& id) const {
    const KeptBook* state = markets_.any_book(id);
    return state == nullptr ? now_ : std::min(state->as_of, now_);
  }
  [[nodiscard]] const Holdings& holdings() const { return holdings_; }
  // Orders there are executing or about to, or a denial is being waited out.
  [[nodiscard]] bool busy(const domain::MarketId& id) const {
    return desk_.busy(id, now_) || holdings_.taking(id);
  }
  // The leg would match an order of our own, of any strategy: the account does not trade with
  // itself.
  [[nodiscard]] bool meets_own_order(const domain::Leg& leg) const;

 private:
  const MarketTable& markets_;
  const Holdings& holdings_;
  std::span<const Holdings* const> everyone_;
  const SignalDesk& desk_;
  domain::TradingState trading_state_;
  domain::Timestamp now_;
};

// A view that can also emit. An empty result means that the intent went no further: a market
// without a usable book, a busy one, a malformed intent, a leg that would meet our own order, or a
// strategy above its rate. Its market is then looked at again soon: with the next book that is
// heard, and, by a strategy that decides market by market, at the next timer. One that may not
// speak at all is woken when it may.
class Context : public View {
 public:
  Context(View view, SignalDesk& desk, SignalDesk::Stamp stamp, std::vector<domain::Signal>& out)
      : View(view), emitter_(desk), stamp_(stamp), out_(out) {}

  // One to kLegsMax fill-and-kill orders of one event, sent together. `action` is Buy, Sell or
  // Exit.
  std::optional<domain::SignalId> take(domain::SignalAction action, std::vector<domain::Leg> legs);
  // The quotes wanted in one market from now on. A target without sides withdraws them; that needs
  // no book and is never paced.
  std::optional<domain::SignalId> quote(domain::QuoteTarget target);

  // From `at` on the decision may be another one although nothing is heard: by what time ends or
  // begins then, or by what no order event and no book tells of (Strategy::on_book, on_due).
  void look_again(const domain::MarketId& market, domain::Timestamp at) {
    asked_.emplace_back(market, at);
  }
  [[nodiscard]] std::span<const std::pair<domain::MarketId, domain::Timestamp>> asked() const {
    return asked_;
  }

 private:
  void held_back(const domain::MarketId& market) {
    if (!stamp_.muted) look_again(market, now());
  }

  SignalDesk& emitter_;
  SignalDesk::Stamp stamp_;
  std::vector<domain::Signal>& out_;
  std::vector<std::pair<domain::MarketId, domain::Timestamp>> asked_;
};

class Strategy {
 public:
  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;

  // A book of the shard changed; several changes that arrived together are one call, and so are
  // those of several markets of an event that the strategy decides about at once. A book that is
  // heard again unchanged is a call only when something else may have changed (scan_marks.hpp).
  virtual void on_book(const domain::MarketId& market, Context& context) = 0;
  virtual void on_trade(const domain::TradeTick& trade, Context& context) = 0;
  // The strategy's own order events in this shard, already part of context.holdings(). An event
  // without a market comes to the shard of its signal (SignalDenied) or event (LegsImbalanced). An
  // event about things unknown to this process is not delivered.
  virtual void on_order_event(const domain::StreamedEvent& event, Context& context) = 0;
  // For what belongs to no market; every 100 ms or so.
  virtual void on_timer(Context& context) = 0;
  // The time has come for which it asked by Context::look_again; or its own orders or shares in
  // that market have changed, or whether it may speak or open, or a minute has passed. The market
  // may have been forgotten meanwhile. Not for a strategy whose scope is the event.
  virtual void on_due(const domain::MarketId&, Context&) {}
  // What one call of on_book decides about.
  [[nodiscard]] virtual Scope scope() const { return Scope::Market; }
  // How long the strategy must have watched a shard before it may trade it.
  [[nodiscard]] virtual domain::Duration warm_up() const = 0;
};

// What a strategy keeps of a market. Null when it keeps nothing, and when the runner does not know
// the market any more: then it is forgotten here, too.
template <class Kept>
[[nodiscard]] Kept* kept_of(std::map<domain::MarketId, Kept>& markets, const domain::MarketId& id,
                            const View& view) {
  const auto known = markets.find(id);
  if (known == markets.end()) return nullptr;
  if (view.market(id) != nullptr) return &known->second;
  markets.erase(known);
  return nullptr;
}

// ---- registry

using StrategyFactory = std::function<std::unique_ptr<Strategy>()>;
using ParameterErrors = std::vector<std::string>;

// A kind of strategy that configuration can name.
struct StrategyType {
  std::string_view name;
  std::span<const ParameterSpec> parameters;
  // Validates the parameters once; the factory then makes one object per shard.
  std::variant<StrategyFactory, ParameterErrors> (*configure)(const ParameterTexts&);
};
[[nodiscard]] std::span<const StrategyType> strategy_types();
// Null when there is no such type.
[[nodiscard]] const StrategyType* find_strategy_type(std::string_view name);

}  // namespace polybot::strategy_runner
