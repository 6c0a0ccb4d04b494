// The venue-simulator as a process: the exchange, its API and its admin routes on one event loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>

#include "common/runtime/service.hpp"
#include "services/venue-simulator/config.hpp"

namespace polybot::venue_simulator {

class Simulator {
 public:
  // Folds the data folder and binds the API's port; see ExchangeHost and http::Server for what is
  // thrown. Registers the admin routes. `runtime` outlives this object.
  Simulator(runtime::Runtime& runtime, const Config& config);
  // Without a finished run() this leaves what a kill leaves: nothing more is written.
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // Serves until a stop is requested, then closes the clients' connections and writes a last
  // snapshot.
  [[nodiscard]] boost::asio::awaitable<void> run();
  [[nodiscard]] std::uint16_t api_port() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

// The whole life of the service.
[[nodiscard]] boost::asio::awaitable<void> run(runtime::Runtime& runtime, Config config);

}  // namespace polybot::venue_simulator
