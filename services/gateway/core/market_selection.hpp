// Which of the listed markets are chosen for a book, and why the others are not.
//
// A market is judged alone first: by the lists of the configuration, its volume, its liquidity and
// its time to end. Those that pass compete for `books_max` places: by class (pinned, named, all
// others), then by rank, then by id. The markets of a neg-risk event compete as one, with the rank
// of the best of them, because an arbitrage over half an event is none; an event for which too few
// places are left is left out as a whole.
//
// A word of a list is compared whole, without regard to case; "btc-updown-*" stands for all that
// begin so. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/instrument.hpp"

namespace polybot::gateway {

// What the best are chosen by. The words of the configuration: domain/enumeration.hpp.
enum class MarketRank : std::uint8_t { Volume = 0, Liquidity = 1 };

// Lists of words; a market is in them when one of its own words is.
struct MarketLists {
  std::vector<std::string> slugs;
  std::vector<std::string> events;  // slugs of events
  std::vector<std::string> tags;
  std::vector<std::string> categories;
  [[nodiscard]] bool empty() const {
    return slugs.empty() && events.empty() && tags.empty() && categories.empty();
  }
};

struct SelectionSettings {
  MarketLists only;     // empty: all; otherwise a market must be in one of these lists
  MarketLists exclude;  // goes before everything else
  domain::Money volume_24h_min;
  domain::Money liquidity_min;
  domain::Duration ends_in_min{};  // zero: any
  domain::Duration ends_in_max{};  // zero: any
  MarketRank rank = MarketRank::Volume;
  std::size_t books_max = 2'000;  // ten connections
};

// What a listing says beside the rules of trading. Absent: not said, or it cannot be read.
struct ListedFacts {
  std::optional<domain::Money> volume_24h;  // pUSD traded in 24 hours
  std::optional<domain::Money> liquidity;   // pUSD
  std::string category;
  std::vector<std::string> tags;
};
struct Listing {
  domain::Market market;
  ListedFacts facts;
};

// Why a market is chosen, or not. From `Excluded` on it is not.
enum class Verdict : std::uint8_t {
  Pinned = 0,  // something is held or rests there
  Named = 1,   // by its slug or its event
  Ranked = 2,
  Excluded = 3,
  InNoList = 4,  // in none of the lists `only`
  VolumeUnknown = 5,
  VolumeLow = 6,
  LiquidityUnknown = 7,
  LiquidityLow = 8,
  EndUnknown = 9,
  EndsTooSoon = 10,
  EndsTooLate = 11,
  TakesNoOrders = 12,
  Outranked = 13,      // books_max better ones are there
  EventTooLarge = 14,  // its whole event finds no room
};
[[nodiscard]] constexpr bool chosen(Verdict verdict) {
  return verdict <= Verdict::Ranked;
}
// For people: "its volume of 24 hours is below markets.volume_24h_min".
[[nodiscard]] std::string_view explain(Verdict verdict);

// What let a chosen market in. The words of the API: domain/enumeration.hpp.
enum class ChosenBy : std::uint8_t {
  Held = 0,  // something is held or rests there
  Slug = 1,
  Event = 2,
  Tag = 3,
  Category = 4,
  Rank = 5,  // no list asks for anything: by its rank alone
};
inline constexpr std::size_t kChosenByKinds = 6;
struct Reason {
  ChosenBy by = ChosenBy::Rank;
  std::string word;  // of the list, as the configuration spells it; empty without a list
};
// Of a market that is chosen.
[[nodiscard]] Reason reason_of(const domain::Market& market, const ListedFacts& facts,
                               Verdict verdict, const SelectionSettings& settings);
// For people: "its tag is politics, in markets.tags; number 7 by volume (1234.5 pUSD)". `number`:
// its place among the chosen by rank, from 1; zero: they were not compared yet.
[[nodiscard]] std::string explain(const Reason& reason, const ListedFacts& facts, MarketRank rank,
                                  std::size_t number);

// Whether the market has a book now: the minimums are a tenth lower for it, so that one at the
// border does not come and go.
enum class Incumbency : std::uint8_t { Newcomer, Kept };

// The market by itself: Named, Ranked, or what is against it. A named market need not meet the
// minimums. Whether it takes orders is not looked at.
[[nodiscard]] Verdict judge(const domain::Market& market, const ListedFacts& facts,
                            Incumbency incumbency, const SelectionSettings& settings,
                            domain::Timestamp now);
// The same in two steps: by the lists, which compare words and give the same as long as the listing
// does; then by figures and time.
[[nodiscard]] Verdict judge_lists(const domain::Market& market, const ListedFacts& facts,
                                  const SelectionSettings& settings);
[[nodiscard]] Verdict judge_figures(Verdict by_lists, const domain::Market& market,
                                    const ListedFacts& facts, Incumbency incumbency,
                                    const SelectionSettings& settings, domain::Timestamp now);
// Units of 1e-6 pUSD; zero when the venue does not say.
[[nodiscard]] std::int64_t rank_of(const ListedFacts& facts, MarketRank rank);

// A market that passed, in the competition for a place.
struct Contender {
  const domain::Market* market = nullptr;
  Verdict verdict = Verdict::Ranked;  // Pinned, Named or Ranked
  std::int64_t rank = 0;
};
// One verdict for each contender, in the same order. Pinned ones always find a place.
[[nodiscard]] std::vector<Verdict> compete(std::span<const Contender> contenders,
                                           std::size_t places);

// What would be chosen of a whole listing if nothing had a book yet: one verdict for each, in the
// same order.
[[nodiscard]] std::vector<Verdict> choose_of(std::span<const Listing> listings,
                                             const SelectionSettings& settings,
                                             domain::Timestamp now);

// Words of `only` and `exclude` that nothing listed fits: "tags: polytics".
class ListUse {
 public:
  explicit ListUse(const SelectionSettings& settings);
  void see(const domain::Market& market, const ListedFacts& facts);
  [[nodiscard]] std::vector<std::string> unused() const;
  // Nothing was seen yet.
  void begin_again();

 private:
  enum class Field : std::uint8_t { Slug, Event, Tag, Category };
  struct Word {
    Field field = Field::Slug;
    std::string text;
    bool used = false;
  };
  void add(const MarketLists& lists);
  std::vector<Word> words_;
};

}  // namespace polybot::gateway
