#include "services/gateway/markets_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <map>
#include <utility>

#include "common/wire/topics.hpp"
#include "services/gateway/api/json_writer.hpp"
#include "services/gateway/config.hpp"

namespace polybot::gateway {
namespace {

namespace asio = boost::asio;
using runtime::CannotStart;

constexpr const char* kUsage =
    "usage: gateway markets --dry-run [--config FILE] [--venue URL] [--json]";
constexpr const char* kListingVariable = "POLYBOT_VENUE__GAMMA";
// Where the real venue lists its markets, for everybody; deploy/config/upstream.toml has the same.
constexpr const char* kPublicListing = "https://gamma-api.polymarket.com";
constexpr std::size_t kExamples = 5;  // of the markets that are not chosen, for each reason

struct Wanted {
  std::string config_file;
  std::string venue;
  bool json = false;
};

Wanted read_arguments(const std::vector<std::string>& arguments) {
  Wanted wanted;
  bool dry_run = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--dry-run") {
      dry_run = true;
    } else if (word == "--json") {
      wanted.json = true;
    } else if (word == "--config" && i + 1 < arguments.size()) {
      wanted.config_file = arguments[++i];
    } else if (word == "--venue" && i + 1 < arguments.size()) {
      wanted.venue = arguments[++i];
    } else {
      throw CannotStart(kUsage);
    }
  }
  if (!dry_run) throw CannotStart(kUsage);
  return wanted;
}

Config configuration(const Wanted& wanted) {
  auto environment = runtime::config::current_environment();
  if (!wanted.venue.empty()) environment[kListingVariable] = wanted.venue;
  if (wanted.config_file.empty()) environment.try_emplace(kListingVariable, kPublicListing);
  auto reader = runtime::config::Reader::load(wanted.config_file, environment);
  for (const char* common : {"admin", "log", "watchdog", "shutdown"}) reader.accept_below(common);
  Config config = read_config(reader);
  (void)reader.finish_check();  // secrets are not needed to look at a listing
  return config;
}

struct Survey {
  std::vector<Listing> listings;
  std::size_t unreadable = 0;
  bool whole = false;
  std::size_t pages = 0;
};

asio::awaitable<void> crawl(VenueRest& rest, DiscoverySettings settings, Survey& survey) {
  // Somebody waits for the answer.
  settings.page_attempts = 3;
  settings.page_retry = std::chrono::milliseconds(250);
  std::string cursor;
  int restarts = 0;
  while (survey.pages < settings.pages_max) {
    ListingAnswer page = co_await read_listing_page(rest, settings, cursor, "");
    if (!page && page.error() == PageFailure::CursorUnknown && restarts++ < kRestartsMax) {
      survey = {};
      cursor.clear();
      continue;
    }
    if (!page) co_return;
    ++survey.pages;
    for (const polymarket::GammaMarket& listed : page->page.markets)
      survey.listings.push_back({polymarket::to_market(listed), facts_of(listed)});
    survey.unreadable += page->page.skipped.size();
    cursor = std::move(page->page.next_cursor);
    survey.whole = cursor.empty();
    if (survey.whole) co_return;
  }
}

Survey read_listing(const Config& config) {
  asio::io_context io;
  metrics::Registry registry({.service = std::string(wire::services::kGateway.front()),
                              .replica = "dry-run",
                              .incarnation = 1,
                              .version = "",
                              .revision = ""});
  FeedMetrics metrics(registry);
  VenueRest rest(io.get_executor(), config.feed.urls, metrics, {});
  Survey survey;
  auto end = asio::co_spawn(io, crawl(rest, config.feed.discovery, survey), asio::use_future);
  io.run();
  end.get();
  if (!survey.whole && survey.pages < config.feed.discovery.pages_max) {
    throw CannotStart(
        fmt::format("page {} of the listing of {} cannot be read: check the address (--venue, "
                    "venue.gamma) and whether it is reachable",
                    survey.pages + 1, config.feed.urls.gamma));
  }
  return survey;
}

// What is printed, in order.
struct Printed {
  std::vector<Verdict> verdicts;                           // of the whole listing
  std::vector<std::size_t> chosen;                         // best first
  std::map<Verdict, std::vector<std::size_t>> not_chosen;  // best first
  std::vector<std::string> unused_words;
};

Printed choice_of(const Survey& survey, const SelectionSettings& settings) {
  Printed choice;
  choice.verdicts = choose_of(survey.listings, settings, runtime::Clock{}.now());
  const std::vector<Verdict>& verdicts = choice.verdicts;
  ListUse use(settings);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    use.see(survey.listings[i].market, survey.listings[i].facts);
    (chosen(verdicts[i]) ? choice.chosen : choice.not_chosen[verdicts[i]]).push_back(i);
  }
  const auto better = [&](std::size_t a, std::size_t b) {
    return rank_of(survey.listings[a].facts, settings.rank) >
           rank_of(survey.listings[b].facts, settings.rank);
  };
  std::stable_sort(choice.chosen.begin(), choice.chosen.end(), better);
  for (auto& [verdict, markets] : choice.not_chosen)
    std::stable_sort(markets.begin(), markets.end(), better);
  choice.unused_words = use.unused();
  return choice;
}

std::string figure(const std::optional<domain::Money>& value) {
  return value ? value->to_string() : "not said";
}

void print_text(const Survey& survey, const Printed& choice, const SelectionSettings& settings) {
  fmt::print("{} markets listed, {} chosen by {}; room for {}\n", survey.listings.size(),
             choice.chosen.size(), domain::name_of(settings.rank), settings.books_max);
  std::size_t place = 0;
  for (const std::size_t i : choice.chosen) {
    const Listing& one = survey.listings[i];
    ++place;
    fmt::print("{:>6}  {}  volume of 24 hours {}, liquidity {}: {}\n", place, one.market.slug,
               figure(one.facts.volume_24h), figure(one.facts.liquidity),
               explain(reason_of(one.market, one.facts, choice.verdicts[i], settings), one.facts,
                       settings.rank, place));
  }
  for (const auto& [verdict, markets] : choice.not_chosen) {
    fmt::print("{} not chosen: {}\n", markets.size(), explain(verdict));
    for (std::size_t n = 0; n < std::min(kExamples, markets.size()); ++n)
      fmt::print("        {}\n", survey.listings[markets[n]].market.slug);
  }
  if (survey.unreadable > 0) fmt::print("{} not chosen: unreadable\n", survey.unreadable);
  for (const std::string& word : choice.unused_words)
    fmt::print("Nothing listed fits a word of [markets] {}\n", word);
  if (!survey.whole) fmt::print("The listing goes on after discovery.pages_max pages\n");
  fmt::print("A running gateway keeps markets in which something is held or rests as well\n");
}

void print_json(const Survey& survey, const Printed& choice, const SelectionSettings& settings) {
  JsonWriter json;
  json.begin_object()
      .field("listed", survey.listings.size())
      .field("unreadable", survey.unreadable)
      .field("whole", survey.whole)
      .field("rank", domain::name_of(settings.rank))
      .field("books_max", settings.books_max);
  json.key("chosen").begin_array();
  std::size_t place = 0;
  for (const std::size_t i : choice.chosen) {
    const Listing& one = survey.listings[i];
    const Reason reason = reason_of(one.market, one.facts, choice.verdicts[i], settings);
    json.begin_object()
        .field("market", one.market.slug)
        .field("id", domain::to_string(one.market.id))
        .field("volume_24h", one.facts.volume_24h)
        .field("liquidity", one.facts.liquidity)
        .field("chosen_by", domain::name_of(reason.by))
        .field("reason", explain(reason, one.facts, settings.rank, ++place))
        .end_object();
  }
  json.end_array().key("not_chosen").begin_array();
  for (const auto& [verdict, markets] : choice.not_chosen) {
    json.begin_object()
        .field("reason", domain::name_of(verdict))
        .field("why", explain(verdict))
        .field("count", markets.size());
    json.key("first").begin_array();
    for (std::size_t n = 0; n < std::min(kExamples, markets.size()); ++n)
      json.value(survey.listings[markets[n]].market.slug);
    json.end_array().end_object();
  }
  json.end_array().key("unused_words").begin_array();
  for (const std::string& word : choice.unused_words) json.value(word);
  json.end_array().end_object();
  fmt::print("{}\n", json.take());
}

}  // namespace

int markets_command(const std::vector<std::string>& arguments) {
  const Wanted wanted = read_arguments(arguments);
  const Config config = configuration(wanted);
  const SelectionSettings& settings = config.feed.catalogue.selection;
  const Survey survey = read_listing(config);
  const Printed choice = choice_of(survey, settings);
  if (wanted.json) {
    print_json(survey, choice, settings);
  } else {
    print_text(survey, choice, settings);
  }
  return 0;
}

}  // namespace polybot::gateway
