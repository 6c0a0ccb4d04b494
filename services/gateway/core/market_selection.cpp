#include "services/gateway/core/market_selection.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace polybot::gateway {

using domain::Duration;
using domain::Market;
using domain::Money;
using domain::Timestamp;

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool fits(std::string_view word, std::string_view text) {
  const bool open = word.ends_with('*');
  if (open) word.remove_suffix(1);
  if (open ? text.size() < word.size() : text.size() != word.size()) return false;
  return std::equal(word.begin(), word.end(), text.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

// The first that fits; null when none does.
const std::string* find_fitting(const std::vector<std::string>& words, std::string_view text) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [&](const std::string& word) { return fits(word, text); });
  return found == words.end() ? nullptr : &*found;
}

bool any_fits(const std::vector<std::string>& words, std::string_view text) {
  return find_fitting(words, text) != nullptr;
}

bool names(const MarketLists& lists, const Market& market) {
  return any_fits(lists.slugs, market.slug) || any_fits(lists.events, market.event_slug);
}

bool holds(const MarketLists& lists, const Market& market, const ListedFacts& facts) {
  const auto tagged = [&](const std::string& tag) { return any_fits(lists.tags, tag); };
  return names(lists, market) || any_fits(lists.categories, facts.category) ||
         std::any_of(facts.tags.begin(), facts.tags.end(), tagged);
}

bool below(const std::optional<Money>& value, Money min, Incumbency incumbency) {
  const Money tenth = Money::from_raw(min.raw() / 10);
  return *value < (incumbency == Incumbency::Kept ? min - tenth : min);
}

Verdict judge_end(const Market& market, const SelectionSettings& settings, Timestamp now) {
  const bool asked =
      settings.ends_in_min > Duration::zero() || settings.ends_in_max > Duration::zero();
  if (!asked) return Verdict::Ranked;
  if (market.ends_at == Timestamp{}) return Verdict::EndUnknown;
  const Duration left = market.ends_at - now;
  if (left < settings.ends_in_min) return Verdict::EndsTooSoon;
  const bool late = settings.ends_in_max > Duration::zero() && left > settings.ends_in_max;
  return late ? Verdict::EndsTooLate : Verdict::Ranked;
}

// Markets that are taken or left together: a list through `Groups::next`.
struct Group {
  Verdict verdict = Verdict::Ranked;
  std::int64_t rank = 0;
  std::uint32_t best = 0;  // of its members, places in the list of contenders
  std::uint32_t last = 0;  // of the list, which begins with the first that came
  std::uint32_t first = 0;
  std::uint32_t size = 0;
};

// Most markets of a listing stand alone, so a group owns no memory.
struct Groups {
  std::vector<Group> groups;
  std::vector<std::uint32_t> next;  // by contender; its own place at the end of a list
};

// Whether a goes before b, of one event or alone.
bool is_better(const Contender& a, const Contender& b) {
  if (a.verdict != b.verdict) return a.verdict < b.verdict;
  if (a.rank != b.rank) return a.rank > b.rank;
  return a.market->id < b.market->id;
}

Groups groups_of(std::span<const Contender> contenders) {
  Groups result;
  result.groups.reserve(contenders.size());
  result.next.resize(contenders.size());
  std::map<domain::EventGroupId, std::size_t> events;
  for (std::uint32_t i = 0; i < contenders.size(); ++i) {
    const Contender& one = contenders[i];
    result.next[i] = i;
    std::size_t at = result.groups.size();
    if (one.market->neg_risk) at = events.try_emplace(one.market->event, at).first->second;
    if (at == result.groups.size()) {
      result.groups.push_back({one.verdict, one.rank, i, i, i, 1});
      continue;
    }
    Group& group = result.groups[at];
    group.verdict = std::min(group.verdict, one.verdict);
    group.rank = std::max(group.rank, one.rank);
    if (is_better(one, contenders[group.best])) group.best = i;
    result.next[std::exchange(group.last, i)] = i;
    ++group.size;
  }
  return result;
}

std::vector<std::uint32_t> members_of(const Group& group, const std::vector<std::uint32_t>& next) {
  std::vector<std::uint32_t> members{group.first};
  while (members.back() != group.last) members.push_back(next[members.back()]);
  return members;
}

}  // namespace

std::string_view explain(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pinned:
      return "something is held or rests there";
    case Verdict::Named:
      return "it is named in markets.slugs or markets.events";
    case Verdict::Ranked:
      return "it is among the best by markets.rank";
    case Verdict::Excluded:
      return "it is in a list of markets.exclude";
    case Verdict::InNoList:
      return "it is in none of markets.slugs, events, tags and categories";
    case Verdict::VolumeUnknown:
      return "the venue does not say its volume, and markets.volume_24h_min asks for one";
    case Verdict::VolumeLow:
      return "its volume of 24 hours is below markets.volume_24h_min";
    case Verdict::LiquidityUnknown:
      return "the venue does not say its liquidity, and markets.liquidity_min asks for one";
    case Verdict::LiquidityLow:
      return "its liquidity is below markets.liquidity_min";
    case Verdict::EndUnknown:
      return "the venue does not say when it ends, and markets.ends_in_min or _max asks for it";
    case Verdict::EndsTooSoon:
      return "it ends sooner than markets.ends_in_min";
    case Verdict::EndsTooLate:
      return "it ends later than markets.ends_in_max";
    case Verdict::TakesNoOrders:
      return "it takes no orders";
    case Verdict::Outranked:
      return "discovery.books_max better ones are there";
    case Verdict::EventTooLarge:
      return "its event finds no room as a whole";
  }
  return "";
}

Reason reason_of(const Market& market, const ListedFacts& facts, Verdict verdict,
                 const SelectionSettings& settings) {
  const MarketLists& only = settings.only;
  if (verdict == Verdict::Pinned) return {ChosenBy::Held, {}};
  if (const auto* word = find_fitting(only.slugs, market.slug)) return {ChosenBy::Slug, *word};
  if (const auto* word = find_fitting(only.events, market.event_slug))
    return {ChosenBy::Event, *word};
  for (const std::string& tag : facts.tags) {
    if (const auto* word = find_fitting(only.tags, tag)) return {ChosenBy::Tag, *word};
  }
  if (const auto* word = find_fitting(only.categories, facts.category))
    return {ChosenBy::Category, *word};
  return {ChosenBy::Rank, {}};
}

std::string explain(const Reason& reason, const ListedFacts& facts, MarketRank rank,
                    std::size_t number) {
  std::string text;
  switch (reason.by) {
    case ChosenBy::Held:
      return std::string(explain(Verdict::Pinned));
    case ChosenBy::Slug:
      text = "its slug is in markets.slugs (" + reason.word + ")";
      break;
    case ChosenBy::Event:
      text = "its event is in markets.events (" + reason.word + ")";
      break;
    case ChosenBy::Tag:
      text = "its tag is in markets.tags (" + reason.word + ")";
      break;
    case ChosenBy::Category:
      text = "its category is in markets.categories (" + reason.word + ")";
      break;
    case ChosenBy::Rank:
      break;
  }
  if (number == 0) return text.empty() ? "there is room" : text;
  const bool by_volume = rank == MarketRank::Volume;
  const auto& figure = by_volume ? facts.volume_24h : facts.liquidity;
  return text + (text.empty() ? "" : "; ") + "number " + std::to_string(number) + " by " +
         (by_volume ? "volume of 24 hours" : "liquidity") + ", " +
         (figure ? figure->to_string() + " pUSD" : "which the venue does not say");
}

Verdict judge(const Market& market, const ListedFacts& facts, Incumbency incumbency,
              const SelectionSettings& settings, Timestamp now) {
  const Verdict by_lists = judge_lists(market, facts, settings);
  return judge_figures(by_lists, market, facts, incumbency, settings, now);
}

Verdict judge_lists(const Market& market, const ListedFacts& facts,
                    const SelectionSettings& settings) {
  if (holds(settings.exclude, market, facts)) return Verdict::Excluded;
  if (names(settings.only, market)) return Verdict::Named;
  const bool listed = settings.only.empty() || holds(settings.only, market, facts);
  return listed ? Verdict::Ranked : Verdict::InNoList;
}

Verdict judge_figures(Verdict by_lists, const Market& market, const ListedFacts& facts,
                      Incumbency incumbency, const SelectionSettings& settings, Timestamp now) {
  if (by_lists != Verdict::Ranked) return by_lists;
  if (settings.volume_24h_min.is_positive()) {
    if (!facts.volume_24h) return Verdict::VolumeUnknown;
    if (below(facts.volume_24h, settings.volume_24h_min, incumbency)) return Verdict::VolumeLow;
  }
  if (settings.liquidity_min.is_positive()) {
    if (!facts.liquidity) return Verdict::LiquidityUnknown;
    if (below(facts.liquidity, settings.liquidity_min, incumbency)) return Verdict::LiquidityLow;
  }
  return judge_end(market, settings, now);
}

std::int64_t rank_of(const ListedFacts& facts, MarketRank rank) {
  const auto& value = rank == MarketRank::Volume ? facts.volume_24h : facts.liquidity;
  return value.value_or(Money{}).raw();
}

// Of tens of thousands a few thousand win, so the groups are a heap from which the best are taken
// until no place is left.
std::vector<Verdict> compete(std::span<const Contender> contenders, std::size_t places) {
  auto [groups, next] = groups_of(contenders);
  const auto after = [&](const Group& a, const Group& b) {
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    if (a.rank != b.rank) return a.rank < b.rank;
    return contenders[b.best].market->id < contenders[a.best].market->id;
  };
  std::make_heap(groups.begin(), groups.end(), after);
  std::vector<Verdict> verdicts(contenders.size(), Verdict::Outranked);
  std::size_t taken = 0;
  while (!groups.empty()) {
    std::pop_heap(groups.begin(), groups.end(), after);
    const Group group = groups.back();
    groups.pop_back();
    const std::size_t left = places - std::min(places, taken);
    if (left == 0 && group.verdict != Verdict::Pinned) break;
    // An event that is larger than the maximum is never there as a whole: its best are.
    const bool fits_in = group.size <= left || group.size > places;
    std::vector<std::uint32_t> members = members_of(group, next);
    std::sort(members.begin(), members.end(), [&](std::uint32_t a, std::uint32_t b) {
      return is_better(contenders[a], contenders[b]);
    });
    for (std::size_t n = 0; n < members.size(); ++n) {
      const std::uint32_t i = members[n];
      const bool pinned = contenders[i].verdict == Verdict::Pinned;
      if (pinned || (fits_in && n < left)) {
        verdicts[i] = contenders[i].verdict;
        ++taken;
      } else if (left > 0) {
        verdicts[i] = Verdict::EventTooLarge;
      }
    }
  }
  return verdicts;
}

std::vector<Verdict> choose_of(std::span<const Listing> listings, const SelectionSettings& settings,
                               Timestamp now) {
  std::vector<Verdict> verdicts;
  std::vector<Contender> contenders;
  std::vector<std::size_t> places;  // of the contenders in the listing
  for (const Listing& listing : listings) {
    const Market& market = listing.market;
    Verdict verdict = judge(market, listing.facts, Incumbency::Newcomer, settings, now);
    const bool tradable = domain::accepts_orders(market.status) && !market.placeholder;
    if (chosen(verdict) && !tradable) verdict = Verdict::TakesNoOrders;
    if (chosen(verdict)) {
      contenders.push_back({&market, verdict, rank_of(listing.facts, settings.rank)});
      places.push_back(verdicts.size());
    }
    verdicts.push_back(verdict);
  }
  const std::vector<Verdict> outcome = compete(contenders, settings.books_max);
  for (std::size_t i = 0; i < places.size(); ++i) verdicts[places[i]] = outcome[i];
  return verdicts;
}

ListUse::ListUse(const SelectionSettings& settings) {
  add(settings.only);
  add(settings.exclude);
}

void ListUse::add(const MarketLists& lists) {
  const auto put = [&](Field field, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) words_.push_back({field, text, false});
  };
  put(Field::Slug, lists.slugs);
  put(Field::Event, lists.events);
  put(Field::Tag, lists.tags);
  put(Field::Category, lists.categories);
}

void ListUse::see(const Market& market, const ListedFacts& facts) {
  const auto seen = [&](const Word& word) {
    switch (word.field) {
      case Field::Slug:
        return fits(word.text, market.slug);
      case Field::Event:
        return fits(word.text, market.event_slug);
      case Field::Tag:
        return std::any_of(facts.tags.begin(), facts.tags.end(),
                           [&](const std::string& tag) { return fits(word.text, tag); });
      case Field::Category:
        return fits(word.text, facts.category);
    }
    return false;
  };
  for (Word& word : words_) word.used = word.used || seen(word);
}

void ListUse::begin_again() {
  for (Word& word : words_) word.used = false;
}

std::vector<std::string> ListUse::unused() const {
  static constexpr std::string_view kNames[] = {"slugs", "events", "tags", "categories"};
  std::vector<std::string> result;
  for (const Word& word : words_) {
    if (word.used) continue;
    result.push_back(std::string(kNames[static_cast<std::size_t>(word.field)]) + ": " + word.text);
  }
  return result;
}

}  // namespace polybot::gateway
