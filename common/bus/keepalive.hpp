// How soon the kernel notices that the peer of a connection over tcp or TLS is gone without a word:
// its host vanished, or the packet that would have said so was lost (a reset is sent once). A SUB
// never sends, so nothing else notices. NNG 1.5 switches keepalive on and leaves its times to the
// kernel, which first looks after two hours.
#pragma once

#include <chrono>

namespace polybot::bus {

// A connection over which nothing came for so long is probed...
inline constexpr std::chrono::seconds kKeepaliveIdle{1};
// ...and given up after so many probes without an answer, one a second. A peer that is stopped
// (SIGSTOP) answers: its kernel does.
inline constexpr int kKeepaliveProbes = 5;

// Sets these times on every connection of this process that has keepalive on. NNG has no handle for
// a connection, so this looks at the process's descriptors.
void shorten_keepalive();

}  // namespace polybot::bus
