#include "services/order-manager/execution/venue_client.hpp"

#include <string.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <utility>

#include "common/http/fault.hpp"
#include "common/http/retry_after.hpp"
#include "common/polymarket/messages/heartbeats.hpp"
#include "common/runtime/yielding_thread.hpp"

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

constexpr unsigned kEngineRestarts = 425;
constexpr std::string_view kDeriveKey = "/auth/derive-api-key";
constexpr std::string_view kCreateKey = "/auth/api-key";
constexpr std::chrono::milliseconds kHeartbeatTimeout = 3s;

RequestOutcome outcome_of(unsigned status) {
  if (status == 429) return RequestOutcome::Throttled;
  if (status >= 500) return RequestOutcome::ServerError;
  return status >= 200 && status < 300 ? RequestOutcome::Ok : RequestOutcome::Refused;
}

RequestOutcome outcome_of(const http::Failure& failure) {
  if (http::is_certificate_fault(failure.ec)) return RequestOutcome::Certificate;
  return failure.ec == http::Fault::Redirected ? RequestOutcome::Refused : RequestOutcome::Failed;
}

domain::AmbiguityCause cause_of(const http::Failure& failure) {
  if (failure.ec == http::Fault::Redirected) return domain::AmbiguityCause::Unparsable;
  return failure.ec == boost::beast::error::timeout ? domain::AmbiguityCause::Timeout
                                                    : domain::AmbiguityCause::ConnectionLost;
}

http::ClientOptions options_of(const VenueClientSettings& settings) {
  http::ClientOptions options;
  options.request_timeout = settings.request_timeout;
  options.transport = settings.transport;
  return options;
}

// What the core paces, and what must not wait for anything else.
bool goes_first(VenueOperation operation) {
  return operation == VenueOperation::Submit || operation == VenueOperation::SubmitBatch ||
         operation == VenueOperation::Cancel || operation == VenueOperation::CancelBatch ||
         operation == VenueOperation::Heartbeat || operation == VenueOperation::Time;
}

polymarket::EndpointClass class_of(VenueOperation operation) {
  using polymarket::EndpointClass;
  switch (operation) {
    case VenueOperation::Submit:
    case VenueOperation::SubmitBatch:
      return EndpointClass::Orders;
    case VenueOperation::Cancel:
    case VenueOperation::CancelBatch:
      return EndpointClass::Cancels;
    case VenueOperation::OpenOrders:
    case VenueOperation::Trades:
      return EndpointClass::Ledger;
    case VenueOperation::Balance:
      return EndpointClass::Balances;
    case VenueOperation::ChainRead:
      return EndpointClass::ChainReads;
    case VenueOperation::Listing:
      return EndpointClass::Listings;
    case VenueOperation::Auth:
      return EndpointClass::Authentication;
    case VenueOperation::Market:
    case VenueOperation::Result:
    case VenueOperation::Time:
    case VenueOperation::Heartbeat:
    case VenueOperation::Income:
      break;
  }
  return EndpointClass::General;
}

// What such an answer asks the core to leave alone; nothing for cancels and chain reads, which keep
// a pace of their own, and for what the core does not pace.
std::optional<VenueThrottled::What> throttled_by(polymarket::EndpointClass of, unsigned status) {
  using What = VenueThrottled::What;
  using polymarket::EndpointClass;
  if (of == EndpointClass::Orders || status == kEngineRestarts) return What::Orders;
  if (of == EndpointClass::Ledger || of == EndpointClass::Balances) return What::Readings;
  return std::nullopt;
}

VenueOperation submission_of(std::size_t orders) {
  return orders == 1 ? VenueOperation::Submit : VenueOperation::SubmitBatch;
}

std::vector<domain::CancelAnswered> all_unknown(const std::vector<domain::VenueOrderId>& orders) {
  std::vector<domain::CancelAnswered> answers;
  for (const domain::VenueOrderId& order : orders) {
    answers.push_back({order, domain::CancelAnswered::Result::Unknown, {}});
  }
  return answers;
}

}  // namespace

std::vector<domain::SubmitAnswered> all_answered(const std::vector<domain::Order>& orders,
                                                 const domain::SubmitOutcome& outcome) {
  std::vector<domain::SubmitAnswered> answers;
  for (const domain::Order& order : orders) answers.push_back({order.venue_id, outcome});
  return answers;
}

VenueClient::VenueClient(boost::asio::any_io_executor executor, VenueClientSettings settings,
                         polymarket::OrderSigner signer, Observer observer)
    : settings_(std::move(settings)),
      signer_(std::move(signer)),
      domains_(settings_.chain_id),
      observer_(std::move(observer)),
      executor_(executor),
      trading_(executor, options_of(settings_)),
      reading_(executor, options_of(settings_)),
      credentials_(std::exchange(settings_.credentials, std::nullopt)) {
  // It is given work just before a commit, and has the time of the commit for it.
  boost::asio::post(signing_thread_, runtime::wake_without_interrupting);
}

std::uint64_t VenueClient::now_s() const {
  return static_cast<std::uint64_t>(domain::to_unix_ns(clock_.now()) / 1'000'000'000);
}

awaitable<bool> VenueClient::admitted(polymarket::EndpointClass of) {
  const domain::Duration give_up_at = clock_.monotonic() + settings_.request_timeout;
  while (true) {
    const domain::Duration now = clock_.monotonic();
    const domain::Duration wait = limits_.take(of, now);
    if (wait == domain::Duration::zero()) co_return true;
    if (now + wait > give_up_at) co_return false;
    co_await runtime::sleep_for(wait);
  }
}

void VenueClient::heed(VenueOperation operation, const http::ClientResponse& answer) {
  const polymarket::EndpointClass of = class_of(operation);
  const domain::Timestamp at = clock_.now();
  const domain::Duration now = clock_.monotonic();
  const auto field = [&](std::string_view name) { return answer.headers.find(name).value_or(""); };
  polymarket::RateLimitFields fields = polymarket::read_rate_limit_fields(
      field("Poly-RateLimit-Remaining"), field("Poly-RateLimit-Reset"),
      field("Poly-RateLimit-Warning"));
  fields.retry_after = http::parse_retry_after(field("Retry-After"), domain::to_unix_ms(at) / 1000);
  limits_.answered(of, answer.status, fields, answer.body, now, at);
  const auto what = throttled_by(of, answer.status);
  if (!what) return;
  if (const domain::Duration pause = limits_.paused(of, now); pause > domain::Duration::zero())
    observer_.on_throttled({pause, *what});
}

awaitable<http::Outcome> VenueClient::send(VenueOperation operation, http::ClientRequest request,
                                           About about) {
  bool goes = goes_first(operation);
  if (!goes) goes = co_await admitted(class_of(operation));
  if (!goes) {
    observer_.on_request(operation, RequestOutcome::Throttled, domain::Duration::zero());
    failures_.warning("A request is held back: the venue asked to be left alone",
                      {{"operation", domain::name_of(operation)}});
    co_return http::Failure{boost::asio::error::try_again, false};
  }
  const domain::Duration begun = clock_.monotonic();
  const bool tells_of_link = about == About::Link && operation != VenueOperation::Heartbeat &&
                             operation != VenueOperation::Income &&
                             request.url.starts_with(settings_.rest);
  http::Client& client = goes_first(operation) ? trading_ : reading_;
  http::Outcome answer = co_await client.send(std::move(request));
  const domain::Duration elapsed = clock_.monotonic() - begun;
  if (!answer && answer.error().ec == http::Fault::HeldBack) co_return answer;  // nobody was asked
  if (tells_of_link) observer_.on_link(answer ? Link::Up : Link::Down);
  if (!answer) {
    observer_.on_request(operation, outcome_of(answer.error()), elapsed);
    failures_.warning("The venue did not answer", {{"operation", domain::name_of(operation)},
                                                   {"error", answer.error().message()}});
    co_return answer;
  }
  observer_.on_request(operation, outcome_of(answer->status), elapsed);
  if (answer->status == 401 && operation != VenueOperation::Auth) credentials_refused_ = true;
  heed(operation, *answer);
  co_return answer;
}

void VenueClient::unreadable(VenueOperation operation, std::string_view what) {
  observer_.on_request(operation, RequestOutcome::Unreadable, domain::Duration::zero());
  failures_.warning("An answer of the venue could not be read",
                    {{"operation", domain::name_of(operation)}, {"error", what}});
}

http::ClientRequest VenueClient::authenticated_request(
    const Call& call, const polymarket::ApiCredentials& credentials) const {
  http::ClientRequest request{.method = call.method,
                              .url = settings_.rest + call.path + call.query};
  request.body = call.body;
  const polymarket::SignedRequest signed_request{http::to_string(call.method), call.path,
                                                 call.body};
  for (const auto& [name, value] :
       credentials.headers(signer_.address(), now_s(), signed_request)) {
    request.headers.set(name, value);
  }
  return request;
}

// ------------------------------------------------------------------------------------ credentials

bool VenueClient::take_credentials(http::Outcome& answer) {
  if (!answer || answer->status != 200) return false;
  auto parsed = counted(VenueOperation::Auth, polymarket::parse_api_credentials(answer->body));
  ::explicit_bzero(answer->body.data(), answer->body.size());
  if (!parsed) return false;
  credentials_ = std::move(*parsed);
  credentials_refused_ = false;
  chain_reads_.forget();
  return true;
}

http::ClientRequest VenueClient::credentials_request(http::Method method,
                                                     std::string_view path) const {
  http::ClientRequest request{.method = method, .url = settings_.rest + std::string(path)};
  request.headers.set("Accept-Encoding",
                      "identity");  // so that nothing copies it but the wiped body
  for (const auto& [name, value] :
       polymarket::l1_headers(signer_, settings_.chain_id, now_s(), 0)) {
    request.headers.set(name, value);
  }
  return request;
}

awaitable<bool> VenueClient::authenticate() {
  http::ClientRequest derive = credentials_request(http::Method::Get, kDeriveKey);
  http::Outcome derived = co_await send(VenueOperation::Auth, std::move(derive));
  if (take_credentials(derived)) co_return true;
  if (!derived) co_return false;
  http::ClientRequest create = credentials_request(http::Method::Post, kCreateKey);
  http::Outcome created = co_await send(VenueOperation::Auth, std::move(create));
  co_return take_credentials(created);
}

awaitable<void> VenueClient::renew_credentials() {
  http::ClientRequest create = credentials_request(http::Method::Post, kCreateKey);
  http::Outcome created = co_await send(VenueOperation::Auth, std::move(create));
  if (take_credentials(created) || !created) co_return;
  http::ClientRequest derive = credentials_request(http::Method::Get, kDeriveKey);
  http::Outcome derived = co_await send(VenueOperation::Auth, std::move(derive));
  if (!take_credentials(derived)) failures_.error("The venue gives no API credentials any more");
}

// ----------------------------------------------------------------------------------------- orders

// Runs on the signing thread, so it uses only what does not change.
std::optional<http::ClientRequest> VenueClient::signed_request(const Signing& signing) const {
  std::vector<polymarket::PostedOrder> posts;
  for (const domain::Order& order : signing.orders) {
    polymarket::PostedOrder post;
    post.order = polymarket::order_to_sign(order.fields, order.side, settings_.party);
    const auto signature = signer_.sign(post.order, domains_.of(order.fields.exchange));
    if (!signature) return std::nullopt;
    post.signature = *signature;
    post.owner = signing.credentials->api_key();
    post.time_in_force = order.time_in_force;
    post.expiration_s = order.fields.expiration_s;
    post.post_only = order.post_only;
    posts.push_back(std::move(post));
  }
  Call call{.operation = submission_of(posts.size()), .method = http::Method::Post};
  if (posts.size() == 1) {
    call.path = "/order";
    call.body = polymarket::write_order_body(posts.front());
  } else {
    call.path = "/orders";
    call.body = polymarket::write_orders_body(posts);
  }
  return authenticated_request(call, *signing.credentials);
}

std::shared_ptr<VenueClient::Signing> VenueClient::sign(std::vector<domain::Order> orders) {
  auto signing = std::make_shared<Signing>(std::move(orders), credentials_, executor_);
  boost::asio::post(signing_thread_, [this, signing] {
    try {
      if (signing->credentials) signing->request = signed_request(*signing);
    } catch (...) {
      signing->failure = std::current_exception();
    }
    signing->done.store(true, std::memory_order_release);
    boost::asio::post(executor_, [signing] {
      signing->ended.expires_at(boost::asio::steady_timer::time_point::min());
    });
  });
  return signing;
}

awaitable<std::vector<domain::SubmitAnswered>> VenueClient::submit(
    std::shared_ptr<Signing> signing, std::function<std::string_view()> on_leaving) {
  const std::vector<domain::Order>& orders = signing->orders;
  // After a commit it mostly is done, and an order need not wait for the loop.
  if (!signing->done.load(std::memory_order_acquire))
    co_await signing->ended.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (signing->failure) std::rethrow_exception(signing->failure);
  if (!signing->credentials) {
    co_return all_answered(orders, domain::SubmitRejected{domain::RejectReason::Unauthorized,
                                                          "no API credentials yet"});
  }
  if (!signing->request) {
    co_return all_answered(orders, domain::SubmitRejected{domain::RejectReason::InvalidSignature,
                                                          "could not be signed"});
  }
  std::string held_back;
  if (on_leaving) {
    signing->request->may_leave = [&held_back, &on_leaving] {
      held_back = on_leaving();
      return held_back.empty();
    };
  }
  const http::Outcome answer =
      co_await send(submission_of(orders.size()), std::move(*signing->request));
  const domain::Timestamp last_byte_at = clock_.now();
  if (!answer) {
    if (!answer.error().request_may_have_left) {
      const std::string why = held_back.empty() ? answer.error().message() : held_back;
      co_return all_answered(
          orders, domain::SubmitRejected{domain::RejectReason::Other, "not sent: " + why});
    }
    co_return all_answered(orders, domain::SubmitAmbiguous{cause_of(answer.error()), last_byte_at});
  }
  if (orders.size() == 1) {
    std::vector<domain::SubmitAnswered> answers;
    answers.push_back({orders.front().venue_id,
                       polymarket::read_order_answer(answer->status, answer->body,
                                                     orders.front().venue_id, last_byte_at)});
    co_return answers;
  }
  std::vector<domain::VenueOrderId> ids;
  for (const domain::Order& order : orders) ids.push_back(order.venue_id);
  co_return polymarket::read_orders_answer(answer->status, answer->body, ids, last_byte_at);
}

awaitable<std::vector<domain::CancelAnswered>> VenueClient::cancel(
    std::vector<domain::VenueOrderId> orders) {
  if (!credentials_) co_return all_unknown(orders);
  const bool single = orders.size() == 1;
  Call call{.operation = single ? VenueOperation::Cancel : VenueOperation::CancelBatch,
            .method = http::Method::Delete};
  call.path = single ? "/order" : "/orders";
  call.body = single ? polymarket::write_cancel_body(orders.front())
                     : polymarket::write_cancels_body(orders);
  const http::Outcome answer =
      co_await send(call.operation, authenticated_request(call, *credentials_));
  if (!answer || answer->status != 200) co_return all_unknown(orders);
  const auto parsed = counted(call.operation, polymarket::parse_cancel_answer(answer->body));
  if (!parsed) co_return all_unknown(orders);
  std::vector<domain::CancelAnswered> answers;
  for (const domain::VenueOrderId& order : orders)
    answers.push_back(polymarket::cancel_result(*parsed, order));
  co_return answers;
}

// -------------------------------------------------------------------------------------- heartbeat

awaitable<HeartbeatAnswer> VenueClient::heartbeat(std::string id) {
  using Result = HeartbeatAnswer::Result;
  if (!credentials_) co_return HeartbeatAnswer{};
  Call call{.operation = VenueOperation::Heartbeat,
            .method = http::Method::Post,
            .path = std::string(polymarket::kHeartbeatPath)};
  call.body = polymarket::write_heartbeat_body(id);
  http::ClientRequest request = authenticated_request(call, *credentials_);
  request.timeout = std::min(kHeartbeatTimeout, settings_.request_timeout);
  const http::Outcome answer = co_await send(call.operation, std::move(request));
  if (!answer || (answer->status != 200 && answer->status != 400)) co_return HeartbeatAnswer{};
  const auto parsed = counted(call.operation, polymarket::parse_heartbeat_answer(answer->body));
  if (!parsed) co_return HeartbeatAnswer{};
  if (parsed->refused) co_return HeartbeatAnswer{Result::WrongId, parsed->heartbeat_id};
  if (answer->status != 200) co_return HeartbeatAnswer{};
  co_return HeartbeatAnswer{Result::Accepted, parsed->heartbeat_id};
}

}  // namespace polybot::order_manager
