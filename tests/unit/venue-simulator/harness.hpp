// A small exchange for tests: one or more markets of the test's own, no crowd, short names for
// orders, and the conservation of money asserted after each step.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "services/venue-simulator/core/archive.hpp"
#include "services/venue-simulator/core/exchange.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator::testing {

using namespace std::chrono_literals;
using domain::BookSide;
using domain::Money;
using domain::Outcome;
using domain::Price;
using domain::Quantity;
using domain::RejectReason;
using domain::Side;
using domain::TimeInForce;
using domain::Timestamp;
using domain::VenueOrderStatus;
using domain::VenueTradeStatus;

inline const Timestamp kStart = domain::from_unix_ms(1'790'000'000'000);

inline Price price(const char* text) {
  return *Price::parse(text);
}
inline Quantity qty(const char* text) {
  return *Quantity::parse(text);
}
inline Money money(const char* text) {
  return *Money::parse(text);
}

// The tape of a run: every output as bytes.
inline void append_tape(Outputs& out, std::string& tape) {
  Saver saver(tape);
  for (auto& event : out.market) saver(event);
  for (auto& event : out.account) saver(event);
  for (auto& answer : out.submits) {
    saver(answer.order, answer.making, answer.taking);
    bool accepted = std::holds_alternative<domain::SubmitAccepted>(answer.outcome);
    saver(accepted);
  }
}

class Venue {
 public:
  explicit Venue(ExchangeSettings settings = {.flow_kind = FlowKind::None})
      : exchange(settings, kStart, out) {}

  AccountId open(std::uint8_t name, const char* deposit = "1000") {
    on(OpenAccount{{name}, money(deposit)});
    return out.opened.back();
  }
  MarketNo list(std::uint64_t number = 1, domain::Duration life = {}, domain::FeeSchedule fee = {},
                bool taker_delay = false) {
    Listing listing;
    domain::Market& market = listing.market;
    market.id = derived_id<domain::MarketId>(7, IdKind::Market, number);
    market.yes_token = derived_id<domain::TokenId>(7, IdKind::YesToken, number);
    market.no_token = derived_id<domain::TokenId>(7, IdKind::NoToken, number);
    market.slug = "market-" + std::to_string(number);
    market.fee = fee;
    market.taker_delay = taker_delay;
    if (life.count() > 0) {
      market.ends_at = now + life;
      listing.resolves_at = market.ends_at + 20s;
    }
    return exchange.engine().list_market(std::move(listing), now, out);
  }
  domain::TokenId token(MarketNo market, Outcome outcome) const {
    return domain::token_of(exchange.engine().listing(market)->market, outcome);
  }
  void on(const Input& input) {
    out.clear();
    exchange.on(input, now, out);
    check();
  }
  void advance(domain::Duration by) {
    now += by;
    on(AdvanceTime{});
  }
  NewOrder order(MarketNo market, Outcome outcome, Side side, const char* at, const char* quantity,
                 TimeInForce tif = TimeInForce::Gtc) {
    NewOrder made;
    made.id = derived_id<domain::VenueOrderId>(11, IdKind::Order, ++orders);
    made.token = token(market, outcome);
    made.side = side;
    made.limit = price(at);
    made.quantity = qty(quantity);
    made.time_in_force = tif;
    return made;
  }
  SubmitAnswer submit(AccountId account, const NewOrder& order) {
    on(SubmitOrders{account, {order}});
    return out.submits.at(0);
  }
  SubmitAnswer submit(AccountId account, MarketNo market, Outcome outcome, Side side,
                      const char* at, const char* quantity, TimeInForce tif = TimeInForce::Gtc) {
    return submit(account, order(market, outcome, side, at, quantity, tif));
  }
  domain::CancelAnswered cancel(AccountId account, const domain::VenueOrderId& id) {
    on(CancelOrders{account, {id}});
    return out.cancels.at(0);
  }
  // Gives `account` settled shares of both outcomes by trading with a helper account.
  void check() const {
    const Conservation sums = exchange.engine().conservation();
    ASSERT_TRUE(sums.holds()) << "cash " << sums.cash.to_string() << " sets "
                              << sums.sets.to_string() << " fees " << sums.fees.to_string()
                              << " deposits " << sums.deposits.to_string();
  }
  Money cash(AccountId id) const { return exchange.engine().accounts()[id].cash; }
  Money available(AccountId id) const { return exchange.engine().accounts()[id].available(); }
  Quantity held(AccountId id, MarketNo market, Outcome outcome) const {
    return exchange.engine().accounts().holding(id, market, outcome).held;
  }

  Timestamp now = kStart;
  Outputs out;
  std::uint64_t orders = 0;
  Exchange exchange;
};

inline std::optional<RejectReason> rejection(const SubmitAnswer& answer) {
  const auto* rejected = std::get_if<domain::SubmitRejected>(&answer.outcome);
  return rejected == nullptr ? std::nullopt : std::optional(rejected->reason);
}
inline domain::SubmitAccepted accepted(const SubmitAnswer& answer) {
  EXPECT_TRUE(std::holds_alternative<domain::SubmitAccepted>(answer.outcome));
  const auto* value = std::get_if<domain::SubmitAccepted>(&answer.outcome);
  return value == nullptr ? domain::SubmitAccepted{} : *value;
}

template <class T>
std::vector<T> of_type(const auto& outputs) {
  std::vector<T> found;
  for (const auto& output : outputs) {
    if (const auto* match = std::get_if<T>(&output)) found.push_back(*match);
  }
  return found;
}

}  // namespace polybot::venue_simulator::testing
