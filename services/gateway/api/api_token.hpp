// The bearer token of mutating calls: a file only its owner can read, made when it is missing.
#pragma once

#include <filesystem>

#include "common/runtime/secret.hpp"

namespace polybot::gateway {

// Reads `file`, or creates it (and its folder, 0700) with 32 random bytes as hex, mode 0600. Throws
// runtime::CannotStart when it cannot be read or written, when others may read it, or when it holds
// fewer than 32 characters.
[[nodiscard]] runtime::Secret load_or_create_token(const std::filesystem::path& file);

}  // namespace polybot::gateway
