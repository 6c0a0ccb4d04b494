#include "common/polymarket/keystore.hpp"

#include <cryptopp/scrypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {
namespace {

constexpr std::size_t kDerivedBytes = 32;  // half of them encrypt, half of them prove
constexpr std::size_t kCipherKeyBytes = 16;
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kSaltBytesMax = 64;
// geth's choice; more than that would be a denial of the start.
constexpr std::uint64_t kScryptMemoryMax = std::uint64_t{256} << 20;
constexpr std::uint64_t kScryptWorkMax = std::uint64_t{1} << 23;  // four times geth's choice
constexpr std::uint64_t kPbkdf2RoundsMax = 10'000'000;            // some five seconds
constexpr std::string_view kCipher = "aes-128-ctr";
constexpr std::string_view kPrf = "hmac-sha256";

[[noreturn]] void refuse(std::string_view field, std::string_view what) {
  throw KeystoreError(std::string(field).append(" ").append(what));
}

void check(const ObjectReader& reader, std::string_view prefix) {
  if (!reader.fault()) return;
  throw KeystoreError("it is no keystore of version 3: " + std::string(to_string(*reader.fault())) +
                      (prefix.empty() ? "" : " of " + std::string(prefix)));
}

const boost::json::value& object_in(ObjectReader& reader, std::string_view key) {
  const boost::json::value* const value = reader.find(key);
  if (value == nullptr || !value->is_object())
    refuse("it is no keystore of version 3:", std::string(key) + " is missing");
  return *value;
}

std::uint64_t whole_number(ObjectReader& reader, std::string_view key) {
  const std::optional<std::int64_t> value = reader.integer(key);
  check(reader, "kdfparams");
  if (!value) refuse("it is no keystore of version 3: kdfparams", std::string(key) + " is missing");
  if (*value < 1) refuse("kdfparams", std::string(key) + " must be above 0");
  return static_cast<std::uint64_t>(*value);
}

void read_bytes(ObjectReader& reader, std::string_view key, std::span<std::uint8_t> out) {
  const std::string digits = reader.text(key);
  check(reader, "crypto");
  if (!parse_hex(digits, out))
    refuse(key, "must be " + std::to_string(2 * out.size()) + " hex digits");
}

// Two factors that are each bounded cannot overflow.
ScryptCost read_scrypt(ObjectReader& reader) {
  const ScryptCost scrypt{whole_number(reader, "n"), whole_number(reader, "r"),
                          whole_number(reader, "p")};
  if (scrypt.n < 2 || (scrypt.n & (scrypt.n - 1)) != 0)
    refuse("kdfparams n", "must be a power of two, got " + std::to_string(scrypt.n));
  const std::uint64_t blocks_max = kScryptMemoryMax / 128;
  if (scrypt.n > blocks_max || scrypt.r > blocks_max / scrypt.n) {
    refuse("kdfparams", "n = " + std::to_string(scrypt.n) + " with r = " +
                            std::to_string(scrypt.r) + " asks for more memory than the " +
                            std::to_string(kScryptMemoryMax >> 20) + " MiB that are allowed");
  }
  if (scrypt.p > kScryptWorkMax / (scrypt.n * scrypt.r)) {
    refuse("kdfparams",
           "p = " + std::to_string(scrypt.p) + " with n = " + std::to_string(scrypt.n) +
               " and r = " + std::to_string(scrypt.r) + " asks for more work than is allowed");
  }
  return scrypt;
}

Pbkdf2Cost read_pbkdf2(ObjectReader& reader) {
  const std::string prf = reader.text("prf");
  if (prf != kPrf) refuse("kdfparams prf", "must be hmac-sha256");
  const Pbkdf2Cost pbkdf2{whole_number(reader, "c")};
  if (pbkdf2.rounds > kPbkdf2RoundsMax) {
    refuse("kdfparams", "c = " + std::to_string(pbkdf2.rounds) + " asks for more than the " +
                            std::to_string(kPbkdf2RoundsMax) + " rounds that are allowed");
  }
  return pbkdf2;
}

std::vector<std::uint8_t> read_salt(ObjectReader& reader) {
  const std::string digits = reader.text("salt");
  check(reader, "kdfparams");
  std::string_view bare = digits;
  if (bare.starts_with("0x")) bare.remove_prefix(2);
  std::vector<std::uint8_t> salt(bare.size() / 2);
  if (salt.empty() || salt.size() > kSaltBytesMax || !parse_hex(bare, salt))
    refuse("kdfparams salt", "must be hex digits for 1 to 64 bytes");
  return salt;
}

void fill_randomly(std::span<std::uint8_t> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw KeystoreError("the system gives no random numbers");
}

// Random, in the form that the format names (version 4 of RFC 9562).
std::string new_id() {
  std::array<std::uint8_t, 16> bytes{};
  fill_randomly(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  std::string id = to_hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, 1, '-');
  return id;
}

// AES-128 in counter mode is its own reverse.
void apply_cipher(std::span<const std::uint8_t> key, ByteView iv, ByteView in,
                  std::span<std::uint8_t> out) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  if (!context ||
      EVP_EncryptInit_ex(context.get(), EVP_aes_128_ctr(), nullptr, key.data(), iv.data()) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, in.data(), static_cast<int>(in.size())) !=
          1 ||
      size != static_cast<int>(in.size())) {
    throw KeystoreError("AES-128-CTR fails in this system's OpenSSL");
  }
}

// By Crypto++: OpenSSL refuses n from 2^(16 * r) on, as RFC 7914 does, and so the definition's own
// test vector.
void derive_by_scrypt(ByteView passphrase, ByteView salt, const ScryptCost& cost,
                      std::span<std::uint8_t> out) {
  try {
    CryptoPP::Scrypt().DeriveKey(out.data(), out.size(), passphrase.data(), passphrase.size(),
                                 salt.data(), salt.size(), cost.n, cost.r, cost.p);
  } catch (const std::bad_alloc&) {
    throw KeystoreError("its key derivation needs " +
                        std::to_string((128 * cost.n * cost.r) >> 20) + " MiB of memory");
  } catch (const CryptoPP::Exception& error) {
    throw KeystoreError(std::string("its key derivation fails: ") + error.what());
  }
}

Hash32 proof_of(const secrets::LockedMemory& derived, const Hash32& ciphertext) {
  secrets::LockedMemory proven(kDerivedBytes - kCipherKeyBytes + ciphertext.size());
  const auto half = derived.bytes().subspan(kCipherKeyBytes);
  std::copy(ciphertext.begin(), ciphertext.end(),
            std::copy(half.begin(), half.end(), proven.bytes().begin()));
  return keccak256(std::as_const(proven).bytes());
}

}  // namespace

Keystore Keystore::parse(std::string_view json) {
  const auto value = json.size() > kTextBytesMax ? std::nullopt : parse_json(json);
  if (!value) throw KeystoreError("it is no JSON of at most 16 KiB");
  ObjectReader file(*value, "keystore");
  const std::optional<std::int64_t> version = file.integer("version");
  check(file, "");
  if (version != 3) throw KeystoreError("it is no keystore of version 3");
  Keystore keystore;
  keystore.id_ = file.text("id");
  const std::string address = file.text("address");
  check(file, "");
  if (!address.empty()) {
    keystore.address_ = Address::parse(address.starts_with("0x") ? address : "0x" + address);
    if (!keystore.address_) refuse("address", "must be 40 hex digits");
  }
  // Early files of geth spell it with a capital.
  ObjectReader crypto(object_in(file, file.has("Crypto") ? "Crypto" : "crypto"), "crypto");
  if (crypto.text("cipher") != kCipher) refuse("cipher", "must be aes-128-ctr");
  ObjectReader parameters(object_in(crypto, "cipherparams"), "cipherparams");
  read_bytes(parameters, "iv", keystore.iv_);
  read_bytes(crypto, "ciphertext", keystore.ciphertext_);
  read_bytes(crypto, "mac", keystore.mac_);
  const std::string kdf = crypto.text("kdf");
  ObjectReader derivation(object_in(crypto, "kdfparams"), "kdfparams");
  if (kdf == "scrypt") {
    keystore.cost_ = read_scrypt(derivation);
  } else if (kdf == "pbkdf2") {
    keystore.cost_ = read_pbkdf2(derivation);
  } else {
    refuse("kdf", "must be scrypt or pbkdf2");
  }
  if (whole_number(derivation, "dklen") != kDerivedBytes)
    refuse("kdfparams dklen", "must be " + std::to_string(kDerivedBytes));
  keystore.salt_ = read_salt(derivation);
  return keystore;
}

Keystore Keystore::seal(const OrderSigner& key, std::string_view passphrase,
                        const ScryptCost& cost) {
  Keystore keystore;
  keystore.address_ = key.address();
  keystore.id_ = new_id();
  keystore.cost_ = cost;
  keystore.salt_.resize(kSaltBytes);
  fill_randomly(keystore.salt_);
  fill_randomly(keystore.iv_);
  const secrets::LockedMemory derived = keystore.derive(passphrase);
  apply_cipher(derived.bytes().first(kCipherKeyBytes), keystore.iv_, key.reveal(),
               keystore.ciphertext_);
  keystore.mac_ = proof_of(derived, keystore.ciphertext_);
  secrets::wipe_stack();
  return keystore;
}

secrets::LockedMemory Keystore::derive(std::string_view passphrase) const {
  secrets::LockedMemory derived(kDerivedBytes);
  const auto out = derived.bytes();
  const auto* const scrypt = std::get_if<ScryptCost>(&cost_);
  if (scrypt != nullptr) {
    derive_by_scrypt(bytes_of(passphrase), salt_, *scrypt, out);
    return derived;
  }
  const auto rounds = static_cast<int>(std::get<Pbkdf2Cost>(cost_).rounds);
  if (PKCS5_PBKDF2_HMAC(passphrase.data(), static_cast<int>(passphrase.size()), salt_.data(),
                        static_cast<int>(salt_.size()), rounds, EVP_sha256(),
                        static_cast<int>(out.size()), out.data()) != 1) {
    throw KeystoreError("PBKDF2 fails in this system's OpenSSL");
  }
  return derived;
}

OrderSigner Keystore::open(std::string_view passphrase) const {
  const secrets::LockedMemory derived = derive(passphrase);
  const Hash32 proof = proof_of(derived, ciphertext_);
  if (CRYPTO_memcmp(proof.data(), mac_.data(), proof.size()) != 0)
    throw KeystoreError("the passphrase is wrong, or the file is damaged");
  secrets::LockedMemory key(ciphertext_.size());
  apply_cipher(derived.bytes().first(kCipherKeyBytes), iv_, ciphertext_, key.bytes());
  secrets::wipe_stack();
  try {
    OrderSigner signer(std::move(key));
    if (address_ && *address_ != signer.address()) {
      throw KeystoreError("its key is of the account " + to_checksum(signer.address()) +
                          ", not of " + to_checksum(*address_) + " as it says");
    }
    return signer;
  } catch (const std::invalid_argument&) {
    throw KeystoreError("what it holds is no valid key");
  }
}

std::string Keystore::write() const {
  std::string out;
  ObjectWriter file(out);
  if (address_) file.text("address", to_hex(address_->bytes));
  file.begin("crypto");
  ObjectWriter crypto(out);
  crypto.text("cipher", kCipher);
  crypto.begin("cipherparams");
  ObjectWriter(out).text("iv", to_hex(iv_)).end();
  crypto.text("ciphertext", to_hex(ciphertext_));
  const auto* const scrypt = std::get_if<ScryptCost>(&cost_);
  crypto.text("kdf", scrypt != nullptr ? "scrypt" : "pbkdf2").begin("kdfparams");
  ObjectWriter parameters(out);
  parameters.number("dklen", kDerivedBytes);
  if (scrypt != nullptr) {
    parameters.number("n", static_cast<std::int64_t>(scrypt->n))
        .number("r", static_cast<std::int64_t>(scrypt->r))
        .number("p", static_cast<std::int64_t>(scrypt->p));
  } else {
    parameters.number("c", static_cast<std::int64_t>(std::get<Pbkdf2Cost>(cost_).rounds))
        .text("prf", kPrf);
  }
  parameters.text("salt", to_hex(salt_)).end();
  crypto.text("mac", to_hex(mac_)).end();
  file.text("id", id_).number("version", 3).end();
  return out;
}

OrderSigner new_key() {
  // All but one in 2^128 of these numbers are valid keys.
  for (;;) {
    secrets::LockedMemory bytes(32);
    fill_randomly(bytes.bytes());
    try {
      return OrderSigner(std::move(bytes));
    } catch (const std::invalid_argument&) {
      continue;
    }
  }
}

}  // namespace polybot::polymarket
