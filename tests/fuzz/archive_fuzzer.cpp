// What lies compressed beside a journal: blocks of an archive and parts of a snapshot, damaged or
// made to burst. Nothing unpacks to more than its bound, and what was packed comes back.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "services/order-manager/journal/archive_file.hpp"
#include "services/order-manager/journal/compression.hpp"
#include "services/order-manager/journal/journal_error.hpp"

namespace {

using namespace polybot::order_manager;

constexpr std::size_t kBound = std::size_t{256} << 10;  // of a part of a snapshot

void require(bool condition) {
  if (!condition) std::abort();
}

// One folder for the life of the process.
const std::filesystem::path& folder() {
  static const std::filesystem::path made = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "archive-fuzz-XXXXXX").string();
    require(::mkdtemp(pattern.data()) != nullptr);
    static const std::string kept = pattern;
    std::atexit([] { std::filesystem::remove_all(kept); });
    return std::filesystem::path(pattern);
  }();
  return made;
}

// Bytes behind a good head, where the reading of records begins.
void check_archive(std::string_view bytes) {
  const ArchiveLabel label{.journal_id = 1, .first = 1, .last = 3, .file = "a.zst"};
  std::string head = "PBA1";
  for (const std::uint64_t number : {label.journal_id, label.first, label.last})
    head.append(reinterpret_cast<const char*>(&number), sizeof number);
  std::ofstream(folder() / label.file, std::ios::binary) << head << bytes;
  std::uint64_t next = label.first;
  try {
    read_archive(folder().string(), label, label.first, label.last,
                 [&](std::uint64_t seq, std::string_view) { require(seq == next++); });
  } catch (const JournalError&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: {
      const auto found = decompress(bytes, kBound);
      require(!found || found->size() <= kBound);
      break;
    }
    case 1:
      check_archive(bytes);
      break;
    default: {
      const std::string packed = compress(bytes, 1);
      require(decompress(packed, bytes.size()) == bytes);
      // A block of it in an archive: its length, then the frame.
      const auto length = static_cast<std::uint32_t>(packed.size());
      std::string block(reinterpret_cast<const char*>(&length), sizeof length);
      check_archive(block + packed + std::string(4, '\0'));
    }
  }
  return 0;
}
