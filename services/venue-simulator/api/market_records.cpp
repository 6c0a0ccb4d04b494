#include "services/venue-simulator/api/market_records.hpp"

#include <array>

#include "common/polymarket/messages/income.hpp"
#include "common/polymarket/messages/json.hpp"
#include "services/venue-simulator/api/rewards.hpp"
#include "services/venue-simulator/core/engine/engine_terms.hpp"
#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::BookSide;
using domain::Outcome;
using domain::Price;
using polymarket::ObjectWriter;

namespace {

constexpr std::string_view kNoEnd = "2500-12-31";  // of a reward configuration, as the venue has it
constexpr std::uint64_t kQuestionSeed = 0x7175657374696F6EULL;  // question ids are no market ids
constexpr Price kUnknownPrice = Price::from_raw(5'000);

bool is_resolved(const domain::Market& market) {
  return market.status == domain::MarketStatus::Resolved;
}

bool accepts(const domain::Market& market) {
  return market.status == domain::MarketStatus::Active;
}

// In cents, as the venue writes spreads.
std::string max_spread_text() {
  return domain::Quantity::from_raw(kRewardMaxSpread.raw() * 10'000).to_string();
}

std::string date_of(domain::Timestamp at) {
  return polymarket::iso_time(at).substr(0, 10);
}

enum class Tokens : std::uint8_t { WithWinner, OfRewards };

void append_tokens(MarketNo number, const MatchingEngine& engine, Tokens kind, std::string& out) {
  const domain::Market& market = engine.listing(number)->market;
  constexpr std::array kOutcomes{Outcome::Yes, Outcome::No};
  polymarket::append_array(kOutcomes, out, [&](Outcome outcome, std::string& text) {
    const bool yes = outcome == Outcome::Yes;
    const Price payout = yes ? market.payout.yes : market.payout.no;
    ObjectWriter writer(text);
    writer.text("token_id", domain::to_string(domain::token_of(market, outcome)))
        .text("outcome", yes ? market.yes_label : market.no_label)
        .json("price", price_of(number, outcome, engine).to_string());
    if (kind == Tokens::WithWinner)
      writer.flag("winner", is_resolved(market) && payout == domain::kPriceOne);
    writer.end();
  });
}

// The terms of a market that is not sampled are empty, as the venue writes them.
void append_rewards(const Listing& listing, std::string& out) {
  const bool sampled = is_sampled(listing);
  ObjectWriter writer(out);
  if (sampled) {
    writer.begin("rates");
    out.push_back('[');
    ObjectWriter(out)
        .text("asset_address", polymarket::kCollateralAsset)
        .number("rewards_daily_rate", 0)
        .end();
    out.push_back(']');
  } else {
    writer.json("rates", "null");
  }
  writer.json("min_size", sampled ? kRewardMinSize.to_string() : "0")
      .json("max_spread", sampled ? max_spread_text() : "0")
      .end();
}

}  // namespace

Price price_of(MarketNo number, Outcome outcome, const MatchingEngine& engine) {
  const Listing& listing = *engine.listing(number);
  if (is_resolved(listing.market))
    return outcome == Outcome::Yes ? listing.market.payout.yes : listing.market.payout.no;
  if (listing.last_trade) return in_terms_of(outcome, *listing.last_trade);
  const auto bid = engine.best(number, BookSide::Bid);
  const auto ask = engine.best(number, BookSide::Ask);
  if (!bid || !ask) return kUnknownPrice;
  return in_terms_of(outcome, Price::from_raw((bid->price.raw() + ask->price.raw()) / 2));
}

void write_market(MarketNo number, const MatchingEngine& engine, std::uint64_t seed,
                  std::string& out) {
  const Listing& listing = *engine.listing(number);
  const domain::Market& market = listing.market;
  const std::string no_time = "null";
  const auto time = [&](domain::Timestamp at) {
    return at == domain::Timestamp{} ? no_time : "\"" + polymarket::iso_time(at) + "\"";
  };
  const std::int64_t base_fee = market.fee.rate_ppm > 0 ? 1000 : 0;
  const bool halves =
      is_resolved(market) && market.payout.yes != domain::kPriceOne && !market.payout.yes.is_zero();
  ObjectWriter writer(out);
  writer.flag("enable_order_book", true)
      .flag("active", true)
      .flag("closed", is_resolved(market))
      .flag("archived", false)
      .flag("accepting_orders", accepts(market))
      .json("accepting_order_timestamp", time(listing.listed_at))
      .json("minimum_order_size", market.min_size.to_string())
      .json("minimum_tick_size", market.tick.to_string())
      .text("condition_id", domain::to_string(market.id))
      .text("question_id", domain::to_string(derived_id<domain::MarketId>(
                               seed ^ kQuestionSeed, IdKind::Market, number.value)))
      .text("question", market.question)
      .text("description", market.question)
      .text("market_slug", market.slug)
      .json("end_date_iso", time(market.ends_at))
      .json("game_start_time", "null")
      .number("seconds_delay", 0)
      .text("fpmm", "")
      .number("maker_base_fee", base_fee)
      .number("taker_base_fee", base_fee)
      .flag("notifications_enabled", true)
      .flag("neg_risk", market.neg_risk)
      .text("neg_risk_market_id", market.neg_risk ? domain::to_string(market.event) : "")
      .text("neg_risk_request_id", "")
      .text("icon", "")
      .text("image", "");
  writer.begin("rewards");
  append_rewards(listing, out);
  writer.flag("is_50_50_outcome", halves);
  writer.begin("tokens");
  append_tokens(number, engine, Tokens::WithWinner, out);
  writer.json("tags", "[]").end();
}

void write_simplified_market(MarketNo number, const MatchingEngine& engine, std::string& out) {
  const Listing& listing = *engine.listing(number);
  ObjectWriter writer(out);
  writer.text("condition_id", domain::to_string(listing.market.id));
  writer.begin("rewards");
  append_rewards(listing, out);
  writer.begin("tokens");
  append_tokens(number, engine, Tokens::WithWinner, out);
  writer.flag("active", true)
      .flag("closed", is_resolved(listing.market))
      .flag("archived", false)
      .flag("accepting_orders", accepts(listing.market))
      .end();
}

void write_live_activity(MarketNo number, const MatchingEngine& engine, std::string& out) {
  const domain::Market& market = engine.listing(number)->market;
  ObjectWriter(out)
      .text("condition_id", domain::to_string(market.id))
      .number("id", 1'000'000 + std::int64_t{number.value})
      .text("question", market.question)
      .text("market_slug", market.slug)
      .text("event_slug", market.event_slug)
      .text("series_slug", "")
      .text("icon", "")
      .text("image", "")
      .json("tags", "[]")
      .end();
}

void write_market_rewards(MarketNo number, const MatchingEngine& engine, std::string_view maker,
                          std::string& out) {
  const Listing& listing = *engine.listing(number);
  const domain::Market& market = listing.market;
  ObjectWriter writer(out);
  writer.text("condition_id", domain::to_string(market.id))
      .text("market_id", std::to_string(1'000'000 + std::int64_t{number.value}))
      .text("question", market.question)
      .text("market_slug", market.slug)
      .text("event_slug", market.event_slug)
      .text("image", "")
      .json("rewards_max_spread", max_spread_text())
      .json("rewards_min_size", kRewardMinSize.to_string());
  writer.begin("tokens");
  append_tokens(number, engine, Tokens::OfRewards, out);
  writer.begin("rewards_config");
  out.push_back('[');
  ObjectWriter(out)
      .number("id", 0)
      .text("asset_address", polymarket::kCollateralAsset)
      .text("start_date", date_of(listing.listed_at))
      .text("end_date", kNoEnd)
      .number("rate_per_day", 0)
      .number("total_rewards", 0)
      .end();
  out.push_back(']');
  if (!maker.empty()) {
    writer.number("market_competitiveness", 0)
        .text("maker_address", maker)
        .number("earning_percentage", 0)
        .json("earnings", "[]");
  }
  writer.end();
}

}  // namespace polybot::venue_simulator
