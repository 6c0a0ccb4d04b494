#include "common/http/client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/throw_exception.hpp>
#include <list>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/http/bounded_parser.hpp"
#include "common/http/completion.hpp"
#include "common/http/connect.hpp"
#include "common/http/dial.hpp"
#include "common/http/fault.hpp"
#include "common/http/gzip.hpp"
#include "common/http/stream.hpp"

namespace polybot::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using SteadyClock = asio::steady_timer::clock_type;  // the clock the time limits run on

namespace {

constexpr int kInformationalMax = 8;  // 1xx answers before the real one
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kLocationShownMax = 200;

struct Connection {
  std::unique_ptr<Stream> stream;  // none before it is opened
  beast::flat_buffer buffer;       // bytes behind the last answer
  Deadline idle_since{};

  void cut() {
    if (stream) stream->next_layer().close();
  }
  // An idle connection has nothing to say: readable bytes mean the peer's end or a violation.
  [[nodiscard]] bool looks_alive() {
    if (!stream || buffer.size() != 0) return false;
    auto& socket = stream->next_layer().socket();
    if (!socket.is_open()) return false;
    char byte = 0;
    const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
};

struct Host {
  std::vector<std::unique_ptr<Connection>> idle;  // most recently used last
  std::size_t open = 0;                           // idle ones and leased ones
  struct Waiter {
    asio::steady_timer* timer;
    bool called = false;  // a connection was released for it, and it has not run yet
  };
  std::list<Waiter> waiting;  // for a free connection, first come first
};

std::string encode(const ClientRequest& request, const Url& url, const std::string& user_agent) {
  std::string out;
  out.reserve(256 + request.body.size());
  const auto field = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  out.append(to_string(request.method)).append(" ").append(url.target).append(" HTTP/1.1\r\n");
  field("Host", url.host_field());
  if (!request.headers.contains("User-Agent")) field("User-Agent", user_agent);
  if (!request.headers.contains("Accept")) field("Accept", "*/*");
  if (request.method == Method::Get && !request.headers.contains("Accept-Encoding"))
    field("Accept-Encoding", "gzip");
  const bool has_body = !request.body.empty();
  if (has_body && !request.content_type.empty() && !request.headers.contains("Content-Type")) {
    field("Content-Type", request.content_type);
  }
  const bool may_have_body = request.method == Method::Post || request.method == Method::Put ||
                             request.method == Method::Patch;
  if (has_body || may_have_body) field("Content-Length", std::to_string(request.body.size()));
  for (const Headers::Field& header : request.headers) field(header.name, header.value);
  out.append("\r\n").append(request.body);
  return out;
}

// The answer as the caller may use it: not elsewhere, and unpacked. The request has been sent by
// then, whatever is wrong with the answer.
Outcome accepted(ClientResponse response, std::size_t body_bytes_max) {
  if (is_redirect(response.status)) {
    const std::string_view to = response.headers.find("Location").value_or("");
    return Failure{
        Fault::Redirected, true, Failure::Stage::Read,
        std::to_string(response.status) + " " + std::string(to.substr(0, kLocationShownMax))};
  }
  const std::string_view coding = response.headers.find("Content-Encoding").value_or("");
  if (response.body.empty() || coding.empty() || equal_ignoring_case(coding, "identity"))
    return response;
  if (!equal_ignoring_case(coding, "gzip") && !equal_ignoring_case(coding, "x-gzip"))
    return Failure{Fault::EncodingUnknown, true, Failure::Stage::Read};
  auto body = gunzip(response.body, body_bytes_max);
  if (!body) return Failure{body.error(), true, Failure::Stage::Read};
  response.body = *std::move(body);
  return response;
}

}  // namespace

std::string_view to_string(Failure::Stage stage) {
  switch (stage) {
    case Failure::Stage::Prepare:
      return "prepare";
    case Failure::Stage::Pool:
      return "wait for a connection";
    case Failure::Stage::Resolve:
      return "look up the host";
    case Failure::Stage::Connect:
      return "connect";
    case Failure::Stage::Proxy:
      return "reach it through the proxy";
    case Failure::Stage::Handshake:
      return "TLS handshake";
    case Failure::Stage::Write:
      return "write";
    case Failure::Stage::Read:
      return "read";
  }
  return "unknown";
}

std::string Failure::message() const {
  return std::string(to_string(stage)) + ": " + ec.message() +
         (detail.empty() ? "" : " (" + detail + ")");
}

void throw_exception_from_error(const Failure& failure, const boost::source_location& location) {
  boost::throw_exception(
      boost::system::system_error(failure.ec, std::string(to_string(failure.stage))), location);
}

class Client::Core : public std::enable_shared_from_this<Client::Core> {
 public:
  Core(asio::any_io_executor executor, ClientOptions options)
      : executor_(std::move(executor)), options_(std::move(options)) {}

  static asio::awaitable<Outcome> send(std::shared_ptr<Core> self, ClientRequest request);
  void shut_down();
  [[nodiscard]] std::size_t connections() const {
    std::size_t total = 0;
    for (const auto& [key, host] : hosts_) total += host.open;
    return total;
  }

 private:
  // A place among the host's connections, given back on every way out.
  class Lease {
   public:
    Lease(std::shared_ptr<Core> core, Host& host, std::unique_ptr<Connection> connection)
        : core_(std::move(core)), host_(&host), connection_(std::move(connection)) {
      core_->leased_.insert(connection_.get());
    }
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) core_->release(*host_, std::move(connection_), reusable_);
    }
    [[nodiscard]] Connection& operator*() { return *connection_; }
    void set_reusable() { reusable_ = true; }

   private:
    std::shared_ptr<Core> core_;
    Host* host_;  // stays in the map as long as the core
    std::unique_ptr<Connection> connection_;
    bool reusable_ = false;
  };

  // One attempt on one connection.
  struct Attempt {
    std::size_t written = 0;
    bool tls_write_begun = false;
    bool keep_alive = false;
    [[nodiscard]] bool may_have_left() const { return written > 0 || tls_write_begun; }
  };

  asio::awaitable<boost::system::result<Lease, Failure>> acquire(Host& host, Deadline deadline,
                                                                 bool fresh);
  std::unique_ptr<Connection> take_idle(Host& host);
  void release(Host& host, std::unique_ptr<Connection> connection, bool reusable);
  asio::awaitable<std::optional<Failure>> open(Connection& connection, const Url& url,
                                               Deadline deadline);
  asio::awaitable<Outcome> exchange(Connection& connection, Method method, std::string_view bytes,
                                    Deadline deadline, Attempt& attempt);
  static asio::awaitable<error_code> read_message(Connection& connection,
                                                  BoundedParser<false>& parser);

  asio::any_io_executor executor_;
  ClientOptions options_;
  std::map<std::string, Host> hosts_;
  std::set<Connection*> leased_;
  bool shut_down_ = false;
};

asio::awaitable<Outcome> Client::Core::send(std::shared_ptr<Core> self, ClientRequest request) {
  const auto fail = [](Failure::Stage stage, error_code ec) { return Failure{ec, false, stage}; };
  const auto url = parse_url(request.url);
  if (!url) co_return fail(Failure::Stage::Prepare, url.error());
  if (request.method == Method::Other) {
    co_return fail(Failure::Stage::Prepare, make_error_code(boost::system::errc::invalid_argument));
  }
  const Deadline deadline =
      SteadyClock::now() + request.timeout.value_or(self->options_.request_timeout);
  const std::string bytes = encode(request, *url, self->options_.user_agent);
  Host& host =
      self->hosts_[(url->tls ? "https " : "http ") + url->host + " " + std::to_string(url->port)];

  // A pooled connection may prove dead at the first byte. Then a fresh connection takes its place,
  // once.
  for (const bool fresh : {false, true}) {
    auto lease = co_await self->acquire(host, deadline, fresh);
    if (!lease) co_return lease.error();
    Connection& connection = **lease;
    const bool pooled = connection.stream != nullptr;
    if (!pooled) {
      if (auto failure = co_await self->open(connection, *url, deadline)) co_return *failure;
    }
    if (request.may_leave && !request.may_leave()) {
      lease->set_reusable();
      co_return fail(Failure::Stage::Write, Fault::HeldBack);
    }
    Attempt attempt;
    Outcome outcome = co_await self->exchange(connection, request.method, bytes, deadline, attempt);
    if (outcome && attempt.keep_alive) lease->set_reusable();
    const bool replace = !outcome && pooled && !fresh && !attempt.may_have_left() &&
                         !self->shut_down_ && outcome.error().ec != beast::error::timeout &&
                         outcome.error().ec != asio::error::operation_aborted;
    if (!replace) co_return outcome;
  }
  co_return fail(Failure::Stage::Pool, asio::error::operation_aborted);  // not reached
}

std::unique_ptr<Connection> Client::Core::take_idle(Host& host) {
  while (!host.idle.empty()) {
    std::unique_ptr<Connection> connection = std::move(host.idle.back());
    host.idle.pop_back();
    const bool young = SteadyClock::now() - connection->idle_since < options_.idle_timeout;
    if (young && connection->looks_alive()) return connection;
    --host.open;
  }
  return nullptr;
}

asio::awaitable<boost::system::result<Client::Core::Lease, Failure>> Client::Core::acquire(
    Host& host, Deadline deadline, bool fresh) {
  const auto self = shared_from_this();
  if (host.waiting.size() >= options_.waiting_requests_max) {
    co_return Failure{asio::error::no_buffer_space, false, Failure::Stage::Pool};
  }
  for (;;) {
    if (shut_down_) co_return Failure{asio::error::operation_aborted, false, Failure::Stage::Pool};
    if (fresh) {  // make room by closing an idle one
      if (!host.idle.empty() && host.open >= options_.connections_per_host_max) {
        host.idle.erase(host.idle.begin());
        --host.open;
      }
    } else if (auto idle = take_idle(host)) {
      co_return Lease(self, host, std::move(idle));
    }
    if (host.open < options_.connections_per_host_max) {
      ++host.open;
      co_return Lease(self, host, std::make_unique<Connection>());
    }
    if (SteadyClock::now() >= deadline) {
      co_return Failure{beast::error::timeout, false, Failure::Stage::Pool};
    }
    asio::steady_timer turn(executor_, deadline);
    struct Place {  // leaves the queue on every way out
      std::list<Host::Waiter>& queue;
      std::list<Host::Waiter>::iterator at;
      ~Place() { queue.erase(at); }
    } const place{host.waiting, host.waiting.insert(host.waiting.end(), Host::Waiter{&turn})};
    co_await turn.async_wait(kAsTuple);
  }
}

void Client::Core::release(Host& host, std::unique_ptr<Connection> connection, bool reusable) {
  leased_.erase(connection.get());
  if (reusable && !shut_down_) {
    connection->stream->next_layer().expires_never();
    connection->idle_since = SteadyClock::now();
    host.idle.push_back(std::move(connection));
  } else {
    connection->cut();
    --host.open;
  }
  // Each released connection wakes one waiter: a waiter that was called already gets another one.
  const auto next = std::find_if(host.waiting.begin(), host.waiting.end(),
                                 [](const Host::Waiter& waiter) { return !waiter.called; });
  if (next == host.waiting.end()) return;
  next->called = true;
  next->timer->cancel();
}

asio::awaitable<std::optional<Failure>> Client::Core::open(Connection& connection, const Url& url,
                                                           Deadline deadline) {
  const Deadline until = std::min(deadline, SteadyClock::now() + options_.connect_timeout);
  auto stream = make_stream(executor_, url, options_.transport.get());
  if (!stream) co_return Failure{stream.error(), false, Failure::Stage::Prepare};
  connection.stream = *std::move(stream);
  co_return co_await dial(*connection.stream, url, options_.transport.get(), until, shut_down_);
}

asio::awaitable<Outcome> Client::Core::exchange(Connection& connection, Method method,
                                                std::string_view bytes, Deadline deadline,
                                                Attempt& attempt) {
  Stream& stream = *connection.stream;
  stream.next_layer().expires_at(deadline);
  // An encrypted record that failed half-way cannot be told from one that never left.
  attempt.tls_write_begun = stream.is_encrypted();
  while (attempt.written < bytes.size()) {
    const std::string_view rest = bytes.substr(attempt.written);
    auto [ec, size] =
        co_await stream.async_write_some(asio::buffer(rest.data(), rest.size()), kAsTuple);
    attempt.written += size;
    if (ec) co_return Failure{ec, attempt.may_have_left(), Failure::Stage::Write};
  }
  for (int i = 0; i < kInformationalMax; ++i) {
    BoundedParser<false> parser(options_.header_bytes_max, options_.response_bytes_max);
    parser.beast().skip(method == Method::Head);
    if (const error_code ec = co_await read_message(connection, parser)) {
      co_return Failure{ec, true, Failure::Stage::Read};
    }
    auto& message = parser.beast().get();
    if (message.result_int() < 200 && message.result_int() != 101) continue;
    ClientResponse response;
    response.status = message.result_int();
    for (const auto& field : message) {
      response.headers.add({field.name_string().data(), field.name_string().size()},
                           {field.value().data(), field.value().size()});
    }
    response.body = std::move(message.body());
    attempt.keep_alive =
        message.keep_alive() && !parser.beast().need_eof() && message.result_int() != 101;
    co_return accepted(std::move(response), options_.response_bytes_max);
  }
  co_return Failure{make_error_code(boost::system::errc::protocol_error), true,
                    Failure::Stage::Read};
}

asio::awaitable<error_code> Client::Core::read_message(Connection& connection,
                                                       BoundedParser<false>& parser) {
  beast::flat_buffer& buffer = connection.buffer;
  for (;;) {
    std::size_t used = 0;
    const auto bytes = buffer.data();
    error_code ec = parser.feed({static_cast<const char*>(bytes.data()), bytes.size()}, used);
    buffer.consume(used);
    if (ec || parser.is_done()) co_return ec;
    auto [failed, size] =
        co_await connection.stream->async_read_some(buffer.prepare(kReadBytes), kAsTuple);
    if (failed == asio::error::eof && parser.beast().got_some()) {
      parser.beast().put_eof(ec);  // fine for a body that ends with the connection
      co_return ec;
    }
    if (failed) co_return failed;
    buffer.commit(size);
  }
}

void Client::Core::shut_down() {
  shut_down_ = true;
  for (Connection* const connection : leased_) connection->cut();
  for (auto& [key, host] : hosts_) {
    host.open -= host.idle.size();
    host.idle.clear();
    for (const Host::Waiter& waiter : host.waiting) waiter.timer->cancel();
  }
}

Client::Client(asio::any_io_executor executor, ClientOptions options)
    : core_(std::make_shared<Core>(std::move(executor), std::move(options))) {}
Client::~Client() {
  core_->shut_down();
}
std::size_t Client::connections() const {
  return core_->connections();
}

asio::awaitable<Outcome> Client::send(ClientRequest request) {
  return Core::send(core_, std::move(request));
}

asio::awaitable<Outcome> Client::get(std::string url, Headers headers) {
  ClientRequest request;
  request.url = std::move(url);
  request.headers = std::move(headers);
  return Core::send(core_, std::move(request));
}

}  // namespace polybot::http
