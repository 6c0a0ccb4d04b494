// How many runners a running stack is to have, as a file that everybody can understand:
// DATA/control/runners holds a number. The launcher writes it when the stack is up (unless somebody
// has already), reads it a few times a second and obeys it; `polybot scale N` (or anybody who may
// write there: the folder is 0700) replaces it. It is gone when the stack is.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

namespace polybot::launcher {

// Throws BadOption unless a launcher lives that holds the lock of this data folder (main.cpp): it
// says whether none does, or whether this user may not know.
void demand_running_stack(const std::filesystem::path& data);

// Throws BadOption when it cannot be written.
void write_wanted_runners(const std::filesystem::path& data, std::size_t runners);
// Empty when there is no such file or it holds anything but a number from 1 to kRunnersMax.
[[nodiscard]] std::optional<std::size_t> read_wanted_runners(const std::filesystem::path& data);
void remove_wanted_runners(const std::filesystem::path& data);

}  // namespace polybot::launcher
