// A node of the chain for who looks at it (JSON-RPC), as far as a check of a wallet asks: which
// chain it is, whether a wallet has code, and how much collateral an account has, old or new.
#pragma once

#include "common/http/message.hpp"
#include "services/venue-simulator/api/wallets.hpp"
#include "services/venue-simulator/exchange_host.hpp"

namespace polybot::venue_simulator {

class ChainApi {
 public:
  ChainApi(const ExchangeHost& host, const Wallets& wallets) : host_(host), wallets_(wallets) {}

  [[nodiscard]] http::Response call(const http::Request& request) const;

 private:
  // In millionths; 0 for a token or an address that is nobody's.
  [[nodiscard]] std::uint64_t balance(const polymarket::Address& token,
                                      const polymarket::Address& holder) const;

  const ExchangeHost& host_;
  const Wallets& wallets_;
};

}  // namespace polybot::venue_simulator
