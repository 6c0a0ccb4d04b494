#include "common/bus/continuity.hpp"

#include <algorithm>
#include <functional>

namespace polybot::bus {

std::size_t Continuity::KeyHash::operator()(const Key& key) const noexcept {
  return std::hash<std::string_view>{}(key.topic) ^
         static_cast<std::size_t>(key.incarnation * 0x9E3779B97F4A7C15ULL);
}

Continuity::Continuity(std::size_t streams_max)
    : streams_max_(std::max<std::size_t>(1, streams_max)) {}

Continuity::Observation Continuity::on_frame(std::uint64_t incarnation, std::string_view topic,
                                             std::uint64_t first_seq, std::uint64_t count) {
  Stream& stream = touch(incarnation, topic);
  Observation seen = advance(stream, first_seq, first_seq + count);
  seen.duplicated = std::min(seen.duplicated, count);
  return seen;
}

Continuity::Observation Continuity::on_tip(std::uint64_t incarnation, std::string_view topic,
                                           std::uint64_t tip_seq) {
  Stream& stream = touch(incarnation, topic);
  Observation seen = advance(stream, tip_seq + 1, tip_seq + 1);
  seen.duplicated = 0;
  return seen;
}

void Continuity::forget(std::string_view topic) {
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    if (stream->topic != topic) {
      ++stream;
      continue;
    }
    index_.erase(Key{stream->incarnation, stream->topic});
    stream = streams_.erase(stream);
  }
}

// Moves the expected number of the stream to `next_seq`, given that `first_seq` arrived.
Continuity::Observation Continuity::advance(Stream& stream, std::uint64_t first_seq,
                                            std::uint64_t next_seq) {
  Observation seen;
  if (stream.next_seq == 0) {
    seen.first_contact = true;
    stream.next_seq = next_seq;
    return seen;
  }
  if (first_seq >= stream.next_seq) {
    seen.lost = first_seq - stream.next_seq;
    if (seen.lost > kGapMessagesMax) return {.implausible = true};
  } else {
    seen.duplicated = stream.next_seq - first_seq;
  }
  stream.next_seq = std::max(stream.next_seq, next_seq);
  return seen;
}

Continuity::Stream& Continuity::touch(std::uint64_t incarnation, std::string_view topic) {
  const auto found = index_.find(Key{incarnation, topic});
  if (found != index_.end()) {
    streams_.splice(streams_.begin(), streams_, found->second);
    return streams_.front();
  }
  if (streams_.size() >= streams_max_) {
    index_.erase(Key{streams_.back().incarnation, streams_.back().topic});
    streams_.pop_back();
  }
  streams_.push_front(Stream{.incarnation = incarnation, .topic = std::string(topic)});
  index_.emplace(Key{incarnation, streams_.front().topic}, streams_.begin());
  return streams_.front();
}

}  // namespace polybot::bus
