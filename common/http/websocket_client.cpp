#include "common/http/websocket_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <list>
#include <utility>

#include "common/http/completion.hpp"
#include "common/http/dial.hpp"
#include "common/http/fault.hpp"
#include "common/http/stream.hpp"

namespace polybot::http {
namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using SteadyClock = asio::steady_timer::clock_type;  // the clock the time limits run on

namespace {

// Without permessage-deflate, which we do not offer: its code alone would double this library's.
using Socket = websocket::stream<Stream, false>;

// One connection. Operations hold it, so that a new connect() cannot destroy it under an old read.
struct Link {
  explicit Link(const asio::any_io_executor& executor) : close_timer(executor) {}
  std::unique_ptr<Socket> socket;  // none before the address has been read
  boost::beast::flat_buffer buffer;
  std::list<asio::steady_timer*> writers;  // the front one may write
  asio::steady_timer close_timer;
  bool open = false;
  bool cut_by_us = false;

  void cut() {
    open = false;
    cut_by_us = true;
    if (socket) boost::beast::get_lowest_layer(*socket).close();
    for (asio::steady_timer* const writer : writers) writer->cancel();
  }
  // Our own cut closes the descriptor, which Beast may report in other words.
  [[nodiscard]] error_code verdict(const error_code& ec) const {
    return ec && cut_by_us ? make_error_code(asio::error::operation_aborted) : ec;
  }
};

}  // namespace

class WebSocketClient::Core {
 public:
  Core(asio::any_io_executor executor, WebSocketClientOptions options)
      : executor_(std::move(executor)), options_(std::move(options)) {}

  static asio::awaitable<error_code> connect(std::shared_ptr<Core> self, std::string url,
                                             Headers headers);
  static asio::awaitable<boost::system::result<std::string_view>> read(std::shared_ptr<Core> self);
  static asio::awaitable<error_code> write(std::shared_ptr<Core> self, std::string text);
  static asio::awaitable<void> close(std::shared_ptr<Core> self, CloseCode code);
  void cut() {
    if (link_) link_->cut();
  }
  [[nodiscard]] bool is_open() const { return link_ && link_->open; }

  std::uint16_t close_code_ = 0;
  std::string close_reason_;

 private:
  asio::awaitable<error_code> open(Link& link, const Url& url, Deadline deadline);
  asio::awaitable<error_code> upgrade(Socket& socket, const Url& url, const Headers& headers,
                                      Deadline deadline);
  void note_close(const Socket& socket);

  asio::any_io_executor executor_;
  WebSocketClientOptions options_;
  std::shared_ptr<Link> link_;  // shared with operations under way
};

asio::awaitable<error_code> WebSocketClient::Core::connect(std::shared_ptr<Core> self,
                                                           std::string url_text, Headers headers) {
  self->cut();
  self->close_code_ = 0;
  self->close_reason_.clear();
  const auto link = std::make_shared<Link>(self->executor_);
  self->link_ = link;
  const auto url = parse_url(url_text);
  if (!url) co_return url.error();
  const Deadline deadline = SteadyClock::now() + self->options_.connect_timeout;
  if (const error_code ec = co_await self->open(*link, *url, deadline)) co_return link->verdict(ec);
  error_code ec = co_await self->upgrade(*link->socket, *url, headers, deadline);
  if (!ec && link->cut_by_us) ec = asio::error::operation_aborted;
  if (ec) {
    const error_code verdict = link->verdict(ec);
    link->cut();
    co_return verdict;
  }
  link->open = true;
  co_return error_code{};
}

asio::awaitable<error_code> WebSocketClient::Core::open(Link& link, const Url& url,
                                                        Deadline deadline) {
  auto stream = make_stream(executor_, url, options_.transport.get());
  if (!stream) co_return stream.error();
  link.socket = std::make_unique<Socket>(std::move(**stream));
  const auto failed = co_await dial(link.socket->next_layer(), url, options_.transport.get(),
                                    deadline, link.cut_by_us);
  co_return failed ? failed->ec : error_code{};
}

asio::awaitable<error_code> WebSocketClient::Core::upgrade(Socket& socket, const Url& url,
                                                           const Headers& headers,
                                                           Deadline deadline) {
  boost::beast::get_lowest_layer(socket).expires_never();  // the WebSocket keeps its own time
  websocket::stream_base::timeout timeout{};
  timeout.handshake_timeout = std::max<websocket::stream_base::duration>(
      deadline - SteadyClock::now(), std::chrono::milliseconds(1));
  timeout.idle_timeout = options_.idle_timeout.count() > 0
                             ? websocket::stream_base::duration(options_.idle_timeout)
                             : websocket::stream_base::none();
  timeout.keep_alive_pings = false;
  socket.set_option(timeout);
  socket.auto_fragment(false);
  socket.text(true);
  socket.read_message_max(options_.message_bytes_max);
  socket.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    request.set(boost::beast::http::field::user_agent, options_.user_agent);
    for (const Headers::Field& field : headers) request.set(field.name, field.value);
  }));
  websocket::response_type response;
  const std::string host = url.host_field();
  auto [ec] = co_await socket.async_handshake(response, host, url.target, kAsTuple);
  if (ec == websocket::error::upgrade_declined && is_redirect(response.result_int()))
    co_return Fault::Redirected;
  co_return ec;
}

void WebSocketClient::Core::note_close(const Socket& socket) {
  const auto& reason = socket.reason();
  close_code_ = static_cast<std::uint16_t>(reason.code);
  close_reason_.assign(reason.reason.data(), reason.reason.size());
}

asio::awaitable<boost::system::result<std::string_view>> WebSocketClient::Core::read(
    std::shared_ptr<Core> self) {
  const std::shared_ptr<Link> link = self->link_;
  if (!link || !link->open) co_return asio::error::not_connected;
  link->buffer.clear();
  auto [ec, size] = co_await link->socket->async_read(link->buffer, kAsTuple);
  if (ec) {
    link->open = false;
    if (ec == websocket::error::closed) self->note_close(*link->socket);
    co_return link->verdict(ec);
  }
  const auto data = link->buffer.data();
  co_return std::string_view(static_cast<const char*>(data.data()), data.size());
}

asio::awaitable<error_code> WebSocketClient::Core::write(std::shared_ptr<Core> self,
                                                         std::string text) {
  const std::shared_ptr<Link> link = self->link_;
  if (!link || !link->open) co_return asio::error::not_connected;
  if (link->writers.size() >= self->options_.waiting_writes_max)
    co_return asio::error::no_buffer_space;
  asio::steady_timer turn(self->executor_, SteadyClock::time_point::max());
  struct Place {  // leaves the queue on every way out, and lets the next one in
    std::list<asio::steady_timer*>& queue;
    std::list<asio::steady_timer*>::iterator at;
    ~Place() {
      queue.erase(at);
      if (!queue.empty()) queue.front()->cancel();
    }
  } const place{link->writers, link->writers.insert(link->writers.end(), &turn)};
  while (link->writers.front() != &turn && link->open) co_await turn.async_wait(kAsTuple);
  if (!link->open) co_return asio::error::operation_aborted;
  auto [ec, size] = co_await link->socket->async_write(asio::buffer(text), kAsTuple);
  co_return link->verdict(ec);
}

asio::awaitable<void> WebSocketClient::Core::close(std::shared_ptr<Core> self, CloseCode code) {
  const std::shared_ptr<Link> link = self->link_;
  if (!link || !link->open) co_return;
  link->open = false;
  link->close_timer.expires_after(self->options_.close_timeout);
  link->close_timer.async_wait([link](const error_code& ec) {
    if (!ec) link->cut();
  });
  const websocket::close_reason reason(static_cast<websocket::close_code>(code));
  co_await link->socket->async_close(reason, kAsTuple);
  link->close_timer.cancel();
  link->cut();
}

WebSocketClient::WebSocketClient(asio::any_io_executor executor, WebSocketClientOptions options)
    : core_(std::make_shared<Core>(std::move(executor), std::move(options))) {}
WebSocketClient::~WebSocketClient() {
  core_->cut();
}

asio::awaitable<error_code> WebSocketClient::connect(std::string url, Headers headers) {
  return Core::connect(core_, std::move(url), std::move(headers));
}
asio::awaitable<boost::system::result<std::string_view>> WebSocketClient::read() {
  return Core::read(core_);
}
asio::awaitable<error_code> WebSocketClient::write(std::string text) {
  return Core::write(core_, std::move(text));
}
asio::awaitable<void> WebSocketClient::close(CloseCode code) {
  return Core::close(core_, code);
}
void WebSocketClient::cancel() {
  core_->cut();
}
bool WebSocketClient::is_open() const {
  return core_->is_open();
}
std::uint16_t WebSocketClient::close_code() const {
  return core_->close_code_;
}
std::string WebSocketClient::close_reason() const {
  return core_->close_reason_;
}

}  // namespace polybot::http
