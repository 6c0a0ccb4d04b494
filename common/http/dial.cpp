#include "common/http/dial.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <utility>

#include "common/http/bounded_parser.hpp"
#include "common/http/completion.hpp"
#include "common/http/fault.hpp"

namespace polybot::http {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kTunnelHeaderMax = 16 * 1024;
constexpr std::size_t kTunnelReadBytes = 4 * 1024;
constexpr unsigned kProxyAuthenticationRequired = 407;

std::string connect_request(const Url& url, const Proxy& proxy) {
  const std::string host =
      url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  const std::string authority = host + ":" + std::to_string(url.port);
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!proxy.authorization.empty())
    request += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  return request + "\r\n";
}

error_code verdict_of(unsigned status) {
  if (status >= 200 && status < 300) return {};
  return status == kProxyAuthenticationRequired ? Fault::ProxyAuthentication : Fault::ProxyRefused;
}

asio::awaitable<error_code> open_tunnel(TcpStream& stream, std::string request) {
  auto [unsent, written] = co_await asio::async_write(stream, asio::buffer(request), kAsTuple);
  if (unsent) co_return unsent;
  BoundedParser<false> parser(kTunnelHeaderMax, 0);
  parser.beast().skip(true);  // a refusal's page is of no use
  boost::beast::flat_buffer buffer;
  for (;;) {
    auto [failed, size] =
        co_await stream.async_read_some(buffer.prepare(kTunnelReadBytes), kAsTuple);
    if (failed == asio::error::eof) co_return Fault::ProxyProtocol;
    if (failed) co_return failed;
    buffer.commit(size);
    std::size_t used = 0;
    const auto bytes = buffer.data();
    const error_code wrong =
        parser.feed({static_cast<const char*>(bytes.data()), bytes.size()}, used);
    if (wrong) co_return Fault::ProxyProtocol;
    buffer.consume(used);
    if (parser.is_done()) break;
  }
  const error_code verdict = verdict_of(parser.beast().get().result_int());
  // In a tunnel we speak first: what is there already did not come from the host.
  if (!verdict && buffer.size() > 0) co_return Fault::ProxyProtocol;
  co_return verdict;
}

}  // namespace

boost::system::result<std::unique_ptr<Stream>> make_stream(asio::any_io_executor executor,
                                                           const Url& url,
                                                           const Transport* transport) {
  if (!url.tls) return std::make_unique<Stream>(executor, nullptr);
  if (transport == nullptr) return make_error_code(Fault::TlsUnavailable);
  return std::make_unique<Stream>(executor, transport->tls());
}

asio::awaitable<std::optional<Failure>> dial(Stream& stream, Url url, const Transport* transport,
                                             Deadline until, const bool& cut) {
  const auto failed = [](Failure::Stage stage, error_code ec) { return Failure{ec, false, stage}; };
  const Proxy* const proxy = transport == nullptr ? nullptr : transport->proxy_of(url);
  const auto endpoints = co_await resolve(proxy == nullptr ? url.host : proxy->host,
                                          proxy == nullptr ? url.port : proxy->port, until);
  if (cut) co_return failed(Failure::Stage::Connect, asio::error::operation_aborted);
  const error_code unconnected =
      endpoints ? co_await connect_tcp(stream.next_layer(), *endpoints, until) : endpoints.error();
  if (cut) co_return failed(Failure::Stage::Connect, asio::error::operation_aborted);
  if (unconnected && proxy != nullptr)
    co_return failed(Failure::Stage::Proxy, Fault::ProxyUnreachable);
  if (unconnected)
    co_return failed(endpoints ? Failure::Stage::Connect : Failure::Stage::Resolve, unconnected);
  if (proxy != nullptr) {
    const error_code ec = co_await open_tunnel(stream.next_layer(), connect_request(url, *proxy));
    if (ec) co_return failed(Failure::Stage::Proxy, ec);
    if (cut) co_return failed(Failure::Stage::Proxy, asio::error::operation_aborted);
  }
  if (const error_code ec = co_await stream.handshake(url.host))
    co_return failed(Failure::Stage::Handshake, ec);
  co_return std::nullopt;
}

}  // namespace polybot::http
