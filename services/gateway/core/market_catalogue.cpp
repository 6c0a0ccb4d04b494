#include "services/gateway/core/market_catalogue.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace polybot::gateway {

using domain::Duration;
using domain::EventGroupId;
using domain::Market;
using domain::MarketId;
using domain::MarketStatus;

namespace {

bool due(Duration last, Duration now, Duration interval) {
  return last == Duration::zero() || now - last >= interval;
}

}  // namespace

// ---- listings --------------------------------------------------------------------------------

MarketCatalogue::Entry* MarketCatalogue::list(const Market& market) {
  const auto known = entries_.find(market.id);
  if (known != entries_.end()) return &known->second;
  if (entries_.size() >= settings_.entries_max || slugs_.contains(market.slug) ||
      tokens_.contains(market.yes_token) || tokens_.contains(market.no_token)) {
    left_out_now_.insert(market.id);
    return nullptr;
  }
  Entry& entry = entries_[market.id];
  entry.market = market;
  entry.listed_fee = market.fee;
  entry.market.event_market_count = 0;
  entry.market.status = MarketStatus::Paused;  // until update() has looked at the listed one
  slugs_.emplace(market.slug, market.id);
  tokens_.emplace(market.yes_token, market.id);
  tokens_.emplace(market.no_token, market.id);
  EventEntry& event = events_[market.event];
  event.slug = market.event_slug;
  event.neg_risk = event.neg_risk || market.neg_risk;
  event.members.insert(market.id);
  recount(market.event);
  return &entry;
}

void MarketCatalogue::on_listed(std::span<const Listing> listings, Duration now) {
  for (const Listing& listing : listings) {
    announced_.erase(listing.market.id);
    Entry* entry = list(listing.market);
    if (entry == nullptr) continue;
    entry->seen_in_crawl = crawl_;
    entry->lookup_due = false;
    entry->lookups = 0;
    entry->lookups_unanswered = 0;
    update(*entry, listing, now);
  }
}

bool MarketCatalogue::on_unchanged(std::span<const MarketId> markets) {
  for (const MarketId& id : markets) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return false;
    const Entry& entry = at->second;
    if (over(entry.market.status) || entry.lookup_due || !entry.unreadable_listing.empty())
      return false;
  }
  for (const MarketId& id : markets) {
    Entry& entry = entries_.at(id);
    entry.seen_in_crawl = crawl_;
    list_use_.see(entry.market, entry.facts);
  }
  return true;
}

// Takes what a listing may decide. Identity, tokens, tick, minimum size and fee stay as they are,
// because the record and the market channel know them better. A fee that the listing did not have
// before is a reason to read the record.
void MarketCatalogue::update(Entry& entry, const Listing& listing, Duration now) {
  const Market& market = listing.market;
  entry.facts = listing.facts;
  entry.by_lists = judge_lists(entry.market, entry.facts, settings_.selection);
  list_use_.see(entry.market, entry.facts);
  entry.unreadable_listing = {};
  if (std::exchange(entry.listed_fee, market.fee) != market.fee) entry.record_at = {};
  const bool differs = market.ends_at != entry.market.ends_at ||
                       market.augmented != entry.market.augmented ||
                       market.placeholder != entry.market.placeholder;
  if (differs && entry.market.status != MarketStatus::Resolved) {
    entry.market.ends_at = market.ends_at;
    entry.market.augmented = market.augmented;
    entry.market.placeholder = market.placeholder;
    changed(entry);
  }
  // Who lost the competition waits for the next one, even if there is room for the one market.
  const Verdict verdict = judged(entry);
  const bool waits = entry.verdict == Verdict::Outranked || entry.verdict == Verdict::EventTooLarge;
  if (!waits || !chosen(verdict)) entry.verdict = verdict;
  update_status(entry, market, now);
  settle_book(entry);
}

void MarketCatalogue::update_status(Entry& entry, const Market& market, Duration now) {
  if (entry.market.status == MarketStatus::Resolved) {
    // The hint of the market channel comes first; the listing has the last word on the payout.
    if (market.status == MarketStatus::Resolved && market.payout != entry.market.payout) {
      entry.market.payout = market.payout;
      changed(entry);
    }
    return;
  }
  entry.accepting_by_listing = market.status == MarketStatus::Active;
  if (over(market.status)) {
    entry.market.payout = market.payout;
    set_status(entry, market.status, now);
    return;
  }
  // A disputed market can open again; a cached listing does not reopen one.
  const bool maybe_cached = now - entry.closed_at < settings_.listing_age_max;
  if (entry.market.status == MarketStatus::Closed && maybe_cached) return;
  set_status(entry, open_status(entry), now);
}

MarketStatus MarketCatalogue::open_status(const Entry& entry) {
  if (!entry.accepting_by_listing || !entry.accepting_by_record) return MarketStatus::Paused;
  const bool readable = entry.unreadable_listing.empty() && entry.unreadable_record.empty();
  return readable ? MarketStatus::Active : MarketStatus::ReduceOnly;
}

void MarketCatalogue::on_crawl_finished() {
  for (auto& [id, entry] : entries_) {
    if (entry.seen_in_crawl != crawl_ && entry.market.status != MarketStatus::Resolved) {
      entry.lookup_due = true;
    }
  }
  left_out_ = left_out_now_.size();
  left_out_now_.clear();
  unused_words_ = list_use_.unused();
  list_use_.begin_again();
  ++crawl_;
  choose_due_ = true;
}

void MarketCatalogue::on_looked_up(std::span<const Listing> listings,
                                   std::span<const MarketId> missing, Duration now) {
  for (const Listing& listing : listings) {
    const Market& market = listing.market;
    const bool announced = announced_.contains(market.id);
    if (announced && !over(market.status)) {
      on_listed({&listing, 1}, now);
      choose_due_ = choose_due_ || pinned_.contains(market.id);
      continue;
    }
    if (announced && !pinned_.contains(market.id)) announced_.erase(market.id);
    const auto at = entries_.find(market.id);
    if (at == entries_.end()) continue;
    at->second.lookups_unanswered = 0;
    at->second.lookup_due = market.status != MarketStatus::Resolved;
    update(at->second, listing, now);
  }
  for (const MarketId& id : missing) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) continue;
    Entry& entry = at->second;
    ++entry.lookups_unanswered;
    if (entry.lookups_unanswered < settings_.lookups_unanswered_max) continue;
    set_status(entry, MarketStatus::Closed, now);
    end(entry, now);  // nothing more will come
  }
}

// ---- records, totals, hints ------------------------------------------------------------------

void MarketCatalogue::on_record(const Market& merged, Duration now) {
  const auto at = entries_.find(merged.id);
  if (at == entries_.end() || at->second.stage == Stage::Refused) return;
  Entry& entry = at->second;
  entry.accepting_by_record = domain::accepts_orders(merged.status) || !entry.accepting_by_listing;
  entry.unreadable_record = {};
  const bool first = entry.stage == Stage::Listed;
  if (first || merged.tick != entry.market.tick || merged.min_size != entry.market.min_size ||
      !(merged.fee == entry.market.fee) || merged.taker_delay != entry.market.taker_delay) {
    entry.market.tick = merged.tick;
    entry.market.min_size = merged.min_size;
    entry.market.fee = merged.fee;
    entry.market.taker_delay = merged.taker_delay;
    entry.stage = Stage::Tracked;
    changed(entry);
  }
  if (!over(entry.market.status)) set_status(entry, open_status(entry), now);
  settle_book(entry);
}

void MarketCatalogue::on_contradiction(const MarketId& market, std::string_view) {
  const auto at = entries_.find(market);
  if (at == entries_.end() || at->second.stage == Stage::Refused) return;
  Entry& entry = at->second;
  const bool was_tracked = entry.stage == Stage::Tracked;
  entry.stage = Stage::Refused;
  ++refused_;
  settle_book(entry);
  if (was_tracked) changes_.removed.push_back(market);
}

void MarketCatalogue::on_unreadable(const EventGroupId& event) {
  const auto at = events_.find(event);
  if (at == events_.end() || std::exchange(at->second.unreadable, true)) return;
  recount(event);
}

bool MarketCatalogue::on_unreadable_listing(const MarketId& market, std::string_view field,
                                            const std::optional<Market>& state, Duration now) {
  const auto at = entries_.find(market);
  if (at == entries_.end() || at->second.market.status == MarketStatus::Resolved) return false;
  Entry& entry = at->second;
  // The market is listed, so it is not missing.
  entry.seen_in_crawl = crawl_;
  entry.lookups_unanswered = 0;
  list_use_.see(entry.market, entry.facts);
  const bool news = std::exchange(entry.unreadable_listing, field).empty();
  if (state) {
    if (!over(state->status)) entry.lookup_due = false;
    update_status(entry, *state, now);
  } else if (!over(entry.market.status)) {
    set_status(entry, open_status(entry), now);
  }
  return news && entry.stage == Stage::Tracked;
}

bool MarketCatalogue::on_unreadable_record(const MarketId& market, std::string_view field,
                                           Duration now) {
  const auto at = entries_.find(market);
  if (at == entries_.end() || over(at->second.market.status)) return false;
  Entry& entry = at->second;
  const bool news = std::exchange(entry.unreadable_record, field).empty();
  if (entry.stage == Stage::Tracked) set_status(entry, open_status(entry), now);
  settle_book(entry);
  return news;
}

std::map<std::string_view, std::size_t> MarketCatalogue::unreadable() const {
  std::map<std::string_view, std::size_t> fields;
  for (const auto& [id, entry] : entries_) {
    if (entry.stage != Stage::Tracked || entry.market.status == MarketStatus::Resolved) continue;
    const auto& field =
        entry.unreadable_listing.empty() ? entry.unreadable_record : entry.unreadable_listing;
    if (!field.empty()) ++fields[field];
  }
  return fields;
}

void MarketCatalogue::on_event_total(const EventGroupId& event, std::size_t total) {
  const auto at = events_.find(event);
  if (at == events_.end()) return;
  at->second.total = total;
  recount(event);
}

void MarketCatalogue::on_tick(const MarketId& market, domain::Price tick) {
  const auto at = entries_.find(market);
  if (at == entries_.end() || at->second.market.tick == tick) return;
  at->second.market.tick = tick;
  changed(at->second);
}

void MarketCatalogue::on_resolved(const MarketId& market, domain::Payout payout, Duration now) {
  const auto at = entries_.find(market);
  if (at == entries_.end() || at->second.market.status == MarketStatus::Resolved) return;
  at->second.market.payout = payout;
  set_status(at->second, MarketStatus::Resolved, now);
}

void MarketCatalogue::on_over(const MarketId& market, Duration now) {
  const auto at = entries_.find(market);
  if (at == entries_.end() || at->second.market.status == MarketStatus::Resolved) return;
  set_status(at->second, MarketStatus::Closed, now);
}

// ---- what follows ----------------------------------------------------------------------------

void MarketCatalogue::set_status(Entry& entry, MarketStatus status, Duration now) {
  if (entry.market.status == status) return;
  entry.market.status = status;
  if (status == MarketStatus::Resolved) end(entry, now);
  if (status == MarketStatus::Closed) {
    entry.lookup_due = true;
    entry.lookups = 0;
    entry.closed_at = now;
  }
  changed(entry);
  settle_book(entry);
}

void MarketCatalogue::end(Entry& entry, Duration now) {
  if (!ended_.insert(entry.market.id).second) return;
  entry.resolved_at = now;
}

void MarketCatalogue::settle_book(Entry& entry) {
  settle_place(entry);
  const bool wanted = entry.stage == Stage::Tracked && entry.place;
  if (wanted == entry.has_book) return;
  entry.has_book = wanted;
  if (wanted) {
    ++books_;
    changes_.books_begun.push_back(entry.market.id);
  } else {
    --books_;
    changes_.books_ended.push_back(entry.market.id);
  }
}

void MarketCatalogue::recount(const EventGroupId& id) {
  const EventEntry& event = events_.at(id);
  std::size_t count = event.members.size() + event.departed;
  if (event.neg_risk) count = event.total && !event.unreadable ? std::max(count, *event.total) : 0;
  constexpr std::size_t kCountMax = std::numeric_limits<std::uint16_t>::max();
  const auto shown = static_cast<std::uint16_t>(std::min(count, kCountMax));
  for (const MarketId& member : event.members) {
    Entry& entry = entries_.at(member);
    if (entry.market.event_market_count == shown) continue;
    entry.market.event_market_count = shown;
    changed(entry);
  }
}

void MarketCatalogue::changed(const Entry& entry) {
  if (entry.stage == Stage::Tracked) changes_.changed.push_back(entry.market.id);
}

void MarketCatalogue::expire(Duration now) {
  std::vector<MarketId> old;
  for (const MarketId& id : ended_) {
    if (now - entries_.at(id).resolved_at >= settings_.keep_resolved) old.push_back(id);
  }
  for (const MarketId& id : old) forget(id);
  if (std::exchange(choose_due_, false)) choose(now);
}

void MarketCatalogue::forget(const MarketId& id) {
  const auto at = entries_.find(id);
  Entry& entry = at->second;
  if (entry.place) set_place(entry, false);
  if (entry.has_book) {
    --books_;
    changes_.books_ended.push_back(id);
  }
  if (entry.stage == Stage::Tracked) changes_.removed.push_back(id);
  if (entry.stage == Stage::Refused) --refused_;
  slugs_.erase(entry.market.slug);
  tokens_.erase(entry.market.yes_token);
  tokens_.erase(entry.market.no_token);
  const auto event = events_.find(entry.market.event);
  event->second.members.erase(id);
  ++event->second.departed;
  if (event->second.members.empty()) events_.erase(event);
  ended_.erase(id);
  entries_.erase(at);
}

// First come unknown records, then unusable ones, then those that may have changed.
bool MarketCatalogue::record_due(const Entry& entry, Duration now) const {
  if (over(entry.market.status)) return false;
  const bool unusable = !entry.unreadable_record.empty() ||
                        (!entry.accepting_by_record && entry.accepting_by_listing);
  switch (entry.stage) {
    case Stage::Refused:
      return false;
    case Stage::Listed:
      // While there is room, the market that takes no orders now is known as well.
      return (entry.place || (chosen(entry.verdict) && (unusable || !full()))) &&
             due(entry.record_at, now, unusable ? settings_.record_refresh : settings_.retry);
    case Stage::Tracked:
      return (unusable && due(entry.record_at, now, settings_.record_refresh)) ||
             (entry.has_book && due(entry.record_at, now, settings_.record_reread));
  }
  return false;
}

CatalogueWants MarketCatalogue::wanted(Duration now) {
  CatalogueWants wants;
  std::vector<std::pair<Duration, MarketId>> reread;
  for (auto& [id, entry] : entries_) {
    if (record_due(entry, now)) {
      if (entry.stage == Stage::Tracked) {
        reread.emplace_back(entry.record_at, id);
      } else {
        entry.record_at = now;
        wants.records.push_back(id);
      }
    }
    const Duration pause = std::min<Duration>(
        settings_.retry * (1LL << std::min(entry.lookups, 20)), settings_.lookup_max);
    if (entry.lookup_due && due(entry.lookup_at, now, pause)) {
      entry.lookup_at = now;
      ++entry.lookups;
      wants.lookups.push_back(id);
    }
  }
  want_announced(now, wants);
  std::sort(reread.begin(), reread.end());
  if (reread.size() > settings_.records_reread_max) reread.resize(settings_.records_reread_max);
  for (const auto& [read_at, id] : reread) {
    entries_.at(id).record_at = now;
    wants.records.push_back(id);
  }
  for (auto& [id, event] : events_) {
    if (!event.neg_risk || event.total || !due(event.total_at, now, settings_.retry)) continue;
    event.total_at = now;
    wants.event_totals.emplace_back(id, event.slug);
  }
  return wants;
}

void MarketCatalogue::want_announced(Duration now, CatalogueWants& wants) {
  for (auto at = announced_.begin(); at != announced_.end();) {
    Announced& one = at->second;
    const Duration pause = std::min<Duration>(settings_.retry * (1LL << std::min(one.asked, 20)),
                                              settings_.lookup_max);
    if (!due(one.asked_at, now, pause)) {
      ++at;
    } else if (one.asked >= kAnnouncedAsksMax && !pinned_.contains(at->first)) {
      at = announced_.erase(at);
    } else {
      one.asked_at = now;
      ++one.asked;
      wants.lookups.push_back(at->first);
      ++at;
    }
  }
}

CatalogueChanges MarketCatalogue::take_changes() {
  // Several inputs may touch one market; it is published once.
  std::set<MarketId> seen;
  std::erase_if(changes_.changed, [&](const MarketId& id) { return !seen.insert(id).second; });
  return std::exchange(changes_, {});
}

// ---- look-ups --------------------------------------------------------------------------------

const Market* MarketCatalogue::find(const MarketId& market) const {
  const auto at = entries_.find(market);
  return at != entries_.end() && at->second.stage == Stage::Tracked ? &at->second.market : nullptr;
}

const Market* MarketCatalogue::find_slug(std::string_view slug) const {
  const auto at = slugs_.find(std::string(slug));
  return at == slugs_.end() ? nullptr : find(at->second);
}

std::vector<const Market*> MarketCatalogue::tracked() const {
  std::vector<const Market*> result;
  for (const auto& [id, entry] : entries_) {
    if (entry.stage == Stage::Tracked) result.push_back(&entry.market);
  }
  return result;
}

std::optional<MarketId> MarketCatalogue::market_of(const domain::TokenId& token) const {
  const auto at = tokens_.find(token);
  return at == tokens_.end() ? std::nullopt : std::optional<MarketId>(at->second);
}

const Market* MarketCatalogue::listed(const MarketId& market) const {
  const auto at = entries_.find(market);
  return at == entries_.end() ? nullptr : &at->second.market;
}

bool MarketCatalogue::has_book(const MarketId& market) const {
  const auto at = entries_.find(market);
  return at != entries_.end() && at->second.has_book;
}

}  // namespace polybot::gateway
