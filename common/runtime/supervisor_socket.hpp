// Tells the supervisor that started this process how it is: systemd, or anybody else who names a
// datagram socket in NOTIFY_SOCKET and reads sd_notify(3)'s words from it.
//
// It never waits and never fails: without a supervisor nothing is sent, and words that a supervisor
// does not take in are lost, for a trading process has better things to do than to wait for it.
// Calls may come from any thread.
#pragma once

#include <string>
#include <string_view>

namespace polybot::runtime {

class SupervisorSocket {
 public:
  // `address` as in NOTIFY_SOCKET: an absolute path, "@name" for an abstract one, empty for none.
  explicit SupervisorSocket(const std::string& address);
  ~SupervisorSocket();
  SupervisorSocket(const SupervisorSocket&) = delete;
  SupervisorSocket& operator=(const SupervisorSocket&) = delete;

  void say_ready() const { send("READY=1"); }
  // To be said again and again, and only because the work goes on: who falls silent is ended.
  void say_alive() const { send("WATCHDOG=1"); }
  void say_stopping() const { send("STOPPING=1"); }

 private:
  void send(std::string_view words) const;

  int socket_ = -1;
};

}  // namespace polybot::runtime
