// HTTPS_PROXY and NO_PROXY as anybody may have written them. The first byte chooses which of them
// the rest is.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/http/proxy.hpp"

namespace {

using polybot::http::NoProxy;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_proxy(std::string_view text) {
  const auto proxy = polybot::http::parse_proxy(text);
  if (!proxy) return;
  require(!proxy->host.empty() && proxy->port != 0);
  for (const std::string_view part :
       {std::string_view(proxy->host), std::string_view(proxy->authorization)}) {
    require(std::all_of(part.begin(), part.end(), [](char c) { return c >= 0x20 && c < 0x7F; }));
  }
}

void read_exceptions(std::string_view text) {
  const auto list = NoProxy::parse(text);
  if (!list) {
    require(!list.error().empty() && text.find(list.error()) != std::string_view::npos);
    return;
  }
  for (const std::string_view host :
       {"clob.example.com", "10.1.2.3", "2001:db8::1", "::ffff:10.1.2.3", "", ".", "x."}) {
    (void)list->covers(host, 443);
  }
  (void)list->covers(text, 443);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    read_proxy(text);
  } else {
    read_exceptions(text);
  }
  return 0;
}
