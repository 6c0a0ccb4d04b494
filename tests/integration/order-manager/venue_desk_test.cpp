// The desk between engine and venue, against the built-in venue over real sockets.
#include "services/order-manager/venue_desk.hpp"

#include "common/http/server.hpp"
#include "common/polymarket/messages/heartbeats.hpp"
#include "tests/integration/venue-simulator/venue.hpp"

namespace polybot::order_manager {
namespace {

namespace asio = boost::asio;
namespace venue_test = venue_simulator::testing;
using domain::CancelAnswered;
using http::Method;
using testing::HasSubstr;

class VenueDeskTest : public venue_test::VenueTest {
 protected:
  void SetUp() override {
    VenueTest::SetUp();
    venue = std::make_unique<venue_test::Running>(folder);
    trader = std::make_unique<venue_test::Trader>(*venue);
    place_order();
  }

  // An order that rests, sent by the same account.
  void place_order() {
    const auto place = [&]() -> asio::awaitable<void> {
      co_await trader->log_in();
      const domain::Market market = co_await trader->pick_market();
      const auto book = co_await trader->book(market.yes_token);
      const auto posted = trader->order(market, domain::Side::Buy, venue_test::lower(book), "10");
      order = trader->id_of(posted, market);
      EXPECT_EQ((co_await trader->post(posted))->status, 200U);
    };
    test::run(venue->io, place());
  }

  void open_desk(std::optional<polymarket::ApiCredentials> credentials = {}) {
    make_desk(venue->url(""), std::move(credentials));
    asio::co_spawn(venue->io, desk->follow_account(), asio::detached);
    asio::co_spawn(venue->io, desk->watch_clock(), asio::detached);
    run_until([this] { return !user_channel.empty(); });
  }

  void make_desk(const std::string& rest, std::optional<polymarket::ApiCredentials> credentials) {
    const polymarket::OrderSigner signer(venue_test::kKey);
    VenueConfig config{.rest = rest,
                       .gamma = rest,
                       .user_ws = venue->socket_url("/ws/user"),
                       .request_timeout = std::chrono::seconds(5),
                       .heartbeat_interval = heartbeat_interval};
    config.credentials = std::move(credentials);
    desk = std::make_shared<VenueDesk>(
        venue->io.get_executor(), config, party_of({}, signer.address(), config.chain_id),
        polymarket::OrderSigner(venue_test::kKey), metrics,
        VenueDesk::Reports{.post =
                               [this](const Input& input) {
                                 if (const auto* canceled = std::get_if<CancelAnswered>(&input))
                                   answers.push_back(*canceled);
                               },
                           .post_link =
                               [this](VenueSessionChanged change) {
                                 if (change.channel == VenueChannel::User)
                                   user_channel.push_back(change.link);
                               },
                           .on_fenced = [this] { fenced = true; }});
  }

  // A venue that takes cancels and no heartbeats.
  std::unique_ptr<http::Server> make_deaf_venue() {
    auto deaf = std::make_unique<http::Server>(venue->io.get_executor(), http::ServerOptions{});
    deaf->router().post(std::string(polymarket::kHeartbeatPath),
                        [](http::Request) -> asio::awaitable<http::Response> {
                          co_return http::problem(503, "restarting");
                        });
    deaf->router().del("/order", [](http::Request request) -> asio::awaitable<http::Response> {
      polymarket::CancelAnswer answer;
      answer.canceled.push_back(*polymarket::parse_cancel_body(request.body));
      co_return http::json(polymarket::write_cancel_answer(answer));
    });
    deaf->listen();
    return deaf;
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the condition never came true";
      venue->io.restart();
      venue->io.run_one_for(std::chrono::milliseconds(20));
    }
  }

  // Another API key of the same account.
  polymarket::ApiCredentials second_key() {
    std::optional<polymarket::ApiCredentials> made;
    http::Client client(venue->io.get_executor(), {});
    const auto create = [&]() -> asio::awaitable<void> {
      http::ClientRequest request{.method = Method::Post, .url = venue->url("/auth/api-key")};
      for (const auto& [name, value] : polymarket::l1_headers(
               trader->signer, 137, static_cast<std::uint64_t>(std::time(nullptr)), 1))
        request.headers.set(name, value);
      const http::Outcome answer = co_await client.send(request);
      EXPECT_EQ(answer->status, 200U) << answer->body;
      auto parsed = polymarket::parse_api_credentials(answer->body);
      made.emplace(std::move(*parsed));
    };
    test::run(venue->io, create());
    return std::move(*made);
  }

  void revoke_key() {
    const auto revoke = [&]() -> asio::awaitable<void> {
      const http::Outcome set =
          co_await trader->admin(Method::Post, "/faults/key-revoked", R"({"count":1})");
      EXPECT_EQ(set->status, 200U) << set->body;
    };
    test::run(venue->io, revoke());
  }

  // A valid heartbeat of another process with the same key.
  void beat_elsewhere() {
    const auto beat = [&]() -> asio::awaitable<void> {
      std::string id;
      for (bool taken = false; !taken;) {
        std::string body = polymarket::write_heartbeat_body(id);
        const http::Outcome answer = co_await trader->send(
            Method::Post, std::string(polymarket::kHeartbeatPath), "", std::move(body));
        const auto parsed = polymarket::parse_heartbeat_answer(answer->body);
        taken = !parsed->refused;
        id = parsed->heartbeat_id;
      }
    };
    test::run(venue->io, beat());
  }

  CancelAnswered::Result cancel() {
    answers.clear();
    desk->cancel({order});
    run_until([this] { return !answers.empty(); });
    return answers.empty() ? CancelAnswered::Result::Unknown : answers.front().result;
  }

  // How often the venue has given the desk credentials.
  double credentials_given() {
    for (const metrics::FamilyValues& family : registry.collect({})) {
      if (family.name != "polybot_venue_requests_total") continue;
      for (const metrics::Series& one : family.series) {
        if (one.labels == metrics::join_labels({"auth", "ok"})) return one.value;
      }
    }
    return 0;
  }

  std::unique_ptr<venue_test::Running> venue;
  std::unique_ptr<venue_test::Trader> trader;
  domain::VenueOrderId order;
  metrics::Registry registry{{"order-manager", "order-manager-1", 7, "1", "abc"}};
  ManagerMetrics metrics{
      registry, {.figures = [] { return Figures{}; }, .backups = [] { return BackupTimes{}; }}};
  domain::Duration heartbeat_interval = std::chrono::seconds(5);
  std::shared_ptr<VenueDesk> desk;
  std::vector<CancelAnswered> answers;
  std::vector<Link> user_channel;
  bool fenced = false;
};

// Without new credentials nothing could be canceled any more, and nobody is there to ask for them.
TEST_F(VenueDeskTest, RenewsRefusedCredentialsByItself) {
  open_desk();
  EXPECT_EQ(credentials_given(), 1);
  revoke_key();
  EXPECT_EQ(cancel(), CancelAnswered::Result::Unknown);
  run_until([this] { return credentials_given() == 2; });
  EXPECT_EQ(cancel(), CancelAnswered::Result::Canceled);
  const auto look = [&]() -> asio::awaitable<void> {
    const http::Outcome open = co_await trader->send(Method::Get, "/data/orders");
    const auto page = polymarket::parse_open_orders(open->body);
    EXPECT_TRUE(page.has_value() && page->items.empty()) << open->body;
  };
  test::run(venue->io, look());
}

// Those that it is given instead are of another key, whose orders that channel need not tell.
TEST_F(VenueDeskTest, FollowsTheAccountWithTheCredentialsOfToday) {
  open_desk(second_key());
  revoke_key();
  EXPECT_EQ(cancel(), CancelAnswered::Result::Unknown);
  run_until([this] { return user_channel.size() == 2; });
  EXPECT_EQ(user_channel.back(), Link::Down);
  EXPECT_EQ(credentials_given(), 1);
}

// Until then nothing is managed: each start would be longer by an interval.
TEST_F(VenueDeskTest, FollowsTheAccountAtItsFirstHeartbeat) {
  heartbeat_interval = 10 * test::kPatience;
  open_desk();
  EXPECT_EQ(user_channel.front(), Link::Up);
}

// What rests is still its own, and nobody else was seen who could cancel it.
TEST_F(VenueDeskTest, CancelsWhileHeartbeatsFail) {
  const auto deaf = make_deaf_venue();
  make_desk("http://" + deaf->address(), second_key());
  EXPECT_THAT(desk->account_trouble(), HasSubstr("not claimed yet"));
  asio::co_spawn(venue->io, desk->follow_account(), asio::detached);
  run_until([this] { return desk->account_trouble().starts_with("the venue takes no"); });
  EXPECT_EQ(cancel(), CancelAnswered::Result::Canceled);
  EXPECT_TRUE(user_channel.empty()) << "the account is not claimed";
}

// Two on one account would trade up to its limits twice.
TEST_F(VenueDeskTest, LetsGoOfAnAccountThatAnotherUses) {
  open_desk();
  beat_elsewhere();
  asio::co_spawn(venue->io, desk->send_heartbeats([] { return true; }), asio::detached);
  run_until([this] { return user_channel.back() == Link::Down; });
  EXPECT_THAT(desk->account_trouble(), HasSubstr("another process holds the account"));
  EXPECT_FALSE(fenced) << "one foreign heartbeat may be the last one";
  answers.clear();
  desk->cancel({order});
  asio::co_spawn(venue->io, desk->follow_account(), asio::detached);
  beat_elsewhere();
  run_until([this] { return fenced; });
  EXPECT_TRUE(desk->fenced());
  EXPECT_FALSE(desk->foreign_heartbeat().empty());
  EXPECT_TRUE(answers.empty()) << "what rests may be the other one's";
}

}  // namespace
}  // namespace polybot::order_manager
