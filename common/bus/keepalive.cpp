#include "common/bus/keepalive.hpp"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <memory>
#include <string_view>

namespace polybot::bus {
namespace {

constexpr int kProbeIntervalS = 1;

int option_of(int descriptor, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, level, option, &value, &size) == 0 ? value : -1;
}

void shorten(int descriptor) {
  const int idle = static_cast<int>(kKeepaliveIdle.count());
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeIntervalS, sizeof kProbeIntervalS);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &kKeepaliveProbes, sizeof kKeepaliveProbes);
}

}  // namespace

void shorten_keepalive() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (folder == nullptr) return;  // no descriptor is left; a later connection does it
  while (const dirent* const entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    if (option_of(descriptor, SOL_SOCKET, SO_KEEPALIVE) == 1 &&
        option_of(descriptor, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP)
      shorten(descriptor);
  }
}

}  // namespace polybot::bus
