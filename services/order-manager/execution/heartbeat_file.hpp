// The last heartbeat id that the venue gave us, in a file beside the journal: with it a restart
// goes on at once, without it the account has to stand still first (heartbeat_chain.hpp). The id
// is no secret. A backup of the journal does not contain it, so a backup that is restored elsewhere
// never takes the account of an order-manager that lives.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace polybot::order_manager {

// Empty when there is none, or none that can be read.
[[nodiscard]] std::string read_heartbeat_id(const std::filesystem::path& file);
// Survives the end of this process; a power loss may bring back an older one. False when it cannot
// be written.
[[nodiscard]] bool write_heartbeat_id(const std::filesystem::path& file, std::string_view id);

}  // namespace polybot::order_manager
