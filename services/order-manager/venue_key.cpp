#include "services/order-manager/venue_key.hpp"

#include <stdexcept>

#include "common/polymarket/keystore.hpp"

namespace polybot::order_manager {

using polymarket::Keystore;
using polymarket::KeystoreError;

bool is_keystore(const runtime::Secret& content) {
  const std::string_view text = content.reveal();
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

std::string fault_of(const VenueKey& key) {
  if (key.content.empty()) return {};
  if (!is_keystore(key.content)) {
    return key.passphrase.empty() ? "" : key.file + " is no keystore and needs no passphrase";
  }
  try {
    (void)Keystore::parse(key.content.reveal());
  } catch (const KeystoreError& error) {
    return key.file + ": " + error.what();
  }
  return {};
}

std::optional<polymarket::Address> stated_account(const VenueKey& key) {
  if (!is_keystore(key.content)) return open(key).address();
  return Keystore::parse(key.content.reveal()).address();
}

polymarket::OrderSigner open(const VenueKey& key) {
  try {
    if (!is_keystore(key.content)) return polymarket::OrderSigner(key.content.reveal());
    return Keystore::parse(key.content.reveal()).open(key.passphrase.reveal());
  } catch (const KeystoreError& error) {
    throw KeystoreError(key.file + ": " + error.what());
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(key.file + ": " + error.what());
  }
}

}  // namespace polybot::order_manager
