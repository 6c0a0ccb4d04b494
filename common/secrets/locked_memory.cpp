#include "common/secrets/locked_memory.hpp"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <new>
#include <utility>

namespace polybot::secrets {
namespace {

// Deeper than the calls of libsecp256k1 and OpenSSL that work with a key.
constexpr std::size_t kStackBytes = 32U << 10;

}  // namespace

LockedMemory::LockedMemory(std::size_t size) : size_(size) {
  if (size == 0) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  mapped_ = (size + page - 1) / page * page;
  void* const pages =
      ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::uint8_t*>(pages);
  locked_ = ::mlock(data_, mapped_) == 0;
  // A kernel that knows neither has no core dumps of ours either (private_process.hpp).
  (void)::madvise(data_, mapped_, MADV_DONTDUMP);
  (void)::madvise(data_, mapped_, MADV_WIPEONFORK);
}

LockedMemory::LockedMemory(LockedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)),
      locked_(std::exchange(other.locked_, false)) {}

LockedMemory& LockedMemory::operator=(LockedMemory&& other) noexcept {
  if (this == &other) return *this;
  release();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  mapped_ = std::exchange(other.mapped_, 0);
  locked_ = std::exchange(other.locked_, false);
  return *this;
}

void LockedMemory::shrink(std::size_t size) {
  if (size >= size_) return;
  ::explicit_bzero(data_ + size, size_ - size);
  size_ = size;
}

void LockedMemory::release() noexcept {
  if (data_ == nullptr) return;
  ::explicit_bzero(data_, mapped_);
  ::munmap(data_, mapped_);
  data_ = nullptr;
}

[[gnu::noinline]] void wipe_stack() {
  std::array<std::uint8_t, kStackBytes> below;  // NOLINT(*-member-init): it is what was left there
  ::explicit_bzero(below.data(), below.size());
}

}  // namespace polybot::secrets
