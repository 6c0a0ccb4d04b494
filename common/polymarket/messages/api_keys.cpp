#include "common/polymarket/messages/api_keys.hpp"

#include <optional>

#include "common/polymarket/messages/json.hpp"

namespace polybot::polymarket {

ParseResult<ApiCredentials> parse_api_credentials(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return ParseError{ParseFault::InvalidJson, "api key"};
  ObjectReader reader(*json, "api key");
  const std::string key = reader.text("apiKey");
  const std::string secret = reader.text("secret");
  const std::string passphrase = reader.text("passphrase");
  if (reader.fault()) return *reader.fault();
  if (key.empty()) return ParseError{ParseFault::MissingField, "apiKey"};
  if (passphrase.empty()) return ParseError{ParseFault::MissingField, "passphrase"};
  if (secret.empty() || !parse_base64(secret)) return ParseError{ParseFault::BadText, "secret"};
  return ApiCredentials(key, secret, passphrase);
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
