// The venue protocol's two costs on the trading path, each beside its reference in the same run:
// parsing a price_change entry (reference: Boost.JSON's bare tree parse of the same bytes) and
// signing an order (reference: a bare libsecp256k1 signature).
#include <benchmark/benchmark.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/polymarket/amounts.hpp"
#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/market_channel.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/signing.hpp"

namespace {

using namespace polybot;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kPrivateKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

// Frames as the venue sends them: two entries (both outcomes of a market), ", " between members.
std::vector<std::string> price_change_frames() {
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

double ns_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

std::size_t parse_with_boost(const std::string& text, std::array<unsigned char, 65536>& buffer) {
  boost::json::monotonic_resource resource(buffer.data(), buffer.size());
  return boost::json::parse(text, &resource).as_object().size();
}

void ParsePriceChange(benchmark::State& state) {
  const std::vector<std::string> frames = price_change_frames();
  polymarket::MarketFrame frame;
  std::array<unsigned char, 65536> buffer{};
  double ours_ns = 0;
  double reference_ns = 0;
  double entries = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    for (const std::string& text : frames) {
      if (!polymarket::parse_market_frame(text, frame)) state.SkipWithError("frame refused");
      benchmark::DoNotOptimize(frame.changes.data());
    }
    const auto middle = Clock::now();
    for (const std::string& text : frames) benchmark::DoNotOptimize(parse_with_boost(text, buffer));
    const auto end = Clock::now();
    ours_ns += ns_between(begin, middle);
    reference_ns += ns_between(middle, end);
    entries += 2.0 * static_cast<double>(frames.size());
  }
  state.counters["ns/entry"] = ours_ns / entries;
  state.counters["boost_json_ns/entry"] = reference_ns / entries;
  state.counters["boost_json/ours"] = reference_ns / ours_ns;
}
BENCHMARK(ParsePriceChange)->Unit(benchmark::kMicrosecond);

polymarket::OrderToSign sample_order(const polymarket::Address& account) {
  return {.salt = 123456789,
          .maker = account,
          .signer = account,
          .token = *domain::parse_token(
              "71321045679252212594626385532706912750332728571942532289631379312455583992563"),
          .maker_amount = 100000000,
          .taker_amount = 200000000,
          .timestamp_ms = 1713398400000};
}

void SignOrder(benchmark::State& state) {
  const polymarket::OrderSigner signer(kPrivateKey);
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  const polymarket::Hash32& separator = domains.separator(domain::ExchangeVersion::V2);
  polymarket::OrderToSign order = sample_order(signer.address());
  secp256k1_context* const context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  std::array<std::uint8_t, 32> key{};
  key.fill(0x42);
  std::array<std::uint8_t, 32> digest{};
  double ours_ns = 0;
  double reference_ns = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    ++order.salt;
    benchmark::DoNotOptimize(signer.sign(order, separator));
    const auto middle = Clock::now();
    ++digest[0];
    secp256k1_ecdsa_recoverable_signature signature;
    benchmark::DoNotOptimize(secp256k1_ecdsa_sign_recoverable(context, &signature, digest.data(),
                                                              key.data(), nullptr, nullptr));
    const auto end = Clock::now();
    ours_ns += ns_between(begin, middle);
    reference_ns += ns_between(middle, end);
  }
  secp256k1_context_destroy(context);
  const auto signatures = static_cast<double>(state.iterations());
  state.counters["us/order"] = ours_ns / signatures / 1000;
  state.counters["secp256k1_us"] = reference_ns / signatures / 1000;
  state.counters["ours/secp256k1"] = ours_ns / reference_ns;
}
BENCHMARK(SignOrder)->Unit(benchmark::kMicrosecond);

void OrderDigest(benchmark::State& state) {
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  polymarket::OrderToSign order = sample_order({});
  for (auto _ : state) {
    ++order.salt;
    benchmark::DoNotOptimize(
        polymarket::order_digest(order, domains.separator(domain::ExchangeVersion::V2)));
  }
}
BENCHMARK(OrderDigest);

// Everything between a decision and the socket: amounts, signature, body, authentication headers.
void BuildOrderRequest(benchmark::State& state) {
  const polymarket::OrderSigner signer(kPrivateKey);
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  const polymarket::ApiCredentials credentials("00000000-0000-0000-0000-000000000001",
                                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "p");
  polymarket::PostedOrder posted{.order = sample_order(signer.address()),
                                 .owner = credentials.api_key()};
  for (auto _ : state) {
    ++posted.order.salt;
    const auto amounts = polymarket::amounts_for_shares(
        domain::Side::Buy, domain::Quantity::from_units(200), domain::Price::from_raw(5000),
        domain::Price::from_raw(100), domain::TimeInForce::Gtc);
    posted.order.maker_amount = amounts->maker;
    posted.order.taker_amount = amounts->taker;
    posted.signature = *signer.sign(posted.order, domains.separator(domain::ExchangeVersion::V2));
    const std::string body = polymarket::write_order_body(posted);
    benchmark::DoNotOptimize(
        credentials.headers(signer.address(), 1713398400, {"POST", "/order", body}));
  }
}
BENCHMARK(BuildOrderRequest)->Unit(benchmark::kMicrosecond);

}  // namespace
