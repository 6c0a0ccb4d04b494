#include "common/wire/status_codec.hpp"

#include "common/wire/types_codec.hpp"
#include "polybot/v1/status.pb.h"

namespace polybot::wire {

namespace {

constexpr std::size_t kStatusBytesMax = 64 * 1024;
constexpr int kReasonsMax = 256;  // one per component of a service

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kNameBytesMax;
}

}  // namespace

std::string encode_status(const metrics::Status& status) {
  v1::ServiceStatus message;
  message.set_service(status.service);
  message.set_replica(status.replica);
  message.set_incarnation(status.incarnation);
  message.set_seq(status.seq);
  message.set_uptime_ms(status.uptime_ms);
  message.set_version(status.version);
  message.set_ready(status.ready);
  for (const std::string& reason : status.reasons) message.add_reasons(reason);
  message.set_since_ms(status.since_ms);
  message.set_final(status.final);
  return message.SerializeAsString();
}

std::optional<metrics::Status> decode_status(std::string_view bytes) {
  if (bytes.size() > kStatusBytesMax) return std::nullopt;
  v1::ServiceStatus message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!is_name(message.service()) || !is_name(message.replica()) || message.seq() == 0)
    return std::nullopt;
  if (message.version().size() > kNameBytesMax || !metrics::is_utf8(message.version())) {
    return std::nullopt;
  }
  if (message.reasons_size() > kReasonsMax) return std::nullopt;
  for (const std::string& reason : message.reasons()) {
    if (!metrics::is_utf8(reason)) return std::nullopt;
  }
  return metrics::Status{.service = message.service(),
                         .replica = message.replica(),
                         .incarnation = message.incarnation(),
                         .seq = message.seq(),
                         .uptime_ms = message.uptime_ms(),
                         .version = message.version(),
                         .ready = message.ready(),
                         .reasons = {message.reasons().begin(), message.reasons().end()},
                         .since_ms = message.since_ms(),
                         .final = message.final()};
}

}  // namespace polybot::wire
