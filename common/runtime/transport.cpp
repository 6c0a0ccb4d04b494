#include "common/runtime/transport.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/http/url.hpp"

namespace polybot::runtime {

namespace {

constexpr const char* kCaFile = "venue.ca_file";
constexpr const char* kCertificates = "SSL_CERT_FILE";
constexpr const char* kAddresses = "venue.rest";  // where an error about the proxy is told

bool needs_tls(std::string_view url) {
  const auto parsed = http::parse_url(url);
  return parsed && parsed->tls;
}

struct Variable {
  std::string name;
  std::string value;
};

// The first that is set, be it to nothing.
std::optional<Variable> first_set(const config::Environment& environment,
                                  std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    const auto found = environment.find(name);
    if (found != environment.end()) return Variable{name, found->second};
  }
  return std::nullopt;
}

std::string about(const Variable& variable, std::string_view what) {
  return "the environment's " + variable.name + " " + std::string(what);
}

http::ProxyRules read_proxies(config::Reader& reader, const config::Environment& environment) {
  http::ProxyRules rules;
  const auto proxy =
      first_set(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  if (proxy && !proxy->value.empty()) {
    // The value may hold a password, so no message shows it.
    if (auto parsed = http::parse_proxy(proxy->value)) {
      rules.proxy = *std::move(parsed);
    } else {
      reader.error(kAddresses, about(*proxy, http::to_string(parsed.error())));
    }
  }
  if (const auto except = first_set(environment, {"no_proxy", "NO_PROXY"})) {
    if (auto parsed = http::NoProxy::parse(except->value)) {
      rules.except = *std::move(parsed);
    } else {
      reader.error(kAddresses,
                   about(*except, "has the entry \"" + parsed.error() +
                                      "\", which is no host name, address or network such as "
                                      "10.0.0.0/8"));
    }
  }
  return rules;
}

}  // namespace

std::shared_ptr<const http::Transport> read_transport(config::Reader& reader,
                                                      std::initializer_list<std::string_view> urls,
                                                      const config::Environment& environment) {
  http::TransportSettings settings{.ca_file = reader.string(kCaFile, ""), .proxies = {}};
  const bool tls = std::any_of(urls.begin(), urls.end(), needs_tls);
  const bool by_key = !settings.ca_file.empty();
  if (!tls && !by_key) return nullptr;
  const auto certificates = by_key ? std::nullopt : first_set(environment, {kCertificates});
  if (certificates) settings.ca_file = certificates->value;
  if (tls) settings.proxies = read_proxies(reader, environment);
  try {
    return std::make_shared<const http::Transport>(std::move(settings));
  } catch (const std::runtime_error& error) {
    reader.error(kCaFile, certificates ? about(*certificates, error.what()) : error.what());
  }
  return nullptr;
}

}  // namespace polybot::runtime
