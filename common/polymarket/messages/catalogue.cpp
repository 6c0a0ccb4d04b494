// Gamma markets of catalogue.hpp.
#include "common/polymarket/messages/catalogue.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>

#include "common/domain/bounds.hpp"
#include "common/polymarket/digest.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/market_json.hpp"

namespace polybot::polymarket {
namespace {

using domain::Price;
using domain::Quantity;
using domain::TokenId;

constexpr std::size_t kPageMarketsMax = 1000;  // the venue clamps to 100

// Gamma writes arrays as JSON text inside a string; some writers send the array itself.
std::vector<std::string> encoded_texts(ObjectReader& reader, std::string_view key) {
  const boost::json::value* const found = reader.find(key);
  if (found == nullptr) return {};
  if (found->is_array()) return reader.texts(key);
  const std::string inner = reader.text(key);
  if (inner.empty()) return {};
  const auto value = parse_json(inner);
  const boost::json::array* const array = value ? value->if_array() : nullptr;
  if (array == nullptr) {
    reader.fail(ParseFault::InvalidJson, key);
    return {};
  }
  std::vector<std::string> texts;
  for (const boost::json::value& element : *array) {
    const boost::json::string* const text = element.if_string();
    if (text == nullptr || text->size() > kTextBytesMax) {
      reader.fail(ParseFault::UnexpectedType, key);
      return {};
    }
    texts.emplace_back(text->data(), text->size());
  }
  return texts;
}

constexpr double kFactMax = 1e12;  // pUSD; beyond it a figure is an error of somebody
constexpr std::size_t kTagsMax = 64;

std::optional<double> number_of(const boost::json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  const boost::json::string* const text = value.if_string();
  if (text == nullptr) return std::nullopt;
  double number = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, wrong] = std::from_chars(text->data(), end, number);
  if (wrong != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

// A figure about trade. It comes as a binary fraction, and only its size matters.
std::optional<domain::Money> read_fact(const ObjectReader& reader, std::string_view key,
                                       GammaMarket& market) {
  const boost::json::value* const found = reader.find(key);
  if (found == nullptr) return std::nullopt;
  const std::optional<double> number = number_of(*found);
  if (number && *number >= 0 && *number <= kFactMax) {
    return domain::Money::from_raw(std::llround(*number * domain::Money::kScale));
  }
  if (market.unreadable_fact.empty()) market.unreadable_fact = key;
  return std::nullopt;
}

std::string text_of(const boost::json::value* value) {
  const boost::json::string* const text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr || text->size() > domain::kSlugBytesMax) return {};
  return {text->data(), text->size()};
}

// Objects with a slug, or the slugs themselves.
std::vector<std::string> read_tags(const ObjectReader& reader) {
  const boost::json::value* const found = reader.find("tags");
  const boost::json::array* const array = found == nullptr ? nullptr : found->if_array();
  std::vector<std::string> tags;
  if (array == nullptr) return tags;
  for (const boost::json::value& one : *array) {
    if (tags.size() == kTagsMax) break;
    const boost::json::object* const object = one.if_object();
    std::string tag = text_of(object == nullptr ? &one : object->if_contains("slug"));
    if (!tag.empty()) tags.push_back(std::move(tag));
  }
  return tags;
}

// Absent or empty arrays leave `out` alone; any other count than two is a fault.
bool read_pair(ObjectReader& reader, std::string_view key, std::vector<std::string> texts,
               std::array<std::string, 2>& out) {
  if (texts.empty()) return false;
  if (texts.size() != 2) {
    reader.fail(ParseFault::TooMany, key);
    return false;
  }
  out = {std::move(texts[0]), std::move(texts[1])};
  return true;
}

std::array<TokenId, 2> read_tokens(ObjectReader& reader, ProtocolVersion version) {
  const std::string_view key = version == ProtocolVersion::V1 ? "clobTokenIds" : "positionIds";
  std::array<std::string, 2> texts;
  std::array<TokenId, 2> tokens;
  if (!read_pair(reader, key, encoded_texts(reader, key), texts)) return tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto token = domain::parse_token(texts[i]);
    if (!token) reader.fail(ParseFault::BadId, key);
    tokens[i] = token.value_or(TokenId{});
  }
  return tokens;
}

std::optional<std::array<Price, 2>> read_outcome_prices(ObjectReader& reader) {
  std::array<std::string, 2> texts;
  if (!read_pair(reader, "outcomePrices", encoded_texts(reader, "outcomePrices"), texts)) {
    return std::nullopt;
  }
  std::array<Price, 2> prices;
  for (std::size_t i = 0; i < prices.size(); ++i) {
    const auto price = parse_price_rounded(texts[i]);
    if (!price) reader.fail(ParseFault::BadNumber, "outcomePrices");
    prices[i] = price.value_or(Price{});
  }
  return prices;
}

void read_event(const boost::json::array* events, GammaMarket& market, ObjectReader& parent) {
  if (events == nullptr || events->empty()) return;
  ObjectReader reader(events->front(), "events");
  market.event_slug = reader.text("slug");
  market.event_title = reader.text("title");
  market.neg_risk_augmented = reader.flag("negRiskAugmented");
  if (market.category.empty()) market.category = text_of(reader.find("category"));
  if (reader.fault()) parent.fail(reader.fault()->fault, reader.fault()->where);
}

void read_trading_rules(ObjectReader& reader, GammaMarket& market) {
  market.tick = reader.price("orderPriceMinTickSize").value_or(market.tick);
  market.min_size = reader.quantity("orderMinSize").value_or(market.min_size);
  const bool has_fees = !reader.has("feesEnabled") || reader.flag("feesEnabled");
  if (has_fees) market.fee = read_fee(reader.find("feeSchedule"), "rate", "exponent", reader);
  const std::int64_t delay = reader.integer("secondsDelay").value_or(0);
  if (delay < 0 || delay > 3600) reader.fail(ParseFault::BadNumber, "secondsDelay");
  market.seconds_delay = static_cast<std::int32_t>(delay);
  // The end is a hint, and Gamma's dates come in many spellings: a date that we cannot read is no
  // fault.
  market.end_at = parse_iso_time(reader.text("endDate"));
}

// Whether it is open or over, and how it ended.
void read_state(ObjectReader& reader, GammaMarket& market) {
  market.outcome_prices = read_outcome_prices(reader);
  market.active = reader.flag("active");
  market.closed = reader.flag("closed");
  market.archived = reader.flag("archived");
  market.accepting_orders = reader.flag("acceptingOrders");
  market.enable_order_book = reader.flag("enableOrderBook");
  market.resolution_status = reader.text(
      market.version == ProtocolVersion::V1 ? "umaResolutionStatus" : "resolutionStatus");
}

GammaMarket read_market(ObjectReader& reader) {
  GammaMarket market;
  market.gamma_id = reader.text("id");
  market.id = reader.required(reader.hex_id<domain::MarketId>("conditionId"), "conditionId");
  market.version = read_version(reader, "version");
  market.slug = reader.text("slug");
  if (market.slug.empty()) reader.fail(ParseFault::MissingField, "slug");
  if (market.slug.size() > domain::kSlugBytesMax) reader.fail(ParseFault::BadText, "slug");
  market.question = reader.text("question");
  market.group_item_title = reader.text("groupItemTitle");
  read_pair(reader, "outcomes", encoded_texts(reader, "outcomes"), market.outcomes);
  market.tokens = read_tokens(reader, market.version);
  read_state(reader, market);
  market.neg_risk = reader.flag("negRisk");
  market.neg_risk_other = reader.flag("negRiskOther");
  if (!reader.text("negRiskMarketID").empty()) {
    market.neg_risk_market = reader.hex_id<domain::EventGroupId>("negRiskMarketID");
  }
  read_trading_rules(reader, market);
  market.volume_24h = read_fact(reader, "volume24hr", market);
  market.liquidity =
      read_fact(reader, reader.has("liquidityNum") ? "liquidityNum" : "liquidity", market);
  market.category = text_of(reader.find("category"));
  market.tags = read_tags(reader);
  read_event(reader.array("events"), market, reader);
  return market;
}

// Each field has its own reader, so that a fault of one is not taken for a fault of another.
SkippedMarket skipped_market(const boost::json::value& row, const ParseError& error,
                             const GammaMarket& read) {
  SkippedMarket skipped{
      .error = error,
      .neg_risk_market = read.neg_risk_market,
      .id = ObjectReader(row, "market").hex_id<domain::MarketId>("conditionId"),
      .slug = ObjectReader(row, "market").text("slug").substr(0, domain::kSlugBytesMax),
      .state = {}};
  ObjectReader reader(row, "market");
  GammaMarket state;
  state.id = reader.required(skipped.id, "conditionId");
  state.version = ObjectReader(row, "market").text("version") == "v2" ? ProtocolVersion::V2
                                                                      : ProtocolVersion::V1;
  state.slug = skipped.slug;
  state.tokens = read_tokens(reader, state.version);
  read_state(reader, state);
  if (!reader.fault()) skipped.state = std::move(state);
  return skipped;
}

bool resolved(const GammaMarket& market) {
  return market.closed && market.resolution_status == "resolved";
}

bool resolution_proposed(const GammaMarket& market) {
  if (market.version == ProtocolVersion::V2) return market.resolution_status == "resolved";
  return !market.resolution_status.empty();
}

std::string tokens_text(const std::array<TokenId, 2>& tokens) {
  if (tokens[0].is_zero()) return "[]";
  return json_texts({to_string(tokens[0]), to_string(tokens[1])});
}

void append_events(const GammaMarket& market, std::string& out) {
  out.push_back('[');
  ObjectWriter(out)
      .text("slug", market.event_slug)
      .text("title", market.event_title)
      .flag("negRisk", market.neg_risk)
      .flag("enableNegRisk", market.neg_risk)
      .flag("negRiskAugmented", market.neg_risk_augmented)
      .end();
  out.push_back(']');
}

}  // namespace

std::string_view to_string(Tradability tradability) {
  switch (tradability) {
    case Tradability::Tradable:
      return "tradable";
    case Tradability::Inactive:
      return "inactive";
    case Tradability::Closed:
      return "closed";
    case Tradability::NoOrderBook:
      return "no order book";
    case Tradability::NotAccepting:
      return "not accepting orders";
    case Tradability::ResolutionProposed:
      return "resolution proposed";
    case Tradability::Placeholder:
      return "placeholder outcome";
  }
  return "unknown";
}

Tradability tradability(const GammaMarket& market) {
  if (market.closed) return Tradability::Closed;
  if (market.neg_risk_other) return Tradability::Placeholder;
  if (!market.active || market.archived || market.tokens[0].is_zero()) return Tradability::Inactive;
  if (!market.enable_order_book) return Tradability::NoOrderBook;
  if (resolution_proposed(market)) return Tradability::ResolutionProposed;
  if (!market.accepting_orders) return Tradability::NotAccepting;
  return Tradability::Tradable;
}

std::optional<domain::Payout> payout(const GammaMarket& market) {
  return resolved(market) ? claimed_payout(market) : std::nullopt;
}

std::optional<domain::Payout> claimed_payout(const GammaMarket& market) {
  if (!market.closed || !market.outcome_prices) return std::nullopt;
  const auto [yes, no] = *market.outcome_prices;
  constexpr auto kHalf = Price::from_raw(5000);
  const bool whole =
      (yes == domain::kPriceOne && no.is_zero()) || (no == domain::kPriceOne && yes.is_zero());
  if (!whole && !(yes == kHalf && no == kHalf)) return std::nullopt;
  return domain::Payout{yes, no};
}

domain::EventGroupId event_group_of(const GammaMarket& market) {
  if (market.neg_risk && market.neg_risk_market) return *market.neg_risk_market;
  const std::string& slug = market.event_slug.empty() ? market.slug : market.event_slug;
  return {keccak256(bytes_of(slug))};
}

domain::Market to_market(const GammaMarket& market) {
  domain::Market result;
  result.id = market.id;
  result.event = event_group_of(market);
  result.slug = market.slug;
  result.question = market.question;
  result.event_slug = market.event_slug.empty() ? market.slug : market.event_slug;
  result.yes_label = market.outcomes[0];
  result.no_label = market.outcomes[1];
  result.yes_token = market.tokens[0];
  result.no_token = market.tokens[1];
  result.tick = market.tick;
  result.min_size = market.min_size;
  result.fee = market.fee;
  result.exchange = exchange_of(market.version, market.neg_risk);
  result.neg_risk = market.neg_risk;
  result.augmented = market.neg_risk_augmented;
  // An unnamed outcome of a neg-risk event is listed but not active, and may still win.
  result.placeholder =
      market.neg_risk_other || (market.neg_risk && !market.active && !market.closed);
  result.taker_delay = market.seconds_delay > 0;
  result.ends_at = market.end_at.value_or(domain::Timestamp{});
  const Tradability trading = tradability(market);
  if (const auto pays = payout(market)) {
    result.status = domain::MarketStatus::Resolved;
    result.payout = *pays;
  } else if (trading == Tradability::Closed || trading == Tradability::ResolutionProposed) {
    result.status = domain::MarketStatus::Closed;
  } else if (trading != Tradability::Tradable) {
    result.status = domain::MarketStatus::Paused;
  }
  return result;
}

ParseResult<GammaPage> parse_gamma_page(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return ParseError{ParseFault::InvalidJson, "markets"};
  ObjectReader page_reader(*value, "markets");
  GammaPage page;
  page.next_cursor = page_reader.text("next_cursor");
  const boost::json::array* const rows = page_reader.array("markets");
  if (rows == nullptr) page_reader.fail(ParseFault::MissingField, "markets");
  if (rows != nullptr && rows->size() > kPageMarketsMax) {
    page_reader.fail(ParseFault::TooMany, "markets");
  }
  if (page_reader.fault()) return *page_reader.fault();
  for (const boost::json::value& row : *rows) {
    ObjectReader reader(row, "market");
    GammaMarket market = read_market(reader);
    if (reader.fault()) {
      page.skipped.push_back(skipped_market(row, *reader.fault(), market));
    } else {
      page.markets.push_back(std::move(market));
    }
  }
  return page;
}

void write_gamma_market(const GammaMarket& market, std::string& out) {
  const bool v1 = market.version == ProtocolVersion::V1;
  ObjectWriter writer(out);
  writer.text("id", market.gamma_id)
      .text("question", market.question)
      .text("conditionId", to_string(market.id))
      .text("slug", market.slug)
      .text("outcomes", json_texts({market.outcomes[0], market.outcomes[1]}));
  if (market.outcome_prices) {
    const auto& prices = *market.outcome_prices;
    writer.text("outcomePrices", json_texts({prices[0].to_string(), prices[1].to_string()}));
  }
  if (v1) writer.text("clobTokenIds", tokens_text(market.tokens));
  if (!v1) writer.json("clobTokenIds", "null").json("positionIds", tokens_text(market.tokens));
  writer.text("version", version_name(market.version))
      .flag("active", market.active)
      .flag("closed", market.closed)
      .flag("archived", market.archived)
      .flag("acceptingOrders", market.accepting_orders)
      .flag("enableOrderBook", market.enable_order_book)
      .json("orderPriceMinTickSize", market.tick.to_string())
      .json("orderMinSize", market.min_size.to_string())
      .flag("negRisk", market.neg_risk)
      .flag("negRiskOther", market.neg_risk_other);
  if (market.neg_risk_market) writer.text("negRiskMarketID", to_string(*market.neg_risk_market));
  writer.text("groupItemTitle", market.group_item_title);
  if (market.end_at) writer.text("endDate", iso_time(*market.end_at));
  if (market.volume_24h) writer.json("volume24hr", market.volume_24h->to_string());
  if (market.liquidity) writer.json("liquidityNum", market.liquidity->to_string());
  if (!market.category.empty()) writer.text("category", market.category);
  if (!market.tags.empty()) {
    writer.begin("tags");
    append_array(market.tags, out, [](const std::string& tag, std::string& to) {
      ObjectWriter(to).text("slug", tag).end();
    });
  }
  writer.number("secondsDelay", market.seconds_delay).flag("feesEnabled", market.fee.rate_ppm > 0);
  if (market.fee.rate_ppm > 0) {
    writer.begin("feeSchedule");
    ObjectWriter(out)
        .number("exponent", market.fee.exponent)
        .json("rate", rate_text(market.fee.rate_ppm))
        .flag("takerOnly", true)
        .json("rebateRate", "0.2")
        .end();
  }
  writer.text(v1 ? "umaResolutionStatus" : "resolutionStatus", market.resolution_status);
  writer.begin("events");
  append_events(market, out);
  writer.end();
}

std::string write_gamma_page(std::span<const GammaMarket> markets, std::string_view next_cursor) {
  std::string out;
  ObjectWriter writer(out);
  writer.begin("markets");
  append_array(markets, out, write_gamma_market);
  if (!next_cursor.empty()) writer.text("next_cursor", next_cursor);
  writer.end();
  return out;
}

}  // namespace polybot::polymarket
