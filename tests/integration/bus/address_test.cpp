#include "common/bus/address.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <stdexcept>

#include "common/bus/nng.hpp"
#include "tests/integration/bus/loop.hpp"

namespace polybot::bus::test {
namespace {

nng::Socket open_publisher() {
  return nng::Socket(nng::Protocol::Publish, 8);
}

template <class Action>
std::string failure_of(Action action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no failure";
}

TEST(Address, RefusesToListenWhereOthersCouldReachIt) {
  for (const char* address :
       {"tcp://0.0.0.0:5550", "tcp://*:5550", "tcp://192.168.1.5:5550", "tcp://[::]:5550",
        "tcp://gateway:5550", "tcp://127.evil.example:5550", "tcp://127.1:5550"}) {
    const Endpoint endpoint = listen_on(address);
    EXPECT_THROW(check_address(endpoint, NetworkTrust::LoopbackOnly), std::invalid_argument)
        << address;
    EXPECT_NO_THROW(check_address(endpoint, NetworkTrust::TrustedNetwork)) << address;
    // Who dials would believe whatever answers there.
    EXPECT_THROW(check_address(dial_to(address), NetworkTrust::LoopbackOnly), std::invalid_argument)
        << address;
    EXPECT_NO_THROW(check_address(dial_to(address), NetworkTrust::TrustedNetwork)) << address;
  }
  for (const char* address :
       {"tcp://localhost:5550", "tcp://127.0.0.1:0", "tcp://[::1]:5550", "tcp://127.8.9.10:1"}) {
    EXPECT_NO_THROW(check_address(listen_on(address), NetworkTrust::LoopbackOnly)) << address;
  }
  const std::string failure = failure_of(
      [] { check_address(listen_on("tcp://0.0.0.0:5550"), NetworkTrust::LoopbackOnly); });
  EXPECT_NE(failure.find("0.0.0.0:5550"), std::string::npos) << failure;
  EXPECT_NE(failure.find("trusted_network"), std::string::npos) << failure;
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "5550", "udp://localhost:5550", "tcp://127.0.0.1", "tls+tcp://localhost:5550",
        "tcp://127.0.0.1:", "tcp://localhost:65536", "tcp://127.0.0.1:-1", "tcp://:5550",
        "tcp://localhost:55x", "ipc://relative/path", "ipc://", "ipc:///a/b/", "inproc://"}) {
    EXPECT_THROW(check_address(listen_on(address), NetworkTrust::TrustedNetwork),
                 std::invalid_argument)
        << address;
  }
  EXPECT_THROW(check_address(dial_to("tcp://127.0.0.1:0"), NetworkTrust::TrustedNetwork),
               std::invalid_argument);
  const std::string long_path = "ipc:///" + std::string(107, 'x');
  EXPECT_THROW(check_address(listen_on(long_path), NetworkTrust::TrustedNetwork),
               std::invalid_argument);
}

TEST(Address, ListensInAFolderThatOnlyItsOwnerEnters) {
  TemporaryFolder folder;
  const auto made = folder / "made" / "bus";
  {
    nng::Socket socket = open_publisher();
    socket.attach(listen_on(ipc_address(made, "md")), NetworkTrust::LoopbackOnly);
    struct stat status {};
    ASSERT_EQ(::stat(made.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    ASSERT_EQ(::stat((made / "md").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077U, 0U);
  }
  EXPECT_FALSE(std::filesystem::exists(made / "md")) << "the socket file stayed behind";
  std::filesystem::permissions(
      made, std::filesystem::perms::owner_all | std::filesystem::perms::others_exec);
  EXPECT_THROW(prepare_ipc_folder(made), std::runtime_error);
  std::ofstream(folder / "file") << "not a folder";
  EXPECT_THROW(prepare_ipc_folder(folder / "file"), std::runtime_error);
}

TEST(Address, NamesAnAddressThatIsInUse) {
  TemporaryFolder folder;
  nng::Socket first = open_publisher();
  nng::Socket second = open_publisher();
  for (const std::string& wanted :
       {ipc_address(folder.path(), "md"), std::string(kAnyTcpPort), inproc("taken")}) {
    const std::string address = first.attach(listen_on(wanted), NetworkTrust::LoopbackOnly);
    const std::string failure =
        failure_of([&] { second.attach(listen_on(address), NetworkTrust::LoopbackOnly); });
    EXPECT_EQ(failure, "address in use: " + address + " (is another instance running?)");
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "md")) << "the live socket file was removed";
}

// Leaves what a killed process leaves: a bound socket file without a listener.
void leave_stale_socket(const std::filesystem::path& path) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ::close(descriptor);
  ASSERT_TRUE(std::filesystem::exists(path));
}

TEST(Address, ReplacesTheSocketFileOfAKilledListener) {
  TemporaryFolder folder;
  leave_stale_socket(folder / "md");
  nng::Socket socket = open_publisher();
  EXPECT_NO_THROW(
      socket.attach(listen_on(ipc_address(folder.path(), "md")), NetworkTrust::LoopbackOnly));
}

TEST(Address, DoesNotConnectToALivingListenerToFindOutThatItLives) {
  TemporaryFolder folder;
  const std::filesystem::path path = folder / "md";
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  nng::Socket socket = open_publisher();
  EXPECT_THROW(
      socket.attach(listen_on(ipc_address(folder.path(), "md")), NetworkTrust::LoopbackOnly),
      std::runtime_error);
  EXPECT_EQ(::accept(listener, nullptr, nullptr), -1) << "a client has connected";
  ::close(listener);
}

TEST(Address, NeverRemovesAFileThatIsNoSocket) {
  TemporaryFolder folder;
  std::ofstream(folder / "md") << "precious";
  EXPECT_THROW(remove_stale_ipc_socket(ipc_address(folder.path(), "md")), std::runtime_error);
  nng::Socket socket = open_publisher();
  EXPECT_THROW(
      socket.attach(listen_on(ipc_address(folder.path(), "md")), NetworkTrust::LoopbackOnly),
      std::runtime_error);
  EXPECT_TRUE(std::filesystem::exists(folder / "md"));
}

}  // namespace
}  // namespace polybot::bus::test
