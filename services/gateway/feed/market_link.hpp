// One WebSocket connection to the venue's market channel: moves frames, decides nothing. It reports
// that it is open, each text with its time of receipt, and its end, once; after cut() it reports
// nothing.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/domain/time.hpp"
#include "common/runtime/clock.hpp"
#include "services/gateway/feed/venue_rest.hpp"

namespace polybot::gateway {

class MarketLink {
 public:
  struct Reports {
    std::function<void()> on_open;
    std::function<void(std::string_view text, domain::Timestamp received_at)> on_text;
    std::function<void(std::string_view why)> on_end;
  };

  // Connects at once, in the background. A report may destroy this object.
  MarketLink(boost::asio::any_io_executor executor, const VenueUrls& urls, runtime::Clock clock,
             Reports reports);
  ~MarketLink() { cut(); }
  MarketLink(const MarketLink&) = delete;
  MarketLink& operator=(const MarketLink&) = delete;

  // Sends after what was sent before. A failure shows as the end of the link.
  void send(std::string text);
  void cut();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the session, which outlives a cut by a loop turn
};

}  // namespace polybot::gateway
