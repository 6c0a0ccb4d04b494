// The gateway's cores on hand-made books: a level change into an order book beside the same change
// into two std::maps (the simple book), and a whole venue message through every integrity check;
// and a crawl of a large listing.
#include <benchmark/benchmark.h>

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/polymarket/messages/catalogue.hpp"
#include "services/gateway/core/book_builder.hpp"
#include "services/gateway/core/market_catalogue.hpp"

namespace polybot::gateway {
namespace {

using domain::BookSide;
using domain::Level;
using domain::LevelChange;
using domain::Price;
using domain::Quantity;
using domain::Side;

constexpr int kLevels = 50;  // a side; what the recorded books have at most

Price cents(std::int64_t count) {
  return Price::from_raw(count * 100);
}

std::vector<Level> side(BookSide which) {
  std::vector<Level> levels;
  for (int i = 0; i < kLevels - 1; ++i) {
    levels.push_back(
        {cents(which == BookSide::Bid ? 49 - i : 51 + i), Quantity::from_units(100 + i)});
  }
  return levels;
}

// Changes as recorded books see them: most within a few ticks of the best price, some levels come
// and go. Deterministic.
std::vector<LevelChange> changes() {
  std::vector<LevelChange> result;
  std::uint64_t state = 42;
  for (int i = 0; i < 4096; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto draw = static_cast<std::int64_t>(state >> 40);
    const std::int64_t away = 1 + (draw % 8 == 0 ? draw % 45 : draw % 5);
    const bool bid = (draw & 64) != 0;
    result.push_back(
        {.side = bid ? BookSide::Bid : BookSide::Ask,
         .price = cents(bid ? 50 - away : 50 + away),
         .quantity = draw % 10 == 0 ? Quantity{} : Quantity::from_units(1 + draw % 1000)});
  }
  return result;
}

void OrderBookApply(benchmark::State& state) {
  domain::OrderBook book;
  book.load(side(BookSide::Bid), side(BookSide::Ask));
  const std::vector<LevelChange> all = changes();
  std::size_t next = 0;
  for (auto _ : state) {
    book.apply(all[next++ % all.size()]);
    benchmark::DoNotOptimize(book.best_bid());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(OrderBookApply);

void ReferenceStdMapApply(benchmark::State& state) {
  std::map<Price, Quantity, std::greater<>> bids;
  std::map<Price, Quantity> asks;
  for (const Level& level : side(BookSide::Bid)) bids[level.price] = level.quantity;
  for (const Level& level : side(BookSide::Ask)) asks[level.price] = level.quantity;
  const std::vector<LevelChange> all = changes();
  std::size_t next = 0;
  const auto set = [](auto& levels, const LevelChange& change) {
    if (change.quantity.is_zero()) {
      levels.erase(change.price);
    } else {
      levels[change.price] = change.quantity;
    }
  };
  for (auto _ : state) {
    const LevelChange& change = all[next++ % all.size()];
    if (change.side == BookSide::Bid) {
      set(bids, change);
    } else {
      set(asks, change);
    }
    benchmark::DoNotOptimize(bids.begin());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReferenceStdMapApply);

// A price_change message with both outcomes' entries, checked and told as one delta. Items are
// entries.
void BookBuilderMessage(benchmark::State& state) {
  domain::MarketId market;
  market.bytes[0] = 1;
  domain::TokenId yes;
  yes.bytes[0] = 2;
  domain::TokenId no;
  no.bytes[0] = 3;
  BookBuilder builder;
  BookUpdates out;
  builder.track(market, yes, no, cents(1));
  const std::vector<Level> bids = side(BookSide::Bid);
  const std::vector<Level> asks = side(BookSide::Ask);
  builder.on(
      TokenBook{.token = yes, .bids = bids, .asks = asks, .tick = {}, .last = {}, .venue_at = {}},
      SnapshotSource::Socket, {}, out);
  std::int64_t now_ms = 1;
  for (auto _ : state) {
    const Quantity quantity = Quantity::from_units(1 + now_ms % 100);
    const std::array<TokenChange, 2> entries = {
        TokenChange{yes, Side::Buy, cents(48), quantity, true, cents(49), cents(51)},
        TokenChange{no, Side::Sell, cents(52), quantity, true, cents(49), cents(51)}};
    const domain::Timestamp at = domain::from_unix_ms(now_ms++);
    builder.on(TokenChanges{.changes = entries, .venue_at = at}, at, out);
    if (!out.resyncs.empty()) state.SkipWithError("the book was refused");
    benchmark::DoNotOptimize(out.updates.data());
    out.clear();
  }
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(BookBuilderMessage);

polymarket::GammaMarket listed_market(std::uint32_t n, std::int64_t volume) {
  polymarket::GammaMarket market;
  const auto number = [&](auto& bytes, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes[28 + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  };
  number(market.id.bytes, n);
  number(market.tokens[0].bytes, 2 * n);
  number(market.tokens[1].bytes, 2 * n + 1);
  market.slug = "market-number-" + std::to_string(n);
  market.question = "Will the market number " + std::to_string(n) + " resolve yes?";
  market.event_slug = "event-" + std::to_string(n / 10);
  market.active = market.accepting_orders = market.enable_order_book = true;
  market.volume_24h = domain::Money::from_units(volume);
  return market;
}

// A crawl of 50,000 listed markets, of which 2,000 are kept: parsed, listed, chosen. Items are
// markets; a crawl every five minutes may take 15 s of a core.
void CrawlOf50000(benchmark::State& state) {
  constexpr std::uint32_t kListed = 50'000;
  std::vector<std::string> pages;
  for (std::uint32_t n = 1; n <= kListed; n += 100) {
    std::vector<polymarket::GammaMarket> page;
    for (std::uint32_t i = n; i < n + 100; ++i)
      page.push_back(listed_market(i, (i * 7919LL) % 1'000'003));
    pages.push_back(polymarket::write_gamma_page(page, "next"));
  }
  MarketCatalogue catalogue{{}};
  domain::Duration now = std::chrono::hours(1);
  for (auto _ : state) {
    now += std::chrono::minutes(5);
    for (const std::string& text : pages) {
      const auto page = polymarket::parse_gamma_page(text);
      std::vector<Listing> listings;
      for (const auto& listed : page->markets)
        listings.push_back({polymarket::to_market(listed), {listed.volume_24h, {}, {}, {}}});
      catalogue.on_listed(listings, now);
    }
    catalogue.on_crawl_finished();
    catalogue.expire(now);
    if (catalogue.places() != 2'000) state.SkipWithError("not the places that there are");
    benchmark::DoNotOptimize(catalogue.wanted(now));
  }
  state.SetItemsProcessed(kListed * state.iterations());
}
BENCHMARK(CrawlOf50000)->Unit(benchmark::kMillisecond);

// The choice alone, of 50,000 listed markets 2,000 places: nothing else of the gateway runs
// meanwhile, so it may take some 20 ms. With lists each market is compared with each of their
// words.
void ChoiceAmong50000(benchmark::State& state) {
  constexpr std::uint32_t kListed = 50'000;
  CatalogueSettings settings;
  for (int i = 0; i < state.range(0); ++i) {
    settings.selection.only.tags.push_back("tag-" + std::to_string(i));
    settings.selection.exclude.slugs.push_back("market-number-x" + std::to_string(i) + "*");
  }
  MarketCatalogue catalogue{settings};
  std::vector<Listing> listings;
  for (std::uint32_t n = 1; n <= kListed; ++n) {
    const polymarket::GammaMarket listed = listed_market(n, (n * 7919LL) % 1'000'003);
    Listing& one = listings.emplace_back(Listing{polymarket::to_market(listed), {}});
    one.facts = {listed.volume_24h, {}, "sports", {"a", "tag-" + std::to_string(n % 20)}};
    one.market.neg_risk = n / 10 % 4 == 0;
    one.market.event = {};
    for (int i = 0; i < 2; ++i)
      one.market.event.bytes[i] = static_cast<std::uint8_t>(n / 10 >> (8 * i));
  }
  const domain::Duration now = std::chrono::hours(1);
  catalogue.on_listed(listings, now);
  catalogue.on_crawl_finished();
  catalogue.expire(now);
  bool pinned = false;
  for (auto _ : state) {
    pinned = !pinned;  // a reason to choose again
    catalogue.pin(pinned ? std::set{listings.front().market.id} : std::set<domain::MarketId>{});
    catalogue.expire(now);
    benchmark::DoNotOptimize(catalogue.places());
  }
  if (catalogue.places() < 1'900) state.SkipWithError("not the places that there are");
  state.SetItemsProcessed(kListed * state.iterations());
}
BENCHMARK(ChoiceAmong50000)->Arg(0)->Arg(10)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace polybot::gateway
