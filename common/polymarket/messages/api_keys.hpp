// The answer to POST /auth/api-key and GET /auth/derive-api-key (polymarket.md §3.4): a key's API
// credentials, in and out.
#pragma once

#include <string>
#include <string_view>

#include "common/polymarket/credentials.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::polymarket {

[[nodiscard]] ParseResult<ApiCredentials> parse_api_credentials(std::string_view text);
[[nodiscard]] std::string write_api_credentials(const ApiCredentials& credentials);

}  // namespace polybot::polymarket
