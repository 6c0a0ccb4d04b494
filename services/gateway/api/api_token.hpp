// Files of API tokens: only their owner can read them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/runtime/secret.hpp"

namespace polybot::gateway {

// Reads `file`, or creates it (and its folder, 0700) with 32 random bytes as hex, mode 0600. Throws
// runtime::CannotStart when it cannot be read or written, when others may read it, or when it holds
// fewer than 32 characters.
[[nodiscard]] runtime::Secret load_or_create_token(const std::filesystem::path& file);
// The same of a file that must be there.
[[nodiscard]] runtime::Secret read_token(const std::filesystem::path& file);
// The whole of a file that only its owner can read, at most 64 KiB. Throws runtime::CannotStart.
[[nodiscard]] std::string read_secret_file(const std::filesystem::path& file);
// Puts `text` in the place of `file` at once, mode 0600, for the owner of its folder; makes the
// folder (0700) when it is missing. Throws runtime::CannotStart.
void replace_secret_file(const std::filesystem::path& file, std::string_view text);
// 32 random bytes as hex.
[[nodiscard]] std::string new_token();

}  // namespace polybot::gateway
