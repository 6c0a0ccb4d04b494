#include "common/follow/quote_follower.hpp"

#include <utility>
#include <variant>

namespace polybot::follow {

void QuoteFollower::on_frame(const Frame& frame) {
  watch(frame);
  bool whole = frame.lost_before == 0;
  for (const std::string_view bytes : frame.messages) whole = take(frame, bytes, whole);
}

void QuoteFollower::watch(const Frame& frame) {
  if (std::exchange(incarnation_, frame.head.incarnation) != frame.head.incarnation) {
    for (std::uint8_t i = 0; i < domain::kShards; ++i) doubt({i});
  } else if (frame.lost_before > 0) {
    doubt(frame.head.shard);
  }
}

void QuoteFollower::doubt(domain::Shard shard) {
  wanted_ |= std::uint64_t{1} << shard.value;
  sink_.missed(shard);
}

// Returns whether all is known still that the frame had to tell.
bool QuoteFollower::take(const Frame& frame, std::string_view bytes, bool whole) {
  const domain::Shard shard = frame.head.shard;
  wire::QuoteData message;
  if (const auto error = wire::decode_quote(bytes, message); error != wire::DecodeError::None) {
    sink_.refuse(shard, error);
    doubt(shard);
    return false;
  }
  if (const auto* quote = std::get_if<domain::QuoteTick>(&message)) {
    sink_.hear(shard, *quote);
    return whole;
  }
  auto& vouched = std::get<domain::ShardVouched>(message);
  // The quotes of a shard fit in one frame.
  if (vouched.complete && whole) wanted_ &= ~(std::uint64_t{1} << shard.value);
  sink_.vouch(shard, std::move(vouched));
  return whole;
}

}  // namespace polybot::follow
