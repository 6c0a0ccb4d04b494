// Follows the streams quote.<shard> of all shards. After a hole, and when another process begins to
// send, the quotes of the shard are in doubt until each is told again; wanted() says of which
// shards they are to be told, which the owner repeats to the gateway (AccountState::quotes_wanted).
// A hole in market.<shard> asks for the same, because definitions are told together with quotes.
//
// Pure: frames go in as bytes, messages come out through the sink.
#pragma once

#include <cstdint>
#include <functional>

#include "common/follow/shard_follower.hpp"

namespace polybot::follow {

struct QuoteSink {
  std::function<void(domain::Shard, const domain::QuoteTick&)> hear;
  std::function<void(domain::Shard, domain::ShardVouched)> vouch;
  // Any quote of the shard may be another one by now.
  std::function<void(domain::Shard)> missed;
  std::function<void(domain::Shard, wire::DecodeError)> refuse;
};

class QuoteFollower {
 public:
  explicit QuoteFollower(QuoteSink sink) : sink_(std::move(sink)) {}

  void on_frame(const Frame& frame);
  // A frame of market.<shard>. Its messages need no follower.
  void on_definitions(const Frame& frame) { watch(frame); }

  // Bit n = shard n.
  [[nodiscard]] std::uint64_t wanted() const { return wanted_; }

 private:
  void watch(const Frame& frame);
  void doubt(domain::Shard shard);
  bool take(const Frame& frame, std::string_view bytes, bool whole);

  QuoteSink sink_;
  std::uint64_t incarnation_ = 0;  // of the process that was heard last; 0: of none
  std::uint64_t wanted_ = ~std::uint64_t{0};
};

}  // namespace polybot::follow
