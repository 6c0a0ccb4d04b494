// Orders: whose rest at the venue, and whether one of ours would be well made.
#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "common/domain/amounts.hpp"
#include "common/polymarket/amounts.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"
#include "services/order-manager/doctor/checks.hpp"

namespace polybot::order_manager::doctor {
namespace {

using domain::Money;
using domain::Price;
using domain::Side;
using domain::TimeInForce;

constexpr Price kEvenOdds = Price::from_raw(Price::kScale / 2);

Check check_open_orders(const Facts& facts) {
  std::size_t others = 0;
  std::size_t own = 0;
  std::string first;
  for (const Answer& answer : facts.open_orders) {
    if (auto missing = unanswered("open-orders", "GET /data/orders", answer, facts))
      return *missing;
    const auto page = polymarket::parse_open_orders(answer.body);
    if (!page) {
      return fails("open-orders", "GET /data/orders cannot be read",
                   "see that venue.rest is right");
    }
    others += page->unreadable.size();
    for (const polymarket::OrderRecord& order : page->items) {
      const bool ours = facts.journaled && facts.journaled->contains(order.id);
      if (!ours && first.empty()) first = domain::to_string(order.id);
      ++(ours ? own : others);
    }
  }
  if (!facts.journal_fault.empty()) {
    return fails("open-orders", "whose they are cannot be told: " + facts.journal_fault,
                 "see what order-manager verify says of the journal");
  }
  if (others == 0) return passes("open-orders", fmt::format("{} of PolyBot, none of others", own));
  return fails("open-orders",
               fmt::format("{} rest that no journal of PolyBot knows{}", others,
                           first.empty() ? "" : ", the first is " + first),
               "stop whatever else trades with this wallet, and cancel them at the venue's page: "
               "the venue would cancel them anyway when PolyBot's heartbeats end");
}

// The least cash of a resting order at even odds, or of one that is filled at once.
Money smallest(domain::Quantity min_size) {
  return std::max(domain::notional(kEvenOdds, min_size, domain::Rounding::Up),
                  domain::kMarketableNotionalMin);
}

Check check_minimum(const Facts& facts) {
  if (auto missing = unanswered("minimum", "GET /markets/keyset", facts.listing, facts))
    return *missing;
  const auto page = polymarket::parse_gamma_page(facts.listing.body);
  if (!page) {
    return fails("minimum", "GET /markets/keyset cannot be read", "see that venue.gamma is right");
  }
  std::size_t traded = 0;
  std::size_t too_small = 0;
  Money least = Money::from_units(1'000'000'000);
  for (const polymarket::GammaMarket& market : page->markets) {
    if (polymarket::tradability(market) != polymarket::Tradability::Tradable) continue;
    ++traded;
    const Money smallest_here = smallest(market.min_size);
    if (smallest_here > facts.limits.order_notional_max) ++too_small;
    least = std::min(least, smallest_here);
  }
  if (traded == 0) {
    return fails("minimum", "the venue lists no market that can be traded",
                 "see that venue.gamma is right");
  }
  const std::string limit = fmt::format("risk.order_notional_max is {} pUSD",
                                        facts.limits.order_notional_max.to_string());
  if (too_small == traded) {
    return fails("minimum",
                 fmt::format("{}, and the smallest order of any market takes {} at even odds: the "
                             "venue would answer \"lower than the minimum\"",
                             limit, least.to_string()),
                 "raise risk.order_notional_max, or do not trade");
  }
  if (too_small > 0) {
    return warns("minimum",
                 fmt::format("{}, too little for the smallest order of {} of {} markets", limit,
                             too_small, traded),
                 "raise risk.order_notional_max, unless these markets are not wanted");
  }
  return passes("minimum",
                fmt::format("{}, enough for the smallest order of {} markets", limit, traded));
}

// What the venue would say to the amounts of such an order; empty when it would take them.
std::string refused_amounts(const polymarket::ClobMarket& market, Side side, TimeInForce how) {
  const Price price = Price::from_raw(kEvenOdds.raw() / market.tick.raw() * market.tick.raw());
  // Uneven on purpose: what does not fit the venue's decimals shows.
  const domain::Quantity quantity = market.min_size + domain::Quantity::from_raw(1'234'567);
  const auto amounts = polymarket::amounts_for_shares(side, quantity, price, market.tick, how);
  if (!amounts) return std::string(to_string(amounts.error()));
  const auto terms = polymarket::check_amounts({.order_id = {},
                                                .side = side,
                                                .time_in_force = how,
                                                .amounts = *amounts,
                                                .tick = market.tick,
                                                .min_size = market.min_size});
  const auto* const text = std::get_if<std::string>(&terms);
  return text != nullptr ? *text : "";
}

Check check_precision(const Facts& facts) {
  if (auto missing = unanswered("precision", "GET /clob-markets of a market", facts.market, facts))
    return *missing;
  const auto market = polymarket::parse_clob_market(facts.market.body);
  if (!market) {
    return fails("precision",
                 fmt::format("the record of {} cannot be read: {}", facts.sample.market,
                             polymarket::to_string(market.error())),
                 "look for a newer PolyBot; it trades only markets that it can read");
  }
  if (!polymarket::is_known_tick(market->tick)) {
    return fails("precision",
                 fmt::format("{} has a tick of {}, for which no amounts are known",
                             facts.sample.market, market->tick.to_string()),
                 "look for a newer PolyBot");
  }
  for (const TimeInForce how : {TimeInForce::Gtc, TimeInForce::Fak, TimeInForce::Fok}) {
    for (const Side side : {Side::Buy, Side::Sell}) {
      const std::string refused = refused_amounts(*market, side, how);
      if (refused.empty()) continue;
      return fails(
          "precision",
          fmt::format("amounts of {} would be answered \"{}\"", facts.sample.market, refused),
          "look for a newer PolyBot");
    }
  }
  return passes("precision",
                "amounts have the decimals that resting and immediate orders may have");
}

Check check_order(const Facts& facts) {
  if (!facts.wallet) return unchecked("order", "the key has no wallet as configured");
  if (!facts.market.good()) {
    return unchecked("order", facts.market.end == Answer::End::NotAsked
                                  ? facts.market.why_not
                                  : "the record of a market is missing");
  }
  if (!facts.sample.why_not.empty()) {
    return fails(
        "order",
        fmt::format("no order of {} can be made: {}", facts.sample.market, facts.sample.why_not),
        "look for a newer PolyBot");
  }
  if (!facts.sample.recovered || *facts.sample.recovered != facts.wallet->owner) {
    return fails("order",
                 fmt::format("the signature of an order of {} is not the key's: the venue would "
                             "answer \"{}\"",
                             facts.sample.market, polymarket::refusal::kInvalidSignature),
                 "do not trade: this build or machine cannot sign; report it");
  }
  return passes("order", fmt::format("one of {} was built, signed and recovered, and not sent",
                                     facts.sample.market));
}

}  // namespace

void check_orders(const Facts& facts, std::vector<Check>& checks) {
  checks.push_back(check_open_orders(facts));
  checks.push_back(check_minimum(facts));
  checks.push_back(check_precision(facts));
  checks.push_back(check_order(facts));
}

void check_fence(const Facts& facts, std::vector<Check>& checks) {
  if (facts.fence.empty())
    checks.push_back(passes("fence", "no other process has taken the account"));
  else
    checks.push_back(fails("fence", facts.fence + "; no start is possible", facts.fence_next));
}

void check_host(const Facts& facts, std::vector<Check>& checks) {
  constexpr std::uint64_t kMegabyte = 1'000'000;
  constexpr std::uint64_t kFailed = 100 * kMegabyte;  // hours of a journal, if the disk is its own
  constexpr std::uint64_t kWarned = 1'000 * kMegabyte;
  if (!facts.disk_fault.empty()) {
    checks.push_back(fails("disk", facts.disk_fault,
                           "see that journal.file names a folder that order-manager may write"));
    return;
  }
  const std::uint64_t free = facts.disk_free.value_or(0);
  const std::string what = fmt::format("{} MB are free where the journal lies", free / kMegabyte);
  constexpr const char* kFree = "free some room, or put the journal elsewhere (journal.file)";
  if (free < kFailed)
    checks.push_back(fails("disk", what + ": a full disk halts trading", kFree));
  else if (free < kWarned)
    checks.push_back(warns("disk", what, kFree));
  else
    checks.push_back(passes("disk", what));
}

}  // namespace polybot::order_manager::doctor
