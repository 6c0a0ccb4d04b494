// The venue's public REST about itself: whether it is there, its time and version, its books, the
// compact record of a market, and the Gamma catalogue.
#pragma once

#include "common/polymarket/messages/catalogue.hpp"
#include "services/venue-simulator/api/market_channel.hpp"

namespace polybot::venue_simulator {

class PublicApi {
 public:
  PublicApi(const ExchangeHost& host, MarketChannel::BookOf book_of)
      : host_(host), book_of_(std::move(book_of)) {}

  [[nodiscard]] http::Response ok(const http::Request&) const;
  [[nodiscard]] http::Response time(const http::Request&) const;
  [[nodiscard]] http::Response version(const http::Request&) const;
  // The gate of the venue's own site, which has a host of its own there.
  [[nodiscard]] http::Response geoblock(const http::Request&) const;
  [[nodiscard]] http::Response book(const http::Request&) const;
  [[nodiscard]] http::Response books(const http::Request&) const;
  // The venue refuses what its own document describes.
  [[nodiscard]] http::Response no_books(const http::Request&) const;
  [[nodiscard]] http::Response clob_market_record(const http::Request&) const;
  [[nodiscard]] http::Response markets(const http::Request&) const;
  [[nodiscard]] http::Response event(const http::Request&) const;

 private:
  // As listed, with what the faults silent-result and unreadable-market make of it.
  [[nodiscard]] polymarket::GammaMarket listed(MarketNo number) const;
  [[nodiscard]] domain::FeeSchedule told_fee(const domain::Market& market) const;

  const ExchangeHost& host_;
  MarketChannel::BookOf book_of_;
};

}  // namespace polybot::venue_simulator
