// The answer to POST /auth/api-key and GET /auth/derive-api-key: a key's API credentials, in and
// out (docs.polymarket.com/api-spec/clob-openapi.yaml).
#pragma once

#include <string>
#include <string_view>

#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

[[nodiscard]] ParseResult<ApiCredentials> parse_api_credentials(std::string_view text);
[[nodiscard]] std::string write_api_credentials(const ApiCredentials& credentials);

}  // namespace polybot::polymarket
