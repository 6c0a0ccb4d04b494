#include "services/gateway/api/access/tokens.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "common/runtime/config.hpp"
#include "services/gateway/api/access/token_command.hpp"
#include "services/gateway/api/api_token.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::gateway {
namespace {

namespace fs = std::filesystem;
using Kind = Tokens::Found::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TokensTest : public testing::Test {
 protected:
  Tokens open(fs::path read = {}) {
    return {token_files(folder.path(), std::move(read)),
            [this](const std::string& what) { reports.push_back(what); }};
  }
  // What "gateway token" prints.
  std::string run(std::vector<std::string> words) {
    words.push_back(folder.path().string());
    testing::internal::CaptureStdout();
    EXPECT_EQ(token_command(words), 0);
    std::string out = testing::internal::GetCapturedStdout();
    if (out.ends_with('\n')) out.pop_back();
    return out;
  }
  [[nodiscard]] fs::path secret(const char* name) const { return folder.path() / "secrets" / name; }

  test_support::TemporaryFolder folder;
  std::vector<std::string> reports;
};

TEST_F(TokensTest, TakeTheOneOfTheFileAsDefault) {
  Tokens tokens = open();
  const auto found = tokens.find(read_token(secret("api-token")).reveal());
  EXPECT_EQ(found.kind, Kind::Known);
  EXPECT_EQ(found.name, "default");
  EXPECT_EQ(found.use, TokenUse::Command);
  EXPECT_EQ(tokens.find("0123456789abcdef0123456789abcdef").kind, Kind::Unknown);
  EXPECT_FALSE(tokens.needed_to_read());
}

TEST_F(TokensTest, MakeTheOneForReading) {
  Tokens tokens = open(secret("read-token"));
  EXPECT_TRUE(tokens.needed_to_read());
  const auto found = tokens.find(read_token(secret("read-token")).reveal());
  EXPECT_EQ(found.name, "reader");
  EXPECT_EQ(found.use, TokenUse::Read);
}

TEST_F(TokensTest, AreAddedAndRevokedWithoutARestart) {
  Tokens tokens = open();
  const std::string alice = run({"add", "alice"});
  const std::string grafana = run({"add", "grafana", "--read"});
  EXPECT_EQ(tokens.find(alice).name, "alice");
  EXPECT_EQ(tokens.find(alice).use, TokenUse::Command);
  EXPECT_EQ(tokens.find(grafana).use, TokenUse::Read);
  EXPECT_EQ(run({"list"}), "alice command\ngrafana read");
  run({"revoke", "alice"});
  EXPECT_EQ(tokens.find(alice).kind, Kind::Revoked);
  EXPECT_EQ(tokens.find(alice).name, "alice") << "its further use can be told";
  EXPECT_EQ(tokens.find(grafana).kind, Kind::Known);
  const std::string again = run({"add", "alice"});
  EXPECT_EQ(tokens.find(again).kind, Kind::Known);
  EXPECT_EQ(tokens.find(alice).kind, Kind::Unknown);
  EXPECT_THAT(reports, IsEmpty());
}

TEST_F(TokensTest, FollowTheFileOfTheDefaultOne) {
  Tokens tokens = open();
  const std::string old(read_token(secret("api-token")).reveal());
  const std::string next = new_token();
  replace_secret_file(secret("api-token"), next + "\n");
  EXPECT_EQ(tokens.find(old).kind, Kind::Unknown);
  EXPECT_EQ(tokens.find(next).name, "default");
  fs::remove(secret("api-token"));
  EXPECT_EQ(tokens.find(next).kind, Kind::Unknown);
  EXPECT_THAT(reports, ElementsAre(HasSubstr("is gone")));
}

TEST_F(TokensTest, AreStoredAsDigestsForTheOwnerAlone) {
  Tokens tokens = open();
  const std::string alice = run({"add", "alice"});
  EXPECT_EQ(read_secret_file(secret("api-tokens")).find(alice), std::string::npos);
  EXPECT_EQ(fs::status(secret("api-tokens")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(TokensTest, RefusesTheFileThatOthersMayRead) {
  Tokens tokens = open();
  const std::string alice = run({"add", "alice"});
  fs::permissions(secret("api-tokens"), fs::perms::group_read, fs::perm_options::add);
  EXPECT_EQ(tokens.find(alice).kind, Kind::Unknown);
  ASSERT_EQ(reports.size(), 1U) << "told once";
  EXPECT_THAT(reports[0], HasSubstr("api-tokens"));
  EXPECT_EQ(tokens.find(read_token(secret("api-token")).reveal()).kind, Kind::Known);
  EXPECT_THROW((void)open(), runtime::CannotStart);
}

TEST_F(TokensTest, ReadTheLinesBesideABrokenOne) {
  const TokenList list = parse_tokens(
      "# a comment\n\nalice command " + std::string(64, 'a') + "\nbob command\ncarol read " +
      std::string(64, 'b') + " # for the screen\nalice read " + std::string(64, 'c') +
      "\ndefault read " + std::string(64, 'd') + "\ndave owner " + std::string(64, 'e') +
      "\neve read " + std::string(63, 'e') + "X\n");
  ASSERT_EQ(list.tokens.size(), 2U);
  EXPECT_EQ(list.tokens[1].name, "carol");
  EXPECT_THAT(list.errors,
              ElementsAre(HasSubstr("line 4"), HasSubstr("line 6"), HasSubstr("line 7"),
                          HasSubstr("line 8"), HasSubstr("line 9")));
  EXPECT_EQ(parse_tokens(render_tokens(list.tokens)).tokens[1].digest, list.tokens[1].digest);
}

TEST_F(TokensTest, RefuseNamesThatWouldMislead) {
  (void)open();
  const std::string folder_name = folder.path().string();
  for (const char* name : {"default", "reader", "", "a b", "x,y"}) {
    EXPECT_THROW((void)token_command({"add", name, folder_name}), runtime::CannotStart) << name;
  }
  (void)run({"add", "alice"});
  EXPECT_THROW((void)token_command({"add", "alice", folder_name}), runtime::CannotStart);
  EXPECT_THROW((void)token_command({"revoke", "bob", folder_name}), runtime::CannotStart);
  EXPECT_THROW((void)token_command({"list", folder_name + "/nowhere"}), runtime::CannotStart);
  EXPECT_THROW((void)token_command({"forget", "alice", folder_name}), runtime::CannotStart);
}

}  // namespace
}  // namespace polybot::gateway
