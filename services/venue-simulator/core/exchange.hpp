// The simulated exchange as a whole: matching engine, crowd (synthetic, replayed or mirrored),
// faults and records, behind one function. Pure and deterministic: the same settings and inputs at
// the same times give the same outputs, byte for byte, however finely the time in between is cut.
//
//   Exchange exchange(settings, start, out);
//   exchange.on(SubmitOrders{...}, now, out);  // first what is due up to `now`, then the input
//   exchange.on(AdvanceTime{}, now, out);
//
// Time never goes back: an earlier `now` counts as the latest one seen. Outputs are appended; the
// caller clears them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/venue-simulator/core/crowd/broad_flow.hpp"
#include "services/venue-simulator/core/crowd/mirror.hpp"
#include "services/venue-simulator/core/crowd/order_flow.hpp"
#include "services/venue-simulator/core/crowd/replay.hpp"
#include "services/venue-simulator/core/engine/dead_man_switch.hpp"
#include "services/venue-simulator/core/engine/matching_engine.hpp"
#include "services/venue-simulator/core/records/chain_copies.hpp"
#include "services/venue-simulator/core/records/key_ring.hpp"
#include "services/venue-simulator/core/records/notices.hpp"
#include "services/venue-simulator/core/records/order_origins.hpp"
#include "services/venue-simulator/core/records/trade_tape.hpp"

namespace polybot::venue_simulator {

// Kept in the log by number (domain/enumeration.hpp).
enum class FlowKind : std::uint8_t {
  Synthetic = 0,
  Replay = 1,
  None = 2,  // only what comes from outside: for tests
  Mirror = 3,
  Broad = 4,  // a crowd in many markets
};

struct ExchangeSettings {
  std::uint64_t seed = 1;
  FlowKind flow_kind = FlowKind::Synthetic;
  EngineSettings engine;            // its seed is derived from `seed`
  FlowSettings flow;                // likewise
  std::uint32_t broad_markets = 0;  // of the broad crowd
};

class Exchange {
 public:
  // A new exchange; synthetic markets are listed at once.
  Exchange(const ExchangeSettings& settings, domain::Timestamp start, Outputs& out);

  void on(const Input& input, domain::Timestamp now, Outputs& out);

  // When time alone will next change the exchange.
  [[nodiscard]] std::optional<domain::Timestamp> next_due() const;
  [[nodiscard]] domain::Timestamp now() const { return now_; }

  [[nodiscard]] const MatchingEngine& engine() const { return engine_; }
  [[nodiscard]] MatchingEngine& engine() { return engine_; }  // tests list markets of their own
  [[nodiscard]] const OrderFlow& flow() const { return flow_; }
  [[nodiscard]] const BroadFlow& broad_flow() const { return broad_; }
  [[nodiscard]] const Replay& replay() const { return replay_; }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }
  [[nodiscard]] bool mirrors() const { return settings_.flow_kind == FlowKind::Mirror; }
  [[nodiscard]] bool is_broad() const { return settings_.flow_kind == FlowKind::Broad; }
  [[nodiscard]] const FaultBoard& faults() const { return faults_; }
  [[nodiscard]] FaultBoard& faults() { return faults_; }
  [[nodiscard]] const DeadManSwitch& dead_man_switch() const { return dead_man_switch_; }
  [[nodiscard]] const KeyRing& key_ring() const { return key_ring_; }
  [[nodiscard]] const OrderOrigins& origins() const { return origins_; }
  [[nodiscard]] const TradeTape& tape() const { return tape_; }
  [[nodiscard]] const Notices& notices() const { return notices_; }
  [[nodiscard]] const ChainCopies& chain_copies() const { return chain_copies_; }

  // What GET /data/* and /balance-allowance would say, in one reading.
  [[nodiscard]] domain::VenueAccount account(AccountId id, domain::Timestamp trades_since) const;

  // The whole state. load() returns false, leaving the exchange unusable, when the bytes are
  // damaged.
  [[nodiscard]] std::string save();
  [[nodiscard]] bool load(std::string_view bytes);

 private:
  void advance(domain::Timestamp to, Outputs& out);
  void set_running(bool running, Outputs& out);
  void reconfigure(const Reconfigure& change, Outputs& out);
  void apply(const Input& input, Outputs& out);
  void submit(const SubmitOrders& batch, Outputs& out);
  // The refusal that a fault causes; empty when none does.
  [[nodiscard]] std::optional<domain::RejectReason> faulty_refusal(const SubmitOrders& batch,
                                                                   std::size_t index);
  void start_fault(const SetFault& input, Outputs& out);
  void stop_fault(Fault fault);
  void drift_cash(domain::Money amount);
  // Keeps records of the outputs since the last call.
  void record(const Outputs& out);
  // Every account of a state from before there was a key ring had the key of nonce 0.
  void adopt_keys();
  [[nodiscard]] std::optional<domain::Timestamp> drift_ends_at() const;
  template <class Archive>
  void fields(Archive& archive) {
    archive(now_, random_, faults_, engine_, flow_, replay_, drifted_);
  }

  template <class Archive>
  void records(Archive& archive) {
    archive(key_ring_, origins_, tape_, notices_);
  }

  ExchangeSettings settings_;
  domain::Timestamp now_{};
  Random random_;  // of faults
  FaultBoard faults_;
  MatchingEngine engine_;
  OrderFlow flow_;
  Replay replay_;
  std::map<AccountId, domain::Money> drifted_;  // by the fault venue-drift
  DeadManSwitch dead_man_switch_;
  KeyRing key_ring_;
  OrderOrigins origins_;
  TradeTape tape_;
  Notices notices_;
  ChainCopies chain_copies_;
  Mirror mirror_;
  BroadFlow broad_;
  std::size_t recorded_market_ = 0;  // outputs of the current call that are recorded
  std::size_t recorded_account_ = 0;
};

}  // namespace polybot::venue_simulator
