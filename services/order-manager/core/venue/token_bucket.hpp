// A rate limit as a bucket of tokens, in integers and virtual time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/domain/time.hpp"

namespace polybot::order_manager {

class TokenBucket {
 public:
  TokenBucket(std::uint32_t rate_per_s, std::uint32_t burst)
      : rate_(rate_per_s), burst_(std::int64_t{burst} * kToken), level_(burst_) {}

  // Whole tokens there are now.
  [[nodiscard]] std::uint32_t available(domain::Timestamp now) {
    refill(now);
    return static_cast<std::uint32_t>(level_ / kToken);
  }
  // Takes all tokens or none.
  [[nodiscard]] bool take(std::uint32_t tokens, domain::Timestamp now) {
    if (available(now) < tokens) return false;
    level_ -= std::int64_t{tokens} * kToken;
    return true;
  }
  // Used part of the burst in parts per million.
  [[nodiscard]] std::int64_t used_ppm() const {
    return burst_ == 0 ? 0 : (burst_ - level_) / std::max<std::int64_t>(burst_ / 1'000'000, 1);
  }

 private:
  static constexpr std::int64_t kToken =
      1'000'000'000;  // one token = 1e9, so that rate x ns adds up

  void refill(domain::Timestamp now) {
    if (now <= at_) return;
    const domain::Duration passed =
        std::min<domain::Duration>(now - at_, std::chrono::seconds(3600));
    at_ = now;
    level_ = std::min(burst_, level_ + passed.count() * std::int64_t{rate_});
  }

  std::uint32_t rate_;
  std::int64_t burst_;
  std::int64_t level_;
  domain::Timestamp at_{};
};

}  // namespace polybot::order_manager
