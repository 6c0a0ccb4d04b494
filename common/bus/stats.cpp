#include "common/bus/stats.hpp"

#include <algorithm>

namespace polybot::bus {

std::string_view channel_of(std::string_view topic) {
  return topic.substr(0, topic.find('.'));
}

void ChannelStats::add_waiting(std::uint64_t messages) {
  waiting += messages;
  waiting_max = std::max(waiting_max, waiting);
}

void ChannelStats::remove_waiting(std::uint64_t messages) {
  waiting -= messages;
}

std::uint64_t ChannelStats::take_waiting_max() {
  const std::uint64_t most = waiting_max;
  waiting_max = waiting;
  return most;
}

ChannelStats& Stats::channel(std::string_view topic) {
  const std::string_view name = channel_of(topic);
  const auto found = channels.find(name);
  if (found != channels.end()) return found->second;
  return channels.emplace(std::string(name), ChannelStats{}).first->second;
}

}  // namespace polybot::bus
