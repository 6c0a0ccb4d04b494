// The whole state of a fold as bytes, so that a start need not begin at the first record. An image
// holds no more than the journal does, and is thrown away when its format is not this program's
// (ledger_fingerprint).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

[[nodiscard]] std::string encode_ledger(const Ledger& ledger);
// Empty when the bytes are not exactly one image of this format. A ledger that is returned goes on
// exactly as the encoded one would.
[[nodiscard]] std::optional<Ledger> decode_ledger(std::string_view image);
// Equal for programs whose images mean the same: layout, fold version, bounds, names of records and
// reasons.
[[nodiscard]] std::uint64_t ledger_fingerprint();

}  // namespace polybot::order_manager
