#include "services/order-manager/doctor/progress.hpp"

#include <chrono>
#include <cstdio>
#include <utility>

namespace polybot::order_manager::doctor {

using namespace std::chrono_literals;

Progress::Progress() : thread_([this] { watch(); }) {}

Progress::~Progress() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Progress::begin(std::string step) {
  {
    const std::lock_guard lock(mutex_);
    step_ = std::move(step);
    ++number_;
  }
  changed_.notify_one();
}

void Progress::watch() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    const unsigned number = number_;
    const auto over = [&] { return ended_ || number_ != number; };
    int waited = 2;
    if (changed_.wait_for(lock, 2s, over)) continue;
    do {
      if (!step_.empty())
        std::fprintf(stderr, "doctor: still at it after %d s: %s\n", waited, step_.c_str());
      waited += 10;
    } while (!changed_.wait_for(lock, 10s, over));
  }
}

}  // namespace polybot::order_manager::doctor
