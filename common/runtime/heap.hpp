// The heap of a process that runs for months must not grow slowly. By default glibc keeps the peak
// of each of many arenas, one for every few threads, and fills the holes of large buffers with
// small objects that stay.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace polybot::runtime {

// Sets one arena, and puts buffers of megabytes outside of it. Call it before there are threads.
void configure_heap();

// Gives whole free pages back to the system: half a millisecond for a heap of 100 MB.
void trim_heap();

// Does so once a minute, until it is cancelled.
[[nodiscard]] boost::asio::awaitable<void> keep_heap_trimmed();

}  // namespace polybot::runtime
