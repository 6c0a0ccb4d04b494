// The venue key: from its file to the signer that holds it. The file is 64 hex digits or an
// encrypted keystore (common/polymarket/keystore.hpp), told apart by their first character.
#pragma once

#include <optional>
#include <string>

#include "common/polymarket/signing.hpp"
#include "common/runtime/secret.hpp"

namespace polybot::order_manager {

// The credential of systemd that is the passphrase where no file is named.
inline constexpr const char* kPassphraseCredential = "venue-key-passphrase";

// What a key file holds, and the passphrase that came with it.
struct VenueKey {
  std::string file;  // its name, for messages
  runtime::Secret content;
  runtime::Secret passphrase;  // empty when there is none
};

// Whether this is an encrypted keystore, whatever is wrong with it.
[[nodiscard]] bool is_keystore(const runtime::Secret& content);
// Why this can be no key; empty when only opening it can tell. Costs nothing.
[[nodiscard]] std::string fault_of(const VenueKey& key);
// Whose key it is, at no cost: of a keystore as far as its file says. Throws std::invalid_argument
// as open() does.
[[nodiscard]] std::optional<polymarket::Address> stated_account(const VenueKey& key);
// The signer. A keystore takes up to 256 MiB and a second or two. Throws std::invalid_argument or
// polymarket::KeystoreError, whose text names the file and never quotes what is in it.
[[nodiscard]] polymarket::OrderSigner open(const VenueKey& key);

}  // namespace polybot::order_manager
