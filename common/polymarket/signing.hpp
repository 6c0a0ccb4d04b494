// EIP-712 order hashing and signatures for the venue's exchange contracts, and the ClobAuth
// signature that creates API credentials, as github.com/Polymarket/clob-client-v2 makes them. What
// is signed is decided elsewhere: an OrderToSign holds every signed field, and its digest is the
// venue's order id, known before anything is sent. Signatures are deterministic (RFC 6979, low S).
//
// A deposit wallet (signature type 3) is a contract that checks its owner's signature itself. Its
// owner therefore signs the order together with the wallet (ERC-7739): no other wallet of the same
// owner takes that signature.
//
// The private key lives in one OrderSigner, in locked memory, is wiped when that dies, and leaves
// it only as signatures.
#pragma once

#include <array>
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/instrument.hpp"
#include "common/polymarket/address.hpp"
#include "common/polymarket/digest.hpp"
#include "common/secrets/locked_memory.hpp"

namespace polybot::polymarket {

// r || s || v with v = 27 or 28.
struct Signature {
  std::array<std::uint8_t, 65> bytes{};
  bool operator==(const Signature&) const = default;

  [[nodiscard]] static std::optional<Signature> parse(
      std::string_view text);  // "0x" + 130 hex digits
};
[[nodiscard]] std::string to_string(const Signature& signature);

// What an order carries: a signature, and of a deposit wallet what its contract checks it with.
struct OrderSignature {
  struct Nested {
    Hash32 domain_separator{};  // of the exchange
    Hash32 contents{};          // the hash of the order as a struct
    bool operator==(const Nested&) const = default;
  };
  Signature signature;
  std::optional<Nested> nested;
  bool operator==(const OrderSignature&) const = default;

  // "0x" + 130 hex digits, or + 634 of which the last name the type of the order.
  [[nodiscard]] static std::optional<OrderSignature> parse(std::string_view text);
};
[[nodiscard]] std::string to_string(const OrderSignature& signature);

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

// The EIP-712 domain of one exchange.
struct ExchangeDomain {
  Hash32 separator{};
  std::uint64_t chain_id = 0;
};

// Those of one chain's three exchanges, computed once.
class ExchangeDomains {
 public:
  // Throws std::invalid_argument for a chain without exchanges (a configuration error).
  explicit ExchangeDomains(std::uint64_t chain_id);
  [[nodiscard]] const ExchangeDomain& of(domain::ExchangeVersion exchange) const;

 private:
  std::array<ExchangeDomain, 3> domains_;
};

// The EIP-712 digest of an order, which is also its id at the venue.
[[nodiscard]] domain::VenueOrderId order_digest(const OrderToSign& order,
                                                const ExchangeDomain& domain);

// Who signed an order, as the exchange or the order's deposit wallet would find; empty for a
// signature that is none of this order.
[[nodiscard]] std::optional<Address> recover_order_signer(const OrderToSign& order,
                                                          const ExchangeDomain& domain,
                                                          const OrderSignature& signature);

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
  SignerMismatch,  // the order names another signer than this key, or (type 0) another maker; of
                   // type 3 maker and signer are not one wallet
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

  // Whether a deposit wallet is this key's is not asked here (venue_wallet.hpp).
  [[nodiscard]] boost::system::result<OrderSignature, SigningError> sign(
      const OrderToSign& order, const ExchangeDomain& domain) const;
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
