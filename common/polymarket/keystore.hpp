// A private key under a passphrase: version 3 of Ethereum's Web3 Secret Storage
// (ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage), as geth, web3
// and every wallet of the field write it. Written with scrypt, read with scrypt or PBKDF2; the
// cipher is AES-128-CTR, and a Keccak-256 over it tells a wrong passphrase.
//
// What a file asks for is bounded before any of it is done, because a key derivation takes the
// memory and time that its file says: at most 256 MiB (geth's own choice), and four times the work
// of that.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "common/polymarket/signing.hpp"
#include "common/secrets/locked_memory.hpp"

namespace polybot::polymarket {

// what() says in words what is wrong, without the name of a file; it never quotes a secret.
class KeystoreError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Cost n, block size r, parallelism p: memory is 128 * n * r bytes, work n * r * p. geth's choice.
struct ScryptCost {
  std::uint64_t n = std::uint64_t{1} << 18;
  std::uint64_t r = 8;
  std::uint64_t p = 1;
  bool operator==(const ScryptCost&) const = default;
};
// Rounds of HMAC-SHA-256.
struct Pbkdf2Cost {
  std::uint64_t rounds = 0;
  bool operator==(const Pbkdf2Cost&) const = default;
};

class Keystore {
 public:
  static constexpr std::size_t kTextBytesMax = 16 * 1024;  // a keystore has some 500 bytes

  // Throws KeystoreError: no keystore of version 3, one that needs too much, or a field that is
  // missing or malformed, which is named.
  [[nodiscard]] static Keystore parse(std::string_view json);
  // Encrypts a key under a passphrase, with a salt and an id of their own. Throws KeystoreError
  // when the system gives no random numbers or not the memory.
  [[nodiscard]] static Keystore seal(const OrderSigner& key, std::string_view passphrase,
                                     const ScryptCost& cost);

  // The account of the key, as the file says without a proof; some files do not.
  [[nodiscard]] const std::optional<Address>& address() const { return address_; }
  // Throws KeystoreError: a wrong passphrase, a damaged file, a key of another account than the
  // file's, or a lack of memory.
  [[nodiscard]] OrderSigner open(std::string_view passphrase) const;
  // One line of JSON.
  [[nodiscard]] std::string write() const;

  bool operator==(const Keystore&) const = default;

 private:
  Keystore() = default;
  [[nodiscard]] secrets::LockedMemory derive(std::string_view passphrase) const;

  std::optional<Address> address_;
  std::string id_;
  std::variant<ScryptCost, Pbkdf2Cost> cost_;
  std::vector<std::uint8_t> salt_;
  std::array<std::uint8_t, 16> iv_{};
  Hash32 ciphertext_{};
  Hash32 mac_{};
};

// A new random key. Throws KeystoreError when the system gives no random numbers.
[[nodiscard]] OrderSigner new_key();

}  // namespace polybot::polymarket
