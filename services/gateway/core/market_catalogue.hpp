// Which markets exist, which of them are kept, and how complete an event is known.
//
// Fed by listing crawls (pages of open markets), the venue's own record of each market (the truth
// for trading rules; a market whose record contradicts its listing is refused), look-ups of markets
// that left the listing, and hints from the market channel. It makes no requests itself: `wanted()`
// names what the shell should read next.
//
// An event's market count decides whether an arbitrage over it is complete, so it is never guessed
// low: markets that are refused, untradable, placeholders, closed or long removed count as long as
// the event lives, and a neg-risk event with an unconfirmed total has a count of 0, which no set of
// markets can complete.
//
// Of the markets that are listed, `books_max` have a place: their records are read and, when these
// agree, their books are kept. While there is room the first come have it; expire() then gives the
// places to the best (market_selection.hpp). A market that has a place loses it when a clearly
// better one is there (by a tenth), or when it is not among the best after two crawls in a row, so
// that two neighbours do not take turns. Where something is held or rests nothing is replaced.
//
// Memory stays flat while markets rotate: a resolved market is kept for a while, so that all
// readers hear of it, and then forgotten; `entries_max` bounds the rest. Pure; `now` is monotonic
// throughout.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/domain/instrument.hpp"
#include "services/gateway/core/market_selection.hpp"

namespace polybot::gateway {

struct CatalogueSettings {
  domain::Duration keep_resolved = std::chrono::seconds(120);
  // A market that neither the listing nor look-ups know any more is closed after this many
  // look-ups.
  int lookups_unanswered_max = 5;
  // A record that says "not accepting", or cannot be read, is read again after this.
  domain::Duration record_refresh = std::chrono::seconds(30);
  // Any other record of a traded market is read again after this, because the venue changes fees in
  // place; this many at a time.
  domain::Duration record_reread = std::chrono::minutes(2);
  std::size_t records_reread_max = 50;
  // An answer that did not come is asked for again after this; look-ups slow down to `lookup_max`.
  domain::Duration retry = std::chrono::seconds(2);
  domain::Duration lookup_max = std::chrono::seconds(60);
  // How old an answer of the listing can be (the venue caches it for five minutes): what it says
  // about a market that closed within this time is not news.
  domain::Duration listing_age_max = std::chrono::minutes(10);
  std::size_t entries_max = 100'000;  // listed markets, tracked or not: some 1 KB each
  SelectionSettings selection;
};

// What the shell should read next; each id is handed out once per `retry`.
struct CatalogueWants {
  std::vector<domain::MarketId> records;  // the venue's record of one market
  std::vector<domain::MarketId> lookups;  // listing entries by id, closed ones included
  std::vector<std::pair<domain::EventGroupId, std::string>> event_totals;  // with the event's slug
};

// What changed since the last call; the order within each list is that of the inputs.
struct CatalogueChanges {
  std::vector<domain::MarketId> changed;      // definition or status to publish
  std::vector<domain::MarketId> books_begun;  // accepts orders: keep a book
  std::vector<domain::MarketId> books_ended;
  std::vector<domain::MarketId> removed;  // forgotten
};

// Why a market has a place, or has none.
struct Choice {
  std::optional<ChosenBy> by;  // none: it has no place
  std::size_t number = 0;      // by rank among those with a place, from 1; 0: not compared yet
  std::string why;             // for people
  ListedFacts facts;
};

class MarketCatalogue {
 public:
  explicit MarketCatalogue(CatalogueSettings settings)
      : settings_(std::move(settings)), list_use_(settings_.selection) {}

  // --- listings ---
  // The wall clock, by which the time to a market's end is judged.
  void on_time(domain::Timestamp wall) { wall_ = wall; }
  // Markets of one page of the open listing, in any order. event_market_count is ignored.
  void on_listed(std::span<const Listing> listings, domain::Duration now);
  // The same page as the last time, by the venue's word. False when there is more to say of one of
  // these markets than that it is listed: then the page must be read.
  [[nodiscard]] bool on_unchanged(std::span<const domain::MarketId> markets);
  // All pages of a crawl have been fed; what was not among them is looked up by id.
  void on_crawl_finished();
  // The answer to a look-up; ids that were asked for and not found are named in `missing`. An
  // announced market that is open is listed from now on.
  void on_looked_up(std::span<const Listing> listings, std::span<const domain::MarketId> missing,
                    domain::Duration now);

  // --- the venue's record ---
  // `merged` is the listing completed by the record.
  void on_record(const domain::Market& merged, domain::Duration now);
  // Record and listing contradict each other in `field`: the market is never tracked.
  void on_contradiction(const domain::MarketId& market, std::string_view field);

  // The listing has a market of this event that cannot be read: the event is never complete.
  void on_unreadable(const domain::EventGroupId& event);
  // The venue has the market, but its listing or its record cannot be read because of `field` (a
  // literal). A market that is kept stays known, and nothing may be opened there until it can be
  // read again. `state`: whether the market is over and what it pays, if that could be read; no
  // other field is used. True when that is news.
  bool on_unreadable_listing(const domain::MarketId& market, std::string_view field,
                             const std::optional<domain::Market>& state, domain::Duration now);
  bool on_unreadable_record(const domain::MarketId& market, std::string_view field,
                            domain::Duration now);
  void on_event_total(const domain::EventGroupId& event, std::size_t total);

  // Markets in which something is held or rests. Those that are not listed are looked up.
  void pin(std::set<domain::MarketId> pinned);

  // --- hints of the market channel ---
  // The venue has a new market: it is looked up, a few times if need be.
  void announce(const domain::MarketId& market);
  void on_tick(const domain::MarketId& market, domain::Price tick);
  void on_resolved(const domain::MarketId& market, domain::Payout payout, domain::Duration now);
  // The market is over, and its payout is not known yet.
  void on_over(const domain::MarketId& market, domain::Duration now);

  // Forgets markets that were resolved or left long ago. After a crawl, and when a place has become
  // free, it chooses again. Call it every few seconds.
  void expire(domain::Duration now);

  [[nodiscard]] CatalogueWants wanted(domain::Duration now);
  [[nodiscard]] CatalogueChanges take_changes();

  // Tracked markets only: known to the venue's own record and not refused.
  [[nodiscard]] const domain::Market* find(const domain::MarketId& market) const;
  [[nodiscard]] const domain::Market* find_slug(std::string_view slug) const;
  [[nodiscard]] std::vector<const domain::Market*> tracked() const;  // ordered by id
  [[nodiscard]] std::optional<domain::MarketId> market_of(const domain::TokenId& token) const;
  // The listing, tracked or not: what a record is merged into.
  [[nodiscard]] const domain::Market* listed(const domain::MarketId& market) const;
  [[nodiscard]] bool has_book(const domain::MarketId& market) const;
  [[nodiscard]] std::size_t books() const { return books_; }
  // Books that are wanted: those that are kept, and those whose market's record is still missing.
  [[nodiscard]] std::size_t places() const { return places_; }
  // Of a listed market.
  [[nodiscard]] std::optional<Choice> choice(const domain::MarketId& market) const;
  // The best of those with a place, by rank, as they were compared last.
  [[nodiscard]] std::vector<domain::MarketId> best(std::size_t count_max) const;
  // By what those were chosen that the last comparison gave a place; in the order of ChosenBy.
  [[nodiscard]] const std::array<std::size_t, kChosenByKinds>& chosen_by() const {
    return chosen_by_;
  }
  [[nodiscard]] MarketRank rank() const { return settings_.selection.rank; }
  [[nodiscard]] bool full() const { return places_ >= settings_.selection.books_max; }
  // Words of the lists that fitted nothing in the last whole listing.
  [[nodiscard]] const std::vector<std::string>& unused_words() const { return unused_words_; }
  [[nodiscard]] std::size_t refused() const { return refused_; }
  // Tracked markets that cannot be read at present, by field.
  [[nodiscard]] std::map<std::string_view, std::size_t> unreadable() const;
  [[nodiscard]] std::size_t entries() const { return entries_.size(); }
  // Markets of the last whole listing that are left out: there is no room (entries_max), or they
  // carry a slug or a token of another market.
  [[nodiscard]] std::size_t left_out() const { return left_out_; }

 private:
  enum class Stage : std::uint8_t { Listed, Tracked, Refused };
  struct Entry {
    domain::Market market;
    Stage stage = Stage::Listed;
    bool accepting_by_listing = true;
    bool accepting_by_record = true;
    std::string_view unreadable_listing;  // the field; empty: it was readable the last time
    std::string_view unreadable_record;
    domain::FeeSchedule listed_fee;  // a listing that changes is a reason to read the record
    ListedFacts facts;
    Verdict by_lists = Verdict::Ranked;  // judge_lists() of the last listing
    Verdict verdict = Verdict::Ranked;
    bool place = false;
    bool place_proven = false;   // it was given in competition, not for want of others
    std::size_t number = 0;      // Choice::number
    int outranked = 0;           // crawls in a row
    domain::Duration left_at{};  // when a tracked market was found without a place
    bool has_book = false;
    bool lookup_due = false;
    int lookups = 0;             // since it was last listed; slows the next one down
    int lookups_unanswered = 0;  // in a row
    std::uint64_t seen_in_crawl = 0;
    domain::Duration record_at{};  // of the last record asked for; zero: never
    domain::Duration lookup_at{};
    domain::Duration closed_at{};
    domain::Duration resolved_at{};
  };
  struct EventEntry {
    std::string slug;
    bool neg_risk = false;
    std::set<domain::MarketId> members;  // listed now
    std::size_t departed = 0;            // resolved and forgotten
    bool unreadable = false;             // a member could not be read
    std::optional<std::size_t> total;    // as the venue counts them
    domain::Duration total_at{};
  };

  struct Announced {
    domain::Duration asked_at{};
    int asked = 0;
  };
  static constexpr std::size_t kAnnouncedMax = 4'096;
  static constexpr int kAnnouncedAsksMax = 10;  // some five minutes: the venue lists after it tells

  Entry* list(const domain::Market& market);
  void update(Entry& entry, const Listing& listing, domain::Duration now);
  void update_status(Entry& entry, const domain::Market& market, domain::Duration now);
  [[nodiscard]] static domain::MarketStatus open_status(const Entry& entry);
  [[nodiscard]] bool record_due(const Entry& entry, domain::Duration now) const;
  void set_status(Entry& entry, domain::MarketStatus status, domain::Duration now);
  void end(Entry& entry, domain::Duration now);
  void want_announced(domain::Duration now, CatalogueWants& wants);
  void settle_book(Entry& entry);
  // Places, in market_places.cpp.
  [[nodiscard]] Verdict judged(const Entry& entry) const;
  [[nodiscard]] bool contends(const Entry& entry) const;
  void settle_place(Entry& entry);
  void set_place(Entry& entry, bool place);
  void choose(domain::Duration now);
  [[nodiscard]] std::vector<Verdict> competition(std::span<Entry* const> entries);
  void number_places(std::vector<Entry*> chosen);
  void leave(Entry& entry, domain::Duration now);
  void recount(const domain::EventGroupId& event);
  void changed(const Entry& entry);
  void forget(const domain::MarketId& market);

  CatalogueSettings settings_;
  std::map<domain::MarketId, Entry> entries_;
  std::map<domain::EventGroupId, EventEntry> events_;
  std::unordered_map<std::string, domain::MarketId> slugs_;
  std::unordered_map<domain::TokenId, domain::MarketId> tokens_;
  CatalogueChanges changes_;
  std::set<domain::MarketId> pinned_;
  std::map<domain::MarketId, Announced> announced_;
  std::set<domain::MarketId> ended_;  // those with Entry::resolved_at
  ListUse list_use_;                  // by the listing that is being read
  std::vector<std::string> unused_words_;
  domain::Timestamp wall_{};
  std::uint64_t crawl_ = 1;
  std::uint64_t competed_in_crawl_ = 0;
  bool choose_due_ = false;
  // By Entry::number; some may have lost their place since.
  std::vector<domain::MarketId> numbered_;
  std::array<std::size_t, kChosenByKinds> chosen_by_{};
  std::size_t places_ = 0;
  std::size_t books_ = 0;
  std::size_t refused_ = 0;
  std::size_t left_out_ = 0;
  std::set<domain::MarketId> left_out_now_;  // of the listing that is being read, again if need be
};

}  // namespace polybot::gateway
