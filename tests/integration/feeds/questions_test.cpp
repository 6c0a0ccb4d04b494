#include "common/feeds/questions.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <string>

#include "tests/integration/bus/loop.hpp"

namespace polybot::feeds {
namespace {

namespace asio = boost::asio;

// Has one question after the other, each until it is answered.
struct Asker {
  struct Question {
    std::string bytes;
  };
  std::optional<Question> question(domain::Duration) {
    if (under_way) return std::nullopt;
    under_way = true;
    ++asked;
    return Question{"what was missed?"};
  }
  void on_answer(const Question&, std::optional<std::string_view> bytes, domain::Duration) {
    under_way = false;
    if (bytes) ++answered;
  }

  bool under_way = false;
  int asked = 0;
  int answered = 0;
};

class Questions : public testing::Test {
 protected:
  void start(bus::RecoveryClient& port) {
    ended_ = false;
    asio::co_spawn(loop_.io,
                   put_questions(asker_, port, std::chrono::milliseconds(5'000), wake_, told_),
                   asio::bind_cancellation_slot(cancel_.slot(),
                                                [this](std::exception_ptr) { ended_ = true; }));
  }

  bus::test::Loop loop_;
  bus::Stats stats_;
  Asker asker_;
  asio::steady_timer wake_{loop_.executor()};
  std::function<void(domain::Duration)> told_ = [](domain::Duration) {};
  asio::cancellation_signal cancel_;
  bool ended_ = false;
};

// The supervisor of a session runs it again with the followers that it had.
TEST_F(Questions, AreAskedAgainAfterACancel) {
  bus::RecoveryClient nobody(loop_.executor(), {.address = bus::test::inproc("no-one")}, stats_);
  start(nobody);
  loop_.run_until([&] { return asker_.asked == 1; });
  cancel_.emit(asio::cancellation_type::terminal);
  loop_.run_until([&] { return ended_; });
  EXPECT_FALSE(asker_.under_way) << "nobody answered, and nobody will";

  bus::RecoveryServer server(
      loop_.executor(), {.endpoint = bus::test::listen_on(bus::test::inproc("somebody"))},
      [](std::string request) -> asio::awaitable<boost::system::result<std::string>> {
        co_return "nothing, " + request;
      },
      stats_);
  bus::RecoveryClient somebody(loop_.executor(), {.address = server.address()}, stats_);
  start(somebody);
  loop_.run_until([&] { return asker_.answered > 0; });
}

}  // namespace
}  // namespace polybot::feeds
