#include "deploy/launcher/stack_view.hpp"

#include <boost/json.hpp>
#include <fstream>
#include <utility>

#include "deploy/launcher/json_fields.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;

constexpr domain::Duration kFreshFor = 3s;
constexpr int kFillsShown = 5;

// A market that is no longer listed is named by its id: "0x12ab34.. (ended)".
std::string market_of(const boost::json::object& fill) {
  const std::string name = shown_text(fill, "market");
  const bool is_id = name == text_field(fill, "market_id") && name.starts_with("0x");
  return is_id ? name.substr(0, 8) + ".. (ended)" : name;
}

}  // namespace

std::string describe_fill(const boost::json::object& fill) {
  const std::string verb = text_field(fill, "side") == "buy" ? " bought " : " sold ";
  std::string outcome = shown_text(fill, "outcome");
  for (char& c : outcome) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return shown_text(fill, "strategy") + verb + shown_text(fill, "quantity") + " " + outcome +
         " of " + market_of(fill) + " at " + shown_text(fill, "price") + " (" +
         shown_text(fill, "liquidity") + ")";
}

// Read each time: the gateway makes the file, and it may be replaced.
http::Headers credentials_in(const std::filesystem::path& token_file) {
  std::ifstream in(token_file);
  std::string token;
  if (!std::getline(in, token)) return {};
  return {{"Authorization", "Bearer " + token}};
}

StackView::StackView(boost::asio::any_io_executor executor, std::string gateway_url,
                     std::filesystem::path token_file, http::Client& http)
    : gateway_url_(std::move(gateway_url)),
      token_file_(std::move(token_file)),
      http_(http),
      socket_(executor, {.user_agent = "polybot-launcher"}) {}

boost::asio::awaitable<void> StackView::follow() {
  while (true) {
    co_await session();
    co_await runtime::sleep_for(1s);
  }
}

boost::asio::awaitable<void> StackView::session() {
  const std::string url = "ws" + gateway_url_.substr(4) + "/ws";
  if (co_await socket_.connect(url, credentials_in(token_file_))) co_return;
  if (co_await socket_.write(R"({"subscribe":["status"]})")) co_return;
  while (true) {
    const auto text = co_await socket_.read();
    if (!text) co_return;
    boost::json::object event = parse_object(*text);
    if (text_field(event, "topic") != "status") continue;
    status_ = std::move(event);
    heard_at_ = clock_.monotonic();
    note_states();
  }
}

void StackView::note_states() {
  note_state("all", text_field(status_, "trading_state"));
  for (const boost::json::object& row : objects_field(status_, "strategies")) {
    const std::string name = text_field(row, "name");
    note_state(name, text_field(row, "trading_state"));
    note_state(name + " enabled", is_not_false(row, "enabled") ? "yes" : "no");
  }
}

void StackView::note_state(const std::string& scope, std::string state) {
  if (state.empty()) return;
  const auto [known, is_new] = states_.try_emplace(scope, state);
  if (is_new || known->second == state) return;
  known->second = std::move(state);
  states_since_[scope] = clock_.now();
}

boost::asio::awaitable<void> StackView::read_fills() {
  const auto answer =
      co_await http_.get(gateway_url_ + "/api/v1/fills?limit=" + std::to_string(kFillsShown),
                         credentials_in(token_file_));
  if (!answer || answer->status != 200) co_return;
  const boost::json::object body = parse_object(answer->body);
  if (!body.contains("fills")) co_return;
  fills_.clear();
  for (const boost::json::object& row : objects_field(body, "fills"))
    fills_.push_back(describe_fill(row));
}

std::optional<boost::json::object> StackView::status() const {
  if (heard_at_ == domain::Duration::min() || clock_.monotonic() - heard_at_ > kFreshFor)
    return std::nullopt;
  return status_;
}

}  // namespace polybot::launcher
