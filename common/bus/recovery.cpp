#include "common/bus/recovery.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>
#include <set>
#include <utility>

#include "common/bus/connection_guard.hpp"
#include "common/bus/nng.hpp"

namespace polybot::bus {
namespace {

namespace asio = boost::asio;

// An answer starts with one byte that says what follows.
constexpr char kAnswered = 'A';
constexpr char kRefused = 'R';

// The contexts of the conversations under way, so that close() can end each of them.
class OpenContexts {
 public:
  class Entry {
   public:
    Entry(OpenContexts& set, nng::Context& context) : set_(set), context_(context) {
      set_.contexts_.insert(&context_);
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { set_.contexts_.erase(&context_); }

   private:
    OpenContexts& set_;
    nng::Context& context_;
  };

  [[nodiscard]] std::size_t size() const { return contexts_.size(); }
  void close() {
    for (nng::Context* context : contexts_) context->close();
  }

 private:
  std::set<nng::Context*> contexts_;
};

}  // namespace

// ---- Server

struct RecoveryServer::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor where, RecoveryServerConfig settings, Answerer answers,
        Stats& counters)
      : executor(std::move(where)),
        config(std::move(settings)),
        answerer(std::move(answers)),
        stats(counters),
        socket(nng::Protocol::Reply, 1) {
    address = socket.attach(config.endpoint, config.trust);
    guard.emplace(executor, socket, stats);
  }

  void start() {
    for (std::size_t i = 0; i < config.conversations; ++i) {
      asio::co_spawn(executor, converse(shared_from_this()), asio::detached);
    }
  }

  static asio::awaitable<void> converse(std::shared_ptr<State> self) {
    if (!self->socket.is_open()) co_return;
    nng::Context context(self->executor, self->socket);
    const OpenContexts::Entry entry(self->contexts, context);
    while (self->socket.is_open()) {
      context.expires_never();
      auto request = co_await context.receive();
      if (!self->socket.is_open()) co_return;
      if (!request) continue;
      const std::string answer = co_await self->answer(std::string(request->bytes()));
      if (!self->socket.is_open()) co_return;
      // A client that went away or stopped reading loses its answer and will ask again.
      context.expires_after(self->config.send_timeout);
      static_cast<void>(co_await context.send(nng::Message::of(answer)));
    }
  }

  asio::awaitable<std::string> answer(std::string request) {
    std::string envelope(1, kRefused);
    try {
      auto made = co_await answerer(std::move(request));
      if (made && made->size() < kRecoveryBytesMax) {
        envelope[0] = kAnswered;
        envelope += *made;
      }
    } catch (const std::exception&) {  // session boundary: this request alone fails
      envelope.assign(1, kRefused);
    }
    ++(envelope[0] == kAnswered ? stats.recovery_requests_served : stats.recovery_requests_refused);
    co_return envelope;
  }

  void close() {
    if (!socket.is_open()) return;
    contexts.close();
    guard.reset();
    socket.close();
  }

  asio::any_io_executor executor;
  RecoveryServerConfig config;
  Answerer answerer;
  Stats& stats;
  nng::Socket socket;
  std::optional<ConnectionGuard> guard;
  OpenContexts contexts;
  std::string address;
};

RecoveryServer::RecoveryServer(asio::any_io_executor executor, RecoveryServerConfig config,
                               Answerer answerer, Stats& stats)
    : state_(std::make_shared<State>(std::move(executor), std::move(config), std::move(answerer),
                                     stats)) {
  state_->start();
}

RecoveryServer::~RecoveryServer() {
  close();
}
const std::string& RecoveryServer::address() const {
  return state_->address;
}
void RecoveryServer::close() {
  state_->close();
}

// ---- Client

struct RecoveryClient::State {
  State(asio::any_io_executor where, RecoveryClientConfig settings, Stats& counters)
      : executor(std::move(where)),
        config(std::move(settings)),
        stats(counters),
        socket(nng::Protocol::Request, 1) {
    socket.attach({.role = EndpointRole::Dial, .address = config.address}, config.trust);
    guard.emplace(executor, socket, stats);
  }

  asio::awaitable<boost::system::result<std::string>> ask(std::string bytes,
                                                          std::chrono::milliseconds timeout) {
    if (!socket.is_open()) co_return Errc::Closed;
    if (bytes.size() > kRecoveryBytesMax) co_return Errc::TooLarge;
    if (contexts.size() >= config.in_flight_max) co_return Errc::Busy;
    nng::Context context(executor, socket);
    const OpenContexts::Entry entry(contexts, context);
    context.expires_after(timeout);
    const auto sent = co_await context.send(nng::Message::of(bytes));
    if (!sent) co_return sent.error();
    auto answer = co_await context.receive();
    if (!answer) co_return answer.error();
    const std::string_view envelope = answer->bytes();
    if (envelope == std::string_view(&kRefused, 1)) co_return Errc::Refused;
    if (!envelope.starts_with(kAnswered)) co_return Errc::Malformed;
    co_return std::string(envelope.substr(1));
  }

  void close() {
    if (!socket.is_open()) return;
    contexts.close();
    guard.reset();
    socket.close();
  }

  asio::any_io_executor executor;
  RecoveryClientConfig config;
  Stats& stats;
  nng::Socket socket;
  std::optional<ConnectionGuard> guard;
  OpenContexts contexts;
};

namespace {

ReplayOutcome outcome_of(const boost::system::result<std::string>& answer) {
  if (answer) return ReplayOutcome::Answered;
  if (answer.error() == make_error_code(Errc::TimedOut)) return ReplayOutcome::TimedOut;
  if (answer.error() == make_error_code(Errc::Refused)) return ReplayOutcome::Refused;
  return ReplayOutcome::Failed;
}

}  // namespace

RecoveryClient::RecoveryClient(asio::any_io_executor executor, RecoveryClientConfig config,
                               Stats& stats)
    : state_(std::make_shared<State>(std::move(executor), std::move(config), stats)) {}

RecoveryClient::~RecoveryClient() {
  close();
}

asio::awaitable<boost::system::result<std::string>> RecoveryClient::request(
    std::string bytes, std::chrono::milliseconds timeout) {
  const std::shared_ptr<State> state = state_;
  auto answer = co_await state->ask(std::move(bytes), timeout);
  state->stats.count(outcome_of(answer));
  co_return answer;
}

const std::string& RecoveryClient::address() const {
  return state_->config.address.text;
}

void RecoveryClient::close() {
  state_->close();
}

}  // namespace polybot::bus
