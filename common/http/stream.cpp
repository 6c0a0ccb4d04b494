#include "common/http/stream.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "common/http/completion.hpp"

namespace polybot::http {
namespace asio = boost::asio;
using boost::system::error_code;

Stream::Stream(const executor_type& executor, std::shared_ptr<asio::ssl::context> tls)
    : context_(std::move(tls)) {
  if (context_) {
    tls_ = std::make_unique<boost::beast::ssl_stream<TcpStream>>(executor, *context_);
  } else {
    plain_ = std::make_unique<TcpStream>(executor);
  }
}

void Stream::start_read(const MutableBuffers& into, Completion done) {
  if (tls_) {
    tls_->async_read_some(into, std::move(done));
  } else {
    plain_->async_read_some(into, std::move(done));
  }
}

void Stream::start_write(const ConstBuffers& from, Completion done) {
  if (tls_) {
    tls_->async_write_some(from, std::move(done));
  } else {
    plain_->async_write_some(from, std::move(done));
  }
}

void Stream::start_teardown(boost::beast::role_type role, Completion done) {
  using boost::beast::websocket::async_teardown;
  if (tls_) {
    async_teardown(role, *tls_, std::move(done));
  } else {
    async_teardown(role, *plain_, std::move(done));
  }
}

asio::awaitable<error_code> Stream::handshake(std::string host) {
  if (!tls_) co_return error_code{};
  error_code ec;
  tls_->set_verify_callback(asio::ssl::host_name_verification(host), ec);
  if (ec) co_return ec;
  error_code not_literal;
  (void)asio::ip::make_address(host, not_literal);
  // RFC 6066 §3: no literal addresses in SNI. The macro of OpenSSL casts, hence the plain function.
  if (not_literal && SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                              TLSEXT_NAMETYPE_host_name, host.data()) != 1) {
    co_return make_error_code(boost::system::errc::invalid_argument);
  }
  auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAsTuple);
  co_return failed;
}

}  // namespace polybot::http
