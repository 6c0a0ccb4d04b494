#include "common/polymarket/credentials.hpp"

#include <cryptopp/hmac.h>
#include <cryptopp/sha.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace polybot::polymarket {
namespace {

std::vector<std::uint8_t> decoded_secret(std::string_view secret) {
  auto key = parse_base64(secret);
  if (!key || key->empty()) throw std::invalid_argument("the API secret is not base64");
  return std::move(*key);
}

}  // namespace

ApiCredentials::ApiCredentials(std::string api_key, std::string_view secret,
                               std::string_view passphrase)
    : api_key_(std::move(api_key)),
      secret_size_(secret.size()),
      passphrase_size_(passphrase.size()) {
  if (api_key_.empty() || passphrase.empty())
    throw std::invalid_argument("the API key or its passphrase is empty");
  std::vector<std::uint8_t> key = decoded_secret(secret);
  secrets::LockedMemory kept(secret.size() + passphrase.size() + key.size());
  auto at = std::copy(secret.begin(), secret.end(), kept.bytes().begin());
  at = std::copy(passphrase.begin(), passphrase.end(), at);
  std::copy(key.begin(), key.end(), at);
  OPENSSL_cleanse(key.data(), key.size());
  kept_ = std::make_shared<const secrets::LockedMemory>(std::move(kept));
}

std::string ApiCredentials::hmac(std::uint64_t timestamp_s, const SignedRequest& request) const {
  std::string text = std::to_string(timestamp_s);
  text.append(request.method).append(request.path).append(request.body);
  const ByteView bytes = bytes_of(text);
  Hash32 hash;
  CryptoPP::HMAC<CryptoPP::SHA256> mac(key().data(), key().size());
  mac.CalculateDigest(hash.data(), bytes.data(), bytes.size());
  return to_base64url(hash);
}

HeaderList ApiCredentials::headers(const Address& address, std::uint64_t timestamp_s,
                                   const SignedRequest& request) const {
  return {{std::string(kHeaderAddress), to_checksum(address)},
          {std::string(kHeaderSignature), hmac(timestamp_s, request)},
          {std::string(kHeaderTimestamp), std::to_string(timestamp_s)},
          {std::string(kHeaderApiKey), api_key_},
          {std::string(kHeaderPassphrase), std::string(passphrase())}};
}

bool ApiCredentials::verify(std::uint64_t timestamp_s, const SignedRequest& request,
                            std::string_view signature) const {
  return equal_constant_time(hmac(timestamp_s, request), signature);
}

HeaderList l1_headers(const OrderSigner& signer, std::uint64_t chain_id, std::uint64_t timestamp_s,
                      std::uint64_t nonce) {
  return {{std::string(kHeaderAddress), to_checksum(signer.address())},
          {std::string(kHeaderSignature),
           to_string(signer.sign_clob_auth(chain_id, timestamp_s, nonce))},
          {std::string(kHeaderTimestamp), std::to_string(timestamp_s)},
          {std::string(kHeaderNonce), std::to_string(nonce)}};
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace polybot::polymarket
