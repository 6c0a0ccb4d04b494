#include "services/gateway/api/api_token.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/runtime/config.hpp"

namespace polybot::gateway {
namespace {

namespace fs = std::filesystem;

class ApiTokenTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "polybot-token-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { fs::remove_all(folder); }

  fs::path folder;
};

TEST_F(ApiTokenTest, IsMadeOnceForItsOwnerAlone) {
  const fs::path file = folder / "secrets" / "api-token";
  const runtime::Secret made = load_or_create_token(file);
  EXPECT_EQ(made.reveal().size(), 64U);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(file.parent_path()).permissions(), fs::perms::owner_all);
  EXPECT_TRUE(load_or_create_token(file).matches(made.reveal()));
}

TEST_F(ApiTokenTest, IsRefusedWhenOthersCouldReadIt) {
  const fs::path file = folder / "api-token";
  (void)load_or_create_token(file);
  fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
  EXPECT_THROW((void)load_or_create_token(file), runtime::CannotStart);
}

TEST_F(ApiTokenTest, IsRefusedWhenItCouldBeGuessed) {
  const fs::path file = folder / "api-token";
  std::ofstream(file) << "short\n";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THROW((void)load_or_create_token(file), runtime::CannotStart);
}

}  // namespace
}  // namespace polybot::gateway
