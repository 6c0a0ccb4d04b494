#include "common/runtime/bounded_write.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace polybot::runtime {
namespace {

// A terminal or a pipe that says it has room takes this much without waiting.
constexpr std::size_t kBytesAtOnce = 256;

}  // namespace

bool has_room(int descriptor, domain::Duration patience) {
  const auto patience_ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  pollfd output{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, static_cast<int>(std::max<std::int64_t>(patience_ms, 0))) > 0;
}

std::size_t write_while_room(int descriptor, std::string_view text, domain::Duration patience) {
  std::size_t written = 0;
  while (written < text.size() && has_room(descriptor, patience)) {
    const std::string_view piece = text.substr(written, kBytesAtOnce);
    const ssize_t size = ::write(descriptor, piece.data(), piece.size());
    if (size < 0 && errno != EAGAIN && errno != EINTR) return text.size();
    if (size <= 0) break;
    written += static_cast<std::size_t>(size);
  }
  return written;
}

}  // namespace polybot::runtime
