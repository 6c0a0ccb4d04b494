// The file in which the aggregator keeps its state: read once at the start, replaced as a whole
// each interval (temporary file, then rename), so that a reader always finds a complete one.
//
// A write happens on a thread of its own: an fsync or a disk that hangs must not keep /metrics and
// /health waiting, and the operating system offers no other way. One write at a time; its result
// comes back to the executor. Everything else belongs to the executor's one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace polybot::metrics_aggregator {

enum class Durability : std::uint8_t {
  ProcessCrash,  // the kernel has it
  PowerLoss,     // the disk has it
};

class StateFile {
 public:
  // Makes the folder if it can, and takes its lock. Throws std::runtime_error when another process
  // has the lock: two aggregators would undo each other's state. A folder that cannot be written
  // shows at the first write.
  StateFile(boost::asio::any_io_executor executor, std::filesystem::path folder);
  // Waits for a write under way.
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  // The whole file; ENOENT when there is none.
  [[nodiscard]] boost::system::result<std::string> read() const;
  // Moves a file that cannot be used aside, to "<name>.refused", where an operator can look at it.
  void set_aside() const;

  // Replaces the file. Waits at most `patience`: after that ETIMEDOUT, while the write goes on and
  // further ones end in ETIMEDOUT until it is done. On failure the former file stays.
  [[nodiscard]] boost::asio::awaitable<boost::system::error_code> write(
      std::string bytes, Durability durability, std::chrono::milliseconds patience);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  struct Outcome;  // of the write under way, shared with the thread

  boost::asio::awaitable<bool> wait_until_idle(std::chrono::steady_clock::time_point deadline);

  boost::asio::any_io_executor executor_;
  std::filesystem::path path_;
  int lock_ = -1;
  std::shared_ptr<Outcome> under_way_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace polybot::metrics_aggregator
