#include "services/strategy-runner/core/market_table.hpp"

#include <algorithm>
#include <utility>

namespace polybot::strategy_runner {
namespace {

void insert_sorted(std::vector<domain::MarketId>& ids, const domain::MarketId& id) {
  const auto at = std::lower_bound(ids.begin(), ids.end(), id);
  if (at == ids.end() || *at != id) ids.insert(at, id);
}

template <class Index, class Key>
void erase_from(Index& index, const Key& key, const domain::MarketId& id) {
  const auto at = index.find(key);
  if (at == index.end()) return;
  std::erase(at->second, id);
  if (at->second.empty()) index.erase(at);
}

template <class Index, class Key>
std::span<const domain::MarketId> ids_of(const Index& index, const Key& key) {
  const auto at = index.find(key);
  if (at == index.end()) return {};
  return at->second;
}

}  // namespace

MarketTable::Definition MarketTable::define(const domain::Market& market, domain::Timestamp now) {
  const auto known = entries_.find(market.id);
  if (known == entries_.end()) {
    if (full()) return Definition::NoRoom;
    Entry entry{
        .market = market, .shard = domain::shard_of(market.event), .book = {}, .heard_at = now};
    link(entry);
    entries_.emplace(market.id, std::move(entry));
    return Definition::Changed;
  }
  Entry& entry = known->second;
  entry.heard_at = now;
  if (entry.market == market) return Definition::Unchanged;
  // Levels off the new grid may be about to go, so a changed tick needs a new snapshot.
  if (entry.market.tick != market.tick) entry.book.stale = true;
  const bool moved = entry.market.event != market.event;
  if (moved) unlink(entry);
  entry.market = market;
  entry.shard = domain::shard_of(market.event);
  if (moved) link(entry);
  return Definition::Changed;
}

void MarketTable::link(const Entry& entry) {
  insert_sorted(events_[entry.market.event], entry.market.id);
  insert_sorted(shards_[entry.shard], entry.market.id);
}

void MarketTable::unlink(const Entry& entry) {
  erase_from(events_, entry.market.event, entry.market.id);
  erase_from(shards_, entry.shard, entry.market.id);
}

MarketTable::Loaded MarketTable::load(const domain::BookSnapshot& snapshot) {
  const auto at = entries_.find(snapshot.market);
  if (at == entries_.end()) return Loaded::UnknownMarket;
  KeptBook& state = at->second.book;
  // An answer to a recovery request may come after newer news. One that is distrusted is stamped
  // with the time up to which it was good.
  if (!state.stale && !snapshot.stale && snapshot.stamped_at < state.as_of)
    return Loaded::Unchanged;
  const bool changed = state.book.load(snapshot.bids, snapshot.asks);
  const bool trust_changed = std::exchange(state.stale, snapshot.stale) != snapshot.stale;
  state.as_of = snapshot.stamped_at;
  if (!state.stale) await_age(at->second);
  return changed || trust_changed ? Loaded::Changed : Loaded::Unchanged;
}

void MarketTable::await_age(const Entry& entry) {
  ages_.ask(entry.market.id, entry.book.as_of + book_age_max_ + domain::Duration(1));
}

std::vector<domain::MarketId> MarketTable::take_aged(domain::Timestamp now) {
  std::vector<domain::MarketId> aged;
  for (const domain::MarketId& id : ages_.take(now)) {
    const auto at = entries_.find(id);
    if (at == entries_.end() || at->second.book.stale) continue;
    if (now - at->second.book.as_of > book_age_max_) {
      aged.push_back(id);
    } else {
      await_age(at->second);
    }
  }
  return aged;
}

bool MarketTable::apply(const domain::BookDelta& delta) {
  const auto at = entries_.find(delta.market);
  if (at == entries_.end()) return false;
  KeptBook& state = at->second.book;
  if (state.stale) return false;
  state.book.apply(delta.changes);
  state.as_of = std::max(state.as_of, delta.stamped_at);
  await_age(at->second);
  return true;
}

void MarketTable::vouch(domain::Shard shard, const domain::ShardVouched& vouched,
                        domain::Timestamp now, const OnVouched& report) {
  for (const domain::MarketId& id : markets_in(shard)) {
    Entry& entry = entries_.at(id);
    KeptBook& state = entry.book;
    if (state.stale || std::ranges::find(vouched.except, id) != vouched.except.end()) continue;
    const bool was_usable = usable(entry, now);
    const bool was_too_old = now - state.as_of > book_age_max_;
    state.as_of = std::max(state.as_of, vouched.as_of);
    if (was_too_old) await_age(entry);
    report(entry.market, usable(entry, now) == was_usable ? Vouched::AsBefore : Vouched::UsableNow);
  }
}

void MarketTable::mark_stale(const domain::MarketId& market) {
  const auto at = entries_.find(market);
  if (at != entries_.end()) at->second.book.stale = true;
}

void MarketTable::mark_stale(domain::Shard shard) {
  for (const domain::MarketId& id : markets_in(shard)) mark_stale(id);
}

std::vector<domain::Market> MarketTable::forget_silent(domain::Timestamp now) {
  std::vector<domain::Market> forgotten;
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (now - at->second.heard_at < kMarketForgottenAfter) {
      ++at;
      continue;
    }
    unlink(at->second);
    forgotten.push_back(std::move(at->second.market));
    at = entries_.erase(at);
  }
  return forgotten;
}

void MarketTable::forget(domain::Shard shard) {
  const auto ids = markets_in(shard);
  const std::vector<domain::MarketId> gone(ids.begin(), ids.end());
  for (const domain::MarketId& id : gone) {
    const auto at = entries_.find(id);
    unlink(at->second);
    entries_.erase(at);
  }
}

const domain::Market* MarketTable::find(const domain::MarketId& market) const {
  const auto at = entries_.find(market);
  return at == entries_.end() ? nullptr : &at->second.market;
}

std::span<const domain::MarketId> MarketTable::markets_of(const domain::EventGroupId& event) const {
  return ids_of(events_, event);
}

std::span<const domain::MarketId> MarketTable::markets_in(domain::Shard shard) const {
  return ids_of(shards_, shard);
}

domain::Shard MarketTable::shard_of(const domain::MarketId& market) const {
  const auto at = entries_.find(market);
  return at == entries_.end() ? domain::Shard{} : at->second.shard;
}

const KeptBook* MarketTable::usable_book(const domain::MarketId& market,
                                         domain::Timestamp now) const {
  const auto at = entries_.find(market);
  return at == entries_.end() || !usable(at->second, now) ? nullptr : &at->second.book;
}

bool MarketTable::usable(const Entry& entry, domain::Timestamp now) const {
  // A stamp in the future comes from a gateway whose clock is ahead: it would never grow old.
  const domain::Duration age = now - entry.book.as_of;
  const bool recent = -kClockSkewMax <= age && age <= book_age_max_;
  return entry.market.status == domain::MarketStatus::Active && recent && !entry.book.stale &&
         !entry.book.book.crossed();
}

const KeptBook* MarketTable::any_book(const domain::MarketId& market) const {
  const auto at = entries_.find(market);
  return at == entries_.end() ? nullptr : &at->second.book;
}

}  // namespace polybot::strategy_runner
