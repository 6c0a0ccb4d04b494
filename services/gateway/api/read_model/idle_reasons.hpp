// Why nothing trades, in words an operator can act on, the most fundamental reason first. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"
#include "services/gateway/api/read_model/trading_view.hpp"

namespace polybot::gateway {

struct IdleFacts {
  domain::Timestamp now{};
  domain::Duration quiet_after =
      std::chrono::seconds(30);                // without an order this long, something idles
  domain::Duration running_for = quiet_after;  // the gateway, and with it what it has seen
  bool orders_in_sync = false;
  std::size_t links_open = 0;
  std::size_t books = 0;
  std::size_t books_stale = 0;
  std::size_t markets_active = 0;  // which take orders that open
  // Tracked markets whose terms at the venue cannot be read, by field.
  std::map<std::string_view, std::size_t> markets_unreadable{};
};

// Empty while orders are being placed.
[[nodiscard]] std::vector<std::string> idle_reasons(const TradingView& view,
                                                    const IdleFacts& facts);

}  // namespace polybot::gateway
