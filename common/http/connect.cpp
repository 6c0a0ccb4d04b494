#include "common/http/connect.hpp"

#include <algorithm>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <optional>

#include "common/http/completion.hpp"

namespace polybot::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), answered(executor) {}
  tcp::resolver resolver;
  asio::steady_timer answered;
  bool done = false;
  error_code ec;
  std::vector<tcp::endpoint> endpoints;
};

constexpr auto kAttemptDelay = std::chrono::milliseconds(250);  // RFC 8305, section 5

// When the next address has its turn: with many of them sooner, so that the last one has time, too.
Deadline next_turn(Deadline now, Deadline deadline, std::size_t left) {
  const auto share = (deadline - now) / static_cast<std::int64_t>(left + 1);
  return now + std::min<Deadline::duration>(kAttemptDelay, share);
}

// Shared with the handlers of its attempts, which may run after the race is decided.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : changed(executor) {}
  asio::steady_timer changed;  // cancelled when an attempt has ended
  std::size_t begun = 0;
  std::size_t failed = 0;
  std::optional<std::size_t> winner;  // by the number of the attempt
  error_code last;
};

void begin_attempt(const std::shared_ptr<Race>& race, tcp::socket& socket,
                   const tcp::endpoint& endpoint) {
  const std::size_t number = race->begun++;
  socket.async_connect(endpoint, [race, number](const error_code& ec) {
    if (ec) {
      ++race->failed;
      race->last = ec;
    } else if (!race->winner) {
      race->winner = number;
    }
    race->changed.cancel();
  });
}

// Addresses of the two families in turn, beginning with the family of the first; within a family
// the resolver's order.
std::vector<tcp::endpoint> in_turn(const std::vector<tcp::endpoint>& endpoints) {
  std::vector<tcp::endpoint> first;
  std::vector<tcp::endpoint> second;
  for (const tcp::endpoint& endpoint : endpoints)
    (endpoint.protocol() == endpoints.front().protocol() ? first : second).push_back(endpoint);
  std::vector<tcp::endpoint> turns;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) turns.push_back(first[i]);
    if (i < second.size()) turns.push_back(second[i]);
  }
  return turns;
}

}  // namespace

asio::awaitable<boost::system::result<std::vector<tcp::endpoint>>> resolve(std::string host,
                                                                           std::uint16_t port,
                                                                           Deadline deadline) {
  error_code not_literal;
  const auto address = asio::ip::make_address(host, not_literal);
  if (!not_literal) co_return std::vector<tcp::endpoint>{{address, port}};

  const auto executor = co_await asio::this_coro::executor;
  // Shared with the resolver's handler, which may run long after the deadline.
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->answered.expires_at(deadline);
  lookup->resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [lookup](const error_code& ec, const tcp::resolver::results_type& results) {
        lookup->done = true;
        lookup->ec = ec;
        for (const auto& entry : results) lookup->endpoints.push_back(entry.endpoint());
        lookup->answered.cancel();
      });
  co_await lookup->answered.async_wait(kAsTuple);
  if (!lookup->done) {
    lookup->resolver.cancel();
    co_return boost::beast::error::timeout;
  }
  if (lookup->ec) co_return lookup->ec;
  co_return std::move(lookup->endpoints);
}

asio::awaitable<error_code> connect_tcp(boost::beast::tcp_stream& stream,
                                        std::vector<tcp::endpoint> endpoints, Deadline deadline) {
  using Clock = asio::steady_timer::clock_type;
  if (endpoints.empty()) co_return asio::error::not_found;
  const std::vector<tcp::endpoint> turns = in_turn(endpoints);
  const auto race = std::make_shared<Race>(stream.get_executor());
  // The first attempt is the stream's own socket, so that closing the stream ends it. After that
  // attempt has failed, closing the stream wakes nothing here, so this looks at it.
  bool opened = false;
  std::vector<tcp::socket> others;
  others.reserve(turns.size());
  Deadline next_at = Clock::now();
  while (!race->winner) {
    const bool all_failed = race->failed == race->begun;
    const bool more = race->begun < turns.size();
    if (race->last == asio::error::operation_aborted || (all_failed && !more && race->begun > 0))
      co_return race->last;
    if (opened && !stream.socket().is_open()) co_return asio::error::operation_aborted;
    if (Clock::now() >= deadline) {
      stream.close();
      co_return boost::beast::error::timeout;
    }
    if (more && (all_failed || Clock::now() >= next_at)) {
      const tcp::endpoint& endpoint = turns[race->begun];
      tcp::socket& socket =
          race->begun == 0 ? stream.socket() : others.emplace_back(stream.get_executor());
      begin_attempt(race, socket, endpoint);
      opened = opened || stream.socket().is_open();
      next_at = next_turn(Clock::now(), deadline, turns.size() - race->begun);
    }
    const bool waits = race->begun < turns.size();
    const Deadline look_at = waits ? next_at : Clock::now() + kAttemptDelay;
    race->changed.expires_at(std::min(look_at, deadline));
    co_await race->changed.async_wait(kAsTuple);
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) co_return asio::error::operation_aborted;
  }
  if (opened && !stream.socket().is_open()) co_return asio::error::operation_aborted;
  if (*race->winner > 0) stream.socket() = std::move(others[*race->winner - 1]);
  stream.expires_at(deadline);
  error_code ignored;
  stream.socket().set_option(tcp::no_delay(true), ignored);
  co_return error_code{};
}

}  // namespace polybot::http
