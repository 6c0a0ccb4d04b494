// The running processes: starts them, watches them, starts anew with a back-off what ended
// unexpectedly, and stops them in order. Talks to them only through signals and their admin ports.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/time.hpp"
#include "common/http/client.hpp"
#include "common/runtime/clock.hpp"
#include "deploy/launcher/child_process.hpp"
#include "deploy/launcher/layout.hpp"

namespace polybot::launcher {

// What is known of one process, for the screen.
struct ServiceView {
  std::string name;
  bool running = false;
  bool ready = false;
  std::string reason;  // why it is not ready
  std::uint64_t restarts = 0;
  std::uint64_t resident_bytes = 0;
};

class Stack {
 public:
  // `say` prints one line for the person watching.
  Stack(boost::asio::any_io_executor executor, const Layout& layout,
        std::function<void(const std::string&)> say);

  // Starts every process and waits until each is ready, telling what it waits for. Empty text, or
  // why the stack cannot run: a process ended before it was ever ready (its last words included),
  // or `patience` passed.
  [[nodiscard]] boost::asio::awaitable<std::string> start(domain::Duration patience);
  // Polls processes and their readiness for ever, and restarts what ended. Ends when cancelled.
  [[nodiscard]] boost::asio::awaitable<void> watch();
  // From now on an end is expected: watch() restarts nothing more.
  void begin_stop() { stopping_ = true; }
  // SIGTERM, then SIGKILL after `patience`. False when it had to be killed or ended with an error.
  [[nodiscard]] boost::asio::awaitable<bool> stop(std::size_t service, domain::Duration patience);

  [[nodiscard]] std::vector<ServiceView> views() const;
  [[nodiscard]] http::Client& http() { return http_; }

 private:
  struct Member {
    ServicePlan plan;
    std::unique_ptr<ChildProcess> child;
    ServiceView view;
    bool was_ready = false;
    domain::Duration started_at{};
    domain::Duration restart_at{};
    domain::Duration backoff{};
  };
  void launch(Member& member);
  void check_process(Member& member);
  [[nodiscard]] boost::asio::awaitable<void> check_readiness(Member& member);
  [[nodiscard]] std::string last_words(const Member& member) const;

  boost::asio::any_io_executor executor_;
  runtime::Clock clock_;
  http::Client http_;
  std::function<void(const std::string&)> say_;
  std::filesystem::path logs_;
  std::vector<Member> members_;
  bool stopping_ = false;
};

}  // namespace polybot::launcher
