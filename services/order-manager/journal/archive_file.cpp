#include "services/order-manager/journal/archive_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "services/order-manager/journal/compression.hpp"
#include "services/order-manager/journal/journal_error.hpp"

namespace polybot::order_manager {
namespace {

constexpr std::string_view kMagic = "PBA1";
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;  // uncompressed; a record may exceed it
constexpr std::size_t kBlockBytesMax = std::size_t{64} << 20;
constexpr int kLevel = 9;  // written once, read seldom

template <class Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

std::string header_of(const ArchiveLabel& label) {
  return std::string(kMagic) + bytes_of(label.journal_id) + bytes_of(label.first) +
         bytes_of(label.last);
}

std::string path_in(const std::string& folder, const std::string& file) {
  return (std::filesystem::path(folder) / file).string();
}

// A rename is durable once its folder is.
bool sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

// One whole block; empty text at the end of the file.
std::optional<std::string> next_block(std::ifstream& file) {
  std::uint32_t size = 0;
  if (!file.read(reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  if (size == 0) return std::string();
  if (size > kBlockBytesMax) return std::nullopt;
  std::string frame(size, '\0');
  if (!file.read(frame.data(), size)) return std::nullopt;
  return decompress(frame, kBlockBytesMax);
}

// The next record of a block; empty optional when the block is malformed.
std::optional<std::string_view> next_record(std::string_view& block) {
  std::uint32_t size = 0;
  if (block.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, block.data(), sizeof size);
  block.remove_prefix(sizeof size);
  if (block.size() < size) return std::nullopt;
  const std::string_view record = block.substr(0, size);
  block.remove_prefix(size);
  return record;
}

}  // namespace

std::string archive_name(std::uint64_t journal_id, std::uint64_t first, std::uint64_t last) {
  std::array<char, 96> name{};
  std::snprintf(name.data(), name.size(), "journal-%016llx-%llu-%llu.zst",
                static_cast<unsigned long long>(journal_id), static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(last));
  return name.data();
}

// ---- writing -----------------------------------------------------------------------------------

ArchiveWriter::ArchiveWriter(std::string folder, ArchiveLabel label)
    : folder_(std::move(folder)),
      label_(std::move(label)),
      temporary_(path_in(folder_, label_.file) + ".part"),
      next_(label_.first) {
  descriptor_ = ::open(temporary_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor_ < 0) fail("cannot create");
  write(header_of(label_));
}

ArchiveWriter::~ArchiveWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void ArchiveWriter::fail(const char* doing) const {
  throw JournalError("archive: " + temporary_ + ": " + doing + ": " + std::strerror(errno));
}

void ArchiveWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void ArchiveWriter::add(std::string_view record) {
  block_ += bytes_of(static_cast<std::uint32_t>(record.size()));
  block_ += record;
  ++next_;
  if (block_.size() >= kBlockBytes) write_block();
}

void ArchiveWriter::write_block() {
  if (block_.empty()) return;
  sum_ = word_sum(block_, sum_);
  const std::string frame = compress(block_, kLevel);
  write(bytes_of(static_cast<std::uint32_t>(frame.size())));
  write(frame);
  block_.clear();
}

ArchiveLabel ArchiveWriter::finish() {
  write_block();
  write(bytes_of(std::uint32_t{0}));
  if (next_ != label_.last + 1) {
    throw JournalError("archive: " + temporary_ + ": record " + std::to_string(next_) +
                       " is missing");
  }
  if (::fsync(descriptor_) != 0) fail("cannot sync");
  if (::rename(temporary_.c_str(), path_in(folder_, label_.file).c_str()) != 0) {
    fail("cannot rename");
  }
  ::close(descriptor_);
  descriptor_ = -1;
  if (!sync_folder(folder_)) fail("cannot sync the folder");
  label_.records_sum = sum_;
  return label_;
}

// ---- reading -----------------------------------------------------------------------------------

void read_archive(const std::string& folder, const ArchiveLabel& label, std::uint64_t from,
                  std::uint64_t to,
                  const std::function<void(std::uint64_t, std::string_view)>& visit) {
  const std::string path = path_in(folder, label.file);
  const auto damaged = [&](std::uint64_t seq) {
    return JournalError("archive: " + path + ": record " + std::to_string(seq) +
                        " is damaged; restore a backup");
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw JournalError("archive: " + path + " is missing; it holds the records " +
                       std::to_string(label.first) + " to " + std::to_string(label.last));
  }
  const std::string expected = header_of(label);
  std::string header(expected.size(), '\0');
  if (!file.read(header.data(), static_cast<std::streamsize>(header.size())) ||
      header != expected) {
    throw JournalError("archive: " + path + " is not the file that the journal speaks of");
  }
  std::uint64_t seq = label.first;
  std::uint64_t running = 0;
  while (seq <= to) {
    const std::optional<std::string> block = next_block(file);
    if (!block) throw damaged(seq);
    if (block->empty()) break;
    running = word_sum(*block, running);
    for (std::string_view rest = *block; !rest.empty() && seq <= to; ++seq) {
      const auto record = next_record(rest);
      if (!record) throw damaged(seq);
      if (seq >= from) visit(seq, *record);
    }
  }
  if (to < label.last) return;
  if (seq != label.last + 1 || running != label.records_sum) throw damaged(seq);
}

void copy_archive(const std::string& folder, const ArchiveLabel& label, const std::string& to) {
  const std::string source = path_in(folder, label.file);
  const std::string target = path_in(to, label.file);
  std::error_code error;
  if (std::filesystem::equivalent(source, target, error)) return;
  if (!std::filesystem::exists(target)) {
    const std::string temporary = target + ".part";
    std::filesystem::copy_file(source, temporary, std::filesystem::copy_options::overwrite_existing,
                               error);
    if (error) throw JournalError("archive: " + source + " cannot be copied: " + error.message());
    const int descriptor = ::open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (synced) std::filesystem::rename(temporary, target, error);
    if (!synced || error || !sync_folder(to)) {
      throw JournalError("archive: " + target + " cannot be written");
    }
  }
  read_archive(to, label, label.last + 1, label.last, [](std::uint64_t, std::string_view) {});
}

}  // namespace polybot::order_manager
