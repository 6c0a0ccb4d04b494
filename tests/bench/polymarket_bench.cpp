// The cost of the venue's protocol between a decision and the socket: signing an order, beside a
// bare libsecp256k1 signature in the same run, and the whole request. market_frame_bench.cpp has
// the other direction.
#include <benchmark/benchmark.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/polymarket/amounts.hpp"
#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/signing.hpp"

namespace {

using namespace polybot;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kPrivateKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

double ns_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

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

// What any signature costs.
class BareSecp256k1 {
 public:
  BareSecp256k1() { key_.fill(0x42); }
  BareSecp256k1(const BareSecp256k1&) = delete;
  BareSecp256k1& operator=(const BareSecp256k1&) = delete;
  ~BareSecp256k1() { secp256k1_context_destroy(context_); }
  void sign() {
    ++digest_[0];
    secp256k1_ecdsa_recoverable_signature signature;
    benchmark::DoNotOptimize(secp256k1_ecdsa_sign_recoverable(context_, &signature, digest_.data(),
                                                              key_.data(), nullptr, nullptr));
  }

 private:
  secp256k1_context* context_ = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  std::array<std::uint8_t, 32> key_{};
  std::array<std::uint8_t, 32> digest_{};
};

void show(benchmark::State& state, double ours_ns, double reference_ns) {
  const auto orders = static_cast<double>(state.iterations());
  state.counters["us/order"] = ours_ns / orders / 1000;
  state.counters["secp256k1_us"] = reference_ns / orders / 1000;
  state.counters["ours/secp256k1"] = ours_ns / reference_ns;
}

void SignOrder(benchmark::State& state) {
  const polymarket::OrderSigner signer(kPrivateKey);
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  const polymarket::ExchangeDomain& domain = domains.of(domain::ExchangeVersion::V2);
  polymarket::OrderToSign order = sample_order(signer.address());
  BareSecp256k1 reference;
  double ours_ns = 0;
  double reference_ns = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    ++order.salt;
    benchmark::DoNotOptimize(signer.sign(order, domain));
    const auto middle = Clock::now();
    reference.sign();
    const auto end = Clock::now();
    ours_ns += ns_between(begin, middle);
    reference_ns += ns_between(middle, end);
  }
  show(state, ours_ns, reference_ns);
}
BENCHMARK(SignOrder)->Unit(benchmark::kMicrosecond);

void OrderDigest(benchmark::State& state) {
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  polymarket::OrderToSign order = sample_order({});
  for (auto _ : state) {
    ++order.salt;
    benchmark::DoNotOptimize(
        polymarket::order_digest(order, domains.of(domain::ExchangeVersion::V2)));
  }
}
BENCHMARK(OrderDigest);

// Everything between a decision and the socket: amounts, signature, body, authentication headers.
// Of each kind of wallet, by number.
void BuildOrderRequest(benchmark::State& state) {
  const polymarket::OrderSigner signer(kPrivateKey);
  const auto wallet =
      polymarket::wallet_of(signer.address(), static_cast<polymarket::WalletKind>(state.range(0)),
                            polymarket::kPolygonChainId);
  BareSecp256k1 reference;
  double ours_ns = 0;
  double reference_ns = 0;
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  const polymarket::ApiCredentials credentials("00000000-0000-0000-0000-000000000001",
                                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "p");
  polymarket::PostedOrder posted{.order = sample_order(signer.address()),
                                 .owner = credentials.api_key()};
  posted.order.maker = wallet->address;
  posted.order.signer = wallet->signer();
  posted.order.signature_type = wallet->type();
  for (auto _ : state) {
    const auto begin = Clock::now();
    ++posted.order.salt;
    const auto amounts = polymarket::amounts_for_shares(
        domain::Side::Buy, domain::Quantity::from_units(200), domain::Price::from_raw(5000),
        domain::Price::from_raw(100), domain::TimeInForce::Gtc);
    posted.order.maker_amount = amounts->maker;
    posted.order.taker_amount = amounts->taker;
    posted.signature = *signer.sign(posted.order, domains.of(domain::ExchangeVersion::V2));
    const std::string body = polymarket::write_order_body(posted);
    benchmark::DoNotOptimize(
        credentials.headers(signer.address(), 1713398400, {"POST", "/order", body}));
    const auto middle = Clock::now();
    reference.sign();
    const auto end = Clock::now();
    ours_ns += ns_between(begin, middle);
    reference_ns += ns_between(middle, end);
  }
  show(state, ours_ns, reference_ns);
}
BENCHMARK(BuildOrderRequest)->DenseRange(0, 3)->Unit(benchmark::kMicrosecond);

}  // namespace
