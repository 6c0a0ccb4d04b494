// How order-manager handles a venue that misbehaves: every submission ends accepted, rejected or
// ambiguous, and no request is ever sent twice.
#include "services/order-manager/execution/venue_client.hpp"

#include <gmock/gmock.h>
#include <time.h>

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <map>
#include <set>

#include "common/polymarket/messages/income.hpp"
#include "tests/integration/http/loop.hpp"

namespace polybot::order_manager {
namespace {

using domain::AmbiguityCause;
using domain::CancelAnswered;
using domain::RejectReason;
using domain::SubmitAccepted;
using domain::SubmitAmbiguous;
using domain::SubmitOutcome;
using domain::SubmitRejected;
using test::kAsTuple;
using test::run;
namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view kKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
constexpr std::string_view kSecret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

struct Seen {
  std::string method;
  std::string target;
  std::string head;
  std::string body;
  [[nodiscard]] std::string path() const { return target.substr(0, target.find('?')); }
  [[nodiscard]] std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

// How the venue reacts to a request.
struct Reaction {
  // InCompany: answered once four such requests wait.
  enum class Kind { Answer, InCompany, Silence, Reset, HalfAnAnswer, Garbage };
  Kind kind = Kind::Answer;
  unsigned status = 200;
  std::string body;
  std::string fields;  // further header lines, each with CRLF
};
Reaction answer(unsigned status, std::string body, std::string fields = {}) {
  return {Reaction::Kind::Answer, status, std::move(body), std::move(fields)};
}
Reaction misbehave(Reaction::Kind kind) {
  return {kind, 200, "{}", {}};
}

// A venue with just enough HTTP to break it.
class BadVenue {
 public:
  explicit BadVenue(asio::io_context& io)
      : acceptor_(io, {asio::ip::address_v4::loopback(), 0}),
        company_(io, asio::steady_timer::time_point::max()) {
    asio::co_spawn(io, accept(), asio::detached);
    on("GET /auth/derive-api-key",
       answer(200, R"({"apiKey":"key-1","secret":")" + std::string(kSecret) +
                       R"(","passphrase":"pass"})"));
  }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  // Reactions to one path are used up in order; the last one stays.
  void on(const std::string& method_and_path, Reaction reaction) {
    reactions_[method_and_path].push_back(std::move(reaction));
  }
  [[nodiscard]] std::vector<Seen> seen(const std::string& method_and_path) const {
    std::vector<Seen> found;
    for (const Seen& request : seen_) {
      if (request.method + " " + request.path() == method_and_path) found.push_back(request);
    }
    return found;
  }
  [[nodiscard]] int at_once_max() const { return at_once_max_; }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (ec) co_return;
      asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    std::string buffered;
    for (;;) {
      auto [ec, size] = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffered),
                                                        "\r\n\r\n", kAsTuple);
      if (ec) co_return;
      Seen request;
      request.head = buffered.substr(0, size);
      const std::size_t space = request.head.find(' ');
      request.method = request.head.substr(0, space);
      request.target =
          request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
      const std::string length_text = request.header("Content-Length");
      const std::size_t length = length_text.empty() ? 0 : std::stoul(length_text);
      if (buffered.size() < size + length) {
        auto [failed, more] = co_await asio::async_read(
            socket, asio::dynamic_buffer(buffered),
            asio::transfer_exactly(size + length - buffered.size()), kAsTuple);
        if (failed) co_return;
      }
      request.body = buffered.substr(size, length);
      buffered.erase(0, size + length);
      seen_.push_back(request);
      at_once_max_ = std::max(at_once_max_, ++at_once_);
      const bool goes_on = co_await react(socket, take_reaction(request));
      --at_once_;
      if (!goes_on) co_return;
    }
  }

  Reaction take_reaction(const Seen& request) {
    const auto found = reactions_.find(request.method + " " + request.path());
    if (found == reactions_.end()) return answer(404, R"({"error":"no such path"})");
    const Reaction reaction = found->second.front();
    if (found->second.size() > 1) found->second.erase(found->second.begin());
    return reaction;
  }

  asio::awaitable<bool> react(tcp::socket& socket, Reaction reaction) {
    std::string text = "HTTP/1.1 " + std::to_string(reaction.status) + " X\r\n" + reaction.fields +
                       "Content-Length: " + std::to_string(reaction.body.size()) + "\r\n\r\n" +
                       reaction.body;
    switch (reaction.kind) {
      case Reaction::Kind::Answer:
        break;
      case Reaction::Kind::InCompany:
        if (++in_company_ % 4 == 0) {
          company_.cancel();
        } else {
          co_await company_.async_wait(kAsTuple);
        }
        break;
      case Reaction::Kind::Silence: {
        // Held open until the client gives up.
        std::string ignored;
        co_await asio::async_read(socket, asio::dynamic_buffer(ignored), kAsTuple);
        co_return false;
      }
      case Reaction::Kind::Reset:
        socket.set_option(tcp::socket::linger(true, 0));
        socket.close();
        co_return false;
      case Reaction::Kind::HalfAnAnswer:
        text.pop_back();
        co_await asio::async_write(socket, asio::buffer(text), kAsTuple);
        co_return false;
      case Reaction::Kind::Garbage:
        text = "220 mail.example.org ready\r\n\r\n";
        co_await asio::async_write(socket, asio::buffer(text), kAsTuple);
        co_return false;
    }
    auto [ec, size] = co_await asio::async_write(socket, asio::buffer(text), kAsTuple);
    co_return !ec;
  }

  tcp::acceptor acceptor_;
  asio::steady_timer company_;
  int in_company_ = 0;
  int at_once_ = 0;
  int at_once_max_ = 0;
  std::map<std::string, std::vector<Reaction>> reactions_;
  std::vector<Seen> seen_;
};

domain::MarketId market_id() {
  domain::MarketId id;
  id.bytes[31] = 7;
  return id;
}
domain::TokenId token_id(std::uint8_t n) {
  domain::TokenId id;
  id.bytes[31] = n;
  return id;
}

polymarket::OrderParty party() {
  const polymarket::Address account = polymarket::OrderSigner(kKey).address();
  return {.wallet = {.owner = account, .address = account}};
}

// An order as the core hands it over: complete but for the signature.
domain::Order order(std::uint32_t leg) {
  domain::Order order;
  order.id = {.signal = {1, 1}, .leg = leg};
  order.side = domain::Side::Buy;
  order.limit = domain::Price::from_raw(5000);
  order.quantity = domain::Quantity::from_units(10);
  order.time_in_force = domain::TimeInForce::Fak;
  order.fields = {.salt = 100 + leg,
                  .timestamp_ms = 1713398400000,
                  .maker_amount = domain::Money::from_units(5),
                  .taker_amount = domain::Money::from_units(10),
                  .token = token_id(1)};
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  order.venue_id =
      polymarket::order_digest(polymarket::order_to_sign(order.fields, order.side, party()),
                               domains.of(order.fields.exchange));
  return order;
}

std::string placed(const domain::Order& order, std::string_view status = "matched") {
  std::string out;
  polymarket::write_placement({.id = order.venue_id, .status = status, .trades = {{"t1"}}}, out);
  return out;
}

// Longer than any answer takes on a busy machine, and what a test waits for a silent venue.
constexpr std::chrono::seconds kPatient{20};
constexpr std::chrono::seconds kImpatient{1};

class VenueClientTest : public testing::Test {
 protected:
  VenueClientTest() { connect(venue.url(), venue.url()); }

  void connect(const std::string& rest, const std::string& gamma,
               std::chrono::seconds request_timeout = kPatient) {
    client = std::make_unique<VenueClient>(
        io.get_executor(),
        VenueClientSettings{
            .rest = rest, .gamma = gamma, .party = party(), .request_timeout = request_timeout},
        polymarket::OrderSigner(kKey),
        VenueClient::Observer{
            .on_request =
                [this](VenueOperation operation, RequestOutcome outcome, domain::Duration) {
                  outcomes[std::string(domain::name_of(operation))].push_back(outcome);
                },
            .on_link = [this](Link link) { links.push_back(link); },
            .on_throttled =
                [this](VenueThrottled told) {
                  auto& list = told.what == VenueThrottled::What::Orders ? pauses : reading_pauses;
                  list.push_back(told.retry_after);
                }});
  }

  std::vector<domain::SubmitAnswered> submit(std::vector<domain::Order> orders) {
    std::vector<domain::SubmitAnswered> answers;
    run(io,
        [](VenueClient& venue_client, std::vector<domain::Order> wanted,
           std::vector<domain::SubmitAnswered>& out) -> asio::awaitable<void> {
          EXPECT_TRUE(co_await venue_client.authenticate());
          auto signing = venue_client.sign(std::move(wanted));
          out = co_await venue_client.submit(std::move(signing));
        }(*client, std::move(orders), answers));
    return answers;
  }
  SubmitOutcome submit_one() {
    const auto answers = submit({order(0)});
    EXPECT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers.at(0).order, order(0).venue_id);
    return answers.at(0).outcome;
  }
  SubmitOutcome submit_against(Reaction reaction) {
    venue.on("POST /order", std::move(reaction));
    SubmitOutcome outcome = submit_one();
    EXPECT_EQ(venue.seen("POST /order").size(), 1U) << "an order is sent once, whatever happens";
    return outcome;
  }
  static AmbiguityCause cause(const SubmitOutcome& outcome) {
    const auto* const ambiguous = std::get_if<SubmitAmbiguous>(&outcome);
    EXPECT_NE(ambiguous, nullptr);
    return ambiguous != nullptr ? ambiguous->cause : AmbiguityCause::Restarted;
  }
  static RejectReason reason(const SubmitOutcome& outcome) {
    const auto* const rejected = std::get_if<SubmitRejected>(&outcome);
    EXPECT_NE(rejected, nullptr);
    return rejected != nullptr ? rejected->reason : RejectReason::Duplicated;
  }

  template <class Result, class Make>
  Result ask(Make make) {
    std::optional<Result> result;
    run(io,
        [](VenueClient& venue_client, Make call,
           std::optional<Result>& out) -> asio::awaitable<void> {
          EXPECT_TRUE(co_await venue_client.authenticate());
          out = co_await call(venue_client);
        }(*client, std::move(make), result));
    return std::move(*result);
  }

  asio::io_context io;
  BadVenue venue{io};
  std::unique_ptr<VenueClient> client;
  std::map<std::string, std::vector<RequestOutcome>> outcomes;
  std::vector<domain::Duration> pauses;          // of orders
  std::vector<domain::Duration> reading_pauses;  // of readings
  std::vector<Link> links;
};

// What a thread, or all of this process, has worked so far: no matter how busy the machine is.
std::chrono::nanoseconds worked(clockid_t of) {
  timespec time{};
  EXPECT_EQ(clock_gettime(of, &time), 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Signing takes as long as a commit, so another thread does it.
TEST_F(VenueClientTest, SigningIsAnotherThreadsWork) {
  run(io, [](VenueClient& ours) -> asio::awaitable<void> {
    EXPECT_TRUE(co_await ours.authenticate());
    const auto all_before = worked(CLOCK_PROCESS_CPUTIME_ID);
    const auto own_before = worked(CLOCK_THREAD_CPUTIME_ID);
    const auto signing = ours.sign(std::vector<domain::Order>(1000, order(0)));
    const auto own = worked(CLOCK_THREAD_CPUTIME_ID) - own_before;
    (void)co_await signing->ended.async_wait(kAsTuple);
    EXPECT_LT(own, (worked(CLOCK_PROCESS_CPUTIME_ID) - all_before) / 2);
    EXPECT_TRUE(signing->request.has_value());
  }(*client));
}

// The loop does its other work while an order waits for its signature.
TEST_F(VenueClientTest, SigningDoesNotHoldTheLoop) {
  venue.on("POST /order", answer(200, placed(order(0))));
  std::vector<std::string> steps;
  run(io,
      [](VenueClient& ours, const std::string& url,
         std::vector<std::string>& done) -> asio::awaitable<void> {
        EXPECT_TRUE(co_await ours.authenticate());
        const auto executor = co_await asio::this_coro::executor;
        auto unsigned_yet = std::make_shared<VenueClient::Signing>(std::vector{order(0)},
                                                                   ours.credentials(), executor);
        asio::post(executor, [unsigned_yet, url, &done] {
          done.emplace_back("another input");
          unsigned_yet->request = {.method = http::Method::Post, .url = url, .body = "{}"};
          unsigned_yet->done = true;
          unsigned_yet->ended.expires_at(asio::steady_timer::time_point::min());
        });
        const std::function<std::string_view()> on_leaving = [&done] {
          done.emplace_back("leaving");
          return std::string_view();
        };
        (void)co_await ours.submit(std::move(unsigned_yet), on_leaving);
      }(*client, venue.url() + "/order", steps));
  EXPECT_EQ(steps, (std::vector<std::string>{"another input", "leaving"}));
}

TEST_F(VenueClientTest, AsksBeforeASignedOrderLeaves) {
  std::vector<domain::SubmitAnswered> answers;
  run(io,
      [](VenueClient& ours, std::vector<Link>& told,
         std::vector<domain::SubmitAnswered>& out) -> asio::awaitable<void> {
        EXPECT_TRUE(co_await ours.authenticate());
        told.clear();
        std::vector<domain::Order> orders(1, order(0));
        auto signing = ours.sign(std::move(orders));
        const std::function<std::string_view()> on_leaving = [signing] {
          EXPECT_TRUE(signing->done);
          return std::string_view("the account is lost");
        };
        out = co_await ours.submit(signing, on_leaving);
      }(*client, links, answers));
  const auto* const rejected = std::get_if<SubmitRejected>(&answers.at(0).outcome);
  ASSERT_NE(rejected, nullptr);
  EXPECT_EQ(rejected->reason, RejectReason::Other);
  EXPECT_EQ(rejected->text, "not sent: the account is lost");
  EXPECT_TRUE(venue.seen("POST /order").empty());
  EXPECT_TRUE(links.empty()) << "the venue was not asked";
  EXPECT_TRUE(outcomes["submit"].empty());
}

TEST_F(VenueClientTest, AnAcceptedOrderNamesItsTrades) {
  const SubmitOutcome outcome = submit_against(answer(200, placed(order(0))));
  const auto* const accepted = std::get_if<SubmitAccepted>(&outcome);
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(accepted->state, SubmitAccepted::State::Matched);
  EXPECT_THAT(accepted->trades, testing::ElementsAre(domain::TradeId{"t1"}));
  EXPECT_THAT(outcomes["submit"], testing::ElementsAre(RequestOutcome::Ok));
}

TEST_F(VenueClientTest, AHeartbeatIsAcceptedCorrectedOrWithoutAnAnswer) {
  using Result = HeartbeatAnswer::Result;
  venue.on("POST /v1/heartbeats", answer(200, R"({"heartbeat_id":"a"})"));
  venue.on("POST /v1/heartbeats",
           answer(400, R"({"error_msg":"Invalid Heartbeat ID","heartbeat_id":"b"})"));
  venue.on("POST /v1/heartbeats", answer(401, R"({"error":"Unauthorized/Invalid api key"})"));
  venue.on("POST /v1/heartbeats", answer(400, R"({"error":"Invalid order payload"})"));
  venue.on("POST /v1/heartbeats", answer(200, R"({"status":"ok"})"));
  venue.on("POST /v1/heartbeats", answer(500, R"({"heartbeat_id":"c"})"));
  venue.on("POST /v1/heartbeats", misbehave(Reaction::Kind::Silence));
  const auto beat = [](VenueClient& venue_client) -> asio::awaitable<HeartbeatAnswer> {
    co_return co_await venue_client.heartbeat("x");
  };
  const auto taken = ask<HeartbeatAnswer>(beat);
  EXPECT_EQ(taken.result, Result::Accepted);
  EXPECT_EQ(taken.id, "a");
  const auto corrected = ask<HeartbeatAnswer>(beat);
  EXPECT_EQ(corrected.result, Result::WrongId);
  EXPECT_EQ(corrected.id, "b");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask<HeartbeatAnswer>(beat).result, Result::Failed) << i;
  connect(venue.url(), venue.url(), kImpatient);
  EXPECT_EQ(ask<HeartbeatAnswer>(beat).result, Result::Failed);
  EXPECT_EQ(venue.seen("POST /v1/heartbeats").at(0).body, R"({"heartbeat_id":"x"})");
  EXPECT_FALSE(venue.seen("POST /v1/heartbeats").at(0).header("POLY_SIGNATURE").empty());
  EXPECT_EQ(outcomes["heartbeat"].size(), 9U) << "two unreadable answers count twice";
}

TEST_F(VenueClientTest, AnOrderLeavesSignedAndAuthenticated) {
  submit_against(answer(200, placed(order(0))));
  const Seen request = venue.seen("POST /order").at(0);

  const auto posted = polymarket::parse_order_body(request.body);
  ASSERT_TRUE(posted.has_value());
  const polymarket::ExchangeDomains domains(polymarket::kPolygonChainId);
  const polymarket::ExchangeDomain& domain = domains.of(domain::ExchangeVersion::V2);
  const polymarket::Address address = party().wallet.address;
  EXPECT_EQ(polymarket::order_digest(posted->order, domain), order(0).venue_id);
  EXPECT_EQ(polymarket::recover_order_signer(posted->order, domain, posted->signature), address);
  EXPECT_EQ(posted->owner, "key-1");
  EXPECT_EQ(posted->time_in_force, domain::TimeInForce::Fak);

  const polymarket::ApiCredentials credentials("key-1", std::string(kSecret), "pass");
  EXPECT_EQ(request.header("POLY_API_KEY"), "key-1");
  EXPECT_EQ(request.header("POLY_ADDRESS"), polymarket::to_checksum(address));
  EXPECT_TRUE(credentials.verify(std::stoull(request.header("POLY_TIMESTAMP")),
                                 {"POST", "/order", request.body},
                                 request.header("POLY_SIGNATURE")));
}

TEST_F(VenueClientTest, AKnownRefusalIsARejection) {
  EXPECT_EQ(reason(submit_against(answer(400, R"({"error":"not enough balance / allowance"})"))),
            RejectReason::Balance);
}

TEST_F(VenueClientTest, ARateLimitIsARejectionAndAPause) {
  EXPECT_EQ(reason(submit_against(answer(429, "<html>", "Retry-After: 3\r\n"))),
            RejectReason::RateLimited);
  EXPECT_THAT(pauses, testing::ElementsAre(std::chrono::seconds(3)));
}

TEST_F(VenueClientTest, PostOnlyModeIsARejectionAndAPause) {
  EXPECT_EQ(reason(submit_against(answer(
                503, R"({"error":"post-only mode: only post-only orders and cancels are allowed"})",
                "Retry-After: 79\r\n"))),
            RejectReason::PostOnlyMode);
  EXPECT_THAT(pauses, testing::ElementsAre(std::chrono::seconds(79)));
}

TEST_F(VenueClientTest, AMatchingEngineThatRestartsLeavesTheOrderAmbiguous) {
  EXPECT_EQ(cause(submit_against(answer(425, R"({"error":"the market is not yet ready"})"))),
            AmbiguityCause::ServerError);
  EXPECT_EQ(pauses.size(), 1U);
}

TEST_F(VenueClientTest, AServerErrorIsAmbiguous) {
  EXPECT_EQ(cause(submit_against(answer(500, R"({"error":"could not insert order"})"))),
            AmbiguityCause::ServerError);
  EXPECT_THAT(outcomes["submit"], testing::ElementsAre(RequestOutcome::ServerError));
}

TEST_F(VenueClientTest, UnknownWordsAreAmbiguous) {
  EXPECT_EQ(cause(submit_against(answer(400, R"({"error":"context canceled"})"))),
            AmbiguityCause::Unparsable);
}

TEST_F(VenueClientTest, AnUnreadableAnswerIsAmbiguous) {
  EXPECT_EQ(cause(submit_against(answer(200, "{\"success\":tr"))), AmbiguityCause::Unparsable);
}

TEST_F(VenueClientTest, SilenceIsAmbiguousFromTheLastByteOn) {
  const runtime::Clock clock;
  const domain::Timestamp begun = clock.now();
  connect(venue.url(), venue.url(), kImpatient);
  const SubmitOutcome outcome = submit_against(misbehave(Reaction::Kind::Silence));
  EXPECT_EQ(cause(outcome), AmbiguityCause::Timeout);
  EXPECT_GT(std::get<SubmitAmbiguous>(outcome).last_byte_at, begun);
  EXPECT_LE(std::get<SubmitAmbiguous>(outcome).last_byte_at, clock.now());
  EXPECT_THAT(outcomes["submit"], testing::ElementsAre(RequestOutcome::Failed));
}

TEST_F(VenueClientTest, AResetAfterTheRequestIsAmbiguous) {
  EXPECT_EQ(cause(submit_against(misbehave(Reaction::Kind::Reset))),
            AmbiguityCause::ConnectionLost);
}

TEST_F(VenueClientTest, HalfAnAnswerIsAmbiguous) {
  EXPECT_EQ(cause(submit_against(misbehave(Reaction::Kind::HalfAnAnswer))),
            AmbiguityCause::ConnectionLost);
}

TEST_F(VenueClientTest, AnAnswerThatIsNoHttpIsAmbiguous) {
  EXPECT_EQ(cause(submit_against(misbehave(Reaction::Kind::Garbage))),
            AmbiguityCause::ConnectionLost);
}

TEST_F(VenueClientTest, AnOrderOfWhichNoByteLeftIsRejected) {
  // Credentials come from a venue that then goes away: there is no listener where the order goes.
  tcp::acceptor closing(io, {asio::ip::address_v4::loopback(), 0});
  const std::string gone = "http://127.0.0.1:" + std::to_string(closing.local_endpoint().port());
  connect(gone, gone);
  std::vector<domain::SubmitAnswered> answers;
  run(io,
      [](VenueClient& venue_client, tcp::acceptor& acceptor,
         std::vector<domain::SubmitAnswered>& out) -> asio::awaitable<void> {
        // One connection gets its credentials, then the port closes.
        auto serve = [](tcp::acceptor& listener) -> asio::awaitable<void> {
          tcp::socket socket = co_await listener.async_accept(asio::use_awaitable);
          listener.close();
          std::string head;
          co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", kAsTuple);
          const std::string body = R"({"apiKey":"key-1","secret":")" + std::string(kSecret) +
                                   R"(","passphrase":"pass"})";
          const std::string text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                                   std::to_string(body.size()) + "\r\n\r\n" + body;
          co_await asio::async_write(socket, asio::buffer(text), kAsTuple);
        };
        asio::co_spawn(acceptor.get_executor(), serve(acceptor), asio::detached);
        EXPECT_TRUE(co_await venue_client.authenticate());
        std::vector<domain::Order> orders(1, order(0));
        auto signing = venue_client.sign(std::move(orders));
        out = co_await venue_client.submit(std::move(signing));
      }(*client, closing, answers));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(reason(answers[0].outcome), RejectReason::Other);
}

TEST_F(VenueClientTest, WithoutCredentialsNothingIsSent) {
  std::vector<domain::SubmitAnswered> answers;
  run(io,
      [](VenueClient& venue_client,
         std::vector<domain::SubmitAnswered>& out) -> asio::awaitable<void> {
        std::vector<domain::Order> orders(1, order(0));
        auto signing = venue_client.sign(std::move(orders));
        out = co_await venue_client.submit(std::move(signing));
      }(*client, answers));
  EXPECT_EQ(reason(answers.at(0).outcome), RejectReason::Unauthorized);
  EXPECT_TRUE(venue.seen("POST /order").empty());
}

TEST_F(VenueClientTest, ABatchAnswersEachOrder) {
  venue.on(
      "POST /orders",
      answer(200,
             "[" + placed(order(0)) +
                 R"(,{"success":false,"errorMsg":"invalid signature","orderID":"","status":""}])"));
  const auto answers = submit({order(0), order(1), order(2)});
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<SubmitAccepted>(answers[0].outcome));
  EXPECT_EQ(reason(answers[1].outcome), RejectReason::InvalidSignature);
  EXPECT_EQ(cause(answers[2].outcome), AmbiguityCause::Unparsable);
  EXPECT_EQ(answers[2].order, order(2).venue_id);
  EXPECT_EQ(polymarket::parse_orders_body(venue.seen("POST /orders").at(0).body)->size(), 3U);
}

TEST_F(VenueClientTest, ASilentVenueLeavesTheWholeBatchAmbiguous) {
  connect(venue.url(), venue.url(), kImpatient);
  venue.on("POST /orders", misbehave(Reaction::Kind::Silence));
  for (const auto& answered : submit({order(0), order(1)})) {
    EXPECT_EQ(cause(answered.outcome), AmbiguityCause::Timeout);
  }
  EXPECT_EQ(venue.seen("POST /orders").size(), 1U);
}

TEST_F(VenueClientTest, CredentialsAreCreatedWhenThereAreNoneToDerive) {
  venue.on("GET /auth/derive-api-key", answer(400, R"({"error":"Could not derive api key!"})"));
  venue.on("POST /auth/api-key", answer(200, R"({"apiKey":"key-2","secret":")" +
                                                 std::string(kSecret) + R"(","passphrase":"p"})"));
  bool first = false;
  bool second = false;
  run(io, [](VenueClient& venue_client, bool& derived, bool& created) -> asio::awaitable<void> {
    derived = co_await venue_client.authenticate();
    created = co_await venue_client.authenticate();
  }(*client, first, second));
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_EQ(client->credentials().api_key(), "key-2");
  EXPECT_EQ(venue.seen("POST /auth/api-key").at(0).header("POLY_NONCE"), "0");
}

TEST_F(VenueClientTest, CancelsReportEachOrdersFate) {
  const domain::VenueOrderId first = order(0).venue_id;
  const domain::VenueOrderId second = order(1).venue_id;
  const domain::VenueOrderId third = order(2).venue_id;
  venue.on("DELETE /orders",
           answer(200, polymarket::write_cancel_answer({{first}, {{second, "order not found"}}})));
  const auto answers = ask<std::vector<CancelAnswered>>([=](VenueClient& venue_client) {
    return venue_client.cancel({first, second, third});
  });
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].result, CancelAnswered::Result::Canceled);
  EXPECT_EQ(answers[1].result, CancelAnswered::Result::NotFound);
  EXPECT_EQ(answers[2].result, CancelAnswered::Result::Unknown);
}

TEST_F(VenueClientTest, ACancelWithoutAUsableAnswerIsUnknown) {
  for (Reaction reaction : {answer(500, ""), answer(200, "{}"), answer(200, "<html>"),
                            misbehave(Reaction::Kind::Reset), misbehave(Reaction::Kind::Silence)}) {
    BadVenue bad(io);
    bad.on("DELETE /order", std::move(reaction));
    connect(bad.url(), bad.url(), kImpatient);
    const auto answers = ask<std::vector<CancelAnswered>>(
        [](VenueClient& venue_client) { return venue_client.cancel({order(0).venue_id}); });
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].result, CancelAnswered::Result::Unknown);
  }
}

polymarket::OrderRecord open_order(std::uint8_t n) {
  polymarket::OrderRecord record;
  record.id.bytes[31] = n;
  record.market = market_id();
  record.token = token_id(1);
  record.price = domain::Price::from_raw(5000);
  record.original_size = domain::Quantity::from_units(n);
  record.size_matched = domain::Quantity{};
  record.owner = "key-1";
  return record;
}

ReadAccount reading() {
  return {.trades_since = domain::from_unix_ms(1713398400000), .tokens = {token_id(1)}};
}

TEST_F(VenueClientTest, AnOldTradeIsAskedForByItsId) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  ReadAccount wanted = reading();
  wanted.trades = {{"28c4d2eb-33ac"}, {"a trade&with=more"}};
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  EXPECT_TRUE(account.has_value());
  const auto asked = venue.seen("GET /data/trades");
  ASSERT_EQ(asked.size(), 2U) << "what is no id of the venue is not sent";
  EXPECT_THAT(asked[1].target, testing::HasSubstr("id=28c4d2eb-33ac"));
}

TEST_F(VenueClientTest, AnOldTradeThatIsRefusedHoldsUpNothing) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(404, ""));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  ReadAccount wanted = reading();
  wanted.trades = {{"28c4d2eb-33ac"}, {"28c4d2eb-33ad"}};
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  EXPECT_TRUE(account.has_value());
  EXPECT_EQ(venue.seen("GET /data/trades").size(), 3U);
}

// The venue may not find a single trade; that says nothing of orders.
TEST_F(VenueClientTest, AnOldTradeThatIsNotAnsweredTellsNothingOfTheLink) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", {Reaction::Kind::Reset, 200, "", {}});
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  ReadAccount wanted = reading();
  wanted.trades = {{"28c4d2eb-33ac"}};
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  EXPECT_TRUE(account.has_value());
  EXPECT_THAT(links, testing::Not(testing::Contains(Link::Down)));
}

// The venue counts readings apart from orders: an exit must not wait for either's limit.
TEST_F(VenueClientTest, AThrottledReadingHoldsUpNoOrder) {
  Reaction throttled = answer(429, R"({"error":"too many requests"})");
  throttled.fields = "Retry-After: 7\r\n";
  venue.on("GET /data/orders", throttled);
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [](VenueClient& venue_client) { return venue_client.read_account(reading()); });
  EXPECT_FALSE(account.has_value());
  EXPECT_TRUE(pauses.empty());
  EXPECT_THAT(reading_pauses, testing::ElementsAre(std::chrono::seconds(7)));
}

TEST_F(VenueClientTest, AnAccountIsReadToItsLastPage) {
  venue.on("GET /data/orders",
           answer(200, polymarket::write_open_orders({{open_order(1)}, "Mg=="})));
  venue.on("GET /data/orders",
           answer(200, polymarket::write_open_orders(
                           {{open_order(2)}, std::string(polymarket::kEndCursor)})));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"12500000","allowances":{}})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"3000000"})"));
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [](VenueClient& venue_client) { return venue_client.read_account(reading()); });
  ASSERT_TRUE(account.has_value());
  ASSERT_EQ(account->open_orders.size(), 2U);
  EXPECT_EQ(account->open_orders[1].original_quantity, domain::Quantity::from_units(2));
  EXPECT_EQ(account->collateral, domain::Money::from_raw(12500000));
  ASSERT_EQ(account->holdings.size(), 1U);
  EXPECT_EQ(account->holdings[0].quantity, domain::Quantity::from_units(3));
  const auto pages = venue.seen("GET /data/orders");
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_THAT(pages[1].target, testing::HasSubstr("next_cursor=Mg=="));
  EXPECT_THAT(venue.seen("GET /data/trades").at(0).target, testing::HasSubstr("after=1713398399"));
  const auto updates = venue.seen("GET /balance-allowance/update");
  ASSERT_EQ(updates.size(), 2U) << "without it the venue may know of no deposit and no share";
  EXPECT_THAT(updates[0].target, testing::HasSubstr("asset_type=COLLATERAL"));
  EXPECT_THAT(updates[1].target, testing::HasSubstr("token_id=" + domain::to_string(token_id(1))));
}

// Each makes the venue look at the chain.
TEST_F(VenueClientTest, TheChainIsReadOnceForEachToken) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  ReadAccount wanted = reading();
  for (std::uint8_t n = 2; n <= 20; ++n) wanted.tokens.push_back(token_id(n));
  std::vector<std::size_t> held;
  const auto read_thrice = [&](VenueClient& venue_client) -> asio::awaitable<bool> {
    for (int i = 0; i < 3; ++i) {
      const auto account = co_await venue_client.read_account(wanted);
      held.push_back(account->holdings.size());
    }
    co_return true;
  };
  EXPECT_TRUE(ask<bool>(read_thrice));
  EXPECT_THAT(held, testing::ElementsAre(12U, 20U, 20U)) << "the last eight wait for a turn";
  EXPECT_EQ(venue.seen("GET /balance-allowance/update").size(), 3U + 20U);
}

TEST_F(VenueClientTest, ABalanceIsAskedForByTheProtocolOfItsToken) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  domain::TokenId position;  // the venue's layout: module, reserved zeros, condition and outcome
  position.bytes.front() = 1;
  position.bytes.back() = 1;
  domain::TokenId hash;
  hash.bytes.fill(0xC3);
  ReadAccount wanted = reading();
  wanted.tokens = {position, hash};
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  ASSERT_TRUE(account.has_value());
  std::vector<std::string> targets;
  for (const Seen& request : venue.seen("GET /balance-allowance"))
    targets.push_back(request.target);
  EXPECT_THAT(targets,
              testing::IsSupersetOf({testing::HasSubstr("asset_type=CONDITIONAL-V2&token_id=" +
                                                        domain::to_string(position) + "&"),
                                     testing::HasSubstr("asset_type=CONDITIONAL&token_id=" +
                                                        domain::to_string(hash) + "&")}));
}

TEST_F(VenueClientTest, IncomeIsReadByDayAndKind) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  const std::string asset =
      R"("asset_address":")" + std::string(polymarket::kCollateralAsset) + "\"";
  venue.on("GET /rebates/current",
           answer(200, R"([{"rebated_fees_usdc":"0.237519",)" + asset + "}]"));
  venue.on("GET /rewards/user/total", answer(404, ""));
  venue.on("GET /rewards/user/total", answer(200, R"([{"earnings":1.5,)" + asset + "}]"));
  ReadAccount wanted = reading();
  wanted.income = {{20'512}, {20'511}};
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  ASSERT_TRUE(account.has_value()) << "an answer that is missing hides nothing else";
  ASSERT_EQ(account->income.size(), 3U);
  EXPECT_EQ(account->income[0].amount, domain::Money::from_raw(237'519));
  EXPECT_EQ(account->income[1].date, domain::UtcDate{20'511});
  EXPECT_EQ(account->income[2].kind, domain::IncomeKind::Reward);
  EXPECT_EQ(account->income[2].amount, domain::Money::from_raw(1'500'000));
  const auto asked = venue.seen("GET /rebates/current");
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_THAT(asked[0].target, testing::HasSubstr("date=2026-02-28&maker_address=0x"));
  EXPECT_THAT(venue.seen("GET /rewards/user/total").at(0).target,
              testing::HasSubstr("date=2026-02-28&signature_type=0"));
}

// What nobody answers for explains nothing, and no order may wait for it.
TEST_F(VenueClientTest, IncomeThatIsNotAnsweredHoldsUpNothing) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  venue.on("GET /rebates/current", {Reaction::Kind::Reset, 200, "", {}});
  venue.on("GET /rewards/user/total", {Reaction::Kind::Reset, 200, "", {}});
  ReadAccount wanted = reading();
  wanted.income = {{20'512}, {20'511}, {20'510}};
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  ASSERT_TRUE(account.has_value());
  EXPECT_TRUE(account->income.empty());
  EXPECT_EQ(venue.seen("GET /rebates/current").size(), 1U);
  EXPECT_EQ(venue.seen("GET /rewards/user/total").size(), 1U);
  EXPECT_THAT(links, testing::Not(testing::Contains(Link::Down)));
}

TEST_F(VenueClientTest, BalancesAreReadFourAtATime) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  for (int i = 0; i < 8; ++i) {
    venue.on("GET /balance-allowance",
             {Reaction::Kind::InCompany, 200, R"({"balance":"3000000"})", {}});
  }
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"7000000"})"));
  ReadAccount wanted = reading();
  for (std::uint8_t n = 2; n <= 10; ++n) wanted.tokens.push_back(token_id(n));
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  ASSERT_TRUE(account.has_value());
  ASSERT_EQ(account->holdings.size(), 10U);
  for (std::uint8_t n = 1; n <= 10; ++n) {
    EXPECT_EQ(account->holdings[n - 1U].token, token_id(n));
    EXPECT_EQ(account->holdings[n - 1U].quantity, domain::Quantity::from_units(n <= 8 ? 3 : 7));
  }
  EXPECT_EQ(venue.at_once_max(), 4);
}

TEST_F(VenueClientTest, ABalanceThatIsNotAnsweredHidesNoOrder) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  for (int i = 0; i < 3; ++i) venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(500, ""));
  ReadAccount wanted = reading();
  for (std::uint8_t n = 2; n <= 10; ++n) wanted.tokens.push_back(token_id(n));
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  ASSERT_TRUE(account.has_value());
  EXPECT_TRUE(account->collateral_told);
  EXPECT_EQ(account->holdings.size(), 2U);
  EXPECT_EQ(account->unread_balances.size(), 2U) << "those beside it were under way";
  EXPECT_TRUE(account->balances_left);
  EXPECT_EQ(venue.seen("GET /balance-allowance").size(), 5U) << "no more requests are made in vain";
}

// A copy of which the venue has not read the chain says 0 of any balance.
TEST_F(VenueClientTest, ABalanceIsBelievedOnlyOfTheChain) {
  for (const unsigned status : {500U, 503U, 404U}) {
    BadVenue bad(io);
    bad.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
    bad.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
    bad.on("GET /balance-allowance", answer(200, R"({"balance":"0"})"));
    bad.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
    bad.on("GET /balance-allowance/update", answer(status, ""));
    bad.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
    connect(bad.url(), bad.url());
    std::vector<std::size_t> held;
    std::vector<std::size_t> unread;
    const auto read_twice = [&](VenueClient& venue_client) -> asio::awaitable<bool> {
      for (int i = 0; i < 2; ++i) {
        const auto account = co_await venue_client.read_account(reading());
        if (!account) co_return false;
        held.push_back(account->holdings.size());
        unread.push_back(account->unread_balances.size());
      }
      co_return true;
    };
    EXPECT_TRUE(ask<bool>(read_twice)) << status;
    EXPECT_THAT(held, testing::ElementsAre(0U, 1U)) << status;
    EXPECT_THAT(unread, testing::ElementsAre(1U, 0U)) << status;
  }
}

TEST_F(VenueClientTest, CashIsBelievedOnlyOfTheChain) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"0"})"));
  venue.on("GET /balance-allowance/update", answer(500, ""));
  venue.on("GET /balance-allowance/update", answer(404, ""));
  const auto read = [](VenueClient& venue_client) { return venue_client.read_account(reading()); };
  EXPECT_FALSE(ask<std::optional<domain::VenueAccount>>(read).has_value());
  const auto refused = ask<std::optional<domain::VenueAccount>>(read);
  ASSERT_TRUE(refused.has_value());
  EXPECT_FALSE(refused->collateral_told);
}

// The venue takes few chain reads, and what it says of them is said of nothing else.
TEST_F(VenueClientTest, AThrottledChainReadHidesNoOrder) {
  Reaction throttled = answer(429, R"({"error":"too many requests"})");
  throttled.fields = "Retry-After: 60\r\n";
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", throttled);
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  const auto read_twice = [&](VenueClient& venue_client) -> asio::awaitable<bool> {
    for (int i = 0; i < 2; ++i) {
      const auto account = co_await venue_client.read_account(reading());
      if (!account) co_return false;
      EXPECT_FALSE(account->collateral_told);
      EXPECT_TRUE(account->holdings.empty());
      EXPECT_TRUE(account->unread_balances.empty()) << "nothing was said of it";
      EXPECT_TRUE(account->balances_left);
    }
    co_return true;
  };
  EXPECT_TRUE(ask<bool>(read_twice));
  EXPECT_EQ(venue.seen("GET /balance-allowance/update").size(), 1U) << "it is left alone";
  EXPECT_TRUE(reading_pauses.empty()) << "readings go on";
}

TEST_F(VenueClientTest, ARefusedChainReadTakesNoOthersTurn) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  for (std::size_t i = 0; i < ChainReads::kPerReading; ++i)
    venue.on("GET /balance-allowance/update", answer(404, ""));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  ReadAccount wanted = reading();
  for (std::uint8_t n = 2; n <= 20; ++n) wanted.tokens.push_back(token_id(n));
  std::vector<domain::VenueAccount> accounts;
  const auto read_twice = [&](VenueClient& venue_client) -> asio::awaitable<bool> {
    for (int i = 0; i < 2; ++i) {
      auto account = co_await venue_client.read_account(wanted);
      if (!account) co_return false;
      accounts.push_back(std::move(*account));
    }
    co_return true;
  };
  ASSERT_TRUE(ask<bool>(read_twice));
  EXPECT_EQ(accounts[0].unread_balances.size(), ChainReads::kPerReading);
  std::set<domain::TokenId> told;
  for (const auto& holding : accounts[1].holdings) told.insert(holding.token);
  for (std::uint8_t n = ChainReads::kPerReading + 1; n <= 20; ++n)
    EXPECT_TRUE(told.contains(token_id(n))) << int{n};
}

// A journal with more could not be read again.
TEST_F(VenueClientTest, ABalanceBeyondAllBoundsIsNone) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"900000000000001"})"));
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [](VenueClient& venue_client) { return venue_client.read_account(reading()); });
  ASSERT_TRUE(account.has_value());
  EXPECT_FALSE(account->collateral_told);
  EXPECT_TRUE(account->holdings.empty());
  EXPECT_EQ(account->unread_balances.size(), 1U);
}

TEST_F(VenueClientTest, AReadingWithOneBadPageIsNone) {
  for (Reaction reaction :
       {answer(500, ""), answer(200, "{}"), misbehave(Reaction::Kind::Silence)}) {
    BadVenue bad(io);
    bad.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
    bad.on("GET /data/trades", std::move(reaction));
    bad.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
    connect(bad.url(), bad.url(), kImpatient);
    const auto account = ask<std::optional<domain::VenueAccount>>(
        [](VenueClient& venue_client) { return venue_client.read_account(reading()); });
    EXPECT_FALSE(account.has_value());
  }
}

polymarket::TradeRecord trade_row(const char* id) {
  polymarket::TradeRecord record;
  record.id = {id};
  record.taker_order.bytes[31] = 9;
  record.market = market_id();
  record.token = token_id(1);
  record.price = domain::Price::from_raw(4100);
  record.quantity = domain::Quantity::from_units(12);
  record.status = domain::VenueTradeStatus::Confirmed;
  record.owner = "key-1";
  record.matched_at = domain::from_unix_ms(1713398401000);
  return record;
}

TEST_F(VenueClientTest, ARowThatCannotBeReadHidesNoOther) {
  polymarket::TradeRecord pending = trade_row("b");
  pending.numbers_pending = true;
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades",
           answer(200, polymarket::write_trades({{trade_row("a"), pending, trade_row("c")},
                                                 std::string(polymarket::kEndCursor)})));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"1"})"));
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [](VenueClient& venue_client) { return venue_client.read_account(reading()); });
  ASSERT_TRUE(account.has_value());
  ASSERT_EQ(account->trades.size(), 2U);
  EXPECT_EQ(account->trades[1].id.value, "c");
  ASSERT_EQ(account->unread.size(), 1U);
  EXPECT_EQ(account->unread[0].id, "b");
  EXPECT_EQ(account->unread[0].orders, std::vector{pending.taker_order});
  EXPECT_EQ(account->unread[0].matched_at, pending.matched_at);
}

TEST_F(VenueClientTest, ABalanceThatIsRefusedOrCannotBeReadHidesNoOther) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /data/trades", answer(200, R"({"data":[],"next_cursor":"LTE="})"));
  venue.on("GET /balance-allowance/update", answer(200, R"({"balance":"1"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":""})"));
  venue.on("GET /balance-allowance", answer(400, R"({"error":"Invalid token id"})"));
  venue.on("GET /balance-allowance", answer(200, R"({"balance":"3000000"})"));
  ReadAccount wanted = reading();
  wanted.tokens.push_back(token_id(2));
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [wanted](VenueClient& venue_client) { return venue_client.read_account(wanted); });
  ASSERT_TRUE(account.has_value());
  EXPECT_FALSE(account->collateral_told);
  EXPECT_EQ(account->holdings.size(), 1U);
  EXPECT_EQ(account->unread_balances.size(), 1U);
}

TEST_F(VenueClientTest, PagesThatNeverEndAreGivenUp) {
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"Mg=="})"));
  const auto account = ask<std::optional<domain::VenueAccount>>(
      [](VenueClient& venue_client) { return venue_client.read_account(reading()); });
  EXPECT_FALSE(account.has_value());
  EXPECT_EQ(outcomes["open_orders"].back(), RequestOutcome::Unreadable);
}

polymarket::GammaMarket listing() {
  polymarket::GammaMarket market;
  market.id = market_id();
  market.slug = "a-market";
  market.tokens = {token_id(1), token_id(2)};
  market.active = market.accepting_orders = market.enable_order_book = true;
  return market;
}

polymarket::ClobMarket clob_record() {
  polymarket::ClobMarket record;
  record.id = market_id();
  record.tokens = {token_id(1), token_id(2)};
  record.outcomes = {"Yes", "No"};
  record.tick = domain::Price::from_raw(10);
  record.min_size = domain::Quantity::from_units(5);
  record.accepting_orders = true;
  return record;
}

TEST_F(VenueClientTest, AMarketIsWhatTheClobSaysOfIt) {
  const std::string path = "GET /clob-markets/" + domain::to_string(market_id());
  venue.on(path, answer(200, polymarket::write_clob_market(clob_record())));
  venue.on("GET /markets/keyset",
           answer(200, polymarket::write_gamma_page(std::vector{listing()}, "")));
  const auto ask_market = [](VenueClient& venue_client) {
    return venue_client.read_market(market_id());
  };
  const MarketRead read = ask<MarketRead>(ask_market);
  ASSERT_EQ(read.outcome, MarketRead::Outcome::Found);
  EXPECT_EQ(read.market->tick, domain::Price::from_raw(10));
  EXPECT_EQ(read.market->slug, "a-market");
}

TEST_F(VenueClientTest, AMarketWhoseRecordsContradictIsNotTraded) {
  polymarket::ClobMarket record = clob_record();
  record.neg_risk = true;
  const std::string path = "GET /clob-markets/" + domain::to_string(market_id());
  venue.on(path, answer(200, polymarket::write_clob_market(record)));
  venue.on(path, answer(404, R"({"error":"market not found"})"));
  venue.on("GET /markets/keyset",
           answer(200, polymarket::write_gamma_page(std::vector{listing()}, "")));
  const auto ask_market = [](VenueClient& venue_client) {
    return venue_client.read_market(market_id());
  };
  EXPECT_EQ(ask<MarketRead>(ask_market).outcome, MarketRead::Outcome::Failed);
  EXPECT_EQ(ask<MarketRead>(ask_market).outcome, MarketRead::Outcome::NotFound);
}

TEST_F(VenueClientTest, APayoutIsReadOnlyOnceItIsFinal) {
  polymarket::GammaMarket market = listing();
  market.closed = true;
  market.resolution_status = "proposed";
  market.outcome_prices = {domain::Price{}, domain::kPriceOne};
  const std::string proposed = polymarket::write_gamma_page(std::vector{market}, "");
  market.resolution_status = "resolved";
  const std::string resolved = polymarket::write_gamma_page(std::vector{market}, "");
  venue.on("GET /markets/keyset", answer(200, proposed));
  venue.on("GET /markets/keyset", answer(200, resolved));
  const auto ask_payout = [](VenueClient& venue_client) {
    return venue_client.read_payout(market_id(), std::nullopt);
  };
  EXPECT_FALSE(ask<std::optional<domain::Payout>>(ask_payout).has_value());
  EXPECT_EQ(ask<std::optional<domain::Payout>>(ask_payout),
            (domain::Payout{domain::Price{}, domain::kPriceOne}));
}

// Some markets are closed, show the prices of a result, and never get a resolution status.
struct UnsaidResultTest : VenueClientTest {
  UnsaidResultTest() {
    polymarket::GammaMarket market = listing();
    market.closed = true;
    market.outcome_prices = {domain::kPriceOne, domain::Price{}};
    venue.on("GET /markets/keyset",
             answer(200, polymarket::write_gamma_page(std::vector{market}, "")));
  }
  void record_says(bool closed, std::optional<domain::TokenId> winner) {
    venue.on("GET /markets/" + domain::to_string(market_id()),
             answer(200, polymarket::write_clob_result({.id = market_id(),
                                                        .closed = closed,
                                                        .tokens = {token_id(1), token_id(2)},
                                                        .winner = winner})));
  }
  std::optional<domain::Payout> payout(std::optional<domain::Payout> told = std::nullopt) {
    return ask<std::optional<domain::Payout>>(
        [told](VenueClient& venue_client) { return venue_client.read_payout(market_id(), told); });
  }
  const domain::Payout yes{domain::kPriceOne, domain::Price{}};
  const domain::Payout no{domain::Price{}, domain::kPriceOne};
};

TEST_F(UnsaidResultTest, IsTakenWhenTheRecordNamesTheSameWinner) {
  EXPECT_FALSE(payout()) << "prices alone prove nothing";
  record_says(false, token_id(1));
  record_says(true, std::nullopt);
  record_says(true, token_id(2));
  record_says(true, token_id(1));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(payout()) << i;
  EXPECT_EQ(payout(), yes);
}

TEST_F(UnsaidResultTest, IsTakenWhenTheMarketChannelHasToldTheSame) {
  EXPECT_FALSE(payout(no));
  EXPECT_EQ(payout(yes), yes);
}

TEST_F(VenueClientTest, TakesNoHalfPayoutFromPrices) {
  const domain::Payout half{domain::Price::from_raw(5000), domain::Price::from_raw(5000)};
  polymarket::GammaMarket market = listing();
  market.closed = true;
  market.outcome_prices = {half.yes, half.no};
  const std::string unsaid = polymarket::write_gamma_page(std::vector{market}, "");
  market.resolution_status = "resolved";
  const std::string resolved = polymarket::write_gamma_page(std::vector{market}, "");
  venue.on("GET /markets/keyset", answer(200, unsaid));
  venue.on("GET /markets/keyset", answer(200, resolved));
  const auto ask_payout = [half](VenueClient& venue_client) {
    return venue_client.read_payout(market_id(), half);
  };
  EXPECT_FALSE(ask<std::optional<domain::Payout>>(ask_payout).has_value());
  EXPECT_EQ(ask<std::optional<domain::Payout>>(ask_payout), half);
}

// The terms of a market may change to something unknown; its result can still be read.
TEST_F(VenueClientTest, AResultIsReadOfAMarketThatCannotBeTraded) {
  polymarket::GammaMarket market = listing();
  market.closed = true;
  market.resolution_status = "resolved";
  market.outcome_prices = {domain::kPriceOne, domain::Price{}};
  market.fee = {.rate_ppm = 25'000, .exponent = 3};
  venue.on("GET /markets/keyset",
           answer(200, polymarket::write_gamma_page(std::vector{market}, "")));
  venue.on("GET /clob-markets/" + domain::to_string(market_id()),
           answer(200, polymarket::write_clob_market(clob_record())));
  const auto payout = ask<std::optional<domain::Payout>>([](VenueClient& venue_client) {
    return venue_client.read_payout(market_id(), std::nullopt);
  });
  EXPECT_EQ(payout, (domain::Payout{domain::kPriceOne, domain::Price{}}));
  const auto read = ask<MarketRead>(
      [](VenueClient& venue_client) { return venue_client.read_market(market_id()); });
  EXPECT_EQ(read.outcome, MarketRead::Outcome::Failed);
}

TEST_F(VenueClientTest, ARegionThatMayNotTradeIsARejection) {
  EXPECT_EQ(reason(submit_against(answer(403, R"({"error":"Trading restricted in your region"})"))),
            RejectReason::Forbidden);
}

TEST_F(VenueClientTest, CredentialsThatAreRefusedAreAskedForAgain) {
  venue.on("DELETE /order", answer(401, R"({"error":"Unauthorized/Invalid api key"})"));
  venue.on("POST /auth/api-key", answer(200, R"({"apiKey":"key-1","secret":")" +
                                                 std::string(kSecret) + R"(","passphrase":"p"})"));
  EXPECT_FALSE(client->credentials_refused());
  static_cast<void>(ask<std::vector<CancelAnswered>>(
      [](VenueClient& venue_client) { return venue_client.cancel({order(0).venue_id}); }));
  EXPECT_TRUE(client->credentials_refused());
  run(io, [](VenueClient& venue_client) -> asio::awaitable<void> {
    co_await venue_client.renew_credentials();
  }(*client));
  EXPECT_FALSE(client->credentials_refused());
  EXPECT_EQ(venue.seen("POST /auth/api-key").size(), 1U);
}

TEST_F(VenueClientTest, AThrottledListingPausesNoOrders) {
  BadVenue listings(io);
  listings.on("GET /markets/keyset", answer(429, "", "Retry-After: 60\r\n"));
  connect(venue.url(), listings.url());
  const auto ask_payout = [](VenueClient& venue_client) {
    return venue_client.read_payout(market_id(), std::nullopt);
  };
  EXPECT_FALSE(ask<std::optional<domain::Payout>>(ask_payout).has_value());
  EXPECT_TRUE(pauses.empty());
}

// The venue limits each class of requests by itself.
TEST_F(VenueClientTest, OrdersAndCancelsGoOnWhileReadingsAreThrottled) {
  venue.on("GET /data/orders", answer(429, "", "Retry-After: 60\r\n"));
  venue.on("POST /order", answer(200, placed(order(0))));
  polymarket::CancelAnswer gone;
  gone.canceled = {order(0).venue_id};
  venue.on("DELETE /order", answer(200, polymarket::write_cancel_answer(gone)));
  const auto ask_account = [](VenueClient& venue_client) {
    return venue_client.read_account(reading());
  };
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(ask<std::optional<domain::VenueAccount>>(ask_account).has_value());
  EXPECT_EQ(venue.seen("GET /data/orders").size(), 1U) << "the venue is left alone, as it asked";
  EXPECT_THAT(outcomes["open_orders"],
              testing::ElementsAre(RequestOutcome::Throttled, RequestOutcome::Throttled,
                                   RequestOutcome::Throttled));
  EXPECT_TRUE(std::holds_alternative<SubmitAccepted>(submit_one()));
  const auto canceled = ask<std::vector<CancelAnswered>>(
      [](VenueClient& venue_client) { return venue_client.cancel({order(0).venue_id}); });
  EXPECT_EQ(canceled.at(0).result, CancelAnswered::Result::Canceled);
  EXPECT_TRUE(pauses.empty()) << "no order waits for what readings have used up";
}

TEST_F(VenueClientTest, ReadingsThatHangTakeNoConnectionFromOrders) {
  venue.on("GET /clob-markets/" + domain::to_string(market_id()),
           misbehave(Reaction::Kind::Silence));
  venue.on("POST /order", answer(200, placed(order(0))));
  connect(venue.url(), venue.url(), std::chrono::seconds(2));
  std::vector<domain::SubmitAnswered> answers;
  run(io,
      [](VenueClient& venue_client,
         std::vector<domain::SubmitAnswered>& out) -> asio::awaitable<void> {
        EXPECT_TRUE(co_await venue_client.authenticate());
        const auto executor = co_await asio::this_coro::executor;
        int hanging = 20;
        const auto at_end = [&hanging](const std::exception_ptr&, const MarketRead&) { --hanging; };
        for (int i = 0; i < 20; ++i)
          asio::co_spawn(executor, venue_client.read_market(market_id()), at_end);
        std::vector<domain::Order> wanted(1, order(0));
        auto signing = venue_client.sign(std::move(wanted));
        out = co_await venue_client.submit(std::move(signing));
        EXPECT_EQ(hanging, 20) << "they all still hang";
        while (hanging > 0) co_await asio::post(executor, asio::use_awaitable);
      }(*client, answers));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<SubmitAccepted>(answers[0].outcome));
}

TEST_F(VenueClientTest, APauseMayLastUntilADate) {
  const std::time_t until = std::time(nullptr) + 40;
  std::tm utc{};
  gmtime_r(&until, &utc);
  std::array<char, 64> date{};
  std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  EXPECT_EQ(
      reason(submit_against(answer(429, "", "Retry-After: " + std::string(date.data()) + "\r\n"))),
      RejectReason::RateLimited);
  ASSERT_EQ(pauses.size(), 1U);
  EXPECT_GT(pauses[0], std::chrono::seconds(30));
  EXPECT_LE(pauses[0], std::chrono::seconds(40));
}

TEST_F(VenueClientTest, ThePauseOfARefusalIsInItsBody) {
  EXPECT_EQ(reason(submit_against(answer(
                503, R"({"error":"post-only mode: only post-only orders and cancels are allowed",)"
                     R"("code":"post_only_mode","retry_after_seconds":79})"))),
            RejectReason::PostOnlyMode);
  EXPECT_THAT(pauses, testing::ElementsAre(std::chrono::seconds(79)));
}

TEST_F(VenueClientTest, AnEmptyBucketOfOrdersPausesThem) {
  const std::string fields = "Poly-RateLimit-Remaining: 0\r\nPoly-RateLimit-Reset: " +
                             std::to_string(std::time(nullptr) + 40) + "\r\n";
  venue.on("GET /data/orders", answer(200, R"({"data":[],"next_cursor":"LTE="})", fields));
  venue.on("GET /data/trades", answer(500, ""));
  const auto ask_account = [](VenueClient& venue_client) {
    return venue_client.read_account(reading());
  };
  EXPECT_FALSE(ask<std::optional<domain::VenueAccount>>(ask_account).has_value());
  EXPECT_TRUE(pauses.empty()) << "that was another bucket";
  EXPECT_TRUE(std::holds_alternative<SubmitAccepted>(
      submit_against(answer(200, placed(order(0)), fields))));
  ASSERT_EQ(pauses.size(), 1U);
  EXPECT_LE(pauses[0], std::chrono::seconds(40));
}

TEST_F(VenueClientTest, ARedirectedOrderIsAmbiguousAndSentOnce) {
  EXPECT_EQ(cause(submit_against(answer(301, "", "Location: /elsewhere\r\n"))),
            AmbiguityCause::Unparsable);
  EXPECT_THAT(outcomes["submit"], testing::ElementsAre(RequestOutcome::Refused));
  EXPECT_TRUE(venue.seen("POST /elsewhere").empty());
}

TEST_F(VenueClientTest, TheListingsHostSaysNothingOfTheOrdersHost) {
  venue.on("GET /time", answer(200, "noon"));
  const std::string nobody = [this] {
    const tcp::acceptor closed(io, {asio::ip::address_v4::loopback(), 0});
    return "http://127.0.0.1:" + std::to_string(closed.local_endpoint().port());
  }();
  connect(venue.url(), nobody);
  const auto ask_payout = [](VenueClient& venue_client) {
    return venue_client.read_payout(market_id(), std::nullopt);
  };
  const auto ask_offset = [](VenueClient& venue_client) {
    return venue_client.read_clock_offset();
  };
  EXPECT_FALSE(ask<std::optional<domain::Payout>>(ask_payout).has_value());
  static_cast<void>(ask<std::optional<domain::Duration>>(ask_offset));
  EXPECT_THAT(links, testing::Contains(Link::Up));
  EXPECT_THAT(links, testing::Not(testing::Contains(Link::Down)));
}

TEST_F(VenueClientTest, ClocksAreComparedToTheSecond) {
  const runtime::Clock clock;
  const std::int64_t now_s = domain::to_unix_ms(clock.now()) / 1000;
  venue.on("GET /time", answer(200, std::to_string(now_s + 100)));
  venue.on("GET /time", answer(200, "noon"));
  const auto ask_offset = [](VenueClient& venue_client) {
    return venue_client.read_clock_offset();
  };
  const auto ahead = ask<std::optional<domain::Duration>>(ask_offset);
  ASSERT_TRUE(ahead.has_value());
  EXPECT_GT(*ahead, std::chrono::seconds(90));
  EXPECT_LE(*ahead, std::chrono::seconds(100));
  EXPECT_FALSE(ask<std::optional<domain::Duration>>(ask_offset).has_value());
}

}  // namespace
}  // namespace polybot::order_manager
