// Ends a process whose NNG no longer clears connections away.
//
// NNG clears them away one after the other, on one thread of the process, and waits there for the
// sends and receives of each. NNG 1.5 forgets one that is to go on while its connection is closed
// (nni_aio_begin fails, and nobody is told), and waits for it for ever. Over TLS, where a message
// takes several sends, the death of a subscriber now and then stops its publisher so. From then on
// no connection of the process ends any more and no dialer dials again: the process goes on alone
// and does not know. That cannot be healed from within. So a connection of the process with itself
// is ended at every `interval`; when NNG has not noticed five times in a row, the loop that runs
// this throws std::runtime_error, and the supervisor restarts the process.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>

namespace polybot::bus {

class ReaperWatch {
 public:
  // Throws std::runtime_error when NNG cannot open sockets.
  explicit ReaperWatch(boost::asio::any_io_executor executor,
                       std::chrono::milliseconds interval = std::chrono::seconds(1));
  ReaperWatch(const ReaperWatch&) = delete;
  ReaperWatch& operator=(const ReaperWatch&) = delete;
  ~ReaperWatch();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the timer's handler
};

}  // namespace polybot::bus
