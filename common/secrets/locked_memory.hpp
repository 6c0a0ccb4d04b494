// Bytes that must not leave this process: a key, a token, a passphrase. They lie in pages of their
// own, which are locked into memory (never in the swap), left out of core dumps and out of the
// memory of a child, and wiped before they are given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace polybot::secrets {

class LockedMemory {
 public:
  // Empty: no bytes.
  LockedMemory() = default;
  // So many bytes, all 0. Throws std::bad_alloc.
  explicit LockedMemory(std::size_t size);
  ~LockedMemory() { release(); }
  LockedMemory(LockedMemory&& other) noexcept;
  LockedMemory& operator=(LockedMemory&& other) noexcept;

  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data_, size_}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }
  // False when the process may lock no more memory (RLIMIT_MEMLOCK): the bytes can then get into
  // the swap.
  [[nodiscard]] bool is_locked() const { return locked_; }

  // Forgets all bytes from `size` on.
  void shrink(std::size_t size);

 private:
  void release() noexcept;

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
  bool locked_ = false;
};

// Wipes what calls that have returned left on the stack, where a library keeps its copies of a key.
void wipe_stack();

}  // namespace polybot::secrets
