// What can go wrong on the way to a peer that neither Boost nor the system has a word for: error
// codes with messages for people.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <type_traits>

namespace polybot::http {

enum class Fault : std::uint8_t {
  CertificateExpired = 1,
  CertificateNotYetValid = 2,
  CertificateWrongHost = 3,
  AuthorityUnknown = 4,     // nobody that we trust has signed it
  AuthorityRotated = 5,     // we trust an authority of that name, but with another key
  CertificateRefused = 6,   // for any other reason
  TlsUnavailable = 7,       // https or wss asked of a client that was made without a Transport
  ProxyAuthentication = 8,  // the proxy wants a password, or another one
  ProxyRefused = 9,         // the proxy does not connect to that host
  ProxyProtocol = 10,       // what answered is no HTTP proxy
  Redirected = 11,          // the answer names another address; it is not followed
  EncodingUnknown = 12,     // the body is in a coding that was not asked for
  EncodingBroken = 13,      // the body is not the gzip that it claims to be
  EncodingTooLarge = 14,    // the body unpacks to more than an answer may have
  ProxyUnreachable = 15,    // the proxy's name is unknown, or nothing answers there
  HeldBack = 16             // the caller took the request back before it left
};

// "the certificate has expired", ...
[[nodiscard]] boost::system::error_code make_error_code(Fault fault);
// Whether the peer could not prove who it is: nothing of a request has left then.
[[nodiscard]] bool is_certificate_fault(const boost::system::error_code& ec);
// The fault behind a verdict of OpenSSL about a certificate (X509_V_ERR_...).
[[nodiscard]] Fault certificate_fault(long verdict);

}  // namespace polybot::http

template <>
struct boost::system::is_error_code_enum<polybot::http::Fault> : std::true_type {};
