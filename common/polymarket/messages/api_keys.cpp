#include "common/polymarket/messages/api_keys.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {

namespace {

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
}

// What the tree holds of the credentials.
void wipe(boost::json::value& json) {
  boost::json::object* const object = json.if_object();
  if (object == nullptr) return;
  for (auto& [name, value] : *object) {
    if (boost::json::string* const text = value.if_string())
      OPENSSL_cleanse(text->data(), text->size());
  }
}

// Both are sent as header fields: a line break would begin another one.
bool fits_a_header(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

ParseResult<ApiCredentials> read_api_credentials(const boost::json::value& json) {
  ObjectReader reader(json, "api key");
  const std::string key = reader.text("apiKey");
  std::string secret = reader.text("secret");
  std::string passphrase = reader.text("passphrase");
  const auto read = [&]() -> ParseResult<ApiCredentials> {
    if (reader.fault()) return *reader.fault();
    if (key.empty()) return ParseError{ParseFault::MissingField, "apiKey"};
    if (passphrase.empty()) return ParseError{ParseFault::MissingField, "passphrase"};
    if (!fits_a_header(key)) return ParseError{ParseFault::BadText, "apiKey"};
    if (!fits_a_header(passphrase)) return ParseError{ParseFault::BadText, "passphrase"};
    try {
      return ApiCredentials(key, secret, passphrase);
    } catch (const std::invalid_argument&) {
      return ParseError{ParseFault::BadText, "secret"};
    }
  };
  ParseResult<ApiCredentials> result = read();
  wipe(secret);
  wipe(passphrase);
  return result;
}

}  // namespace

ParseResult<ApiCredentials> parse_api_credentials(std::string_view text) {
  auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "api key"};
  ParseResult<ApiCredentials> result = read_api_credentials(*json);
  wipe(*json);
  return result;
}

ParseResult<std::string> parse_key_body(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "key"};
  ObjectReader reader(*json, "key");
  std::string key = reader.text("key");
  if (key.empty()) reader.fail(ParseFault::MissingField, "key");
  return finish(reader, std::move(key));
}

std::string write_api_credentials(const ApiCredentials& credentials) {
  std::string out;
  ObjectWriter(out)
      .text("apiKey", credentials.api_key())
      .text("secret", credentials.secret())
      .text("passphrase", credentials.passphrase())
      .end();
  return out;
}

}  // namespace polybot::polymarket
