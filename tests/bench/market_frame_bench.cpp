// Reading a price_change entry, beside two references over the same bytes in the same run:
// Boost.JSON's bare tree, and simdjson's on-demand reader with the same task. Frames are a real
// recording's where there is one. Each figure is the best of its rounds, because other work of the
// machine only ever adds time.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/bounds.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "tests/support/recorded_data.hpp"

namespace {

using namespace polybot;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kFrames = 4096;

// Frames as the venue sends them: two entries (both outcomes of a market), ", " between members.
std::vector<std::string> generated_frames() {
  std::vector<std::string> frames;
  for (int i = 0; i < 256; ++i) {
    const std::string cents = std::to_string(10 + i % 80);
    const std::string other = std::to_string(100 - (10 + i % 80));
    const std::string size = std::to_string(1000 + i * 37) + "." + std::to_string(10 + i % 90);
    const std::string tail = std::to_string(100 + i);
    frames.push_back(
        R"({"market":"0x457b3ea029304c5a2dc1dbca43536ef0970c8b0c7f172c97c384c01ae59ccf08", "price_changes":[)"
        R"({"asset_id":"72034199679685605777746108880436699468836661260225341006687916047384310465)" +
        tail + R"(", "price":"0.)" + cents + R"(", "size":")" + size +
        R"(", "side":"BUY", "hash":"bad813f84a3e7be740b95924fed984639e6798bc", "best_bid":"0.47", "best_ask":"0.48"}, )"
        R"({"asset_id":"92414594351671835261391500979660097006383067088013751434865378783612714651)" +
        tail + R"(", "price":"0.)" + other + R"(", "size":")" + size +
        R"(", "side":"SELL", "hash":"eef80d141ea160c72c8644fd33c4e7cac54728fb", "best_bid":"0.52", "best_ask":"0.53"}], )"
        R"("timestamp":"1780795911767", "event_type":"price_change"})");
  }
  return frames;
}

std::vector<std::string> price_change_frames() {
  const auto folder = test_support::recorded_data();
  if (!folder) return generated_frames();
  const std::string text =
      test_support::read_zstd(*folder / "polymarket/nhl_final_20260607_6min.jsonl.zst");
  std::vector<std::string> frames;
  for (const std::string_view line : test_support::lines_of(text)) {
    const boost::json::value value = boost::json::parse({line.data(), line.size()});
    const boost::json::string& raw = value.at("raw").as_string();
    if (std::string_view(raw).find("price_changes") == std::string_view::npos) continue;
    frames.emplace_back(raw);
    if (frames.size() == kFrames) break;
  }
  return frames;
}

std::size_t parse_with_boost(const std::string& text, std::array<unsigned char, 65536>& buffer) {
  boost::json::monotonic_resource resource(buffer.data(), buffer.size());
  return boost::json::parse(text, &resource).as_object().size();
}

// The same events by simdjson: members in any order, the last of two counts, every error is
// checked. It does not check the values that it skips, and cannot leave out one bad message of a
// frame.
class SimdjsonReader {
 public:
  bool parse(std::string_view frame) {
    text_.reserve(frame.size() + simdjson::SIMDJSON_PADDING);
    text_.assign(frame);
    changes.clear();
    simdjson::ondemand::document document;
    simdjson::ondemand::object message;
    if (parser_.iterate(simdjson::padded_string_view(text_.data(), text_.size(), text_.capacity()))
            .get(document) ||
        document.get_object().get(message))
      return false;
    std::array<std::string_view, 3> texts;
    for (auto member : message) {
      if (member.error()) return false;
      const auto key = member.key().value_unsafe();
      if (key.unsafe_is_equal("price_changes")) {
        simdjson::ondemand::array entries;
        if (member.value().get_array().get(entries)) return false;
        for (auto entry : entries) {
          simdjson::ondemand::object object;
          if (entry.get_object().get(object) || !read_change(object)) return false;
        }
      } else {
        keep(kMessageKeys, texts, key, member.value());
      }
    }
    const auto market = domain::parse_hex<domain::MarketId>(texts[0]);
    const auto at = polymarket::parse_epoch(texts[1]);
    if (!market || !at || texts[2] != "price_change") return false;
    event = {*market, *at, changes};
    return true;
  }

  polymarket::PriceChangeEvent event;
  std::vector<polymarket::PriceChange> changes;

 private:
  static constexpr std::array<std::string_view, 3> kMessageKeys = {"market", "timestamp",
                                                                   "event_type"};
  static constexpr std::array<std::string_view, 6> kChangeKeys = {
      "asset_id", "price", "size", "side", "best_bid", "best_ask"};

  template <std::size_t N, class Key, class Value>
  static void keep(const std::array<std::string_view, N>& keys,
                   std::array<std::string_view, N>& texts, const Key& key, Value value) {
    for (std::size_t i = 0; i < N; ++i) {
      if (!key.unsafe_is_equal(keys[i])) continue;
      std::string_view text = value.raw_json_token().value_unsafe();
      while (text.back() <= ' ') text.remove_suffix(1);
      if (text.front() == '"') text = text.substr(1, text.size() - 2);
      texts[i] = text;
      return;
    }
  }

  bool read_change(simdjson::ondemand::object object) {
    std::array<std::string_view, 6> texts;
    for (auto member : object) {
      if (member.error()) return false;
      keep(kChangeKeys, texts, member.key().value_unsafe(), member.value());
    }
    const auto& [token_text, price_text, size_text, side, bid_text, ask_text] = texts;
    const auto token = domain::parse_token(token_text);
    const auto price = domain::Price::parse(price_text);
    const auto quantity = domain::Quantity::parse(size_text);
    if (!token || !price || !price->is_positive() || *price >= domain::kPriceOne || !quantity ||
        quantity->is_negative() || *quantity > domain::kQuantityMax ||
        (side != "BUY" && side != "SELL")) {
      return false;
    }
    changes.push_back({.token = *token,
                       .side = side == "BUY" ? domain::Side::Buy : domain::Side::Sell,
                       .price = *price,
                       .quantity = *quantity,
                       .best_bid = domain::Price::parse(bid_text),
                       .best_ask = domain::Price::parse(ask_text),
                       .has_best = true});
    return true;
  }

  simdjson::ondemand::parser parser_;
  std::string text_;
};

void ParsePriceChange(benchmark::State& state) {
  const std::vector<std::string> frames = price_change_frames();
  const double entries = 2.0 * static_cast<double>(frames.size());
  polymarket::MarketFrame frame;
  SimdjsonReader reader;
  std::array<unsigned char, 65536> buffer{};
  const auto ns_per_entry = [&](double& best, auto&& parse) {
    const auto begin = Clock::now();
    for (const std::string& text : frames) parse(text);
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    best = std::min(best, taken.count() / entries);
  };
  double ours = std::numeric_limits<double>::max();
  double simdjson = ours;
  double boost = ours;
  for (auto _ : state) {
    ns_per_entry(ours, [&](const std::string& text) {
      if (!polymarket::parse_market_frame(text, frame)) state.SkipWithError("frame refused");
      benchmark::DoNotOptimize(frame.changes.data());
    });
    ns_per_entry(simdjson, [&](const std::string& text) {
      if (!reader.parse(text)) state.SkipWithError("frame refused by simdjson");
      benchmark::DoNotOptimize(reader.changes.data());
    });
    ns_per_entry(boost, [&](const std::string& text) {
      benchmark::DoNotOptimize(parse_with_boost(text, buffer));
    });
  }
  state.counters["ns/entry"] = ours;
  state.counters["simdjson_ns/entry"] = simdjson;
  state.counters["boost_json_ns/entry"] = boost;
  state.counters["simdjson/ours"] = simdjson / ours;
  state.counters["boost_json/ours"] = boost / ours;
}
BENCHMARK(ParsePriceChange)->Iterations(100)->Unit(benchmark::kMicrosecond);

}  // namespace
