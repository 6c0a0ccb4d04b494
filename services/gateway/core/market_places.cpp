// Who has a place: MarketCatalogue's part that chooses.
#include <algorithm>
#include <utility>

#include "services/gateway/core/market_catalogue.hpp"

namespace polybot::gateway {

using domain::Duration;
using domain::MarketId;

namespace {

constexpr int kOutrankedMax = 2;             // crawls in a row; a single one may be a wave
constexpr std::int64_t kClearlyBetter = 10;  // by a tenth

}  // namespace

void MarketCatalogue::pin(std::set<MarketId> pinned) {
  for (const MarketId& id : pinned) {
    if (!entries_.contains(id)) announce(id);
  }
  if (pinned == pinned_) return;
  pinned_ = std::move(pinned);
  choose_due_ = true;
}

void MarketCatalogue::announce(const MarketId& market) {
  if (entries_.contains(market) || announced_.size() >= kAnnouncedMax) return;
  announced_.try_emplace(market);
}

Verdict MarketCatalogue::judged(const Entry& entry) const {
  if (pinned_.contains(entry.market.id)) return Verdict::Pinned;
  const Incumbency incumbency = entry.place ? Incumbency::Kept : Incumbency::Newcomer;
  return judge_figures(entry.by_lists, entry.market, entry.facts, incumbency, settings_.selection,
                       wall_);
}

bool MarketCatalogue::contends(const Entry& entry) const {
  return entry.stage != Stage::Refused && domain::accepts_orders(entry.market.status) &&
         !entry.market.placeholder &&
         (entry.stage == Stage::Tracked || entry.unreadable_record.empty());
}

// Between two competitions a market can lose its place, and gets a free one. Where something is
// held no free one is awaited. The listing comes by volume: when another rank counts, the first
// crawl is awaited.
void MarketCatalogue::settle_place(Entry& entry) {
  const bool may = contends(entry) && chosen(entry.verdict);
  if (may == entry.place) return;
  const bool in_order = settings_.selection.rank == MarketRank::Volume || crawl_ > 1;
  if (may && full() && entry.verdict == Verdict::Pinned) choose_due_ = true;
  if (may && (full() || !in_order)) return;
  set_place(entry, may);
}

void MarketCatalogue::set_place(Entry& entry, bool place) {
  entry.place = place;
  entry.place_proven = false;
  entry.number = 0;
  entry.outranked = 0;
  if (place) {
    ++places_;
    entry.left_at = {};
  } else {
    --places_;
    choose_due_ = true;
  }
}

std::vector<Verdict> MarketCatalogue::competition(std::span<Entry* const> entries) {
  std::vector<Contender> contenders;
  contenders.reserve(entries.size());
  for (const Entry* entry : entries) {
    const std::int64_t rank = rank_of(entry->facts, settings_.selection.rank);
    // Of equals the one that is there stays.
    contenders.push_back({&entry->market, entry->verdict, entry->place ? rank + 1 : rank});
  }
  const std::vector<Verdict> strict = compete(contenders, settings_.selection.books_max);
  const bool news = std::exchange(competed_in_crawl_, crawl_) != crawl_;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = *entries[i];
    if (!entry.place_proven) continue;
    if (chosen(strict[i])) {
      entry.outranked = 0;
    } else if (news) {
      ++entry.outranked;
    }
    if (entry.outranked < kOutrankedMax) contenders[i].rank += contenders[i].rank / kClearlyBetter;
  }
  return compete(contenders, settings_.selection.books_max);
}

// One walk over all that is listed, because that is what it costs.
void MarketCatalogue::choose(Duration now) {
  std::vector<Entry*> entries;
  std::vector<Entry*> tracked;
  for (auto& [id, entry] : entries_) {
    entry.verdict = judged(entry);
    if (entry.stage == Stage::Tracked) tracked.push_back(&entry);
    if (contends(entry) && chosen(entry.verdict)) {
      entries.push_back(&entry);
    } else {
      settle_book(entry);
    }
  }
  const std::vector<Verdict> verdicts = competition(entries);
  // First those leave who lost, then there is room for the others.
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i]->verdict = verdicts[i];
    if (!chosen(verdicts[i])) settle_book(*entries[i]);
  }
  std::vector<Entry*> winners;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!chosen(verdicts[i])) continue;
    if (!entries[i]->place) set_place(*entries[i], true);
    entries[i]->place_proven = true;
    settle_book(*entries[i]);
    winners.push_back(entries[i]);
  }
  number_places(std::move(winners));
  for (Entry* entry : tracked) leave(*entry, now);
  choose_due_ = false;
}

void MarketCatalogue::number_places(std::vector<Entry*> chosen) {
  const auto rank = [&](const Entry* entry) {
    return rank_of(entry->facts, settings_.selection.rank);
  };
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](const Entry* a, const Entry* b) { return rank(a) > rank(b); });
  numbered_.clear();
  chosen_by_ = {};
  for (Entry* entry : chosen) {
    numbered_.push_back(entry->market.id);
    entry->number = numbered_.size();
    const Reason reason =
        reason_of(entry->market, entry->facts, entry->verdict, settings_.selection);
    ++chosen_by_[static_cast<std::size_t>(reason.by)];
  }
}

std::vector<MarketId> MarketCatalogue::best(std::size_t count_max) const {
  std::vector<MarketId> result;
  for (const MarketId& id : numbered_) {
    if (result.size() == count_max) break;
    const auto at = entries_.find(id);
    if (at != entries_.end() && at->second.place) result.push_back(id);
  }
  return result;
}

std::optional<Choice> MarketCatalogue::choice(const MarketId& market) const {
  const auto at = entries_.find(market);
  if (at == entries_.end()) return std::nullopt;
  const Entry& entry = at->second;
  const SelectionSettings& selection = settings_.selection;
  Choice choice{.by = {}, .number = entry.number, .why = {}, .facts = entry.facts};
  if (entry.place) {
    const Reason reason = reason_of(entry.market, entry.facts, entry.verdict, selection);
    choice.by = reason.by;
    choice.why = explain(reason, entry.facts, selection.rank, entry.number);
  } else if (!chosen(entry.verdict)) {
    choice.why = explain(entry.verdict);
  } else {
    choice.why = contends(entry) ? "it waits for the next comparison"
                                 : std::string(explain(Verdict::TakesNoOrders));
  }
  return choice;
}

// The market that was left is told of for a while, so that all readers hear of the end of its book.
void MarketCatalogue::leave(Entry& entry, Duration now) {
  if (chosen(entry.verdict) || over(entry.market.status)) return;
  if (entry.left_at == Duration::zero()) entry.left_at = now;
  if (now - entry.left_at < settings_.keep_resolved) return;
  entry.stage = Stage::Listed;
  entry.left_at = {};
  changes_.removed.push_back(entry.market.id);
}

}  // namespace polybot::gateway
