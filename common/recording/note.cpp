#include "common/recording/note.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "common/polymarket/messages/json.hpp"

namespace polybot::recording {

using domain::Market;
using domain::Price;
using polymarket::ObjectReader;
using polymarket::ObjectWriter;
using polymarket::ParseFault;

namespace {

constexpr std::int64_t kRatePpmMax = 1'000'000;
constexpr std::size_t kGapMarketsMax = 20'000;
// No market is of such a time; sums of times then stay far from the ends of their numbers.
constexpr std::int64_t kTimeMsMax = 32'503'680'000'000;  // the year 3000

void write_body(const UnknownNote&, ObjectWriter&) {}

// The empty frame lets readers from before there were notes see at once that this is a recording,
// however many notes follow.
void write_body(const Header& header, ObjectWriter& out) {
  out.text("raw", "[]").text("note", "header").number("version", header.version);
  out.text("program", header.program).text("venue", header.venue);
  if (header.clock_offset_ms) out.number("clock_offset_ms", *header.clock_offset_ms);
}

void write_body(const MarketNote& note, ObjectWriter& out) {
  const Market& market = note.market;
  out.text("note", "market").text("market", domain::to_string(market.id));
  out.text("event", domain::to_string(market.event)).text("event_slug", market.event_slug);
  out.text("slug", market.slug).text("question", market.question);
  out.json("outcomes", polymarket::json_texts({market.yes_label, market.no_label}));
  out.json("tokens", polymarket::json_texts({domain::to_string(market.yes_token),
                                             domain::to_string(market.no_token)}));
  out.text("tick", market.tick.to_string()).text("min_size", market.min_size.to_string());
  out.number("fee_rate_ppm", market.fee.rate_ppm).number("fee_exponent", market.fee.exponent);
  out.text("exchange", domain::name_of(market.exchange));
  out.text("status", domain::name_of(market.status));
  if (market.neg_risk) out.flag("neg_risk", true);
  if (market.augmented) out.flag("augmented", true);
  if (market.placeholder) out.flag("placeholder", true);
  if (market.taker_delay) out.flag("taker_delay", true);
  out.number("event_markets", market.event_market_count);
  if (market.ends_at != domain::Timestamp{})
    out.number("ends_ms", domain::to_unix_ms(market.ends_at));
}

void write_body(const ResolvedNote& note, ObjectWriter& out) {
  out.text("note", "resolved").text("market", domain::to_string(note.market));
  out.json("payout",
           polymarket::json_texts({note.payout.yes.to_string(), note.payout.no.to_string()}));
}

void write_body(const GapNote& gap, ObjectWriter& out) {
  out.text("note", "gap").text("reason", gap.reason);
  if (gap.from_ms) out.number("from_ms", *gap.from_ms);
  if (gap.lines > 0) out.number("lines", static_cast<std::int64_t>(gap.lines));
  if (gap.markets.empty()) return;
  std::vector<std::string> ids;
  ids.reserve(gap.markets.size());
  for (const domain::MarketId& id : gap.markets) ids.push_back(domain::to_string(id));
  out.json("markets", polymarket::json_texts(ids));
}

template <class Enum>
Enum word(ObjectReader& in, std::string_view key) {
  const std::string text = in.text(key);
  for (const Enum value : domain::kEnumerators<Enum>) {
    if (domain::name_of(value) == text) return value;
  }
  in.fail(ParseFault::UnknownValue, key);
  return Enum{};
}

std::int64_t number(ObjectReader& in, std::string_view key, std::int64_t low, std::int64_t high) {
  const std::int64_t value = in.required(in.integer(key), key);
  if (value < low || value > high) in.fail(ParseFault::BadNumber, key);
  return value;
}

std::optional<std::int64_t> optional_number(ObjectReader& in, std::string_view key,
                                            std::int64_t low, std::int64_t high) {
  return in.has(key) ? std::optional(number(in, key, low, high)) : std::nullopt;
}

std::array<std::string, 2> pair(ObjectReader& in, std::string_view key) {
  std::vector<std::string> texts = in.texts(key);
  if (texts.size() == 2) return {std::move(texts[0]), std::move(texts[1])};
  in.fail(ParseFault::MissingField, key);
  return {};
}

Header read_header(ObjectReader& in) {
  Header header;
  header.version = number(in, "version", 1, kTimeMsMax);
  header.program = in.text("program");
  header.venue = in.text("venue");
  header.clock_offset_ms = optional_number(in, "clock_offset_ms", -kTimeMsMax, kTimeMsMax);
  return header;
}

void read_rules(ObjectReader& in, Market& market) {
  market.tick = in.required(in.price("tick"), "tick");
  // A grid from one tick to one minus a tick, as every one of the venue's.
  if (!market.tick.is_positive() || market.tick > Price::from_raw(5'000) ||
      domain::kPriceOne.raw() % market.tick.raw() != 0)
    in.fail(ParseFault::BadNumber, "tick");
  market.min_size = in.required(in.quantity("min_size"), "min_size");
  if (market.min_size.is_negative()) in.fail(ParseFault::BadNumber, "min_size");
  market.fee.rate_ppm = number(in, "fee_rate_ppm", 0, kRatePpmMax);
  market.fee.exponent = static_cast<std::int32_t>(number(in, "fee_exponent", 1, 2));
  market.exchange = word<domain::ExchangeVersion>(in, "exchange");
  market.status = word<domain::MarketStatus>(in, "status");
  market.neg_risk = in.flag("neg_risk");
  market.augmented = in.flag("augmented");
  market.placeholder = in.flag("placeholder");
  market.taker_delay = in.flag("taker_delay");
  market.event_market_count = static_cast<std::uint16_t>(number(in, "event_markets", 0, 65'535));
  const auto ends_ms = optional_number(in, "ends_ms", 0, kTimeMsMax);
  if (ends_ms) market.ends_at = domain::from_unix_ms(*ends_ms);
}

MarketNote read_market(ObjectReader& in) {
  MarketNote note;
  Market& market = note.market;
  market.id = in.required(in.hex_id<domain::MarketId>("market"), "market");
  market.event = in.required(in.hex_id<domain::EventGroupId>("event"), "event");
  market.event_slug = in.text("event_slug");
  market.slug = in.text("slug");
  if (market.slug.empty() || market.slug.size() > domain::kSlugBytesMax)
    in.fail(ParseFault::BadText, "slug");
  market.question = in.text("question");
  auto labels = pair(in, "outcomes");
  market.yes_label = std::move(labels[0]);
  market.no_label = std::move(labels[1]);
  const auto tokens = pair(in, "tokens");
  const auto yes = domain::parse_token(tokens[0]);
  const auto no = domain::parse_token(tokens[1]);
  if (!yes || !no || *yes == *no || yes->is_zero() || no->is_zero()) {
    in.fail(ParseFault::BadId, "tokens");
  } else {
    market.yes_token = *yes;
    market.no_token = *no;
  }
  read_rules(in, market);
  return note;
}

ResolvedNote read_resolved(ObjectReader& in) {
  ResolvedNote note;
  note.market = in.required(in.hex_id<domain::MarketId>("market"), "market");
  const auto parts = pair(in, "payout");
  const auto yes = Price::parse(parts[0]);
  const auto no = Price::parse(parts[1]);
  if (!yes || !no || yes->is_negative() || no->is_negative() ||
      yes->raw() > domain::kPriceOne.raw() || *no != domain::complement(*yes)) {
    in.fail(ParseFault::BadNumber, "payout");
  } else {
    note.payout = {*yes, *no};
  }
  return note;
}

GapNote read_gap(ObjectReader& in) {
  GapNote gap;
  gap.reason = in.text("reason");
  if (gap.reason.empty()) in.fail(ParseFault::MissingField, "reason");
  gap.from_ms = optional_number(in, "from_ms", 0, kTimeMsMax);
  gap.lines = static_cast<std::uint64_t>(
      optional_number(in, "lines", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
  if (!in.has("markets")) return gap;
  const std::vector<std::string> ids = in.texts("markets");
  if (ids.empty() || ids.size() > kGapMarketsMax) in.fail(ParseFault::TooMany, "markets");
  for (const std::string& text : ids) {
    const auto id = domain::parse_hex<domain::MarketId>(text);
    if (!id) in.fail(ParseFault::BadId, "markets");
    if (id) gap.markets.push_back(*id);
  }
  return gap;
}

}  // namespace

void append_line(std::int64_t at_ms, const Note& note, std::string& out) {
  ObjectWriter writer(out);
  writer.number("ts_ms", at_ms);
  std::visit([&](const auto& body) { write_body(body, writer); }, note);
  writer.end();
  out.push_back('\n');
}

void append_line(std::int64_t at_ms, std::string_view frame, std::string_view made_of,
                 std::string& out) {
  ObjectWriter writer(out);
  writer.number("ts_ms", at_ms);
  if (!made_of.empty()) writer.text("made_of", made_of);
  writer.text("raw", frame);
  writer.end();
  out.push_back('\n');
}

polymarket::ParseResult<Note> parse_note(std::string_view line) {
  const auto value = polymarket::parse_json(line);
  if (!value) return polymarket::ParseError{ParseFault::InvalidJson, "note"};
  ObjectReader in(*value, "note");
  const std::string kind = in.text("note");
  Note note;
  if (kind == "header") note = read_header(in);
  if (kind == "market") note = read_market(in);
  if (kind == "resolved") note = read_resolved(in);
  if (kind == "gap") note = read_gap(in);
  return polymarket::finish(in, std::move(note));
}

}  // namespace polybot::recording
