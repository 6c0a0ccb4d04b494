#include "common/http/transport.hpp"

#include <boost/asio/ssl/context.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace polybot::http {
namespace asio = boost::asio;

namespace {

std::shared_ptr<asio::ssl::context> make_tls_context(const std::string& ca_file) {
  using Context = asio::ssl::context;
  auto context = std::make_shared<Context>(Context::tls_client);
  context->set_options(Context::default_workarounds | Context::no_sslv2 | Context::no_sslv3 |
                       Context::no_tlsv1 | Context::no_tlsv1_1);
  context->set_verify_mode(asio::ssl::verify_peer);
  if (ca_file.empty()) {
    context->set_default_verify_paths();
    return context;
  }
  const std::string about = "names \"" + ca_file + "\", which cannot be used: ";
  std::error_code error;
  if (std::filesystem::is_directory(ca_file, error))
    throw std::runtime_error(about + "it is a folder; name the file in it");
  if (!std::ifstream(ca_file)) throw std::runtime_error(about + std::strerror(errno));
  boost::system::error_code ec;
  context->load_verify_file(ca_file, ec);
  if (ec) throw std::runtime_error(about + "no certificate in PEM (" + ec.message() + ")");
  return context;
}

}  // namespace

Transport::Transport(TransportSettings settings)
    : tls_(make_tls_context(settings.ca_file)), proxies_(std::move(settings.proxies)) {}

}  // namespace polybot::http
