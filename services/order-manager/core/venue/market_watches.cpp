#include "services/order-manager/core/venue/market_watches.hpp"

#include <algorithm>
#include <utility>

namespace polybot::order_manager {

using domain::Market;
using domain::MarketId;
using domain::MarketStatus;
using domain::StrategyName;
using domain::Timestamp;

namespace {

constexpr std::size_t kQuestionBytesMax = 4'096;
constexpr std::size_t kMarketWatchesMax = 50'000;
constexpr domain::Duration kReadPause = std::chrono::seconds(2);
constexpr domain::Duration kReadTimeout = std::chrono::seconds(10);
constexpr domain::Duration kConfirmPause = std::chrono::seconds(2);
constexpr domain::Duration kConfirmPauseOverdue = std::chrono::seconds(15);
constexpr domain::Duration kConfirmPauseFlat = std::chrono::minutes(5);
// The gateway repeats what it knows of each market, of the last within half a minute.
constexpr domain::Duration kUntoldAfter = std::chrono::minutes(2);
constexpr domain::Duration kNotFoundRemembered = std::chrono::seconds(30);
constexpr domain::Duration kHintRemembered = std::chrono::minutes(10);

// The terms on which order-manager's decisions depend. A term that the gateway cannot read cannot
// be read here either.
bool differs(const Market& record, const Market& hint) {
  const bool unreadable = hint.status == MarketStatus::ReduceOnly;
  const MarketStatus status = unreadable ? MarketStatus::Active : hint.status;
  return record.status != status || record.tick != hint.tick || record.min_size != hint.min_size ||
         record.ends_at != hint.ends_at || record.fee != hint.fee;
}

// Texts are for people: one that is too long must not make the record unreadable.
Market recordable(Market market) {
  for (std::string* text :
       {&market.slug, &market.event_slug, &market.yes_label, &market.no_label}) {
    if (text->size() > domain::kSlugBytesMax) text->clear();
  }
  if (market.question.size() > kQuestionBytesMax) market.question.clear();
  return market;
}

// Whether the account has a holding there, or an order that may still fill.
bool interested(const Ledger& ledger, const MarketId& id) {
  return ledger.portfolio().holds(id) || !ledger.commitments().open_in(id).ids.empty();
}

// In the order in which each of them is told of the market's result.
std::vector<StrategyName> holders_of(const Portfolio& portfolio, const MarketId& id) {
  std::vector<StrategyName> holders;
  for (const auto& [strategy, positions] : portfolio.positions()) {
    if (positions.contains(id)) holders.push_back(strategy);
  }
  return holders;
}

// Markets with a position that are not resolved yet.
std::map<MarketId, bool> open_markets(const Portfolio& portfolio) {
  std::map<MarketId, bool> open;
  for (const auto& [strategy, positions] : portfolio.positions()) {
    for (const auto& [market, position] : positions) {
      if (portfolio.resolutions().contains(market)) continue;
      bool& held = open[market];
      held = held || !position.flat() || !position.yes.final() || !position.no.final();
    }
  }
  return open;
}

}  // namespace

bool tradable(const Ledger& ledger, const MarketId& id) {
  const Market* market = ledger.market(id);
  return market != nullptr && !over(market->status) &&
         !ledger.portfolio().resolutions().contains(id);
}

void resolve_market(Turn& turn, const MarketId& id, const domain::Payout& payout) {
  const Portfolio& portfolio = turn.ledger.portfolio();
  const bool result = payout.yes + payout.no == domain::kPriceOne && !payout.yes.is_negative() &&
                      !payout.no.is_negative();
  if (!result || portfolio.resolutions().contains(id)) return;
  const std::vector<StrategyName> holders = holders_of(portfolio, id);
  for (const StrategyName& strategy : holders) {
    turn.record(strategy, {}, domain::MarketResolved{id, payout});
  }
  const Market* market = turn.ledger.market(id);
  if (holders.empty() && market != nullptr && market->status != MarketStatus::Resolved) {
    Market resolved = *market;
    resolved.status = MarketStatus::Resolved;
    resolved.payout = payout;
    turn.record(domain::MarketRecorded{std::move(resolved)});
  }
}

void finish_resolution(Turn& turn, const domain::Event& newest) {
  const auto* resolved = std::get_if<domain::MarketResolved>(&newest.body);
  if (resolved == nullptr) return;
  for (const StrategyName& strategy : holders_of(turn.ledger.portfolio(), resolved->market)) {
    if (strategy > newest.strategy) turn.record(strategy, {}, *resolved);
  }
}

bool MarketWatches::accepting(const MarketId& id, domain::Side side, Timestamp now) const {
  const auto watch = watches_.find(id);
  if (watch == watches_.end()) return true;
  const bool open = side == domain::Side::Buy ? watch->second.hinted == MarketStatus::Active
                                              : domain::accepts_orders(watch->second.hinted);
  return open && now >= watch->second.not_found_until;
}

bool MarketWatches::hinted_over(const MarketId& id) const {
  const auto watch = watches_.find(id);
  return watch != watches_.end() && over(watch->second.hinted);
}

bool MarketWatches::unknown_to_venue(const MarketId& id, Timestamp now) const {
  const auto watch = watches_.find(id);
  return watch != watches_.end() && now < watch->second.not_found_until;
}

std::optional<Market> MarketWatches::record_of(const Ledger& ledger, const MarketId& id) const {
  if (const Market* known = ledger.market(id)) return *known;
  const auto watch = watches_.find(id);
  if (watch == watches_.end() || watch->second.ended == nullptr) return std::nullopt;
  return *watch->second.ended;
}

void MarketWatches::want(Turn& turn, const MarketId& id) {
  Watch& watch = watches_[id];
  if (turn.now < watch.next_read_at) return;
  watch.reading = true;
  watch.next_read_at = turn.now + kReadTimeout;
  turn.after_commit.reads.push_back(ReadMarket{id});
}

void MarketWatches::want_for_account(Turn& turn, const MarketId& id) {
  want(turn, id);
  watches_[id].account_waits = true;
}

void MarketWatches::hinted(Turn& turn, const Market& market) {
  if (!watches_.contains(market.id) && watches_.size() >= kMarketWatchesMax) return;
  Watch& watch = watches_[market.id];
  watch.hinted = market.status;
  watch.hinted_at = turn.now;
  watch.hinted_payout.reset();
  if (market.status == MarketStatus::Resolved) watch.hinted_payout = market.payout;
  const Market* record = turn.ledger.market(market.id);
  if (record != nullptr && differs(*record, market)) want(turn, market.id);
}

MarketWatches::News MarketWatches::answered(Turn& turn, const MarketRead& read) {
  Watch& watch = watches_[read.id];
  watch.reading = false;
  watch.next_read_at = turn.now + kReadPause;
  if (read.outcome == MarketRead::Outcome::Failed) return {};
  if (read.outcome == MarketRead::Outcome::NotFound || !read.market) {
    watch.not_found_until = turn.now + kNotFoundRemembered;
    return {};
  }
  const Market market = recordable(*read.market);
  watch.not_found_until = {};
  // A finished market with nothing at stake is not worth a record, and is not asked for again soon.
  const bool finished = over(market.status);
  const bool at_stake = interested(turn.ledger, market.id);
  if (finished && !at_stake) {
    watch.hinted = market.status;
    watch.not_found_until = turn.now + kNotFoundRemembered;
  }
  const Market* record_now = turn.ledger.market(market.id);
  const bool worth_it = !finished || at_stake || record_now != nullptr;
  if (worth_it && (record_now == nullptr || *record_now != market)) {
    turn.record(domain::MarketRecorded{market});
  }
  News news{.account_waits = std::exchange(watch.account_waits, false), .over = finished};
  if (news.account_waits && !worth_it) watch.ended = std::make_shared<const Market>(market);
  if (market.status == MarketStatus::Resolved) news.payout = market.payout;
  return news;
}

void MarketWatches::drive(Turn& turn, const std::set<MarketId>& waited_for, Timestamp started_at) {
  const Open open = open_markets(turn.ledger.portfolio());
  ask_for_results(turn, open, started_at);
  for (const MarketId& id : waited_for) want(turn, id);
  // Records of markets that are over and in which nothing is at stake any more.
  for (const auto& [id, market] : turn.ledger.markets()) {
    if (hinted_over(id) && !over(market.status)) want(turn, id);
  }
}

// Asks for the result of every market that is over and that we have traded: often where something
// is held, seldom where a result only lets us forget it. A gateway that was not there when a market
// ended never reports it, so a held market that no gateway reports is asked for too.
void MarketWatches::ask_for_results(Turn& turn, const Open& open, Timestamp started_at) {
  for (const auto& [id, held] : open) {
    const Market* market = turn.ledger.market(id);
    Watch& watch = watches_[id];
    const bool ended = over(watch.hinted) || (market != nullptr && over(market->status));
    // Many markets trade on beyond their date, so most of these have no result yet.
    const bool overdue =
        market != nullptr && market->ends_at != Timestamp{} && turn.now >= market->ends_at;
    const bool untold = held && turn.now >= std::max(watch.hinted_at, started_at) + kUntoldAfter;
    domain::Duration pause = kConfirmPauseFlat;
    if (held && ended) pause = kConfirmPause;
    if (held && !ended && overdue) pause = kConfirmPauseOverdue;
    if ((!ended && !overdue && !untold) || turn.now < watch.asked_result_at + pause) continue;
    watch.asked_result_at = turn.now;
    turn.after_commit.reads.push_back(ConfirmResolution{id, watch.hinted_payout});
  }
}

void MarketWatches::forget_old(const Turn& turn) {
  const Open open = open_markets(turn.ledger.portfolio());
  std::erase_if(watches_, [&](const auto& entry) {
    const Watch& watch = entry.second;
    const bool recent = turn.now - watch.hinted_at < kHintRemembered ||
                        turn.now < watch.next_read_at || turn.now < watch.not_found_until ||
                        watch.reading;
    const Market* market = turn.ledger.market(entry.first);
    return !recent && !open.contains(entry.first) && (market == nullptr || over(market->status));
  });
}

}  // namespace polybot::order_manager
