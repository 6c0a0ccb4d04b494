#include "common/http/fault.hpp"

#include <openssl/x509_vfy.h>

#include <string>

namespace polybot::http {
namespace {

const char* words_of(Fault fault) {
  switch (fault) {
    case Fault::CertificateExpired:
      return "the certificate has expired";
    case Fault::CertificateNotYetValid:
      return "the certificate is not valid yet (is this machine's clock right?)";
    case Fault::CertificateWrongHost:
      return "the certificate is for another host";
    case Fault::AuthorityUnknown:
      return "the certificate is signed by an authority that is not trusted here";
    case Fault::AuthorityRotated:
      return "the certificate is signed with another key than that of the trusted authority of "
             "this name (renew ca_file)";
    case Fault::CertificateRefused:
      return "the certificate cannot be trusted";
    case Fault::TlsUnavailable:
      return "this client was made without certificates to trust";
    case Fault::ProxyAuthentication:
      return "the proxy refuses the user and password of HTTPS_PROXY, or wants some";
    case Fault::ProxyRefused:
      return "the proxy refuses to connect to this host";
    case Fault::ProxyProtocol:
      return "the address in HTTPS_PROXY does not answer like a proxy";
    case Fault::Redirected:
      return "the answer names another address, which is not followed";
    case Fault::EncodingUnknown:
      return "the answer is in a coding that was not asked for";
    case Fault::EncodingBroken:
      return "the answer is not the gzip that it claims to be";
    case Fault::EncodingTooLarge:
      return "the answer unpacks to more than is allowed";
    case Fault::ProxyUnreachable:
      return "the proxy that HTTPS_PROXY names cannot be reached";
    case Fault::HeldBack:
      return "it was taken back before it left";
  }
  return "unknown";
}

class FaultCategory final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "polybot.http"; }
  [[nodiscard]] std::string message(int value) const override {
    return words_of(static_cast<Fault>(value));
  }
};
const FaultCategory kFaultCategory{};

}  // namespace

boost::system::error_code make_error_code(Fault fault) {
  return {static_cast<int>(fault), kFaultCategory};
}

bool is_certificate_fault(const boost::system::error_code& ec) {
  return ec.category() == kFaultCategory &&
         ec.value() >= static_cast<int>(Fault::CertificateExpired) &&
         ec.value() <= static_cast<int>(Fault::CertificateRefused);
}

Fault certificate_fault(long verdict) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Fault::CertificateExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Fault::CertificateNotYetValid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Fault::CertificateWrongHost;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return Fault::AuthorityUnknown;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return Fault::AuthorityRotated;
    default:
      return Fault::CertificateRefused;
  }
}

}  // namespace polybot::http
