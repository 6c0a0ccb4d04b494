#include "common/runtime/secret_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace polybot::runtime {
namespace {

using testing::EndsWith;
using testing::StartsWith;

class SecretFileTest : public testing::Test {
 protected:
  SecretFileTest() { std::filesystem::create_directories(folder_); }
  ~SecretFileTest() override {
    std::filesystem::remove_all(folder_);
    ::unsetenv("CREDENTIALS_DIRECTORY");
  }
  std::string write(const std::string& text) const {
    std::ofstream(folder_ / "secret", std::ios::binary) << text;
    return (folder_ / "secret").string();
  }
  std::string read(const std::string& text) const {
    const auto secret = read_secret_file(write(text));
    return secret ? std::string(secret->reveal()) : "error: " + secret.error().text;
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  ("polybot-secret-file-test-" + std::to_string(::getpid()));
};

TEST_F(SecretFileTest, TakesAllButOneLineBreakAtTheEnd) {
  EXPECT_EQ(read("hunter2"), "hunter2");
  EXPECT_EQ(read("hunter2\n"), "hunter2");
  EXPECT_EQ(read("hunter2\r\n"), "hunter2");
  EXPECT_EQ(read(" two\nlines \n\n"), " two\nlines \n");
  EXPECT_EQ(read(std::string(kSecretBytesMax, 'x')).size(), kSecretBytesMax);
}

TEST_F(SecretFileTest, RefusesWhatHoldsNoSecretAndNamesTheFile) {
  EXPECT_THAT(read(""), EndsWith("secret is empty"));
  EXPECT_THAT(read("\n"), EndsWith("secret is empty"));
  EXPECT_THAT(read(std::string(kSecretBytesMax + 1, 'x')), EndsWith("is too large for a secret"));
  const auto absent = read_secret_file((folder_ / "none").string());
  ASSERT_FALSE(absent);
  EXPECT_TRUE(absent.error().absent);
  const auto folder = read_secret_file(folder_.string());
  ASSERT_FALSE(folder);
  EXPECT_FALSE(folder.error().absent);
  EXPECT_THAT(folder.error().text, StartsWith("cannot read " + folder_.string()));
}

// As of `<(command)` in a shell.
TEST_F(SecretFileTest, ReadsAPipeInPieces) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  ASSERT_EQ(::write(pipe[1], "hun", 3), 3);
  ASSERT_EQ(::write(pipe[1], "ter2\n", 5), 5);
  ::close(pipe[1]);
  const auto secret = read_secret_file("/proc/self/fd/" + std::to_string(pipe[0]));
  ::close(pipe[0]);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->reveal(), "hunter2");
}

// A named pipe that nobody writes would be waited for without end.
TEST_F(SecretFileTest, RefusesWhatIsNoFile) {
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read_secret_file(pipe).error().text, "cannot read " + pipe + ": it is a named pipe");
  EXPECT_EQ(read_secret_file(folder_.string()).error().text,
            "cannot read " + folder_.string() + ": it is a folder");
  EXPECT_EQ(read_secret_file("/dev/zero").error().text,
            "cannot read /dev/zero: it is no regular file");
}

TEST_F(SecretFileTest, TellsWhatOthersMayOpen) {
  const std::string file = write("hunter2");
  for (const ::mode_t mode : {0600U, 0400U, 0640U}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_EQ(exposure_of(file), "") << mode;
  }
  for (const ::mode_t mode : {0644U, 0660U, 0602U}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_EQ(
        exposure_of(file),
        file + " is open to other users of this host: make it the service's own, then chmod 600 " +
            file)
        << mode;
  }
  // A group that this process is not of.
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file.c_str(), 0, ::getegid() + 1), 0);
    ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
    EXPECT_NE(exposure_of(file), "");
  }
  // An access list of systemd looks like the bits of the group.
  ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  EXPECT_EQ(exposure_of(file), "");
  EXPECT_EQ(exposure_of("/no/such/secret"), "");
}

TEST_F(SecretFileTest, FindsACredentialOfSystemd) {
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(credential_file("secret"), "");
  const std::string file = write("hunter2");
  ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  EXPECT_EQ(credential_file("secret"), file);
  EXPECT_EQ(credential_file("another"), "");
}

}  // namespace
}  // namespace polybot::runtime
