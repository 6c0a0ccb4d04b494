// The records that are made when a backup replaces a lost journal: the gap, and the switches that
// an operator has set since. Pure: the two folds and a time in, records out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::order_manager {

// The records that follow the backup's last one. `lost`: the fold of the journal that was lost, as
// far as it goes; none when it could not be read to its end. `timeline`: random.
//
// Numbers go on at the microsecond of `now`, and starts at its second: beyond any that the lost
// journal, or one that was lost before it, can have used at a record a microsecond and a start a
// second. What was halted, reduced, resumed, started or stopped after the backup stays so when the
// lost journal shows it, and a flatten goes on, or has ended, as it shows. When it shows nothing,
// trading is halted and no flatten goes on, because the state is unknown.
[[nodiscard]] std::vector<domain::Event> restoration_records(const Ledger& backup,
                                                             const std::optional<Ledger>& lost,
                                                             std::uint64_t timeline,
                                                             domain::Timestamp now);

}  // namespace polybot::order_manager
