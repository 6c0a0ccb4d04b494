#include "common/bus/stats.hpp"

#include <algorithm>

namespace polybot::bus {

std::string_view channel_of(std::string_view topic) {
  return topic.substr(0, topic.find('.'));
}

std::string_view to_string(Refusal reason) {
  switch (reason) {
    case Refusal::NoTopic:
      return "no_topic";
    case Refusal::UnknownTopic:
      return "unknown_topic";
    case Refusal::Undecodable:
      return "undecodable";
    case Refusal::TopicMismatch:
      return "topic_mismatch";
    case Refusal::BadProducer:
      return "bad_producer";
    case Refusal::BadSequence:
      return "bad_sequence";
    case Refusal::ImplausibleSequence:
      return "implausible_sequence";
    case Refusal::Oversize:
      return "oversize";
    case Refusal::TooManyMessages:
      return "too_many_messages";
  }
  return "unknown";
}

std::string_view to_string(ReplayOutcome outcome) {
  switch (outcome) {
    case ReplayOutcome::Answered:
      return "answered";
    case ReplayOutcome::TimedOut:
      return "timed_out";
    case ReplayOutcome::Refused:
      return "refused";
    case ReplayOutcome::Failed:
      return "failed";
  }
  return "unknown";
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
