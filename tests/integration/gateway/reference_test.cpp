// The client API's reference (services/gateway/api/README.md) against the server it describes.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/integration/gateway/api_fixture.hpp"

namespace polybot::gateway::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

const std::filesystem::path kTree = POLYBOT_SOURCE_DIR;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string reference() {
  return read_file(kTree / "services/gateway/api/README.md");
}

std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex wanted(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), wanted), end; it != end; ++it) {
    for (std::size_t group = 1; group < it->size(); ++group) {
      if ((*it)[group].matched) found.push_back((*it)[group]);
    }
  }
  return found;
}

// "| 405 | the resource ... |"
std::set<std::string> documented_statuses() {
  const auto rows = all_matches(reference(), R"(\n\| (\d{3}) \|)");
  return {rows.begin(), rows.end()};
}

// The statuses that the server and the API can answer, as their sources spell them.
std::set<std::string> statuses_of_the_sources() {
  std::vector<std::filesystem::path> files;
  for (const char* name :
       {"server.cpp", "server_session.cpp", "request_reader.cpp", "message.hpp"}) {
    files.push_back(kTree / "common/http" / name);
  }
  const auto api_folder = kTree / "services/gateway/api";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(api_folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".cpp" || extension == ".hpp") files.push_back(entry.path());
  }
  std::set<std::string> found;
  for (const std::filesystem::path& file : files) {
    for (std::string& status :
         all_matches(read_file(file),
                     R"(\b(?:problem|fail|set_failure|observe)\((?:exchange, |\s*)(\d{3})\b|)"
                     R"(\bstatus = (\d{3})\b|\breturn (\d{3});)")) {
      found.insert(std::move(status));
    }
  }
  return found;
}

TEST(ApiReference, ListsTheStatusesThatTheServerCanAnswerAndNoOthers) {
  EXPECT_EQ(documented_statuses(), statuses_of_the_sources());
}

// "GET /api/v1/orders limit cursor", one per route: of a row of the table, "| POST `/a/start`,
// `/stop` | `strategy` | ... |", or of the list that the server gives.
std::set<std::string> documented_routes() {
  std::set<std::string> routes;
  const std::string text = reference();
  static const std::regex row(R"(\n\| (GET|POST|DELETE) ([^|]*) \| ((?:\\\||[^|])*)\|)");
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it) {
    std::string query;
    for (const std::string& name : all_matches((*it)[3], "`([a-z]+)`")) query += " " + name;
    std::string first;
    for (const std::string& path : all_matches((*it)[2], "`([^`]+)`")) {
      if (first.empty()) first = path;
      const std::string whole =
          path == first ? path : first.substr(0, first.find_last_of('/')) + path;
      routes.insert((*it)[1].str() + " " + whole + query);
    }
  }
  return routes;
}

TEST_F(ApiTest, ListsTheRoutesAndParametersOfTheReference) {
  std::set<std::string> listed;
  serve([&]() -> asio::awaitable<void> {
    const json::value index = co_await get("/");
    for (const json::value& route : index.at("routes").as_array()) {
      std::string text(route.at("method").as_string());
      text.append(" ").append(std::string(route.at("path").as_string()));
      for (const json::value& parameter : route.at("query").as_array())
        text.append(" ").append(std::string(parameter.as_string()));
      listed.insert(std::move(text));
    }
  });
  EXPECT_EQ(listed, documented_routes());
}

// "`held`, `slug`, ...", in the order of the enum.
TEST(ApiReference, ListsByWhatAMarketIsChosen) {
  std::string words;
  for (std::size_t i = 0; i < kChosenByKinds; ++i) {
    words.append(words.empty() ? "" : ", ")
        .append("`")
        .append(domain::name_of(static_cast<ChosenBy>(i)))
        .append("`");
  }
  EXPECT_THAT(reference(), HasSubstr("`chosen_by` (" + words + "; null without a place)"));
}

TEST_F(ApiTest, AnswersWhatIsNoRequestOfTheApiAsTheReferenceSays) {
  api_settings.limits.header_bytes_max = 2'000;
  api_settings.limits.body_bytes_max = 100;
  api_settings.limits.header_timeout = 50ms;
  const std::string host = " HTTP/1.1\r\nHost: localhost\r\n";
  const std::string bearer = "Authorization: Bearer " + std::string(kToken) + "\r\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"204", "OPTIONS /api/v1/orders" + host + "\r\n"},
      {"400", "GET /%zz" + host + "\r\n"},
      {"400", "POST /api/v1/trading/halt" + host + bearer + "Content-Length: 2\r\n\r\n{}"},
      {"405", "PUT /api/v1/orders" + host + "\r\n"},
      {"408", "GET / HTTP/1.1\r\n"},
      {"413", "POST /api/v1/trading/halt" + host + bearer + "Content-Length: 101\r\n\r\n"},
      {"426", "GET /ws" + host + "\r\n"},
      {"431", "GET /" + host + "X-Long: " + std::string(3'000, 'x') + "\r\n\r\n"},
      {"501", "TRACE /" + host + "\r\n"},
      {"505", "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"},
  };
  serve([&]() -> asio::awaitable<void> {
    for (const auto& [status, bytes] : cases) {
      EXPECT_THAT(documented_statuses(), Contains(status));
      polybot::test::RawConnection raw(io.get_executor());
      co_await raw.connect(api->port());
      co_await raw.send(bytes);
      const std::string answer = co_await raw.response();
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + status + " ")) << bytes;
      const char* const field =
          status == "204" ? "Allow: " : "Content-Type: application/problem+json";
      EXPECT_THAT(answer, HasSubstr(field)) << bytes;
      EXPECT_EQ(answer.find("Allow: ") != std::string::npos,
                status == "204" || status == "405" || status == "426")
          << bytes;
    }
  });
}

TEST_F(ApiTest, SaysWhenToComeBackWhenItHasTooManyConnections) {
  api_settings.limits.connections_max = 1;
  serve([&]() -> asio::awaitable<void> {
    polybot::test::RawConnection first(io.get_executor());
    co_await first.connect(api->port());
    co_await first.send(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_THAT(co_await first.response(), StartsWith("HTTP/1.1 101 "));
    polybot::test::RawConnection second(io.get_executor());
    co_await second.connect(api->port());
    co_await second.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = co_await second.response();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, HasSubstr("Retry-After: "));
  });
}

// The reasons of a denied command, each with its status and in the reference's own words.
TEST(ApiReference, NamesTheReasonsOfDenialsThatAClientMustTellApart) {
  const std::string text = reference();
  for (const auto& [reason, status] : std::map<domain::CommandDenyReason, unsigned>{
           {domain::CommandDenyReason::OrderAlreadyTerminal, 409},
           {domain::CommandDenyReason::TradingHalted, 409},
           {domain::CommandDenyReason::Expired, 409},
           {domain::CommandDenyReason::JournalUnavailable, 503}}) {
    const http::Response response = to_response({"key", {}}, {.denied = reason, .seq = 1});
    EXPECT_EQ(response.status, status);
    EXPECT_THAT(text, HasSubstr("`" + std::string(name_of(reason)) + "`"));
  }
}

}  // namespace
}  // namespace polybot::gateway::test
