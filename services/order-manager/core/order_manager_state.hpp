// The inside of OrderManager: the ledger, what is volatile, and the decisions, one file per concern
// (on_*.cpp). Private to this folder.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/order-manager/core/lease_table.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/core/quote_board.hpp"
#include "services/order-manager/core/quoter.hpp"
#include "services/order-manager/core/risk_engine.hpp"
#include "services/order-manager/core/working_memory.hpp"

namespace polybot::order_manager {

struct OrderManager::State {
  State(Settings settings_in, OrderIdentity identity_in);

  // ---- the turn (order_manager.cpp)
  void start(std::uint64_t new_journal_id, Timestamp at, Outputs& outputs);
  void on_input(const Input& input, Timestamp at, Outputs& outputs);
  void record(const StrategyName& strategy, domain::TraceId trace, domain::EventBody body);
  void record_order(const OrderRecord& order, domain::EventBody body);
  [[nodiscard]] std::vector<NotReady> not_ready() const;
  void settle_leases();
  // The venue's clock is known, and ours is no farther from it than this.
  [[nodiscard]] bool clock_within(domain::Duration limit) const;
  // A stamp of the journal on the clock of this process: one of the future was made by an earlier
  // process whose clock was ahead, and what it stamps was before this start.
  [[nodiscard]] Timestamp believed(Timestamp stamp) const {
    return stamp > now && !mutated(Mutation::StampsBelieved) ? started_at : stamp;
  }
  [[nodiscard]] bool is_configured(const StrategyName& strategy) const;
  [[nodiscard]] bool enabled(const StrategyName& strategy) const;

  // ---- one per input
  void on(const SignalReceived& input);
  void on(const domain::Command& command);
  void on(const domain::RunnerAnnounced& runner);
  void on(const domain::QuoteTick& quote);
  void on(const MarketHinted& hint);
  void on(const MarketRead& read);
  void on(const ResolutionConfirmed& input);
  void on(const domain::SubmitAnswered& answer);
  void on(const domain::CancelAnswered& answer);
  void on(const domain::VenueOrderUpdate& update);
  void on(const domain::VenueTrade& trade);
  void on(const domain::VenueAccount& account);
  void on(const AccountReadFailed&);
  void on(const VenueSessionChanged& change);
  void on(const UserEventMissed&);
  void on(const VenueThrottled& input);
  void on(const ClockOffset& input);
  void on(const TimerFired&);
  void on(const CommitFailed&);
  void keep_canceling(const Input& input);
  void send_last_cancels();
  void on(const ShutdownRequested&);

  // ---- signals (on_signals.cpp)
  void decide(const domain::Signal& signal);
  void accept_or_deny(const domain::Signal& signal);
  void deny(const domain::Signal& signal, const StrategyName& strategy, domain::DenyReason reason);
  [[nodiscard]] domain::DenyReason refuses_strategy(const domain::Signal& signal) const;
  [[nodiscard]] domain::DenyReason refuses_opening(const StrategyName& strategy,
                                                   domain::Side side) const;
  [[nodiscard]] domain::DenyReason refuses_shape(const domain::Signal& signal) const;
  [[nodiscard]] domain::DenyReason refuses_markets(const domain::Signal& signal) const;
  [[nodiscard]] bool saw_last_fill(const StrategyName& strategy, const domain::MarketId& market,
                                   std::uint64_t applied_seq) const;
  [[nodiscard]] bool park(const domain::Signal& signal);
  void release_parked(const domain::MarketId& market);
  void drop_superseded(const domain::Signal& withdrawal, const domain::MarketId& market);
  void expire_parked();
  void take_legs(const domain::Signal& signal, const std::vector<domain::Leg>& legs);
  void take_target(const domain::Signal& signal, const domain::QuoteTarget& quotes);

  // ---- sending (on_orders.cpp)
  struct Draft {
    domain::ClientOrderId id;
    StrategyName strategy;
    domain::Instrument instrument;
    domain::Side side = domain::Side::Buy;
    Price limit;
    domain::Quantity quantity;
    domain::TimeInForce time_in_force = domain::TimeInForce::Fak;
    bool post_only = false;
    domain::OrderPurpose purpose = domain::OrderPurpose::Leg;
    domain::TraceId trace;
  };
  // Judges the drafts together; on None they are recorded and on their way. `before` is recorded
  // first.
  [[nodiscard]] domain::DenyReason submit(const std::vector<Draft>& drafts,
                                          std::optional<domain::EventBody> before = std::nullopt);
  [[nodiscard]] std::optional<std::vector<domain::Order>> complete(
      const std::vector<Draft>& drafts) const;
  void request_cancel(const domain::ClientOrderId& id, domain::CancelReason reason);
  void send_cancel(const OrderRecord& order);
  void drive_cancels();
  template <class Chooses>
  void cancel_where(domain::CancelReason reason, const Chooses& chooses) {
    std::vector<domain::ClientOrderId> chosen;
    for (const domain::ClientOrderId& id : ledger.orders().open()) {
      if (chooses(*ledger.orders().find(id))) chosen.push_back(id);
    }
    for (const domain::ClientOrderId& id : chosen) request_cancel(id, reason);
  }

  // ---- what the venue says of orders (on_answers.cpp)
  void pause_submissions(PauseCause cause);
  // Why no order is sent at that time, or the last attempt was refused for a cause that lasts.
  [[nodiscard]] std::optional<PauseCause> paused_by(Timestamp at) const;
  void acknowledge(const domain::ClientOrderId& id);
  void sign_of_life(const domain::ClientOrderId& id);
  void cancel_refused(const OrderRecord& order, std::string_view text);
  void close_order(const domain::ClientOrderId& id, domain::Quantity matched);
  [[nodiscard]] bool awaits_reading(const OrderRecord& order, Timestamp after);
  void finish_if_closed(const domain::ClientOrderId& id);
  void turn_ambiguous(const domain::ClientOrderId& id, domain::AmbiguityCause cause,
                      Timestamp last_byte_at);

  // ---- fills (on_fills.cpp)
  struct OwnFill {
    domain::VenueOrderId order;
    domain::TokenId token;
    domain::Side side = domain::Side::Buy;
    domain::Quantity quantity;
    Money cash;
    domain::LiquiditySide liquidity = domain::LiquiditySide::Taker;
  };
  [[nodiscard]] const domain::Order* order_of(const domain::TradeId& trade,
                                              const domain::VenueOrderId& id) const;
  [[nodiscard]] std::vector<OwnFill> own_fills(const domain::VenueTrade& trade) const;
  void take_fill(const domain::VenueTrade& trade, const OwnFill& fill);
  void book_or_advance(const OrderRecord& order, const domain::VenueTrade& trade,
                       const OwnFill& fill);
  void remember_flow(const domain::OrderFilled& fill);
  // An order somebody else placed on this account, booked to the strategy `external`; or one of
  // ours that the ledger has forgotten, booked to its own.
  const OrderRecord* adopt_foreign(const domain::VenueOrderId& id, const domain::MarketId& market,
                                   const domain::TokenId& token, domain::Side side, Price price,
                                   domain::Quantity quantity, Timestamp at,
                                   const StrategyName& strategy);
  const OrderRecord* adopt(const domain::VenueTrade& trade, const OwnFill& fill);

  // ---- legs (on_legs.cpp)
  [[nodiscard]] bool unsellable(const std::vector<LegQuantity>& legs) const;
  void judge_legs();
  [[nodiscard]] bool awaits_fills(const LegGroup& group) const;
  [[nodiscard]] bool final(const LegGroup& group) const;
  void unwind_legs();
  [[nodiscard]] bool tradable(const domain::MarketId& market) const;

  // ---- quotes (on_quotes.cpp)
  void sync_quotes(const TargetKey& key);
  void place_quote(const TargetKey& key, Target& target, const WantedQuote& wanted);
  void withdraw(const TargetKey& key, domain::CancelReason reason);
  template <class Chooses>
  void withdraw_where(domain::CancelReason reason, const Chooses& chooses) {
    std::vector<TargetKey> chosen;
    for (const auto& [key, target] : targets) {
      if (chooses(key)) chosen.push_back(key);
    }
    for (const TargetKey& key : chosen) withdraw(key, reason);
  }
  // Takes away what rests in shards that nobody stands for.
  void give_up(const std::set<ShardKey>& shards);
  void cancel_orphans();
  [[nodiscard]] bool orphaned(const ShardKey& key, const Target* target) const;
  [[nodiscard]] bool held(const TargetKey& key, const Target& target) const;
  void cancel_stale();
  void refused_quote(const TargetKey& key, domain::BookSide side);

  // ---- commands and states (on_commands.cpp)
  [[nodiscard]] domain::CommandDenyReason obey(const domain::Command& command);
  void change_trading_state(const std::optional<StrategyName>& strategy, domain::TradingState state,
                            domain::StateReason reason);
  void enforce_trading_state(const std::optional<StrategyName>& strategy);
  void drive_flattens();
  [[nodiscard]] bool may_flatten(const StrategyName& strategy) const;
  struct Held {
    StrategyName strategy;
    domain::Instrument instrument;
    domain::Quantity quantity;
  };
  [[nodiscard]] std::vector<Held> held_in(const Ledger::Flatten& flatten) const;
  [[nodiscard]] bool flatten_step(const Ledger::Flatten& flatten);
  [[nodiscard]] std::optional<domain::LeftReason> left_reason(const Held& held) const;
  // `stopped`: why it ends before everything is sold that can be.
  void end_flatten(const Ledger::Flatten& flatten,
                   std::optional<domain::LeftReason> stopped = std::nullopt);
  // Sells at most `quantity` at market; true while there is something left to wait for.
  [[nodiscard]] bool sell_at_market(const domain::ClientOrderId& id, const StrategyName& strategy,
                                    const domain::Instrument& instrument, domain::Quantity quantity,
                                    domain::OrderPurpose purpose, domain::TraceId trace);
  void check_breaches();
  void check_breach(const std::optional<StrategyName>& strategy);

  // ---- markets and claims (on_markets.cpp)
  [[nodiscard]] bool accepting(const domain::MarketId& market, domain::Side side) const;
  [[nodiscard]] bool is_over(const domain::MarketId& market) const;
  [[nodiscard]] bool interested(const domain::MarketId& market) const;
  void want_market(const domain::MarketId& market);
  void close_market(const domain::MarketId& market);
  void resolve(const domain::MarketId& market, const domain::Payout& payout);
  void drive_markets();

  // ---- the account (on_account.cpp)
  void want_account();
  void drive_account();
  [[nodiscard]] Timestamp venue_time(Timestamp ours) const;
  [[nodiscard]] Timestamp trades_since() const;
  void remember_reconciled();
  [[nodiscard]] Timestamp held_until(const OrderRecord& order) const;
  [[nodiscard]] std::vector<domain::TokenId> tokens_of_claims();
  void append_tokens_to_compare(std::vector<domain::TokenId>& tokens);
  void reconcile_open_orders(const domain::VenueAccount& account);
  void cancel_lost_orders(const domain::VenueAccount& account);
  void settle_ambiguous(const domain::VenueAccount& account,
                        const std::set<domain::VenueOrderId>& open);
  void settle_missing(const domain::VenueAccount& account,
                      const std::set<domain::VenueOrderId>& open);

  // ---- what nobody can read (on_unread.cpp)
  void note_unread(const domain::VenueAccount& account);
  void note_unread_trade(const domain::VenueAccount::Unread& row,
                         std::optional<Unread::Trade> known, Timestamp trades_since);
  void give_up(const std::string& trade);
  [[nodiscard]] bool sought_long_enough(const Unread::Trade& trade) const;
  [[nodiscard]] bool any_unread() const;
  [[nodiscard]] bool may_be_unread(const domain::MarketId& market) const;
  [[nodiscard]] bool booked(const domain::VenueAccount::Unread& trade) const;
  // Balances of the token are still asked for.
  [[nodiscard]] bool compared(const domain::TokenId& token) const;
  // Something that could not be read may concern the order.
  [[nodiscard]] bool may_be_unread(const OrderRecord& order) const;

  // ---- the balances (drift.cpp)
  void settle_claims(const domain::VenueAccount& account);
  void measure_drift(const domain::VenueAccount& account);
  void note_token_differences(const domain::VenueAccount& account);
  struct Range {
    std::int64_t low = 0;
    std::int64_t high = 0;
    void widen(std::int64_t by) { (by < 0 ? low : high) += by; }
    // Signed distance of `value` from the range; 0 inside.
    [[nodiscard]] std::int64_t off(std::int64_t value) const {
      return value < low ? value - low : value > high ? value - high : 0;
    }
    [[nodiscard]] bool exact() const { return low == high; }
  };
  [[nodiscard]] Range expected_cash(Timestamp read_at) const;
  [[nodiscard]] Range expected_quantity(const domain::Instrument& instrument,
                                        Timestamp read_at) const;
  void book_cash_difference(std::int64_t difference, bool exact, Money collateral);

  // ---- figures.cpp
  [[nodiscard]] StrategySnapshot snapshot(const StrategyName& name, Timestamp at) const;

  // ---- marks and days (marks.cpp)
  void open_day_if_due();
  void take_marks_if_due();
  void take_marks();
  [[nodiscard]] std::optional<Price> mark_now(const domain::MarketId& market) const;

  // ---- state
  Settings settings;
  OrderIdentity identity;
  Ledger ledger;
  RiskEngine risk;
  QuoteBoard quotes;
  LeaseTable leases;
  TokenBucket venue_orders;
  TokenBucket venue_cancels;

  Timestamp now{};
  Timestamp answered_tick{};  // of the signal that is being decided; none at other times
  Outputs* out = nullptr;
  bool started = false;
  bool journal_down = false;
  bool legs_touched = true;  // since the legs were judged last
  // What may rest at the venue when nothing can be recorded any more.
  std::set<domain::VenueOrderId> last_cancels;
  Timestamp last_cancels_at{};
  bool stopping = false;
  bool user_up = false;
  bool rest_up = true;  // until told otherwise: requests show it
  bool reconciled = false;
  Timestamp started_at{};
  Timestamp user_up_at{};
  Timestamp submissions_paused_until{};
  std::optional<SubmissionPause>
      submission_pause;  // by the last refusal of all orders; none since one passed
  // The venue's clock minus ours, once it has been read. Ours never jumps while this process lives.
  std::optional<domain::Duration> clock_offset;

  std::map<domain::ClientOrderId, OrderWatch> watches;
  std::map<TargetKey, Target> targets;
  std::map<std::pair<TargetKey, domain::BookSide>, RequotePause> requote_pauses;
  std::vector<ParkedSignal> parked;
  std::map<domain::MarketId, MarketWatch> market_watches;
  std::map<StrategyName, TokenBucket> signal_rates;
  std::map<StrategyName, std::uint64_t> signals_duplicate;
  std::map<StrategyName, std::uint64_t> signals_shed;
  // Shards given up in good order: until when their orders wait for a new holder.
  std::map<ShardKey, Timestamp> passed_on_until;
  // A refused exit is tried again, ever less often: the venue may have a minimum it does not say.
  struct ExitPace {
    Timestamp next{};
    int refused = 0;  // in a row
  };
  std::map<domain::Instrument, ExitPace> exits;
  void pace_exit(const domain::Instrument& instrument);
  // What a flatten holds that the best bid makes worth less than the venue's minimum, and since
  // when: one bid of a cent, gone a moment later, must not end it.
  std::map<std::pair<StrategyName, domain::Instrument>, Timestamp> worthless_since;
  bool may_be_worth_more(const Held& held);
  void forget_old_pauses();

  bool account_wanted = true;
  bool account_reading = false;
  bool account_compares = false;  // the reading under way
  Timestamp account_asked_at{};
  Timestamp account_read_at{};  // of the last complete reading
  // Of the oldest trade that cannot be booked before the record of its market has been read, by the
  // venue's clock.
  std::optional<Timestamp> unbooked_since;
  Unread unread;
  Timestamp next_drift_at{};
  bool drift_due = true;
  // Where the turn of each kind stands (tokens_of_claims, append_tokens_to_compare).
  domain::MarketId claims_read_to;
  std::map<domain::MarketId, Timestamp> shares_gone_since;  // winning ones, of unpaid claims
  domain::TokenId differing_read_to;
  domain::TokenId held_read_to;
  domain::TokenId flat_read_to;
  // What the venue held beyond what was expected, when it was read last; never 0.
  std::map<domain::Instrument, std::int64_t> token_differences;
  // What has not been compared since the start; empty before the first comparison.
  std::optional<std::set<domain::TokenId>> never_compared;
  domain::Money drift_found_before;  // of positions, by an earlier process
  std::deque<RecentFlow> recent_flows;
  std::int64_t unexplained_cash = 0;  // a difference seen unchanged since
  Timestamp unexplained_since{};
  std::uint64_t fills_beyond_order = 0;
  std::uint64_t unread_given_up = 0;
  std::uint64_t reconciliations_ok = 0;
  std::uint64_t reconciliations_failed = 0;

  Timestamp next_marks_at{};
  std::uint64_t marked_seq = 0;  // journal number at the last marks
};

}  // namespace polybot::order_manager
