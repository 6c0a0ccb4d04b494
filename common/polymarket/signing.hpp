// EIP-712 order hashing and EOA signatures for the venue's exchange contracts, and the ClobAuth
// signature that creates API credentials, as github.com/Polymarket/clob-client-v2 makes them. What
// is signed is decided elsewhere: an OrderToSign holds every signed field, and its digest is the
// venue's order id, known before anything is sent. Signatures are deterministic (RFC 6979, low S).
//
// The private key lives in one OrderSigner, in locked memory, is wiped when that dies, and leaves
// it only as signatures. Signature type 3 (ERC-7739 deposit wallets) is refused: it is not part of
// this version.
#pragma once

#include <array>
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/instrument.hpp"
#include "common/polymarket/digest.hpp"
#include "common/secrets/locked_memory.hpp"

namespace polybot::polymarket {

// A 20-byte account or contract address.
struct Address {
  std::array<std::uint8_t, 20> bytes{};
  auto operator<=>(const Address&) const = default;

  // "0x" + 40 hex digits in any case (the checksum is not demanded: venues send both forms).
  [[nodiscard]] static std::optional<Address> parse(std::string_view text);
};

// EIP-55 mixed case, as the official client sends it.
[[nodiscard]] std::string to_checksum(const Address& address);

// r || s || v with v = 27 or 28.
struct Signature {
  std::array<std::uint8_t, 65> bytes{};
  bool operator==(const Signature&) const = default;

  [[nodiscard]] static std::optional<Signature> parse(
      std::string_view text);  // "0x" + 130 hex digits
};
[[nodiscard]] std::string to_string(const Signature& signature);

enum class SignatureType : std::uint8_t { Eoa = 0, PolyProxy = 1, GnosisSafe = 2, Poly1271 = 3 };

inline constexpr std::uint64_t kPolygonChainId = 137;
inline constexpr std::uint64_t kAmoyChainId = 80002;
inline constexpr std::uint64_t kSaltMax = (std::uint64_t{1} << 53) - 1;  // salts are JSON numbers

// Every field of the signed struct. `metadata` and `builder` are opaque words, zero by default.
struct OrderToSign {
  std::uint64_t salt = 0;  // at most kSaltMax
  Address maker;
  Address signer;
  domain::TokenId token;
  std::uint64_t maker_amount = 0;  // 1e-6 units: pUSD when buying, shares when selling
  std::uint64_t taker_amount = 0;  // 1e-6 units: shares when buying, pUSD when selling
  domain::Side side = domain::Side::Buy;
  SignatureType signature_type = SignatureType::Eoa;
  std::uint64_t timestamp_ms = 0;
  Hash32 metadata{};
  Hash32 builder{};
  bool operator==(const OrderToSign&) const = default;
};

// The address of an exchange contract on a chain; empty for a chain the venue is not deployed on.
[[nodiscard]] std::optional<Address> exchange_address(std::uint64_t chain_id,
                                                      domain::ExchangeVersion exchange);

// The EIP-712 domain separators of one chain's three exchanges, computed once.
class ExchangeDomains {
 public:
  // Throws std::invalid_argument for a chain without exchanges (a configuration error).
  explicit ExchangeDomains(std::uint64_t chain_id);
  [[nodiscard]] const Hash32& separator(domain::ExchangeVersion exchange) const;

 private:
  std::array<Hash32, 3> separators_;
};

// The EIP-712 digest of an order, which is also its id at the venue.
[[nodiscard]] domain::VenueOrderId order_digest(const OrderToSign& order,
                                                const Hash32& domain_separator);

// The digest that a ClobAuth (L1) signature covers. `timestamp_s` in Unix seconds.
[[nodiscard]] Hash32 clob_auth_digest(std::uint64_t chain_id, const Address& address,
                                      std::uint64_t timestamp_s, std::uint64_t nonce);

// The low 53 bits of SHA-256(identity): the same intent always gets the same salt, so that a second
// attempt is the same order to the venue.
[[nodiscard]] std::uint64_t salt_of(ByteView identity);

// Who signed `digest`; empty for a malformed signature, a high S (malleable twin) or a bad v.
[[nodiscard]] std::optional<Address> recover_signer(const Hash32& digest,
                                                    const Signature& signature);

enum class SigningError : std::uint8_t {
  UnsupportedSignatureType,  // type 3 needs a deposit wallet, which this version does not sign for
  SignerMismatch,  // the order names another signer than this key, or (type 0) another maker
  SaltTooLarge,
};
[[nodiscard]] std::string_view to_string(SigningError error);

// Holds one private key. Not copyable; movable. Signing is const but uses no shared mutable state,
// so calls from several threads are safe.
class OrderSigner {
 public:
  // `private_key_hex`: 64 hex digits, "0x" optional, surrounding white space ignored (files end in
  // a newline). Throws std::invalid_argument, without quoting the key, when it is not a valid key.
  explicit OrderSigner(std::string_view private_key_hex);
  // The same of the 32 bytes themselves, as a keystore holds them.
  explicit OrderSigner(secrets::LockedMemory private_key);
  ~OrderSigner();
  OrderSigner(OrderSigner&&) noexcept;
  OrderSigner& operator=(OrderSigner&&) noexcept;

  // The account this key controls.
  [[nodiscard]] const Address& address() const;
  // False when the key may get into the swap (common/secrets/locked_memory.hpp).
  [[nodiscard]] bool is_locked() const;
  // The key, for a keystore to be made of it.
  [[nodiscard]] ByteView reveal() const;

  // The signature of `order`, whose digest is `order_digest(order, domain_separator)`.
  [[nodiscard]] boost::system::result<Signature, SigningError> sign(
      const OrderToSign& order, const Hash32& domain_separator) const;
  // The POLY_SIGNATURE of an L1 request.
  [[nodiscard]] Signature sign_clob_auth(std::uint64_t chain_id, std::uint64_t timestamp_s,
                                         std::uint64_t nonce) const;

 private:
  [[nodiscard]] Signature sign_digest(const Hash32& digest) const;

  struct Key;  // wiped on destruction
  std::unique_ptr<Key> key_;
  Address address_;
};

}  // namespace polybot::polymarket
