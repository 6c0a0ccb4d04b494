// What any client can send to the HTTP server, before any handler: request parsing over a stream
// cut at arbitrary places, routing, percent-decoding, the error answers. The same bytes are also an
// answer to our client.
//
// The first byte chooses the size of the pieces; the rest is the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/http/bounded_parser.hpp"
#include "common/http/request_reader.hpp"
#include "common/http/router.hpp"
#include "common/http/url.hpp"

namespace {

using polybot::http::Request;
using polybot::http::RequestReader;
using polybot::http::Response;
using polybot::http::Router;

constexpr std::size_t kHeaderMax = 2048;
constexpr std::size_t kBodyMax = 4096;

const Router& router() {
  static const Router instance = [] {
    Router routes;
    const polybot::http::Handler nothing = [](Request) -> boost::asio::awaitable<Response> {
      co_return Response{};
    };
    routes.get("/", nothing);
    routes.get("/api/v1/orders", nothing);
    routes.post("/api/v1/orders", nothing);
    routes.get("/api/v1/orders/{id}", nothing);
    routes.get("/api/v1/markets/{slug}/book", nothing);
    return routes;
  }();
  return instance;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check_routing(const RequestReader& reader) {
  const auto match = router().match(reader.method(), reader.target());
  if (const auto* const found = std::get_if<Router::Found>(&match)) {
    require(found->target.path.find('\0') == std::string::npos);
    require(found->target.path.size() <= reader.target().size());
    for (const auto& [name, value] : found->params) require(!value.empty());
  }
}

void check_request(RequestReader& reader) {
  check_routing(reader);
  const Request request = reader.take();
  require(request.body.size() <= kBodyMax);
  for (const auto& field : request.headers) {
    require(field.value.find_first_of("\r\n") == std::string::npos);
  }
}

void read_as_answer(std::string_view stream, std::size_t piece) {
  polybot::http::BoundedParser<false> parser(kHeaderMax, kBodyMax);
  std::string buffered;
  while (!stream.empty() && !parser.is_done()) {
    buffered += stream.substr(0, piece);
    stream.remove_prefix(std::min(piece, stream.size()));
    std::size_t used = 0;
    if (parser.feed(buffered, used)) return;
    require(used <= buffered.size());
    buffered.erase(0, used);
  }
  boost::system::error_code ec;
  if (!parser.is_done() && parser.beast().got_some()) parser.beast().put_eof(ec);
  require(parser.beast().get().body().size() <= kBodyMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);

  (void)Router::parse_target(stream);
  (void)polybot::http::parse_url(stream);

  read_as_answer(stream, piece);

  RequestReader reader(kHeaderMax, kBodyMax);
  std::string buffered;
  while (!stream.empty()) {
    buffered += stream.substr(0, piece);
    stream.remove_prefix(std::min(piece, stream.size()));
    for (bool more = true; more;) {
      std::size_t used = 0;
      const RequestReader::State state = reader.feed(buffered, used);
      require(used <= buffered.size());
      buffered.erase(0, used);
      if (state == RequestReader::State::Failed) {
        require(reader.failure_status() >= 400 && reader.failure_status() < 600);
        return 0;
      }
      more = state == RequestReader::State::Complete;
      if (more) {
        check_request(reader);
        reader.reset();
      } else {
        (void)reader.take_continue();
        require(buffered.size() <= kHeaderMax + kBodyMax + piece);
      }
      more = more && !buffered.empty();
    }
  }
  return 0;
}
