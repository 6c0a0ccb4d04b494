// Tells the supervisor that started this process how it is: systemd, or any program that names a
// datagram socket in NOTIFY_SOCKET and reads sd_notify(3)'s words from it.
//
// It never waits and never fails. Without a supervisor nothing is sent, and words that a supervisor
// does not take are lost, because a trading process must not wait for it. Calls may come from any
// thread.
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
  // Say it again and again, and only while the work goes on: a process that falls silent is ended.
  void say_alive() const { send("WATCHDOG=1"); }
  void say_stopping() const { send("STOPPING=1"); }

 private:
  void send(std::string_view words) const;

  int socket_ = -1;
};

}  // namespace polybot::runtime
