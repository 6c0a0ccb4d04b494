// Signals (signal.<strategy>) and operator commands (command) as bytes.
#pragma once

#include <string>
#include <string_view>

#include "common/domain/commands.hpp"
#include "common/domain/signal.hpp"
#include "common/wire/decode_error.hpp"

namespace polybot::wire {

[[nodiscard]] std::string encode_signal(const domain::Signal& signal);
// Refuses a signal without legs, with more than kLegsMax, or with a limit outside (0, 1); whether
// its orders make sense is order-manager's business.
DecodeError decode_signal(std::string_view bytes, domain::Signal& out);

[[nodiscard]] std::string encode_command(const domain::Command& command);
DecodeError decode_command(std::string_view bytes, domain::Command& out);

}  // namespace polybot::wire
