#include "common/runtime/heap.hpp"

#include <malloc.h>

#include <chrono>

#include "common/runtime/clock.hpp"

namespace polybot::runtime {
namespace {

constexpr int kLargeBytes = 1 << 20;
constexpr int kKeptAtTop = 8 << 20;
constexpr domain::Duration kTrimInterval = std::chrono::minutes(1);

}  // namespace

void configure_heap() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptAtTop);
}

void trim_heap() {
  malloc_trim(0);
}

boost::asio::awaitable<void> keep_heap_trimmed() {
  while (true) {
    co_await sleep_for(kTrimInterval);
    trim_heap();
  }
}

}  // namespace polybot::runtime
