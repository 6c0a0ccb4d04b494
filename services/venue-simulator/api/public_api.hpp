// The venue's public REST: time, version, books, market records, and the Gamma catalogue.
#pragma once

#include "common/polymarket/messages/catalogue.hpp"
#include "services/venue-simulator/api/fault_gate.hpp"
#include "services/venue-simulator/api/market_channel.hpp"

namespace polybot::venue_simulator {

class PublicApi {
 public:
  PublicApi(const ExchangeHost& host, FaultGate& gate, MarketChannel::BookOf book_of)
      : host_(host), gate_(gate), book_of_(std::move(book_of)) {}
  void register_routes(http::Router& router);

 private:
  using Answer = http::Response (PublicApi::*)(const http::Request&) const;
  [[nodiscard]] http::Handler guard(Answer answer);
  [[nodiscard]] http::Response time(const http::Request&) const;
  [[nodiscard]] http::Response version(const http::Request&) const;
  [[nodiscard]] http::Response book(const http::Request&) const;
  [[nodiscard]] http::Response books(const http::Request&) const;
  [[nodiscard]] http::Response midpoint(const http::Request&) const;
  [[nodiscard]] http::Response tick_size(const http::Request&) const;
  [[nodiscard]] http::Response neg_risk(const http::Request&) const;
  [[nodiscard]] http::Response clob_market_record(const http::Request&) const;
  [[nodiscard]] http::Response result(const http::Request&) const;
  [[nodiscard]] http::Response markets(const http::Request&) const;
  [[nodiscard]] http::Response event(const http::Request&) const;
  // As listed, with what the faults silent-result and unreadable-market make of it.
  [[nodiscard]] polymarket::GammaMarket listed(MarketNo number) const;
  [[nodiscard]] domain::FeeSchedule told_fee(const domain::Market& market) const;
  // The open or closed market of a token query, or the venue's error.
  [[nodiscard]] std::variant<const domain::Market*, http::Response> market_of_token(
      const http::Request& request) const;

  const ExchangeHost& host_;
  FaultGate& gate_;
  MarketChannel::BookOf book_of_;
};

}  // namespace polybot::venue_simulator
