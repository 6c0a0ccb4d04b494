#include "common/http/stream.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/verify_context.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "common/http/completion.hpp"
#include "common/http/fault.hpp"

namespace polybot::http {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Whether an authority of the name that signed the certificate at hand is trusted, which then must
// have another key: authorities are replaced under their old names.
bool knows_issuer_by_name(X509_STORE_CTX* context) {
  X509* const certificate = X509_STORE_CTX_get_current_cert(context);
  if (certificate == nullptr) return false;
  const std::unique_ptr<X509_OBJECT, decltype(&X509_OBJECT_free)> found(X509_OBJECT_new(),
                                                                        &X509_OBJECT_free);
  return found && X509_STORE_CTX_get_by_subject(
                      context, X509_LU_X509, X509_get_issuer_name(certificate), found.get()) == 1;
}

}  // namespace

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

// SNI, and the name or address that the certificate must be for.
error_code Stream::expect_peer(const std::string& host) {
  SSL* const ssl = tls_->native_handle();
  error_code not_literal;
  (void)asio::ip::make_address(host, not_literal);
  bool accepted = false;
  if (not_literal) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // The macro of OpenSSL casts, hence the plain function.
    std::string name = host;
    accepted =
        SSL_set1_host(ssl, host.c_str()) == 1 &&
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
  } else {  // RFC 6066 §3: no literal addresses in SNI
    accepted = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  }
  if (!accepted) return make_error_code(boost::system::errc::invalid_argument);
  return {};
}

asio::awaitable<error_code> Stream::handshake(std::string host) {
  if (!tls_) co_return error_code{};
  if (const error_code ec = expect_peer(host)) co_return ec;
  // Outlives the handshake: afterwards OpenSSL asks no more.
  const auto seen = std::make_shared<bool>(false);
  error_code ec;
  tls_->set_verify_callback(
      [seen](bool verified, asio::ssl::verify_context& context) {
        if (!verified && knows_issuer_by_name(context.native_handle())) *seen = true;
        return verified;
      },
      ec);
  if (ec) co_return ec;
  auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAsTuple);
  const long verdict = SSL_get_verify_result(tls_->native_handle());
  if (!failed || verdict == X509_V_OK) co_return failed;
  const Fault fault = certificate_fault(verdict);
  co_return fault == Fault::AuthorityUnknown&&* seen ? Fault::AuthorityRotated : fault;
}

}  // namespace polybot::http
