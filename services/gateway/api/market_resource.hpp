// GET /api/v1/markets and /api/v1/markets/{slug}/book: what is tracked, and its books.
#pragma once

#include <optional>
#include <string_view>

#include "common/http/message.hpp"
#include "services/gateway/feed/feed.hpp"

namespace polybot::gateway {

class MarketResource {
 public:
  explicit MarketResource(const Feed& feed) : feed_(feed) {}

  [[nodiscard]] http::Response list(const http::Request& request) const;
  [[nodiscard]] http::Response book(const http::Request& request) const;

  // A market by its slug, or by its id in hex whether tracked or not.
  [[nodiscard]] std::optional<domain::MarketId> find(std::string_view slug_or_id) const;

 private:
  const Feed& feed_;
};

}  // namespace polybot::gateway
