#include "services/order-manager/tools/exchange.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include "services/order-manager/journal/journal_error.hpp"
#include "services/order-manager/journal/journal_lock.hpp"

namespace polybot::order_manager {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& file) {
  const fs::path parent = file.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

namespace {

[[noreturn]] void refuse(const fs::path& path, std::string_view doing, int error) {
  throw JournalError(
      fmt::format("restore: {} cannot be {}: {}", path.string(), doing, std::strerror(error)));
}

// Makes renames in the folder survive a power cut.
void sync(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int error = descriptor >= 0 && ::fsync(descriptor) == 0 ? 0 : errno;
  if (descriptor >= 0) ::close(descriptor);
  if (error != 0) refuse(folder, "synced", error);
}

// The files in the way, the database of the journal first.
std::vector<fs::path> files_in_the_way(const Exchange& exchange) {
  const std::string name = fs::path(exchange.journal).filename().string();
  const std::string archives = fmt::format("journal-{:016x}-", exchange.journal_id);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder_of(exchange.journal))) {
    const std::string file = entry.path().filename().string();
    const bool archive = file.starts_with(archives) && file.find(".zst") != std::string::npos;
    if (archive || file == name || file == name + "-wal" || file == name + "-shm" ||
        file == name + "-journal") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end(), [&](const fs::path& a, const fs::path& b) {
    const bool first = a.filename() == name;
    return first != (b.filename() == name) ? first : a < b;
  });
  return files;
}

std::vector<fs::path> files_staged(const Exchange& exchange) {
  const fs::path name = fs::path(exchange.journal).filename();
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(exchange.staged)) files.push_back(entry.path());
  std::sort(files.begin(), files.end(), [&](const fs::path& a, const fs::path& b) {
    const bool last = b.filename() == name;
    return last != (a.filename() == name) ? last : a < b;
  });
  return files;
}

// One line for each restore that has begun to move, so that a mark is never empty while it counts.
std::string line_of(const Exchange& exchange) {
  return exchange.lost.string() + "\n";
}

// Cuts the mark back to its former size; at size zero it is removed.
void shorten_mark(const Exchange& exchange, std::uintmax_t bytes) {
  const fs::path path = restoring_mark(exchange.journal);
  std::error_code ignored;  // the reason for this is reported already
  if (bytes == 0) {
    fs::remove(path, ignored);
  } else {
    fs::resize_file(path, bytes, ignored);
  }
}

}  // namespace

bool something_in_the_way(const Exchange& exchange) {
  return !files_in_the_way(exchange).empty();
}

std::vector<Move> moves_of(const Exchange& exchange) {
  std::vector<Move> moves;
  for (const fs::path& file : files_in_the_way(exchange))
    moves.push_back({file, exchange.lost / file.filename()});
  for (const fs::path& file : files_staged(exchange))
    moves.push_back({file, folder_of(exchange.journal) / file.filename()});
  return moves;
}

std::optional<std::vector<std::string>> interrupted_restores(const std::string& journal) {
  if (!fs::exists(restoring_mark(journal))) return std::nullopt;
  std::vector<std::string> folders;
  std::ifstream marks(restoring_mark(journal));
  for (std::string line; std::getline(marks, line);) {
    if (!line.empty()) folders.push_back(line);
  }
  return folders;
}

void mark(const Exchange& exchange) {
  const fs::path path = restoring_mark(exchange.journal);
  const std::string line = line_of(exchange);
  const std::uintmax_t before = fs::exists(path) ? fs::file_size(path) : 0;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  int error = descriptor >= 0 ? 0 : errno;
  if (descriptor >= 0) {
    const ssize_t written = ::write(descriptor, line.data(), line.size());
    if (written < 0 || ::fsync(descriptor) != 0) error = errno;
    if (error == 0 && written != static_cast<ssize_t>(line.size())) error = ENOSPC;
    ::close(descriptor);
  }
  if (error != 0) {
    shorten_mark(exchange, before);
    refuse(path, "written", error);
  }
  sync(folder_of(exchange.journal));
}

void unmark(const Exchange& exchange) {
  shorten_mark(exchange,
               fs::file_size(restoring_mark(exchange.journal)) - line_of(exchange).size());
}

void move(const Move& move) {
  fs::rename(move.from, move.to);
  sync(folder_of(move.to));
  sync(folder_of(move.from));
}

void carry_out(const Exchange& exchange) {
  sync(exchange.staged);
  const std::vector<Move> moves = moves_of(exchange);
  mark(exchange);
  try {
    for (const Move& next : moves) move(next);
  } catch (...) {
    if (fs::exists(moves.front().from)) unmark(exchange);
    throw;
  }
  fs::remove(exchange.staged);
  fs::remove(restoring_mark(exchange.journal));
  sync(folder_of(exchange.journal));
}

}  // namespace polybot::order_manager
