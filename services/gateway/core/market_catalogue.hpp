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
// Memory stays flat while markets rotate: a resolved market is kept for a while, so that all
// readers hear of it, and then forgotten; `entries_max` bounds the rest. Pure; `now` is monotonic
// throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/domain/instrument.hpp"

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
  std::size_t entries_max = 20'000;  // listed markets, tracked or not: some 2 KB each
  std::size_t books_max = 2'000;     // tracked books: ten connections
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

class MarketCatalogue {
 public:
  explicit MarketCatalogue(CatalogueSettings settings) : settings_(settings) {}

  // --- listings ---
  // Markets of one page of the open listing, in any order. event_market_count is ignored.
  void on_listed(std::span<const domain::Market> markets, domain::Duration now);
  // All pages of a crawl have been fed; what was not among them is looked up by id.
  void on_crawl_finished();
  // The answer to a look-up; ids that were asked for and not found are named in `missing`.
  void on_looked_up(std::span<const domain::Market> markets,
                    std::span<const domain::MarketId> missing, domain::Duration now);

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

  // --- hints of the market channel ---
  void on_tick(const domain::MarketId& market, domain::Price tick);
  void on_resolved(const domain::MarketId& market, domain::Payout payout, domain::Duration now);
  // The market is over, and its payout is not known yet.
  void on_over(const domain::MarketId& market, domain::Duration now);

  // Forgets markets that were resolved long ago, and begins the books for which others have made
  // room. Call it after each crawl.
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

  Entry* list(const domain::Market& market);
  void update(Entry& entry, const domain::Market& market, domain::Duration now);
  void update_status(Entry& entry, const domain::Market& market, domain::Duration now);
  [[nodiscard]] static domain::MarketStatus open_status(const Entry& entry);
  [[nodiscard]] bool record_due(const Entry& entry, domain::Duration now) const;
  void set_status(Entry& entry, domain::MarketStatus status, domain::Duration now);
  void settle_book(Entry& entry);
  void recount(const domain::EventGroupId& event);
  void changed(const Entry& entry);
  void forget(const domain::MarketId& market);

  CatalogueSettings settings_;
  std::map<domain::MarketId, Entry> entries_;
  std::map<domain::EventGroupId, EventEntry> events_;
  std::unordered_map<std::string, domain::MarketId> slugs_;
  std::unordered_map<domain::TokenId, domain::MarketId> tokens_;
  CatalogueChanges changes_;
  std::uint64_t crawl_ = 1;
  std::size_t books_ = 0;
  std::size_t refused_ = 0;
  std::size_t left_out_ = 0;
  std::set<domain::MarketId> left_out_now_;  // of the listing that is being read, again if need be
};

}  // namespace polybot::gateway
