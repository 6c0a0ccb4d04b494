// How many runners a running stack should have, as a file: DATA/control/runners holds a number. The
// launcher writes it when the stack is up (unless it exists already), reads it a few times a second
// and obeys it. `polybot scale N`, or a person who may write there (the folder is 0700), replaces
// it. It is removed when the stack ends.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

namespace polybot::launcher {

// Throws BadOption unless a launcher lives that holds the lock of this data folder (main.cpp). The
// message says whether there is none, or whether this user may not know.
void demand_running_stack(const std::filesystem::path& data);

// Throws BadOption when it cannot be written.
void write_wanted_runners(const std::filesystem::path& data, std::size_t runners);
// Empty when there is no such file or it holds anything but a number from 1 to kRunnersMax.
[[nodiscard]] std::optional<std::size_t> read_wanted_runners(const std::filesystem::path& data);
void remove_wanted_runners(const std::filesystem::path& data);

}  // namespace polybot::launcher
