// Events as bytes: the body of a journal record and the messages of order.<strategy>. What was
// written once must be readable for ever, so fields of order.proto are only ever added.
#pragma once

#include <string>
#include <string_view>

#include "common/domain/events.hpp"
#include "common/wire/decode_error.hpp"

namespace polybot::wire {

// Legs and marks of one event; far above what the core can record.
inline constexpr int kEventRowsMax = 100'000;

[[nodiscard]] std::string encode_event(const domain::Event& event);
DecodeError decode_event(std::string_view bytes, domain::Event& out);

[[nodiscard]] std::string encode_streamed(const domain::StreamedEvent& event);
DecodeError decode_streamed(std::string_view bytes, domain::StreamedEvent& out);

}  // namespace polybot::wire
