// The outside world: the simulated exchange, and the way to it. REST requests get lost before they
// arrive, or are executed without an answer, late, or after the client gave up. The market socket
// freezes and skips; the user channel drops, repeats, reorders and forgets. The state of the
// exchange is the truth with which everything else is compared.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/outputs.hpp"
#include "services/order-manager/core/venue/heartbeat_chain.hpp"
#include "services/venue-simulator/core/exchange.hpp"
#include "tests/simulation/plan.hpp"

namespace polybot::simulation {

class Venue {
 public:
  Venue(Stage& stage, const Plan& plan);

  // The client's clock; set once, before time runs.
  std::function<Timestamp()> client_now;

  // ---- order-manager's requests; each gets exactly one reply, which may be long in coming
  struct Reply {
    bool answered = true;      // false: the connection failed
    bool key_refused = false;  // 401
    std::vector<order_manager::Input> inputs;
  };
  using OnReply = std::function<void(const Reply&)>;
  void submit(const std::vector<domain::Order>& orders, OnReply reply);
  void cancel(std::vector<domain::VenueOrderId> orders, OnReply reply);
  void read(const order_manager::Read& wanted, OnReply reply);
  void read_clock(OnReply reply);
  // Creates the account's API key again, if it was ended.
  void ask_for_key(OnReply reply);
  void heartbeat(const std::string& id,
                 std::function<void(const order_manager::HeartbeatAnswer&, const Reply&)> deliver);

  // ---- the user channel: one session at a time
  struct UserSession {
    std::function<void(const order_manager::Input&)> event;
    std::function<void()> closed;  // noticed by the client, some time after the last event
  };
  // False: refused, try again later.
  [[nodiscard]] bool open_user_channel(UserSession session);
  // The client's process is gone.
  void abandon_user_channel();
  void drop_user_channel();

  // ---- the gateway's side
  std::function<void(const venue_simulator::MarketOutput&)>
      market_socket;  // set once, before time runs
  struct BookReading {
    domain::MarketId market;
    std::vector<domain::Level> bids, asks;  // in YES terms
    domain::Price tick;
    Timestamp at{};
  };
  void read_book(const domain::MarketId& market, std::function<void(const BookReading&)> deliver);
  void read_listings(std::function<void(const std::vector<domain::Market>&)> deliver);

  // ---- trouble
  void input(const venue_simulator::Input& input);
  void cut_rest(Duration span) { rest_cut_until_ = std::max(rest_cut_until_, stage_.now() + span); }
  // Until the world is healed no trade is settled in one market where we have traded and which
  // outlasts the run. False: there is none yet.
  [[nodiscard]] bool stick_trades();
  // Another person trades on our account.
  void trade_by_hand();
  // The same before our time: a purchase in a market that outlasts the run, now and then by an
  // order that rests for minutes.
  void buy_before();
  // What has happened until now is of the time before order-manager's first start; no reading
  // covers it.
  void begin() { began_at_ = stage_.now(); }
  // From here on there are no faults, no losses and no crowd.
  void heal();

  // ---- the truth
  [[nodiscard]] const venue_simulator::Exchange& exchange() const { return exchange_; }
  [[nodiscard]] venue_simulator::AccountId account() const { return account_; }
  [[nodiscard]] bool by_hand(const domain::VenueOrderId& order) const {
    return by_hand_.contains(order);
  }
  // Whether only the account's balances can tell of the trade.
  [[nodiscard]] bool before_us(const venue_simulator::TradeTruth& trade) const;
  // Shares of trades before our time.
  [[nodiscard]] domain::Quantity held_before(const domain::Instrument& instrument) const;
  // When the order was first taken off the book unfilled, if ever; a late fill may follow.
  [[nodiscard]] std::optional<Timestamp> withdrawn_at(const domain::VenueOrderId& order) const;
  // When the newest reading of the account that had been answered by `when` saw the trades.
  [[nodiscard]] Timestamp trades_seen_at(Timestamp when) const;
  [[nodiscard]] std::string save() { return exchange_.save(); }
  void advance() { input(venue_simulator::AdvanceTime{}); }

 private:
  enum class Fate : std::uint8_t {
    Passes,
    NotSent,
    Lost,
    AnswerLost,
    ExecutedLate,
    ServerError,
    Throttled
  };
  struct Failure {
    bool may_have_left = true;
    domain::AmbiguityCause cause = domain::AmbiguityCause::ConnectionLost;
  };
  struct Call {
    std::function<std::vector<order_manager::Input>()> execute;
    std::function<std::vector<order_manager::Input>(const Failure&)> failed;
    std::function<std::vector<order_manager::Input>()> throttled;
    std::function<void()> later;  // executes without an answer; empty: not possible
    // When the key has ended; empty: the request needs none.
    std::function<std::vector<order_manager::Input>()> refused;
    OnReply reply;
  };
  void request(Call call, Fate fate);
  [[nodiscard]] Fate draw_fate();
  [[nodiscard]] std::optional<domain::Market> any_open_market(Duration lasts_for = {});
  void order_by_hand(const domain::Market& market, domain::Side side, domain::Price limit,
                     domain::Quantity quantity, Duration rests_for);
  // Sells some of what was bought before our time; false: there is nothing left.
  [[nodiscard]] bool sell_by_hand();
  [[nodiscard]] bool balance_refused(const domain::TokenId& token);
  [[nodiscard]] bool key_ended();
  [[nodiscard]] Duration way();
  [[nodiscard]] bool strikes(venue_simulator::Fault fault);
  void publish();
  void tell_user(const order_manager::Input& event);
  void deliver_to_user(const order_manager::Input& event, Timestamp when);
  void tell_market(const venue_simulator::MarketOutput& output);
  [[nodiscard]] std::vector<domain::VenueOrderUpdate> open_orders() const;
  [[nodiscard]] std::vector<domain::VenueTrade> trades_since(Timestamp since) const;
  void read_account(const order_manager::ReadAccount& wanted, OnReply reply);

  Stage& stage_;
  const Plan& plan_;
  Random random_;
  venue_simulator::Outputs out_;
  venue_simulator::Exchange exchange_;
  venue_simulator::AccountId account_;
  Weather internet_;
  std::int64_t request_trouble_ppm_;
  std::int64_t user_loss_ppm_;
  std::int64_t balance_refused_ppm_;
  std::int64_t key_ended_ppm_;
  bool key_ended_ = false;
  std::map<Timestamp, Timestamp> account_readings_;  // answered at -> trades as of
  Timestamp rest_cut_until_{};
  std::optional<UserSession> session_;
  std::uint64_t session_number_ = 0;
  bool tells_trades_ = true;  // the present session
  Timestamp user_last_{};
  Timestamp market_last_{};
  std::vector<std::pair<Timestamp, std::uint64_t>> our_trades_;  // matched at, number
  Timestamp began_at_{};
  std::map<domain::MarketId, domain::Quantity> offered_by_hand_;
  std::set<domain::VenueOrderId> by_hand_;
  std::map<domain::VenueOrderId, Timestamp> withdrawn_;
};

}  // namespace polybot::simulation
