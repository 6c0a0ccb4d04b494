// The parameters of strategies, in whichever message carries them: the inside of the codecs of
// lease.proto. Included by codec .cpp files only.
#pragma once

#include "common/domain/state_topics.hpp"
#include "common/wire/strategy_codec.hpp"
#include "common/wire/types_codec.hpp"

namespace polybot::wire {

inline constexpr std::size_t kParameterBytesMax = 256;

template <class Message>
void put_parameters(const domain::Parameters& from, Message& to) {
  for (const auto& [key, value] : from) {
    auto& parameter = *to.add_parameters();
    parameter.set_key(key);
    parameter.set_value(value);
  }
}

template <class Message>
domain::Parameters read_parameters(Reading& reading, const Message& message) {
  domain::Parameters parameters;
  reading.require(static_cast<std::size_t>(message.parameters_size()) <= kParametersMax,
                  DecodeError::OutOfRange);
  for (const auto& parameter : message.parameters()) {
    if (reading.failed()) break;
    parameters.insert_or_assign(reading.text(parameter.key(), kParameterBytesMax),
                                reading.text(parameter.value(), kParameterBytesMax));
  }
  return parameters;
}

}  // namespace polybot::wire
