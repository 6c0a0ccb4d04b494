// Authorities and certificates made for one run of a test, good ones and bad ones.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace polybot::test {

// What a certificate says; the defaults are in order.
struct CertificateTerms {
  std::string names = "DNS:localhost";  // as in a subjectAltName
  long valid_from_s = -3600;            // from now
  long valid_until_s = 3600;
};

struct KeyAndCertificate {
  std::string certificate_pem;
  std::string key_pem;
};

// Whether certificates name the key of their authority; most do, and it is found by that.
enum class KeyIds { Named, Absent };

// Signs with its key what it is asked for. Two of one name are what a rotation makes.
class Authority {
 public:
  explicit Authority(const std::string& name, KeyIds key_ids = KeyIds::Named)
      : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), key_ids_(key_ids) {
    certificate_ = made({.names = {}}, key_.get());
    name_subject(certificate_.get(), name);
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate_.get(), NID_key_usage, "critical,keyCertSign");
    if (key_ids_ == KeyIds::Named)
      extend(certificate_.get(), NID_subject_key_identifier, "hash", certificate_.get());
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  }

  [[nodiscard]] std::string pem() const { return certificate_text(certificate_.get()); }

  [[nodiscard]] KeyAndCertificate issue(const CertificateTerms& terms) const {
    const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const Certificate certificate = made(terms, key.get());
    name_subject(certificate.get(), "a venue");
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
    if (!terms.names.empty()) extend(certificate.get(), NID_subject_alt_name, terms.names);
    if (key_ids_ == KeyIds::Named)
      extend(certificate.get(), NID_authority_key_identifier, "keyid:always", certificate_.get());
    X509_sign(certificate.get(), key_.get(), EVP_sha256());
    return {certificate_text(certificate.get()), key_text(key.get())};
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Certificate made(const CertificateTerms& terms, EVP_PKEY* key) {
    static long serial = 1;
    Certificate certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), terms.valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), terms.valid_until_s);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
  }
  static void name_subject(X509* certificate, const std::string& name) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  }
  static void extend(X509* certificate, int which, const std::string& value,
                     X509* issuer = nullptr) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string text_of(const Write& write) {
    BIO* const bio = BIO_new(BIO_s_mem());
    write(bio);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  static std::string certificate_text(X509* certificate) {
    return text_of([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  }
  static std::string key_text(EVP_PKEY* key) {
    return text_of([&](BIO* bio) {
      PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  Key key_;
  KeyIds key_ids_;
  Certificate certificate_{nullptr, &X509_free};
};

// A file that is gone when the test has ended.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("polybot-http-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace polybot::test
