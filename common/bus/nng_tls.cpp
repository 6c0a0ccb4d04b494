#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>
#include <strings.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "common/bus/nng_handles.hpp"

namespace polybot::bus::nng {
namespace {

std::string read_pem(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.view().empty()) throw std::runtime_error("bus: cannot read " + file.string());
  return std::move(text).str();
}

void check_pem(int result, const std::filesystem::path& file) {
  if (result == 0) return;
  throw std::runtime_error("bus: " + file.string() +
                           " holds no usable certificate: " + nng_strerror(result));
}

}  // namespace

TlsConfig make_tls_config(EndpointRole role, const Tls& tls) {
  nng_tls_config* made = nullptr;
  check(nng_tls_config_alloc(
            &made, role == EndpointRole::Listen ? NNG_TLS_MODE_SERVER : NNG_TLS_MODE_CLIENT),
        "no TLS in this NNG");
  TlsConfig config(made, &nng_tls_config_free);
  check(nng_tls_config_version(made, NNG_TLS_1_2, NNG_TLS_1_3), "no TLS 1.2");
  for (const std::filesystem::path& file : tls.authority_files) {
    check_pem(nng_tls_config_ca_chain(made, read_pem(file).c_str(), nullptr), file);
  }
  std::string own = read_pem(tls.certificate_file);
  const int result = nng_tls_config_own_cert(made, own.c_str(), own.c_str(), nullptr);
  explicit_bzero(own.data(), own.size());
  check_pem(result, tls.certificate_file);
  // Both ends show a certificate. Without this a listener would take anybody.
  check(nng_tls_config_auth_mode(made, NNG_TLS_AUTH_MODE_REQUIRED), "cannot demand certificates");
  if (role == EndpointRole::Dial) {
    check(nng_tls_config_server_name(made, tls.listener_name.c_str()), "cannot demand a name");
  }
  return config;
}

}  // namespace polybot::bus::nng
