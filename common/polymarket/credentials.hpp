// API credentials and the HMAC that authenticates each private request ("L2" of
// docs.polymarket.com/api-reference/authentication), from both sides: the header set a client sends
// and the check a venue makes.
//
// The signed text is timestamp + METHOD + path (without host and query) + the exact body bytes.
// Secret and passphrase lie in locked memory, once for all copies, are wiped when the last of them
// dies, and are never printed. What the protocol itself sends with each request (the passphrase,
// and once the secret, to subscribe to the user channel) passes through ordinary memory on its way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/polymarket/signing.hpp"
#include "common/secrets/locked_memory.hpp"

namespace polybot::polymarket {

inline constexpr std::string_view kHeaderAddress = "POLY_ADDRESS";
inline constexpr std::string_view kHeaderSignature = "POLY_SIGNATURE";
inline constexpr std::string_view kHeaderTimestamp = "POLY_TIMESTAMP";
inline constexpr std::string_view kHeaderApiKey = "POLY_API_KEY";
inline constexpr std::string_view kHeaderPassphrase = "POLY_PASSPHRASE";
inline constexpr std::string_view kHeaderNonce = "POLY_NONCE";

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// One request as the HMAC sees it. `path` starts with '/' and has no query string; `body` is empty
// when the request has none.
struct SignedRequest {
  std::string_view method;
  std::string_view path;
  std::string_view body;
};

class ApiCredentials {
 public:
  // Throws std::invalid_argument (without quoting the secret) when the secret is not base64 or a
  // part is empty.
  ApiCredentials(std::string api_key, std::string_view secret, std::string_view passphrase);

  [[nodiscard]] const std::string& api_key() const { return api_key_; }
  // Valid while a copy of these credentials lives.
  [[nodiscard]] std::string_view passphrase() const {
    return kept_->text().substr(secret_size_, passphrase_size_);
  }
  // The secret as configured: the user channel's subscription carries it inside TLS.
  [[nodiscard]] std::string_view secret() const { return kept_->text().substr(0, secret_size_); }

  // base64url with padding, 44 characters.
  [[nodiscard]] std::string hmac(std::uint64_t timestamp_s, const SignedRequest& request) const;

  // The five L2 headers. `address` is the EOA that owns the API key.
  [[nodiscard]] HeaderList headers(const Address& address, std::uint64_t timestamp_s,
                                   const SignedRequest& request) const;

  // The venue's side: true when `signature` is right, compared in constant time.
  [[nodiscard]] bool verify(std::uint64_t timestamp_s, const SignedRequest& request,
                            std::string_view signature) const;

 private:
  // The decoded secret.
  [[nodiscard]] ByteView key() const {
    return ByteView(kept_->bytes()).subspan(secret_size_ + passphrase_size_);
  }

  std::string api_key_;
  std::size_t secret_size_ = 0;
  std::size_t passphrase_size_ = 0;
  // Secret, passphrase and key, one behind the other; shared by the copies of these credentials.
  std::shared_ptr<const secrets::LockedMemory> kept_;
};

// The four L1 headers that create or derive an API key.
[[nodiscard]] HeaderList l1_headers(const OrderSigner& signer, std::uint64_t chain_id,
                                    std::uint64_t timestamp_s, std::uint64_t nonce);

// Compares without leaking where the first difference is.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace polybot::polymarket
