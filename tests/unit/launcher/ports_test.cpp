// Who listens on a port, as the system shows it.
#include "deploy/launcher/ports.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;

constexpr pid_t kOurs = 42;
constexpr std::uint16_t kPort = 8080;

class Listener : public testing::Test {
 protected:
  // One that listens on port 8080 (1F90), of the socket 4711.
  void tell_listener() const {
    fs::create_directories(proc_ / "net");
    std::ofstream(proc_ / "net" / "tcp")
        << "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
           "timeout inode\n"
           "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000    "
           "    0 4711 1 0000000000000000 100 0 0 10 0\n";
  }
  void tell_socket_of_ours(const char* inode) const {
    fs::create_directories(proc_ / "42" / "fd");
    fs::create_symlink(std::string("socket:[") + inode + "]", proc_ / "42" / "fd" / "3");
  }

  const test_support::TemporaryFolder folder_;
  const fs::path proc_ = folder_.path();
};

TEST_F(Listener, IsTheProcessThatHasItsSocket) {
  tell_listener();
  tell_socket_of_ours("4711");
  EXPECT_EQ(listens(kOurs, kPort, proc_), true);
}

TEST_F(Listener, IsAnotherProcess) {
  tell_listener();
  tell_socket_of_ours("4712");
  EXPECT_EQ(listens(kOurs, kPort, proc_), false);
}

// "Cannot tell" is not "no": a stack would wait for ever, and blame a port.
TEST_F(Listener, IsNotToldWhereTheSystemHidesIt) {
  EXPECT_EQ(listens(kOurs, kPort, proc_), std::nullopt) << "no net";
  tell_listener();
  EXPECT_EQ(listens(kOurs, kPort, proc_), std::nullopt) << "no process";
  tell_socket_of_ours("4711");
  EXPECT_EQ(listens(kOurs, kPort + 1, proc_), std::nullopt) << "no listener at all";
}

}  // namespace
}  // namespace polybot::launcher
