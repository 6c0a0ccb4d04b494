#include "common/polymarket/signing.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace polybot::polymarket {
namespace {

Hash32 hash_text(std::string_view text) {
  return keccak256(bytes_of(text));
}

Hash32 typed_digest(const Hash32& domain_separator, const Hash32& struct_hash) {
  std::array<std::uint8_t, 66> bytes{0x19, 0x01};
  std::memcpy(bytes.data() + 2, domain_separator.data(), 32);
  std::memcpy(bytes.data() + 34, struct_hash.data(), 32);
  return keccak256(bytes);
}

constexpr std::string_view kOrderType =
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,"
    "uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,"
    "bytes32 builder)";

const Hash32& order_type_hash() {
  static const Hash32 hash = hash_text(kOrderType);
  return hash;
}

Hash32 hash_of_order(const OrderToSign& order) {
  AbiWords<12> words;
  words.word(order_type_hash())
      .number(order.salt)
      .address(order.maker)
      .address(order.signer)
      .word(order.token.bytes)
      .number(order.maker_amount)
      .number(order.taker_amount)
      .number(order.side == domain::Side::Buy ? 0 : 1)
      .number(static_cast<std::uint64_t>(order.signature_type))
      .number(order.timestamp_ms)
      .word(order.metadata)
      .word(order.builder);
  return words.hash();
}

// What the owner of a deposit wallet signs: the order, and which wallet makes it.
Hash32 nested_digest(const OrderToSign& order, const ExchangeDomain& domain,
                     const Hash32& contents) {
  static const Hash32 type = hash_text(
      "TypedDataSign(Order contents,string name,string version,uint256 chainId,"
      "address verifyingContract,bytes32 salt)" +
      std::string(kOrderType));
  static const Hash32 name = hash_text("DepositWallet");
  static const Hash32 version = hash_text("1");
  AbiWords<7> words;
  words.word(type)
      .word(contents)
      .word(name)
      .word(version)
      .number(domain.chain_id)
      .address(order.maker)
      .word({});
  return typed_digest(domain.separator, words.hash());
}

// How the contract is told the type of what was signed: the text, and its length in two bytes.
std::string nested_type_hex() {
  const std::array<std::uint8_t, 2> length{0, kOrderType.size()};
  return to_hex(bytes_of(kOrderType)) + to_hex(length);
}

// The exchanges of protocol V2 have the same address on both chains; ExchangeV3 does not.
constexpr Address kExchangeV2 = address_literal("0xE111180000d2663C0091e4f400237545B87B996B");
constexpr Address kExchangeV2NegRisk =
    address_literal("0xe2222d279d744050d28e00520010520000310F59");
constexpr Address kExchangeV3 = address_literal("0xe3333700cA9d93003F00f0F71f8515005F6c00Aa");
constexpr Address kExchangeV3Amoy = address_literal("0x9fE6e61422AdB6F610d8597F9684b16912D50C3D");

ExchangeDomain exchange_domain(std::uint64_t chain_id, domain::ExchangeVersion exchange) {
  const auto contract = exchange_address(chain_id, exchange);
  if (!contract) throw std::invalid_argument("the venue has no exchanges on this chain");
  AbiWords<5> domain;
  domain
      .word(hash_text("EIP712Domain(string name,string version,uint256 chainId,"
                      "address verifyingContract)"))
      .word(hash_text("Polymarket CTF Exchange"))
      .word(hash_text(exchange == domain::ExchangeVersion::V3 ? "3" : "2"))
      .number(chain_id)
      .address(*contract);
  return {domain.hash(), chain_id};
}

// An account's address is the last 20 bytes of the hash of its uncompressed public key.
Address address_of_key(const secp256k1_context* context, const secp256k1_pubkey& key) {
  std::array<std::uint8_t, 65> point{};
  std::size_t size = point.size();
  secp256k1_ec_pubkey_serialize(context, point.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
  return address_of(keccak256(ByteView(point).subspan(1)));
}

constexpr std::size_t kKeyBytes = 32;
constexpr std::string_view kNoKey = "the private key is not 64 hex digits naming a valid key";

std::string_view trimmed_key(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

secrets::LockedMemory key_of_hex(std::string_view digits) {
  secrets::LockedMemory key(kKeyBytes);
  if (!parse_hex(trimmed_key(digits), key.bytes()))
    throw std::invalid_argument(std::string(kNoKey));
  return key;
}

}  // namespace

std::optional<Signature> Signature::parse(std::string_view text) {
  Signature signature;
  if (!text.starts_with("0x") || !parse_hex(text, signature.bytes)) return std::nullopt;
  return signature;
}

std::string to_string(const Signature& signature) {
  return "0x" + to_hex(signature.bytes);
}

std::optional<OrderSignature> OrderSignature::parse(std::string_view text) {
  constexpr std::size_t kPlain = 2 + 2 * 65;
  constexpr std::size_t kHash = 2 * 32;
  const auto plain = Signature::parse(text.substr(0, kPlain));
  if (!plain) return std::nullopt;
  OrderSignature read{*plain, std::nullopt};
  if (text.size() == kPlain) return read;
  text.remove_prefix(kPlain);
  static const std::string type = nested_type_hex();
  Nested nested;
  const bool whole = text.size() == 2 * kHash + type.size() &&
                     parse_hex(text.substr(0, kHash), nested.domain_separator) &&
                     parse_hex(text.substr(kHash, kHash), nested.contents) &&
                     text.substr(2 * kHash) == type;
  if (!whole) return std::nullopt;
  read.nested = nested;
  return read;
}

std::string to_string(const OrderSignature& signature) {
  static const std::string type = nested_type_hex();
  std::string text = to_string(signature.signature);
  if (!signature.nested) return text;
  text += to_hex(signature.nested->domain_separator);
  text += to_hex(signature.nested->contents);
  return text += type;
}

std::optional<Address> exchange_address(std::uint64_t chain_id, domain::ExchangeVersion exchange) {
  if (chain_id != kPolygonChainId && chain_id != kAmoyChainId) return std::nullopt;
  switch (exchange) {
    case domain::ExchangeVersion::V2:
      return kExchangeV2;
    case domain::ExchangeVersion::V2NegRisk:
      return kExchangeV2NegRisk;
    case domain::ExchangeVersion::V3:
      return chain_id == kPolygonChainId ? kExchangeV3 : kExchangeV3Amoy;
  }
  return std::nullopt;
}

ExchangeDomains::ExchangeDomains(std::uint64_t chain_id)
    : domains_{exchange_domain(chain_id, domain::ExchangeVersion::V2),
               exchange_domain(chain_id, domain::ExchangeVersion::V2NegRisk),
               exchange_domain(chain_id, domain::ExchangeVersion::V3)} {}

const ExchangeDomain& ExchangeDomains::of(domain::ExchangeVersion exchange) const {
  return domains_[static_cast<std::size_t>(exchange)];
}

domain::VenueOrderId order_digest(const OrderToSign& order, const ExchangeDomain& domain) {
  return {typed_digest(domain.separator, hash_of_order(order))};
}

std::optional<Address> recover_order_signer(const OrderToSign& order, const ExchangeDomain& domain,
                                            const OrderSignature& signature) {
  const Hash32 contents = hash_of_order(order);
  if (!signature.nested)
    return recover_signer(typed_digest(domain.separator, contents), signature.signature);
  const bool of_this = order.signature_type == SignatureType::Poly1271 &&
                       *signature.nested == OrderSignature::Nested{domain.separator, contents};
  if (!of_this) return std::nullopt;
  return recover_signer(nested_digest(order, domain, contents), signature.signature);
}

Hash32 clob_auth_digest(std::uint64_t chain_id, const Address& address, std::uint64_t timestamp_s,
                        std::uint64_t nonce) {
  AbiWords<4> domain;
  domain.word(hash_text("EIP712Domain(string name,string version,uint256 chainId)"))
      .word(hash_text("ClobAuthDomain"))
      .word(hash_text("1"))
      .number(chain_id);
  AbiWords<5> words;
  words.word(hash_text("ClobAuth(address address,string timestamp,uint256 nonce,string message)"))
      .address(address)
      .word(hash_text(std::to_string(timestamp_s)))
      .number(nonce)
      .word(hash_text("This message attests that I control the given wallet"));
  return typed_digest(domain.hash(), words.hash());
}

std::uint64_t salt_of(ByteView identity) {
  const Hash32 hash = sha256(identity);
  std::uint64_t low = 0;
  for (std::size_t i = 24; i < 32; ++i) low = (low << 8) | hash[i];
  return low & kSaltMax;
}

std::optional<Address> recover_signer(const Hash32& digest, const Signature& signature) {
  const secp256k1_context* const context = secp256k1_context_static;
  const int recovery_id = signature.bytes[64] - 27;
  if (recovery_id != 0 && recovery_id != 1) return std::nullopt;
  secp256k1_ecdsa_recoverable_signature recoverable;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(
          context, &recoverable, signature.bytes.data(), recovery_id) == 0) {
    return std::nullopt;
  }
  secp256k1_ecdsa_signature plain;
  secp256k1_ecdsa_recoverable_signature_convert(context, &plain, &recoverable);
  const bool high_s = secp256k1_ecdsa_signature_normalize(context, nullptr, &plain) == 1;
  if (high_s) return std::nullopt;
  secp256k1_pubkey key;
  if (secp256k1_ecdsa_recover(context, &key, &recoverable, digest.data()) == 0) return std::nullopt;
  return address_of_key(context, key);
}

std::string_view to_string(SigningError error) {
  switch (error) {
    case SigningError::SignerMismatch:
      return "the order's maker or signer is not the account of this key";
    case SigningError::SaltTooLarge:
      return "the salt does not fit 53 bits";
  }
  return "unknown";
}

// The secp256k1 context is built once: it holds the tables that make signing fast.
struct OrderSigner::Key {
  secrets::LockedMemory bytes;
  secp256k1_context* context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

  explicit Key(secrets::LockedMemory key) : bytes(std::move(key)) {}
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { secp256k1_context_destroy(context); }
};

OrderSigner::OrderSigner(std::string_view private_key_hex)
    : OrderSigner(key_of_hex(private_key_hex)) {}

OrderSigner::OrderSigner(secrets::LockedMemory private_key)
    : key_(std::make_unique<Key>(std::move(private_key))) {
  secp256k1_pubkey public_key;
  const bool is_key =
      key_->bytes.bytes().size() == kKeyBytes &&
      secp256k1_ec_pubkey_create(key_->context, &public_key, key_->bytes.bytes().data()) == 1;
  secrets::wipe_stack();
  if (!is_key) throw std::invalid_argument(std::string(kNoKey));
  address_ = address_of_key(key_->context, public_key);
}

OrderSigner::~OrderSigner() = default;
OrderSigner::OrderSigner(OrderSigner&&) noexcept = default;
OrderSigner& OrderSigner::operator=(OrderSigner&&) noexcept = default;

const Address& OrderSigner::address() const {
  return address_;
}

bool OrderSigner::is_locked() const {
  return key_->bytes.is_locked();
}

ByteView OrderSigner::reveal() const {
  return std::as_const(key_->bytes).bytes();
}

boost::system::result<OrderSignature, SigningError> OrderSigner::sign(
    const OrderToSign& order, const ExchangeDomain& domain) const {
  const bool of_wallet = order.signature_type == SignatureType::Poly1271;
  const bool own_maker = order.signature_type != SignatureType::Eoa || order.maker == address_;
  const bool signer = of_wallet ? order.signer == order.maker : order.signer == address_;
  if (!signer || !own_maker) return SigningError::SignerMismatch;
  if (order.salt > kSaltMax) return SigningError::SaltTooLarge;
  const Hash32 contents = hash_of_order(order);
  if (!of_wallet)
    return OrderSignature{sign_digest(typed_digest(domain.separator, contents)), std::nullopt};
  return OrderSignature{sign_digest(nested_digest(order, domain, contents)),
                        OrderSignature::Nested{domain.separator, contents}};
}

Signature OrderSigner::sign_clob_auth(std::uint64_t chain_id, std::uint64_t timestamp_s,
                                      std::uint64_t nonce) const {
  return sign_digest(clob_auth_digest(chain_id, address_, timestamp_s, nonce));
}

Signature OrderSigner::sign_digest(const Hash32& digest) const {
  secp256k1_ecdsa_recoverable_signature recoverable;
  const int signed_ok = secp256k1_ecdsa_sign_recoverable(
      key_->context, &recoverable, digest.data(), key_->bytes.bytes().data(), nullptr, nullptr);
  secrets::wipe_stack();
  POLYBOT_ASSERT(signed_ok == 1);  // fails only for an invalid key, which the constructor refuses
  Signature signature;
  int recovery_id = 0;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(key_->context, signature.bytes.data(),
                                                          &recovery_id, &recoverable);
  signature.bytes[64] = static_cast<std::uint8_t>(27 + recovery_id);
  return signature;
}

}  // namespace polybot::polymarket
