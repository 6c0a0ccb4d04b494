#include "common/follow/shard_followers.hpp"

#include <algorithm>

namespace polybot::follow {
namespace {

// After this long without a frame of any stream, the gateway is asked whether there is one.
constexpr domain::Duration kSilenceMax = std::chrono::seconds(2);

}  // namespace

ShardFollowers::Change ShardFollowers::follow(std::uint64_t shards) {
  Change change;
  for (std::uint8_t i = 0; i < domain::kShards; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    const bool wanted = (shards & bit) != 0;
    if (wanted == shards_[i].has_value()) continue;
    (wanted ? change.gained : change.lost) |= bit;
    if (wanted) {
      shards_[i].emplace(domain::Shard{i}, sink_, codec_);
    } else {
      shards_[i].reset();
    }
  }
  return change;
}

void ShardFollowers::on_frame(const Frame& frame, domain::Duration now) {
  auto& follower = shards_[frame.head.shard.value];
  if (!follower) return;  // it was under way
  heard_at_ = now;
  follower->on_frame(frame);
}

void ShardFollowers::on_definitions(const Frame& frame, domain::Duration now) {
  auto& follower = shards_[frame.head.shard.value];
  if (!follower) return;
  heard_at_ = now;
  if (frame.lost_before > 0) follower->on_lost_definitions();
}

bool ShardFollowers::silent(domain::Duration now) const {
  return !heard_at_ || now - *heard_at_ > kSilenceMax;
}

std::optional<ShardFollowers::Question> ShardFollowers::question(domain::Duration now) {
  const bool is_silent = silent(now);
  for (int i = 1; i <= domain::kShards; ++i) {
    const domain::Shard shard{static_cast<std::uint8_t>((asked_last_.value + i) % domain::kShards)};
    auto& follower = shards_[shard.value];
    if (!follower) continue;
    if (is_silent) follower->on_silence();
    auto bytes = follower->question(questions_ + 1, now);
    if (!bytes) continue;
    asked_last_ = shard;
    return Question{.shard = shard, .number = ++questions_, .bytes = std::move(*bytes)};
  }
  return std::nullopt;
}

void ShardFollowers::on_answer(const Question& question, std::optional<std::string_view> bytes,
                               domain::Duration now) {
  auto& follower = shards_[question.shard.value];
  if (!follower) return;  // given up meanwhile
  using Stream = ShardFollower::Stream;
  follower->on_answer(question.number, bytes, silent(now) ? Stream::IsSilent : Stream::Speaks, now);
}

std::optional<domain::Duration> ShardFollowers::alive_at() const {
  std::optional<domain::Duration> idle_at;
  for (const auto& follower : shards_) {
    if (!follower) continue;
    if (!follower->idle_at()) return heard_at_;
    idle_at = std::min(idle_at.value_or(*follower->idle_at()), *follower->idle_at());
  }
  return std::max(heard_at_, idle_at);  // nothing is before everything
}

}  // namespace polybot::follow
