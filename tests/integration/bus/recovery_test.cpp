#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/integration/bus/loop.hpp"

namespace polybot::bus::test {
namespace {

using std::chrono::milliseconds;
using Answer = boost::system::result<std::string>;

constexpr milliseconds kPatient{5000};

class Recovery : public testing::Test {
 protected:
  RecoveryServer::Answerer echo() {
    return [](std::string request) -> asio::awaitable<Answer> { co_return "answer to " + request; };
  }
  std::unique_ptr<RecoveryServer> serve(const std::string& address,
                                        RecoveryServer::Answerer answerer,
                                        std::size_t conversations = 8) {
    return std::make_unique<RecoveryServer>(
        loop_.executor(),
        RecoveryServerConfig{.endpoint = listen_on(address), .conversations = conversations},
        std::move(answerer), served_);
  }
  std::unique_ptr<RecoveryClient> client(const std::string& address,
                                         std::size_t in_flight_max = 16) {
    return std::make_unique<RecoveryClient>(
        loop_.executor(), RecoveryClientConfig{.address = address, .in_flight_max = in_flight_max},
        stats_);
  }
  // Starts a request; the answer appears in the returned slot.
  std::shared_ptr<std::optional<Answer>> ask(RecoveryClient& client, std::string request,
                                             milliseconds timeout) {
    auto slot = std::make_shared<std::optional<Answer>>();
    asio::co_spawn(loop_.io, client.request(std::move(request), timeout),
                   [slot](std::exception_ptr, Answer answer) { *slot = std::move(answer); });
    return slot;
  }
  Answer wait_for(const std::shared_ptr<std::optional<Answer>>& slot) {
    loop_.run_until([&] { return slot->has_value(); });
    return slot->value_or(Answer(Errc::Transport));
  }

  Loop loop_;
  Stats stats_;
  Stats served_;
  TemporaryFolder folder_;
};

TEST_F(Recovery, AnswersARequest) {
  const auto server = serve(kAnyTcpPort, echo());
  const auto asking = client(server->address());
  EXPECT_EQ(wait_for(ask(*asking, "shard 7", kPatient)).value(), "answer to shard 7");
  EXPECT_EQ(stats_.replays_with(ReplayOutcome::Answered), 1u);
  EXPECT_EQ(served_.recovery_requests_served, 1u);
}

TEST_F(Recovery, ARequestMayBeAskedBeforeTheServerIsThere) {
  const std::string address = ipc_address(folder_.path(), "later");
  const auto asking = client(address);
  const auto answer = ask(*asking, "x", kPatient);
  loop_.turn();
  EXPECT_FALSE(answer->has_value());
  const auto server = serve(address, echo());
  EXPECT_EQ(wait_for(answer).value(), "answer to x");
}

TEST_F(Recovery, TimesOutWithoutAServer) {
  const auto asking = client(inproc("nobody"));
  EXPECT_EQ(wait_for(ask(*asking, "x", milliseconds{30})).error(), make_error_code(Errc::TimedOut));
  EXPECT_EQ(stats_.replays_with(ReplayOutcome::TimedOut), 1u);
}

TEST_F(Recovery, TimesOutWhenTheAnswerTakesTooLongAndGoesOnAfterwards) {
  bool slow = true;
  const auto server = serve(inproc("slow"), [&](std::string request) -> asio::awaitable<Answer> {
    if (slow) {
      asio::steady_timer never(loop_.io, std::chrono::hours(1));
      co_await never.async_wait(asio::use_awaitable);
    }
    co_return request;
  });
  const auto asking = client(inproc("slow"));
  EXPECT_EQ(wait_for(ask(*asking, "x", milliseconds{50})).error(), make_error_code(Errc::TimedOut));
  slow = false;
  EXPECT_EQ(wait_for(ask(*asking, "y", kPatient)).value(), "y");
}

TEST_F(Recovery, ASlowAnswerDoesNotHoldUpOthers) {
  const auto server = serve(inproc("beside"), [&](std::string request) -> asio::awaitable<Answer> {
    if (request == "slow") {
      asio::steady_timer never(loop_.io, std::chrono::hours(1));
      co_await never.async_wait(asio::use_awaitable);
    }
    co_return request;
  });
  const auto asking = client(inproc("beside"));
  const auto slow = ask(*asking, "slow", kPatient);
  loop_.turn();
  EXPECT_EQ(wait_for(ask(*asking, "quick", kPatient)).value(), "quick");
  EXPECT_FALSE(slow->has_value());
}

TEST_F(Recovery, RefusesWhatTheAnswererCannotServe) {
  const auto server = serve(inproc("refusing"), [](std::string request) -> asio::awaitable<Answer> {
    if (request == "throw") throw std::runtime_error("no such shard");
    if (request == "large") co_return std::string(kRecoveryBytesMax, 'x');
    co_return Errc::Refused;
  });
  const auto asking = client(inproc("refusing"));
  for (const char* request : {"fail", "throw", "large"}) {
    EXPECT_EQ(wait_for(ask(*asking, request, kPatient)).error(), make_error_code(Errc::Refused))
        << request;
  }
  EXPECT_EQ(stats_.replays_with(ReplayOutcome::Refused), 3u);
  EXPECT_EQ(served_.recovery_requests_refused, 3u);
}

TEST_F(Recovery, CarriesAPageOfNearlyOneMebibyte) {
  const std::string page(kRecoveryBytesMax - 1, '\x80');
  const auto server = serve(ipc_address(folder_.path(), "page"),
                            [&](std::string) -> asio::awaitable<Answer> { co_return page; });
  const auto asking = client(server->address());
  EXPECT_EQ(wait_for(ask(*asking, "page", kPatient)).value(), page);
  EXPECT_EQ(wait_for(ask(*asking, std::string(kRecoveryBytesMax + 1, 'x'), kPatient)).error(),
            make_error_code(Errc::TooLarge));
}

TEST_F(Recovery, SurvivesARestartOfTheServer) {
  const std::string address = ipc_address(folder_.path(), "restart");
  auto server = serve(address, echo());
  const auto asking = client(address);
  EXPECT_TRUE(wait_for(ask(*asking, "a", kPatient)).has_value());
  server.reset();
  // TimedOut, or Transport when it was still sent down the ending connection.
  EXPECT_FALSE(wait_for(ask(*asking, "b", milliseconds{30})).has_value());
  server = serve(address, echo());
  EXPECT_EQ(wait_for(ask(*asking, "c", kPatient)).value(), "answer to c");
}

TEST_F(Recovery, BoundsTheRequestsUnderWay) {
  const auto asking = client(inproc("bounded"), 2);
  const auto first = ask(*asking, "1", milliseconds{50});
  const auto second = ask(*asking, "2", milliseconds{50});
  const auto third = ask(*asking, "3", milliseconds{50});
  EXPECT_EQ(wait_for(third).error(), make_error_code(Errc::Busy));
  EXPECT_EQ(wait_for(first).error(), make_error_code(Errc::TimedOut));
  EXPECT_EQ(wait_for(second).error(), make_error_code(Errc::TimedOut));
  EXPECT_EQ(stats_.replays_with(ReplayOutcome::Failed), 1u);
}

TEST_F(Recovery, ManyRequestsAtOnceEachGetTheirOwnAnswer) {
  const auto server = serve(kAnyTcpPort, echo());
  const auto asking = client(server->address(), 200);
  std::vector<std::shared_ptr<std::optional<Answer>>> slots;
  for (std::size_t i = 0; i < 200; ++i) slots.push_back(ask(*asking, std::to_string(i), kPatient));
  for (std::size_t i = 0; i < 200; ++i)
    EXPECT_EQ(wait_for(slots[i]).value(), "answer to " + std::to_string(i));
}

TEST_F(Recovery, ClosingEndsRequestsUnderWay) {
  const auto asking = client(inproc("closing"));
  const auto pending = ask(*asking, "x", kPatient);
  loop_.turn();
  asking->close();
  EXPECT_EQ(wait_for(pending).error(), make_error_code(Errc::Closed));
  EXPECT_EQ(wait_for(ask(*asking, "y", kPatient)).error(), make_error_code(Errc::Closed));
}

TEST_F(Recovery, MayBeDestroyedWhileAnswering) {
  auto server = serve(inproc("destroyed"), [&](std::string request) -> asio::awaitable<Answer> {
    asio::steady_timer never(loop_.io, std::chrono::hours(1));
    co_await never.async_wait(asio::use_awaitable);
    co_return request;
  });
  auto asking = client(inproc("destroyed"));
  const auto pending = ask(*asking, "x", kPatient);
  loop_.run_until([&] { return loop_.io.poll_one() == 0; });
  server.reset();
  asking.reset();
  EXPECT_EQ(wait_for(pending).error(), make_error_code(Errc::Closed));
}

}  // namespace
}  // namespace polybot::bus::test
