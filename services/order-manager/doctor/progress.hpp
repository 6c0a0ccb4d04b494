// Tells on standard error what takes long, so that nobody takes a wait for a hang: two seconds
// after a step has begun, and every ten seconds from then on. It has a thread, because opening a
// keystore holds the one that asks.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace polybot::order_manager::doctor {

class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // The step before has ended.
  void begin(std::string step);

 private:
  void watch();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string step_;
  unsigned number_ = 0;  // of the step
  bool ended_ = false;
  std::thread thread_;  // last: it uses what stands above
};

}  // namespace polybot::order_manager::doctor
