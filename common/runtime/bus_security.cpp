#include "common/runtime/bus_security.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

namespace polybot::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTlsScheme = "tls+tcp://";
constexpr std::string_view kCertificateKey = "bus.tls.certificate_file";
constexpr std::string_view kAuthoritiesKey = "bus.tls.authorities";

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using File = std::unique_ptr<std::FILE, Freed<&std::fclose>>;
using Certificate = std::unique_ptr<X509, Freed<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Freed<&X509_STORE_CTX_free>>;

// A file without a password; a prompt would wait for ever.
int no_password(char*, int, int, void*) {
  return -1;
}

std::string because_of_errno(const fs::path& file) {
  return "cannot read " + file.string() + ": " + std::strerror(errno);
}

struct Own {
  Certificate certificate;
  Key key;
};

// What is wrong with the file; empty when it holds a certificate and its key.
std::string read_own(const fs::path& path, Own& own) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return because_of_errno(path);
  if ((status.st_mode & 077U) != 0)
    return path.string() + " holds a key that others may read; chmod 600 it";
  const File file(std::fopen(path.c_str(), "re"));
  if (!file) return because_of_errno(path);
  own.certificate.reset(PEM_read_X509(file.get(), nullptr, &no_password, nullptr));
  std::rewind(file.get());
  own.key.reset(PEM_read_PrivateKey(file.get(), nullptr, &no_password, nullptr));
  if (!own.certificate || !own.key)
    return path.string() + " must hold a certificate and its key without a password, both as PEM";
  if (X509_check_private_key(own.certificate.get(), own.key.get()) != 1)
    return "the key in " + path.string() + " is not that of the certificate";
  return {};
}

// What is wrong with the file; empty when `store` has got its authorities.
std::string read_authorities(const fs::path& path, X509_STORE& store) {
  const File file(std::fopen(path.c_str(), "re"));
  if (!file) return because_of_errno(path);
  bool any = false;
  while (const Certificate authority{PEM_read_X509(file.get(), nullptr, &no_password, nullptr)}) {
    if (X509_check_ca(authority.get()) == 0)
      return path.string() + " holds a certificate that is no authority's";
    any = X509_STORE_add_cert(&store, authority.get()) == 1;
  }
  return any ? "" : path.string() + " holds no authority's certificate (PEM)";
}

// Why the authority in the store did not issue the certificate; empty when it did.
std::string judge(X509_STORE& store, X509& certificate) {
  const Verification verification(X509_STORE_CTX_new());
  if (!verification || X509_STORE_CTX_init(verification.get(), &store, &certificate, nullptr) != 1)
    return "it cannot be checked";
  if (X509_verify_cert(verification.get()) == 1) return {};
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(verification.get()));
}

std::int64_t end_of(const X509& certificate) {
  std::tm end{};
  return ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end) == 1 ? ::timegm(&end) : 0;
}

// Reads what the files say, and reports what is wrong with them.
void read_files(config::Reader& reader, std::string_view service, BusSecurity& security) {
  Own own;
  if (const std::string fault = read_own(security.certificate_file, own); !fault.empty())
    return reader.error(kCertificateKey, fault);
  const fs::path authority = security.authorities / (std::string(service) + ".pem");
  const Store store(X509_STORE_new());
  if (const std::string fault = read_authorities(authority, *store); !fault.empty())
    return reader.error(kAuthoritiesKey, fault);
  if (const std::string fault = judge(*store, *own.certificate); !fault.empty()) {
    reader.error(kCertificateKey, security.certificate_file.string() + " is no certificate of a " +
                                      std::string(service) + " that the others take: " + fault +
                                      " (its authority is " + authority.string() + ")");
  }
  security.certificate_ends_s = end_of(*own.certificate);
}

}  // namespace

bus::Address BusSecurity::address(const std::string& text,
                                  std::span<const std::string_view> peers) const {
  if (!text.starts_with(kTlsScheme) || certificate_file.empty()) return {text};
  bus::Tls tls{.certificate_file = certificate_file,
               .authority_files = {},
               .listener_name = std::string(peers.front())};
  for (const std::string_view peer : peers)
    tls.authority_files.push_back(authorities / (std::string(peer) + ".pem"));
  return {text, std::make_shared<const bus::Tls>(std::move(tls))};
}

BusSecurity read_bus_security(config::Reader& reader, std::string_view service) {
  BusSecurity security;
  if (reader.boolean("bus.trusted_network", false))
    security.trust = bus::NetworkTrust::TrustedNetwork;
  security.certificate_file = reader.string(kCertificateKey, "");
  security.authorities = reader.string(kAuthoritiesKey, "");
  if (security.certificate_file.empty() != security.authorities.empty()) {
    reader.error(security.authorities.empty() ? kAuthoritiesKey : kCertificateKey,
                 "is missing: TLS needs both bus.tls.certificate_file and bus.tls.authorities");
  } else if (!security.certificate_file.empty()) {
    read_files(reader, service, security);
    ERR_clear_error();  // the last read of a PEM file ends with an error, its end
  }
  return security;
}

}  // namespace polybot::runtime
