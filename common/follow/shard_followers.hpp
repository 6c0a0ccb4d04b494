// All the shards that a process follows, and whether any stream is heard. A gateway with markets
// speaks every second. While nothing is heard, the books of every shard are asked for again and
// again. Pure; time is monotonic.
#pragma once

#include <array>
#include <optional>

#include "common/follow/shard_follower.hpp"

namespace polybot::follow {

class ShardFollowers {
 public:
  explicit ShardFollowers(MarketSink sink) : sink_(std::move(sink)) {}
  ShardFollowers(const ShardFollowers&) = delete;
  ShardFollowers& operator=(const ShardFollowers&) = delete;

  // Bit n = shard n.
  struct Change {
    std::uint64_t gained = 0;
    std::uint64_t lost = 0;
  };
  // The shards to follow from now on. Returns what to subscribe to and what to unsubscribe from.
  Change follow(std::uint64_t shards);
  [[nodiscard]] bool follows(domain::Shard shard) const { return at(shard).has_value(); }

  // Frames of md.<shard>.
  void on_frame(const Frame& frame, domain::Duration now);
  // Frames of market.<shard>: their messages need no follower, only what is missing before them.
  void on_definitions(const Frame& frame, domain::Duration now);

  struct Question {
    domain::Shard shard;
    std::uint64_t number = 0;
    std::string bytes;
  };
  // The shards take turns: what nobody answers for one is no hindrance to the others.
  [[nodiscard]] std::optional<Question> question(domain::Duration now);
  void on_answer(const Question& question, std::optional<std::string_view> bytes,
                 domain::Duration now);

  // When the streams were last known to work: at their last frame or, where nothing is published in
  // any shard that is followed, at the answers that say so. Other answers prove nothing, because
  // they come by another way. Empty before the first.
  [[nodiscard]] std::optional<domain::Duration> alive_at() const;

 private:
  using Shards = std::array<std::optional<ShardFollower>, domain::kShards>;
  [[nodiscard]] const Shards::value_type& at(domain::Shard shard) const {
    return shards_[shard.value];
  }
  [[nodiscard]] bool silent(domain::Duration now) const;

  MarketSink sink_;
  wire::MarketDataCodec codec_;
  Shards shards_;
  std::uint64_t questions_ = 0;
  domain::Shard asked_last_{domain::kShards - 1};
  std::optional<domain::Duration> heard_at_;  // the streams, not the answers
};

}  // namespace polybot::follow
