// `polybot run` on a terminal: its screen fits at every size, also when that changes, and in four
// troubles its first ten lines say what is wrong, since when and what to do.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/ioctl.h>

#include "tests/integration/stack/small_disk.hpp"
#include "tests/integration/stack/stack.hpp"
#include "tests/support/terminal_screen.hpp"

namespace polybot::stack {
namespace {

using testing::HasSubstr;

constexpr int kApi = 8080;
constexpr int kSimulator = 8003;
constexpr std::size_t kJournalRoom = std::size_t{24} << 20;
constexpr std::size_t kHead = 10;

class ScreenTest : public StackTest {
 protected:
  ScreenTest() {
    winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    if (::openpty(&terminal_, &program_end_, nullptr, nullptr, &size) != 0)
      throw std::runtime_error("no terminal");
    ::fcntl(terminal_, F_SETFL, O_NONBLOCK);
    std::filesystem::create_directories(journal());
  }
  ~ScreenTest() override {
    ::close(terminal_);
    if (program_end_ >= 0) ::close(program_end_);
  }

  [[nodiscard]] std::filesystem::path journal() const { return folder_ / "journal"; }

  // Runs in the launcher's process: the terminal becomes its own.
  void take_terminal() const {
    ::setsid();
    ::ioctl(program_end_, TIOCSCTTY, 0);
    ::dup2(program_end_, STDIN_FILENO);
    ::dup2(program_end_, STDOUT_FILENO);
    ::signal(SIGTSTP, SIG_DFL);
    ::setenv("LOG_LEVEL", "debug", 1);
  }

  void resize(unsigned short rows, unsigned short columns) {
    read();
    screen_.resize(rows, columns);
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(terminal_, TIOCSWINSZ, &size);
  }
  void type(char key) const { (void)!::write(terminal_, &key, 1); }

  void read() {
    char buffer[65536];
    for (ssize_t size = 0; (size = ::read(terminal_, buffer, sizeof buffer)) > 0;)
      screen_.feed(std::string(buffer, static_cast<std::size_t>(size)));
  }
  static std::string without_blanks(std::string text) {
    std::erase(text, ' ');  // where a long word was broken there is one in it
    return text;
  }
  bool shows(Stack& stack, const std::vector<std::string>& texts, std::size_t rows) {
    return stack.wait_until([&] {
      read();
      const std::string shown = without_blanks(screen_.head(rows));
      return screen_.fits() &&
             std::all_of(texts.begin(), texts.end(), [&](const std::string& text) {
               return shown.find(without_blanks(text)) != std::string::npos;
             });
    });
  }
  void expect_in_head_at_every_size(Stack& stack, const std::vector<std::string>& texts) {
    for (const auto& [rows, columns] : {std::pair{24, 80}, {20, 60}, {50, 200}}) {
      resize(static_cast<unsigned short>(rows), static_cast<unsigned short>(columns));
      EXPECT_TRUE(shows(stack, texts, kHead))
          << rows << " x " << columns << ": " << screen_.all()
          << "\nmissing one of: " << testing::PrintToString(texts);
      std::printf("%d x %d: %s\n", columns, rows, screen_.head(kHead).c_str());
    }
    resize(24, 80);
  }
  bool is_quiet(Stack& stack) {
    return stack.wait_until([&] {
      read();
      const std::string all = screen_.all();
      return all.find("runner-1") != std::string::npos && all.find("! ") == std::string::npos;
    });
  }
  Stack::Answer post(const Stack& stack, const std::string& path) const {
    std::string token;
    std::ifstream(folder_ / "secrets" / "api-token") >> token;
    return stack.request("POST", kApi, path, "Authorization: Bearer " + token + "\r\n");
  }

  // While the launcher is stopped, no program can take the port before us. Less than 0 when the
  // port does not become free.
  static int take_port_of_gateway(Stack& stack) {
    ::kill(stack.launcher(), SIGSTOP);
    ::kill(stack.service("gateway"), SIGKILL);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(kApi + stack.port_offset()));
    const bool taken = stack.wait_until([&] {
      return ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    });
    ::listen(listener, 1);
    ::kill(stack.launcher(), SIGCONT);
    return taken ? listener : -1;
  }

  int terminal_ = -1;
  int program_end_ = -1;
  test_support::TerminalScreen screen_{24, 80};
};

TEST_F(ScreenTest, SaysWhatIsWrongSinceWhenAndWhatToDoAtEverySize) {
  const bool small_disk = may_mount(journal());
  Stack stack(folder_, [&] {
    take_terminal();
    if (small_disk && !mount_small(journal(), kJournalRoom)) ::_exit(126);
  });
  ASSERT_TRUE(is_quiet(stack)) << screen_.all() << screen_.first_screen();
  expect_in_head_at_every_size(stack, {"PolyBot", "gateway", "ready"});

  // First, while the write-ahead file still grows: later it is written over for a minute.
  if (small_disk) {
    const std::filesystem::path ballast =
        "/proc/" + std::to_string(stack.launcher()) + "/root" + journal().string() + "/ballast";
    fill(ballast);
    const auto full = [&] {
      fill(ballast);  // what a checkpoint frees is filled again
      return stack.get(8002, "/health/ready").status == 503;
    };
    ASSERT_TRUE(stack.wait_until(full));
    expect_in_head_at_every_size(stack, {"the journal: ", "full", "trading is halted", "since ",
                                         "free space where " + journal().string()});
    std::filesystem::remove(ballast);
    ASSERT_TRUE(is_quiet(stack)) << screen_.all();
  }

  const int listener = take_port_of_gateway(stack);
  ASSERT_GE(listener, 0);
  expect_in_head_at_every_size(stack, {"gateway ended", "times in a row", "ddress already in use",
                                       "since ", "mend the cause", "gateway.log"});
  ::close(listener);
  ASSERT_TRUE(is_quiet(stack)) << screen_.all();

  ASSERT_EQ(post(stack, "/api/v1/trading/halt?strategy=momentum").status, 200);
  expect_in_head_at_every_size(
      stack, {"strategy momentum is halted", "since ", "/api/v1/trading/resume?strategy=momentum"});
  ASSERT_EQ(post(stack, "/api/v1/trading/resume?strategy=momentum").status, 200);
  ASSERT_TRUE(is_quiet(stack)) << screen_.all();

  ASSERT_EQ(stack.request("POST", kSimulator, "/faults/venue-down").status, 200);
  expect_in_head_at_every_size(stack,
                               {"the venue: ", "since ", "tried again all the time", "/faults"});
  ASSERT_EQ(stack.request("DELETE", kSimulator, "/faults/venue-down").status, 200);
  ASSERT_TRUE(is_quiet(stack)) << screen_.all();

  type('\x1a');  // Ctrl-Z; no shell is there to continue it, so that it goes on by itself
  EXPECT_TRUE(shows(stack, {"going on after 00:00:0"}, 24)) << screen_.all();
  EXPECT_THAT(screen_.first_screen(), HasSubstr("Suspended: the stack trades on"));

  type('\x03');  // Ctrl-C
  EXPECT_TRUE(stack.wait_until([&] {
    read();
    return screen_.first_screen().find("Stopped in ") != std::string::npos;
  })) << screen_.first_screen();
  EXPECT_FALSE(screen_.on_second_screen());
  EXPECT_THAT(screen_.first_screen(), HasSubstr("venue == journal == metrics"));
  ::close(std::exchange(program_end_, -1));
  EXPECT_EQ(stack.wait_for_end(), 0) << screen_.first_screen();
  for (const char* service :
       {"venue-simulator", "metrics-aggregator", "order-manager", "gateway", "runner-1"}) {
    std::ifstream in(folder_ / "logs" / (service + std::string(".log")));
    const std::string log{std::istreambuf_iterator<char>(in), {}};
    EXPECT_THAT(log, HasSubstr("\"level\":\"DEBUG\"")) << service;
  }
}

// Ctrl-S, or an ssh that hangs: the output is not read, and the stack is watched all the same.
TEST_F(ScreenTest, IsNotWaitedForWithoutAReader) {
  Stack stack(folder_, [&] { take_terminal(); });
  ASSERT_TRUE(is_quiet(stack)) << screen_.all() << screen_.first_screen();
  type('\x13');
  const pid_t killed = stack.service("gateway");
  ::kill(killed, SIGKILL);
  EXPECT_TRUE(stack.wait_until([&] {
    const pid_t now = stack.service("gateway");
    return now > 0 && now != killed && stack.get(kApi, "/api/v1/status").status == 200;
  }));
  ::kill(stack.launcher(), SIGTERM);
  EXPECT_TRUE(stack.wait_until([&] { return stack.services().empty(); }));
  type('\x11');
  ::close(std::exchange(program_end_, -1));
  EXPECT_EQ(stack.wait_for_end(), 0) << (read(), screen_.first_screen());
}

}  // namespace
}  // namespace polybot::stack
