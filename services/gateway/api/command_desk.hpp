// Sends operator commands to order-manager and waits for the journaled answer. The bus may lose a
// command, so it is sent again and again until the answer comes or time is up; order-manager
// executes each id once and gives a repeat the same answer, which is what makes repeating safe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/bus/publisher.hpp"
#include "common/domain/events.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::gateway {

struct CommandAnswer {
  domain::CommandDenyReason denied = domain::CommandDenyReason::None;  // None: accepted
  std::uint64_t seq = 0;  // journal number of the answer
};

struct CommandDeskSettings {
  bus::Address commands_address;  // order-manager's 5563
  bus::Producer producer;
  bus::NetworkTrust trust = bus::NetworkTrust::LoopbackOnly;
  domain::Duration patience = std::chrono::seconds(3);
  domain::Duration repeat_every = std::chrono::milliseconds(200);
  std::size_t answers_kept = 10'000;
};

class CommandDesk {
 public:
  CommandDesk(boost::asio::any_io_executor executor, CommandDeskSettings settings,
              runtime::Clock clock, bus::Stats& stats);

  // Empty when no answer came in time: the command may or may not have been executed, and asking
  // again with the same id is safe.
  [[nodiscard]] boost::asio::awaitable<std::optional<CommandAnswer>> issue(domain::CommandId id,
                                                                           domain::CommandBody body,
                                                                           std::string issuer);
  // An answer from order.all, to a command of any gateway.
  void on_answer(const domain::Event& event);

  void close() { publisher_.close(); }

 private:
  [[nodiscard]] std::optional<CommandAnswer> known(const domain::CommandId& id) const;

  boost::asio::any_io_executor executor_;
  CommandDeskSettings settings_;
  runtime::Clock clock_;
  bus::Publisher publisher_;
  std::unordered_map<domain::CommandId, CommandAnswer> answers_;
  std::deque<domain::CommandId> answered_;  // oldest first
  std::multimap<domain::CommandId, boost::asio::steady_timer*> waiting_;
};

// The id of a request: the first half of SHA-256 over the key and what is asked for, so that one
// key used for two requests is two commands.
[[nodiscard]] domain::CommandId command_id(std::string_view idempotency_key,
                                           std::string_view request);
// 32 hex digits.
[[nodiscard]] std::string to_string(const domain::CommandId& id);

}  // namespace polybot::gateway
