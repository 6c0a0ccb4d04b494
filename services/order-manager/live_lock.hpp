// The lock before trading with real money (venue.mode = live): who starts such a process has had
// doctor look at the same account, venue and configuration within the hour, and finds trading
// halted until it is resumed.
//
// A process that ends in order leaves nothing behind. One that dies leaves its mark beside the
// journal, refreshed while it lived: a start within an hour of the last sign of life, with the same
// account and configuration, goes on for it. It needs no doctor, and trading is as it was said
// last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/order-manager/config.hpp"

namespace polybot::order_manager {

// What doctor and the mark are remembered by: addresses of the venue and the chain, wallet, limits
// of the account, builder code and API key; in hex. Holds no secret.
[[nodiscard]] std::string fingerprint_of(const VenueConfig& venue, const domain::RiskLimits& limits,
                                         const std::optional<polymarket::VenueWallet>& wallet);

// Adds an error for what a live configuration lacks: the sentence, and limits of the operator's.
void check_live(runtime::config::Reader& reader, const Config& config);

// Why `result`, the text of doctor.json, does not let this configuration trade, with the next step;
// empty: it does.
[[nodiscard]] std::string refusal_of(std::string_view result, const Config& config,
                                     const polymarket::VenueWallet& wallet, domain::Timestamp now);

enum class StartKind : std::uint8_t {
  Untied,     // no real money
  Operators,  // somebody started it
  Resumed,    // it goes on for one that died
};

class LiveLock {
 public:
  // Throws runtime::CannotStart: one line that says why it may not trade and what to do.
  LiveLock(const Config& config, const polymarket::VenueWallet& wallet, domain::Timestamp now);

  [[nodiscard]] StartKind kind() const { return kind_; }
  // The process holds its journal, and lives; call it again within an hour. Throws
  // runtime::CannotStart when the mark cannot be written.
  void live() const;
  // An orderly end.
  void end() const;

 private:
  StartKind kind_ = StartKind::Untied;
  std::string mark_;
  std::string fingerprint_;
};

}  // namespace polybot::order_manager
