// A process that lost its account leaves a file, and nothing starts while it is there.
#include "services/order-manager/fence.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/runtime/clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::order_manager {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct FenceTest : testing::Test {
  // Empty when it may start.
  std::string refusal() const {
    const std::optional<FenceNotice> notice = fence_of(journal);
    return notice ? notice->what + " -> " + notice->next : "";
  }
  std::string text_of_file() const {
    std::ostringstream text;
    text << std::ifstream(home / "fenced").rdbuf();
    return text.str();
  }

  test_support::TemporaryFolder home{"fence"};
  const std::string journal = (home / "journal.db").string();
  const Fence lost{.at = runtime::Clock().now(), .account = "0xabc", .heartbeat = "id-7"};
};

TEST_F(FenceTest, TellsWhenWhoseAccountAndWhatToDo) {
  EXPECT_EQ(refusal(), "");
  EXPECT_FALSE(keep_fence(journal, lost));
  const std::string file = (home / "fenced").string();
  EXPECT_EQ(fence_file(journal), file);
  const std::string at = runtime::to_rfc3339(lost.at);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("0xabc"), HasSubstr(at), HasSubstr("heartbeat id-7"),
                               HasSubstr("then remove " + file)));
  EXPECT_THAT(text_of_file(), AllOf(HasSubstr("at " + at + "\naccount 0xabc\nheartbeat id-7\n"),
                                    HasSubstr("then remove " + file)));
}

TEST_F(FenceTest, EndsWhenTheFileIsRemoved) {
  EXPECT_FALSE(keep_fence(journal, lost));
  std::filesystem::remove(fence_file(journal));
  EXPECT_EQ(refusal(), "");
}

TEST_F(FenceTest, StandsWhateverTheFileHolds) {
  for (const std::string& text :
       {std::string(), std::string("stay down\n"), std::string("at \x1b[2J\naccount a b\n"),
        std::string(5'000, 'x')}) {
    std::ofstream(home / "fenced", std::ios::trunc) << text;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("account unknown, at unknown, its heartbeat unknown"),
                                 HasSubstr("remove ")));
  }
  std::filesystem::remove(home / "fenced");
  std::filesystem::create_symlink(home / "nowhere", home / "fenced");
  EXPECT_NE(refusal(), "");
}

TEST_F(FenceTest, LiesBesideTheJournalThatALinkLeadsTo) {
  std::filesystem::create_directory(home / "real");
  std::filesystem::create_symlink(home / "real" / "journal.db", journal);
  EXPECT_FALSE(keep_fence(journal, lost));
  EXPECT_TRUE(std::filesystem::exists(home / "real" / "fenced"));
  EXPECT_NE(refusal(), "");
}

TEST_F(FenceTest, SaysWhenItCannotBeWritten) {
  EXPECT_TRUE(keep_fence((home / "nowhere" / "journal.db").string(), lost));
}

}  // namespace
}  // namespace polybot::order_manager
