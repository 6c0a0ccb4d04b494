// The moves of a restore: files in the way are set aside, and staged files take their place.
// Meanwhile a file beside the journal, the mark, keeps every order-manager from starting, and names
// the folders in which files lie. It stays until all is in place, however often the moves are
// begun.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace polybot::order_manager {

// The folder in which a file lies; "." when its path names none.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& file);

struct Exchange {
  std::string journal;           // the place
  std::uint64_t journal_id = 0;  // whose archives are in the way
  std::filesystem::path staged;  // a folder on the same disk
  std::filesystem::path lost;    // the same; empty when nothing is in the way
};

// Whether there is a file to set aside.
[[nodiscard]] bool something_in_the_way(const Exchange& exchange);

struct Move {
  std::filesystem::path from;
  std::filesystem::path to;
};
// The moves that are still to be done, in order. The database goes before its log and comes after
// its archives, so that a part of a journal is never taken for the whole of it.
[[nodiscard]] std::vector<Move> moves_of(const Exchange& exchange);

// The folders into which interrupted restores have set files aside, oldest first; empty when no
// restore was interrupted.
[[nodiscard]] std::optional<std::vector<std::string>> interrupted_restores(
    const std::string& journal);

// Leaves the mark, or everything as it was. Throws JournalError or
// std::filesystem::filesystem_error, as the others do.
void mark(const Exchange& exchange);
// Removes the mark: nothing has been moved since.
void unmark(const Exchange& exchange);
// Each move is durable before the next begins.
void move(const Move& move);
// Does all: the mark, the moves, the mark's end. A mark stays behind only when a file has moved.
void carry_out(const Exchange& exchange);

}  // namespace polybot::order_manager
