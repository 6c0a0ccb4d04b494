// Where the sockets of a stack go: into DATA/bus or, when that path is too long for a socket's
// address, into a short folder that no other user can enter.
#include "deploy/launcher/socket_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::size_t kNameBytes = 24;
const fs::path kLong = "/" + std::string(180, 'x');

fs::path data_of(std::size_t socket_path_bytes) {
  const std::size_t rest = std::string("/bus/").size() + kNameBytes;
  return "/" + std::string(socket_path_bytes - rest - 1, 'x');
}

TEST(ChooseSocketFolder, IsTheBusFolderOfDataAsLongAsTheLongestSocketFits) {
  const SocketSurroundings surroundings{.device = 1, .inode = 2, .user = 1000};
  EXPECT_EQ(choose_socket_folder(data_of(107), kNameBytes, surroundings), data_of(107) / "bus");
  EXPECT_EQ(choose_socket_folder(data_of(108), kNameBytes, surroundings), "/tmp/polybot-1000-1-2");
}

TEST(ChooseSocketFolder, PrefersTheRuntimeFolderOfTheUserIfSocketsFitThere) {
  SocketSurroundings surroundings{
      .device = 0xFE01, .inode = 0x2A, .runtime_folder = "/run/user/1000", .user = 1000};
  EXPECT_EQ(choose_socket_folder(kLong, kNameBytes, surroundings),
            "/run/user/1000/polybot-fe01-2a");
  surroundings.runtime_folder = kLong;
  EXPECT_EQ(choose_socket_folder(kLong, kNameBytes, surroundings), "/tmp/polybot-1000-fe01-2a");
}

TEST(ChooseSocketFolder, FollowsTheFolderAndNotItsPath) {
  const SocketSurroundings one{.device = 1, .inode = 2, .user = 1000};
  const SocketSurroundings other{.device = 1, .inode = 3, .user = 1000};
  EXPECT_EQ(choose_socket_folder(kLong, kNameBytes, one),
            choose_socket_folder(kLong / "moved", kNameBytes, one));
  EXPECT_NE(choose_socket_folder(kLong, kNameBytes, one),
            choose_socket_folder(kLong, kNameBytes, other));
}

class SocketFolderTest : public testing::Test {
 protected:
  SocketFolderTest() {
    fs::create_directories(data_);
    fs::create_directory(runtime_);
    fs::permissions(runtime_, fs::perms::owner_all);
  }

  static void leave_socket(const fs::path& file) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    ASSERT_LT(file.native().size(), sizeof name.sun_path);
    std::memcpy(name.sun_path, file.c_str(), file.native().size());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    ::close(descriptor);
  }
  [[nodiscard]] fs::path short_folder() const {
    struct stat status {};
    ::stat(data_.c_str(), &status);
    return choose_socket_folder(data_, kNameBytes,
                                {.device = status.st_dev,
                                 .inode = status.st_ino,
                                 .runtime_folder = runtime_,
                                 .user = ::geteuid()});
  }
  [[nodiscard]] SocketFolder use(const fs::path& data) const {
    return {data, kNameBytes, {{"XDG_RUNTIME_DIR", runtime_.string()}}};
  }
  // Expects a start that cannot have the short folder.
  void expect_refused(const std::string& why) const {
    EXPECT_THAT([&] { (void)use(data_); }, ThrowsMessage<BadOption>(HasSubstr(why)));
  }

  test_support::TemporaryFolder folder_{"sockets"};
  fs::path runtime_ = folder_ / "run";
  fs::path data_ = folder_ / std::string(100, 'x') / "Größe $HOME 'und' \"mehr\"";
};

TEST_F(SocketFolderTest, LinksTheShortFolderFromDataAndRemovesBothAtTheEnd) {
  {
    const SocketFolder sockets = use(data_);
    EXPECT_EQ(sockets.path(), short_folder());
    EXPECT_EQ(sockets.path().parent_path(), runtime_);
    EXPECT_EQ(fs::status(sockets.path()).permissions(), fs::perms::owner_all);
    EXPECT_EQ(fs::canonical(data_ / "bus"), fs::canonical(sockets.path()));
    leave_socket(sockets.path() / "metrics.ipc");
  }
  EXPECT_TRUE(fs::is_empty(runtime_));
  EXPECT_FALSE(fs::is_symlink(data_ / "bus"));
}

TEST_F(SocketFolderTest, UsesAgainWhatAKilledStackLeft) {
  fs::create_directory(short_folder());
  fs::permissions(short_folder(), fs::perms::owner_all);
  fs::create_symlink(short_folder(), data_ / "bus");
  leave_socket(short_folder() / "metrics.ipc");
  const SocketFolder sockets = use(data_);
  EXPECT_EQ(fs::canonical(data_ / "bus"), fs::canonical(sockets.path()));
}

TEST_F(SocketFolderTest, IsWithoutTheRuntimeFolderInOneThatOnlyThisUserHas) {
  fs::permissions(runtime_, fs::perms::owner_all | fs::perms::others_exec);
  EXPECT_EQ(private_runtime_folder({{"XDG_RUNTIME_DIR", runtime_.string()}}), std::nullopt);
  const SocketFolder sockets = use(data_);
  EXPECT_EQ(sockets.path().parent_path(), "/tmp");
  EXPECT_EQ(fs::status(sockets.path()).permissions(), fs::perms::owner_all);
}

TEST_F(SocketFolderTest, RefusesAFolderThatOthersCanEnter) {
  fs::create_directory(short_folder());
  fs::permissions(short_folder(), fs::perms::owner_all | fs::perms::others_all);
  expect_refused("can be entered by others");
  EXPECT_TRUE(fs::exists(short_folder()));
}

TEST_F(SocketFolderTest, FollowsNoLinkThatLiesInTheWay) {
  fs::create_directory(folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", short_folder());
  expect_refused("is no folder of this user");
}

TEST_F(SocketFolderTest, RefusesAFolderThatAnotherStackHolds) {
  const SocketFolder first = use(data_);
  expect_refused("is in use by another stack");
}

TEST_F(SocketFolderTest, TakesDataWhosePathWasShortBefore) {
  fs::create_directory(data_ / "bus");
  fs::current_path(data_ / "bus");  // by its whole path no socket can be made here
  leave_socket("metrics.ipc");
  fs::current_path(folder_.path());
  const SocketFolder sockets = use(data_);
  EXPECT_TRUE(fs::is_symlink(data_ / "bus"));
}

TEST_F(SocketFolderTest, TakesDataWhosePathWasLongBefore) {
  fs::create_symlink(runtime_ / "polybot-1-2", data_ / "bus");  // and nothing is there any more
  const fs::path moved = folder_ / "d";
  fs::rename(data_, moved);
  const SocketFolder sockets = use(moved);
  EXPECT_EQ(sockets.path(), moved / "bus");
  EXPECT_TRUE(fs::is_directory(fs::symlink_status(moved / "bus")));
  EXPECT_EQ(fs::status(moved / "bus").permissions(), fs::perms::owner_all);
}

TEST_F(SocketFolderTest, RemovesNoFilesOfOthers) {
  fs::create_directory(data_ / "bus");
  std::ofstream(data_ / "bus" / "notes") << "mine\n";
  expect_refused("move away what it holds");
  EXPECT_TRUE(fs::exists(data_ / "bus" / "notes"));
}

}  // namespace
}  // namespace polybot::launcher
