// Orders made durable per second inside order-manager: signal in, dedupe, lease, risk, identity
// (EIP-712 digest), intent in the journal, synced – in groups of one turn (the service takes at
// most 256 inputs in one; the largest group shows that an order costs the same among many). Beside
// it, in the same iteration, the same rows written to SQLite with one transaction a group and
// nothing else; and, in a second bench, every order signed, beside bare libsecp256k1 signatures.
//
// "ratio" is ours / reference in orders per second; rates count the time of their own part alone.
#include <benchmark/benchmark.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/signing.hpp"
#include "common/wire/order_codec.hpp"
#include "services/order-manager/core/order_manager.hpp"
#include "services/order-manager/journal/journal.hpp"
#include "services/order-manager/venue_identity.hpp"
#include "tests/support/order_history.hpp"

namespace polybot::order_manager {
namespace {

polymarket::OrderParty party_of(const polymarket::OrderSigner& signer) {
  return {.wallet = {.owner = signer.address(), .address = signer.address()}};
}

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::uint64_t kChain = 137;
constexpr std::string_view kPrivateKey =
    "4242424242424242424242424242424242424242424242424242424242424242";
const domain::StrategyName kStrategy{"momentum"};

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

// Limits that never bind, because the way is measured, not a refusal.
Settings open_settings() {
  domain::RiskLimits limits;
  const domain::Money plenty = domain::Money::from_units(1'000'000'000);
  limits.order_notional_max = limits.position_max = limits.event_exposure_max = plenty;
  limits.exposure_max = limits.daily_loss_max = limits.drawdown_max = plenty;
  limits.open_orders_max = limits.order_rate_max = limits.order_burst_max = 1'000'000;
  Settings settings;
  settings.strategies = {{.name = kStrategy, .limits = limits}};
  settings.account_limits = limits;
  settings.signal_rate_max = settings.signal_burst_max = 1'000'000;
  settings.venue_order_rate = settings.venue_order_burst = 1'000'000;
  settings.venue_cancel_rate = settings.venue_cancel_burst = 1'000'000;
  settings.lease_gather = {};  // the only runner is there at once
  return settings;
}

// The same rows and groups in SQLite alone.
class RawTable {
 public:
  explicit RawTable(const std::string& path) {
    sqlite3_open(path.c_str(), &db_);
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
    execute(
        "CREATE TABLE journal(seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, kind TEXT NOT NULL,"
        " strategy TEXT NOT NULL, body BLOB NOT NULL, sum INTEGER) STRICT");
    sqlite3_prepare_v2(db_, "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", -1, &insert_, nullptr);
  }
  ~RawTable() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }
  RawTable(const RawTable&) = delete;
  RawTable& operator=(const RawTable&) = delete;

  struct Row {
    std::int64_t seq = 0;
    std::int64_t at_ns = 0;
    std::string kind, strategy, body;
  };
  void append(const std::vector<Row>& rows) {
    execute("BEGIN IMMEDIATE");
    for (const Row& row : rows) {
      sqlite3_bind_int64(insert_, 1, row.seq);
      sqlite3_bind_int64(insert_, 2, row.at_ns);
      sqlite3_bind_text(insert_, 3, row.kind.data(), static_cast<int>(row.kind.size()),
                        SQLITE_STATIC);
      sqlite3_bind_text(insert_, 4, row.strategy.data(), static_cast<int>(row.strategy.size()),
                        SQLITE_STATIC);
      sqlite3_bind_blob(insert_, 5, row.body.data(), static_cast<int>(row.body.size()),
                        SQLITE_STATIC);
      sqlite3_bind_int64(insert_, 6, INT64_MAX - row.seq);  // a sum takes eight bytes
      if (sqlite3_step(insert_) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
      sqlite3_reset(insert_);
    }
    execute("COMMIT");
  }

 private:
  void execute(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(db_));
    }
  }
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

// A core that is up, on a journal of its own, and a runner that sends it signals.
class Desk {
 public:
  Desk()
      : folder_(make_folder()),
        signer_(kPrivateKey),
        journal_((folder_ / "journal.db").string(), JournalAccess::ReadWrite),
        raw_((folder_ / "raw.db").string()),
        core_(open_settings(), venue_identity(kChain, party_of(signer_))) {
    core_.start(1, now_, out_);
    tell(ClockOffset{});
    tell(VenueSessionChanged{VenueChannel::User, Link::Up});
    domain::VenueAccount account;
    account.collateral = domain::Money::from_units(100'000'000);
    account.read_at = now_;
    tell(account);
    for (int i = 0; i < test::OrderHistory::kMarkets; ++i) {
      const domain::Market market = test::OrderHistory::market(i);
      tell(MarketHinted{market});
      tell(MarketRead{market.id, MarketRead::Outcome::Found, market});
    }
    keep_fresh();
    finish();
  }
  ~Desk() { std::filesystem::remove_all(folder_); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  // Signals for the next turn; made outside the measured time.
  [[nodiscard]] std::vector<Input> signals(std::size_t count) {
    now_ += milliseconds(20);
    keep_fresh();
    finish();
    std::map<domain::Shard, domain::LeaseEpoch> epochs;
    for (const domain::Lease& lease : core_.leases()) epochs[lease.shard] = lease.epoch;
    std::vector<Input> made;
    for (std::size_t i = 0; i < count; ++i) {
      const domain::Market market =
          test::OrderHistory::market(static_cast<int>(counter_ % test::OrderHistory::kMarkets));
      domain::Signal signal;
      signal.id = {kRunner, ++counter_};
      signal.strategy = kStrategy;
      signal.event = market.event;
      signal.shard = domain::shard_of(market.event);
      signal.lease_epoch = epochs.at(signal.shard);
      signal.applied_seq = core_.ledger().last_seq();
      signal.oldest_book_at = signal.decided_at = now_;
      signal.expires_at = now_ + std::chrono::seconds(2);
      signal.trace = {counter_};
      signal.intent = std::vector<domain::Leg>{{{market.id, domain::Outcome::Yes},
                                                domain::Side::Buy,
                                                domain::Price::from_raw(5'200),
                                                domain::Quantity::from_units(10)}};
      made.push_back(SignalReceived{std::move(signal), now_});
    }
    return made;
  }

  // The measured part: decide all, commit once. Returns the orders that may leave now.
  [[nodiscard]] std::vector<domain::Order> take(const std::vector<Input>& inputs) {
    rows_from_ = journal_.last_seq() + 1;
    for (const Input& input : inputs) core_.on(input, now_, out_);
    std::vector<domain::Order> orders;
    const bool durable = finish_turn(
        out_, [](const Outputs::AtOnce&) {},
        [&](const std::vector<domain::StreamedEvent>& records) { return commit(records); },
        [&](const Outputs& out) {
          for (const SubmitBatch& batch : out.after_commit.submits) {
            orders.insert(orders.end(), batch.orders.begin(), batch.orders.end());
          }
        });
    if (!durable) throw std::runtime_error("the journal could not be written");
    return orders;
  }
  // The rows of the last group, for the reference.
  [[nodiscard]] std::vector<RawTable::Row> last_rows() const {
    std::vector<RawTable::Row> rows;
    journal_.read(rows_from_, journal_.last_seq(), [&](const domain::Event& event) {
      rows.push_back({static_cast<std::int64_t>(event.seq), domain::to_unix_ns(event.at),
                      std::string(domain::event_kind_name(event.body.index())),
                      event.strategy.value, wire::encode_event(event)});
    });
    return rows;
  }
  // Ends the orders again, so that the next group finds the same state.
  void refuse(const std::vector<domain::Order>& orders) {
    for (const domain::Order& order : orders) {
      tell(domain::SubmitAnswered{
          order.venue_id, domain::SubmitRejected{domain::RejectReason::NotFilled, "no match"}});
    }
    finish();
  }

  // Orders that stay open, beside those that are measured.
  void leave_open(std::size_t count) {
    constexpr std::size_t kAtOnce = 250;
    for (std::size_t left = count; left > 0; left -= std::min(left, kAtOnce)) {
      static_cast<void>(take(signals(std::min(left, kAtOnce))));
    }
    if (core_.ledger().orders().open().size() != count) throw std::runtime_error("not all open");
  }

  [[nodiscard]] RawTable& raw() { return raw_; }
  [[nodiscard]] const polymarket::OrderSigner& signer() const { return signer_; }

 private:
  static constexpr std::uint64_t kRunner = 0xAB;
  static std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bench-intake-XXXXXX").string();
    return ::mkdtemp(name.data());
  }
  void tell(const Input& input) { core_.on(input, now_, out_); }
  bool commit(const std::vector<domain::StreamedEvent>& records) {
    return journal_.append(records).empty();
  }
  void finish() {
    const bool durable = finish_turn(
        out_, [](const Outputs::AtOnce&) {},
        [&](const std::vector<domain::StreamedEvent>& records) { return commit(records); },
        [](const Outputs&) {});
    if (!durable) throw std::runtime_error("the journal could not be written");
  }
  void keep_fresh() {
    tell(domain::RunnerAnnounced{{"runner-1"}, kRunner, {kStrategy}, false});
    for (int i = 0; i < test::OrderHistory::kMarkets; ++i) {
      domain::QuoteTick quote;
      quote.market = test::OrderHistory::market(i).id;
      quote.bid = {domain::Price::from_raw(5'000), domain::Quantity::from_units(1'000)};
      quote.ask = {domain::Price::from_raw(5'200), domain::Quantity::from_units(1'000)};
      quote.stamped_at = now_;
      tell(QuoteHeard{{}, quote});
    }
  }

  std::filesystem::path folder_;
  polymarket::OrderSigner signer_;
  Journal journal_;
  RawTable raw_;
  OrderManager core_;
  Outputs out_;
  std::uint64_t rows_from_ = 1;
  domain::Timestamp now_ = domain::from_unix_ms(1'790'000'000'000);
  std::uint64_t counter_ = 0;
};

void BM_OrdersMadeDurable(benchmark::State& state) {
  Desk desk;
  const auto group = static_cast<std::size_t>(state.range(0));
  desk.leave_open(static_cast<std::size_t>(state.range(1)));
  double ours = 0;
  double reference = 0;
  double orders = 0;
  for (auto _ : state) {
    const std::vector<Input> signals = desk.signals(group);
    const auto begin = Clock::now();
    const std::vector<domain::Order> sent = desk.take(signals);
    const auto middle = Clock::now();
    if (sent.size() != group) return state.SkipWithError("orders were refused");
    const std::vector<RawTable::Row> rows = desk.last_rows();
    const auto again = Clock::now();
    desk.raw().append(rows);
    reference += seconds_between(again, Clock::now());
    ours += seconds_between(begin, middle);
    orders += static_cast<double>(group);
    state.SetIterationTime(seconds_between(begin, middle));
    desk.refuse(sent);
  }
  state.counters["orders/s"] = orders / ours;
  state.counters["sqlite_orders/s"] = orders / reference;
  state.counters["ratio"] = reference / ours;
}
// The last rows run beside so many open orders that a walk over them would show.
BENCHMARK(BM_OrdersMadeDurable)
    ->ArgNames({"group", "open"})
    ->Args({16, 0})
    ->Args({64, 0})
    ->Args({256, 0})
    ->Args({1024, 0})
    ->Args({64, 5'000})
    ->Args({256, 5'000})
    ->UseManualTime();

void BM_OrdersMadeDurableAndSigned(benchmark::State& state) {
  Desk desk;
  const auto group = static_cast<std::size_t>(state.range(0));
  const polymarket::ExchangeDomains domains(kChain);
  secp256k1_context* const context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  std::array<std::uint8_t, 32> key{};
  key.fill(0x42);
  double ours = 0;
  double reference = 0;
  double orders = 0;
  for (auto _ : state) {
    const std::vector<Input> signals = desk.signals(group);
    const auto begin = Clock::now();
    const std::vector<domain::Order> sent = desk.take(signals);
    for (const domain::Order& order : sent) {
      const auto signature = desk.signer().sign(
          polymarket::order_to_sign(order.fields, order.side, party_of(desk.signer())),
          domains.of(order.fields.exchange));
      if (!signature) return state.SkipWithError("an order was not signed");
      benchmark::DoNotOptimize(signature);
    }
    const auto middle = Clock::now();
    if (sent.size() != group) return state.SkipWithError("orders were refused");
    for (const domain::Order& order : sent) {
      secp256k1_ecdsa_recoverable_signature signature;
      benchmark::DoNotOptimize(secp256k1_ecdsa_sign_recoverable(
          context, &signature, order.venue_id.bytes.data(), key.data(), nullptr, nullptr));
    }
    reference += seconds_between(middle, Clock::now());
    ours += seconds_between(begin, middle);
    orders += static_cast<double>(group);
    state.SetIterationTime(seconds_between(begin, middle));
    desk.refuse(sent);
  }
  secp256k1_context_destroy(context);
  state.counters["orders/s"] = orders / ours;
  state.counters["secp256k1/s"] = orders / reference;
  state.counters["ratio"] = reference / ours;
}
BENCHMARK(BM_OrdersMadeDurableAndSigned)
    ->ArgName("group")
    ->Arg(64)
    ->Arg(256)
    ->Arg(1024)
    ->UseManualTime();

}  // namespace
}  // namespace polybot::order_manager

BENCHMARK_MAIN();
