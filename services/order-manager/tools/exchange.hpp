// The moves of a restore: what is in the way is set aside, what was staged takes its place. While
// they last a file beside the journal keeps every order-manager from starting, and names the
// folders in which something lies; it stays until all is in place, however often that is begun.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace polybot::order_manager {

// In which a file lies; "." when its path names none.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& file);

struct Exchange {
  std::string journal;           // the place
  std::uint64_t journal_id = 0;  // whose archives are in the way
  std::filesystem::path staged;  // a folder on the same disk
  std::filesystem::path lost;    // the same; empty when nothing is in the way
};

// Whether there is anything to set aside.
[[nodiscard]] bool something_in_the_way(const Exchange& exchange);

struct Move {
  std::filesystem::path from;
  std::filesystem::path to;
};
// As far as they are still to be done, in order. The database goes before its log, and comes after
// its archives: no part of a journal is ever taken for the whole of it.
[[nodiscard]] std::vector<Move> moves_of(const Exchange& exchange);

// The folders into which restores that were interrupted have set things aside, oldest first; none
// when nothing was interrupted.
[[nodiscard]] std::optional<std::vector<std::string>> interrupted_restores(
    const std::string& journal);

// Leaves the mark, or all as it was. Throws JournalError or std::filesystem::filesystem_error, as
// do the others.
void mark(const Exchange& exchange);
// Takes it back: nothing has been moved since.
void unmark(const Exchange& exchange);
// Each is durable before the next begins.
void move(const Move& move);
// All of it: the mark, the moves, the mark's end. A mark stays behind only when something has
// moved.
void carry_out(const Exchange& exchange);

}  // namespace polybot::order_manager
