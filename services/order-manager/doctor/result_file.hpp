// The last result of order-manager doctor, beside the journal: it is of the same account, and that
// folder is where order-manager may write. A start that demands a passing doctor looks there; the
// JSON is that of report.hpp.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace polybot::order_manager::doctor {

// "data/sim/journal/doctor.json".
[[nodiscard]] std::string result_file(const std::string& journal);
// Written whole or not at all, and durable: a crash leaves the former one.
[[nodiscard]] std::error_code keep_result(const std::string& file, std::string_view json);

}  // namespace polybot::order_manager::doctor
