#include "common/http/connect.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/stream_traits.hpp>

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
  stream.expires_at(deadline);
  auto [ec, endpoint] = co_await stream.async_connect(endpoints, kAsTuple);
  if (ec) co_return ec;
  error_code ignored;
  stream.socket().set_option(tcp::no_delay(true), ignored);
  co_return error_code{};
}

boost::system::result<std::shared_ptr<asio::ssl::context>> make_tls_context(
    const std::string& ca_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  error_code ec;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                           asio::ssl::context::no_tlsv1_1,
                       ec);
  if (ec) return ec;
  if (ca_file.empty()) {
    context->set_default_verify_paths(ec);
  } else {
    context->load_verify_file(ca_file, ec);
  }
  if (ec) return ec;
  context->set_verify_mode(asio::ssl::verify_peer, ec);
  if (ec) return ec;
  return context;
}

}  // namespace polybot::http
