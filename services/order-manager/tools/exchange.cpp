#include "services/order-manager/tools/exchange.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
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

// What has been renamed in it stays so after a power cut.
void sync(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) throw JournalError("restore: " + folder.string() + " cannot be synced");
}

// The database of the journal before everything else of it.
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

}  // namespace

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
  for (std::string line; std::getline(marks, line);) folders.push_back(line);
  return folders;
}

void mark(const Exchange& exchange) {
  const std::string path = restoring_mark(exchange.journal).string();
  const std::string line = exchange.lost.string() + "\n";
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const bool written =
      descriptor >= 0 &&
      ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (!written) throw JournalError("restore: " + path + " cannot be written");
  sync(folder_of(exchange.journal));
}

void move(const Move& move) {
  fs::rename(move.from, move.to);
  sync(folder_of(move.to));
  sync(folder_of(move.from));
}

void carry_out(const Exchange& exchange) {
  sync(exchange.staged);
  mark(exchange);
  for (const Move& next : moves_of(exchange)) move(next);
  fs::remove(exchange.staged);
  fs::remove(restoring_mark(exchange.journal));
  sync(folder_of(exchange.journal));
}

}  // namespace polybot::order_manager
