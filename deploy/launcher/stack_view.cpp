#include "deploy/launcher/stack_view.hpp"

#include <boost/json.hpp>
#include <utility>

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;

constexpr domain::Duration kFreshFor = 3s;
constexpr int kFillsShown = 5;

std::string text_at(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string())
                                                : std::string("?");
}

std::string describe(const boost::json::object& fill) {
  const std::string verb = text_at(fill, "side") == "buy" ? " bought " : " sold ";
  std::string outcome = text_at(fill, "outcome");
  for (char& c : outcome) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text_at(fill, "strategy") + verb + text_at(fill, "quantity") + " " + outcome + " of " +
         text_at(fill, "market") + " at " + text_at(fill, "price") + " (" +
         text_at(fill, "liquidity") + ")";
}

}  // namespace

StackView::StackView(boost::asio::any_io_executor executor, std::string gateway_url,
                     http::Client& http)
    : gateway_url_(std::move(gateway_url)),
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
  if (co_await socket_.connect(url)) co_return;
  if (co_await socket_.write(R"({"subscribe":["status"]})")) co_return;
  while (true) {
    const auto text = co_await socket_.read();
    if (!text) co_return;
    boost::system::error_code error;
    boost::json::value event = boost::json::parse(*text, error);
    if (error || !event.is_object()) continue;
    const auto* topic = event.as_object().if_contains("topic");
    if (topic == nullptr || *topic != "status") continue;
    status_ = std::move(event.as_object());
    heard_at_ = clock_.monotonic();
  }
}

boost::asio::awaitable<void> StackView::read_fills() {
  const auto answer =
      co_await http_.get(gateway_url_ + "/api/v1/fills?limit=" + std::to_string(kFillsShown));
  if (!answer || answer->status != 200) co_return;
  boost::system::error_code error;
  const boost::json::value body = boost::json::parse(answer->body, error);
  if (error || !body.is_object()) co_return;
  const auto* rows = body.as_object().if_contains("fills");
  if (rows == nullptr || !rows->is_array()) co_return;
  fills_.clear();
  for (const auto& row : rows->as_array()) {
    if (row.is_object()) fills_.push_back(describe(row.as_object()));
  }
}

std::optional<boost::json::object> StackView::status() const {
  if (heard_at_ == domain::Duration::min() || clock_.monotonic() - heard_at_ > kFreshFor)
    return std::nullopt;
  return status_;
}

}  // namespace polybot::launcher
