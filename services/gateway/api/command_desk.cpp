#include "services/gateway/api/command_desk.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/domain/assert.hpp"
#include "common/runtime/addresses.hpp"
#include "common/wire/signal_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::gateway {

namespace asio = boost::asio;
using domain::CommandId;

CommandDesk::CommandDesk(asio::any_io_executor executor, CommandDeskSettings settings,
                         runtime::Clock clock, bus::Stats& stats)
    : executor_(executor),
      settings_(std::move(settings)),
      clock_(clock),
      publisher_(executor,
                 runtime::publisher_config(settings_.producer,
                                           {bus::EndpointRole::Dial, settings_.commands_address},
                                           settings_.trust, clock),
                 stats) {}

std::optional<CommandAnswer> CommandDesk::known(const CommandId& id) const {
  const auto at = answers_.find(id);
  return at == answers_.end() ? std::nullopt : std::optional<CommandAnswer>(at->second);
}

asio::awaitable<std::optional<CommandAnswer>> CommandDesk::issue(CommandId id,
                                                                 domain::CommandBody body,
                                                                 std::string issuer) {
  const domain::Timestamp issued_at = clock_.now();
  const domain::Command command{.id = id,
                                .body = std::move(body),
                                .issued_at = issued_at,
                                .expires_at = issued_at + settings_.patience,
                                .trace = {id.low},
                                .issuer = std::move(issuer)};
  const std::string bytes = wire::encode_command(command);
  const domain::Duration deadline = clock_.monotonic() + settings_.patience;
  asio::steady_timer timer(executor_);
  for (;;) {
    if (const auto answer = known(id)) co_return answer;
    const domain::Duration left = deadline - clock_.monotonic();
    if (left <= domain::Duration::zero()) co_return std::nullopt;
    publisher_.publish(wire::topics::kCommand, bytes);
    timer.expires_after(std::min(left, settings_.repeat_every));
    const auto waiting = waiting_.emplace(id, &timer);
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    waiting_.erase(waiting);
    if ((co_await asio::this_coro::cancellation_state).cancelled() !=
        asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
}

void CommandDesk::on_answer(const domain::Event& event) {
  CommandAnswer answer{.denied = domain::CommandDenyReason::None, .seq = event.seq};
  CommandId id;
  if (const auto* accepted = std::get_if<domain::CommandAccepted>(&event.body)) {
    id = accepted->command;
  } else if (const auto* denied = std::get_if<domain::CommandDenied>(&event.body)) {
    id = denied->command;
    answer.denied = denied->reason;
  } else {
    return;
  }
  if (!answers_.emplace(id, answer).second) return;
  answered_.push_back(id);
  if (answered_.size() > settings_.answers_kept) {
    answers_.erase(answered_.front());
    answered_.pop_front();
  }
  const auto [first, last] = waiting_.equal_range(id);
  for (auto at = first; at != last; ++at) at->second->cancel();
}

CommandId command_id(std::string_view idempotency_key, std::string_view request) {
  std::string text(idempotency_key);
  text.push_back('\n');  // a key has no line break: no two pairs give one text
  text.append(request);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  POLYBOT_ASSERT(
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  CommandId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = id.high << 8U | digest[i];
    id.low = id.low << 8U | digest[i + 8];
  }
  return id;
}

std::string to_string(const CommandId& id) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t half : {id.high, id.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kHex[(half >> shift) & 15U]);
  }
  return text;
}

}  // namespace polybot::gateway
