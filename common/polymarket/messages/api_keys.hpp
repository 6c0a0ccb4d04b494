// The answer to POST /auth/api-key and GET /auth/derive-api-key: a key's API credentials, in and
// out; and the body that names a key to delete (docs.polymarket.com/api-spec/clob-openapi.yaml).
#pragma once

#include <string>
#include <string_view>

#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

[[nodiscard]] ParseResult<ApiCredentials> parse_api_credentials(std::string_view text);
[[nodiscard]] std::string write_api_credentials(const ApiCredentials& credentials);
// {"key":"..."}: the body of DELETE /auth/readonly-api-key.
[[nodiscard]] ParseResult<std::string> parse_key_body(std::string_view text);

}  // namespace polybot::polymarket
