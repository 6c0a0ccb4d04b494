// What stands between us and the venue, made by the test: a host that speaks TLS, a proxy.
#pragma once

#include <boost/asio/ssl.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/http/certificates.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::test {

// Answers each request of a TLS connection with what `reply` makes of its header.
class TlsHost {
 public:
  using Reply = std::function<std::string(const std::string& head)>;

  TlsHost(asio::io_context& io, const KeyAndCertificate& identity, Reply reply)
      : context_(asio::ssl::context::tls_server),
        acceptor_(io, {asio::ip::address_v4::loopback(), 0}),
        reply_(std::move(reply)) {
    context_.use_certificate_chain(asio::buffer(identity.certificate_pem));
    context_.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
    asio::co_spawn(io, accept(), asio::detached);
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  std::vector<std::string> heads;  // of the requests that got through
  std::string sni;                 // of the last connection
  int connections = 0;

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (ec) co_return;
      ++connections;
      asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> serve(tcp::socket socket) {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), context_);
    auto [refused] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAsTuple);
    if (refused) co_return;
    const char* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    sni = name == nullptr ? "" : name;
    std::string buffered;
    for (;;) {
      auto [ec, size] = co_await asio::async_read_until(stream, asio::dynamic_buffer(buffered),
                                                        "\r\n\r\n", kAsTuple);
      if (ec) co_return;
      heads.push_back(buffered.substr(0, size));
      buffered.erase(0, size);
      const std::string answer = reply_(heads.back());
      co_await asio::async_write(stream, asio::buffer(answer), kAsTuple);
    }
  }

  asio::ssl::context context_;
  tcp::acceptor acceptor_;
  Reply reply_;
};

// An HTTP proxy that knows CONNECT alone, and which port of this machine a host is.
class ConnectProxy {
 public:
  explicit ConnectProxy(asio::io_context& io)
      : acceptor_(io, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(io, accept(), asio::detached);
  }
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  std::map<std::string, std::uint16_t> hosts;  // "venue.test:443": a port of this machine
  std::string credentials;                     // base64 of what it wants; empty: nothing
  std::string answer;                          // instead of its own, when not empty
  std::vector<std::string> heads;              // what it was asked

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (ec) co_return;
      asio::co_spawn(acceptor_.get_executor(),
                     serve(std::make_shared<tcp::socket>(std::move(socket))), asio::detached);
    }
  }
  asio::awaitable<void> serve(std::shared_ptr<tcp::socket> client) {
    std::string head;
    auto [ec, size] =
        co_await asio::async_read_until(*client, asio::dynamic_buffer(head), "\r\n\r\n", kAsTuple);
    if (ec) co_return;
    heads.push_back(head);
    const auto peer = std::make_shared<tcp::socket>(client->get_executor());
    const std::string verdict = co_await decide(head, *peer);
    co_await asio::async_write(*client, asio::buffer(verdict), kAsTuple);
    if (!peer->is_open()) co_return;
    asio::co_spawn(client->get_executor(), pass(client, peer), asio::detached);
    co_await pass(peer, client);
  }
  asio::awaitable<std::string> decide(std::string head, tcp::socket& peer) {
    if (!answer.empty()) co_return answer;
    if (!credentials.empty() &&
        head.find("\r\nProxy-Authorization: Basic " + credentials + "\r\n") == std::string::npos) {
      co_return "HTTP/1.1 407 Proxy Authentication Required\r\n"
          "Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nwho?";
    }
    const std::string host = head.substr(8, head.find(" HTTP/1.1") - 8);  // behind "CONNECT "
    const auto known = hosts.find(host);
    if (known == hosts.end()) co_return "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    const tcp::endpoint to{asio::ip::address_v4::loopback(), known->second};
    co_await peer.async_connect(to, kAsTuple);
    co_return "HTTP/1.1 200 Connection established\r\n\r\n";
  }
  static asio::awaitable<void> pass(std::shared_ptr<tcp::socket> from,
                                    std::shared_ptr<tcp::socket> to) {
    std::array<char, 4096> bytes{};
    for (;;) {
      auto [ec, size] = co_await from->async_read_some(asio::buffer(bytes), kAsTuple);
      if (ec) break;
      auto [unsent, sent] = co_await asio::async_write(*to, asio::buffer(bytes, size), kAsTuple);
      if (unsent) break;
    }
    from->close();
    to->close();
  }

  tcp::acceptor acceptor_;
};

}  // namespace polybot::test
