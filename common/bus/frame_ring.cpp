#include "common/bus/frame_ring.hpp"

namespace polybot::bus {

void FrameRing::push(Received frame, ChannelStats& channel) {
  const std::size_t bytes = frame.storage.bytes().size();
  while (!frames_.empty() && (frames_.size() >= frames_max_ || bytes_ + bytes > bytes_max_)) {
    drop_oldest();
  }
  channel.add_waiting(frame.messages.size());
  bytes_ += bytes;
  frames_.push_back(Entry{.frame = std::move(frame), .channel = &channel, .bytes = bytes});
}

std::optional<Received> FrameRing::pop() {
  if (frames_.empty()) {
    if (unreported_.empty()) return std::nullopt;
    return take_report();
  }
  Entry entry = std::move(frames_.front());
  frames_.pop_front();
  bytes_ -= entry.bytes;
  entry.channel->remove_waiting(entry.frame.messages.size());
  if (!unreported_.empty()) {
    const auto owed = unreported_.find({entry.frame.producer.incarnation, entry.frame.topic});
    if (owed != unreported_.end()) {
      entry.frame.lost_before += owed->second.lost;
      entry.frame.first_contact |= owed->second.first_contact;
      unreported_.erase(owed);
    }
  }
  return std::move(entry.frame);
}

bool FrameRing::owes_report(std::uint64_t incarnation, const std::string& topic) const {
  return !unreported_.empty() && unreported_.contains({incarnation, topic});
}

void FrameRing::drop_oldest() {
  Entry& oldest = frames_.front();
  const std::uint64_t messages = oldest.frame.messages.size();
  oldest.channel->remove_waiting(messages);
  oldest.channel->lost += messages;
  Unreported& owed = unreported_[{oldest.frame.producer.incarnation, oldest.frame.topic}];
  owed.producer = oldest.frame.producer;
  owed.sent_unix_ns = oldest.frame.sent_unix_ns;
  owed.lost += messages + oldest.frame.lost_before;
  owed.first_contact |= oldest.frame.first_contact;
  bytes_ -= oldest.bytes;
  frames_.pop_front();
  // Only a flood of producers that each send once gets here. Their consumers have no view to
  // correct.
  if (unreported_.size() > frames_max_) unreported_.erase(unreported_.begin());
}

// No frame followed the dropped ones, so the consumer is told here that it has missed some.
Received FrameRing::take_report() {
  auto node = unreported_.extract(unreported_.begin());
  Unreported& owed = node.mapped();
  Received report;
  report.producer = std::move(owed.producer);
  report.topic = std::move(node.key().second);
  report.sent_unix_ns = owed.sent_unix_ns;
  report.lost_before = owed.lost;
  report.first_contact = owed.first_contact;
  return report;
}

}  // namespace polybot::bus
