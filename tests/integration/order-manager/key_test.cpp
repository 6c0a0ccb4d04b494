// The venue key on disk: what order-manager key makes of it, and what a start reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/polymarket/keystore.hpp"
#include "common/runtime/config.hpp"
#include "services/order-manager/config.hpp"
#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/venue_key.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::order_manager {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A publicly known key: the first account of a popular development chain.
constexpr std::string_view kKey =
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
constexpr std::string_view kAccount = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

class KeyTest : public testing::Test {
 protected:
  KeyTest() {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    write("pass", "open sesame\n");
    write("other", "close sesame\r\n");
    // Of this cost, because the one of a real keystore takes seconds.
    write("quick", polymarket::Keystore::seal(polymarket::OrderSigner(kKey), "open sesame",
                                              {.n = 16, .r = 8, .p = 1})
                       .write());
    write("plain", "0x" + std::string(kKey) + "\n");
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }
  // What the command prints; its failure is the text of the exception.
  static std::string run(const std::vector<std::string>& words) {
    testing::internal::CaptureStdout();
    std::string failure;
    try {
      EXPECT_EQ(key(words), 0);
    } catch (const std::exception& error) {
      failure = error.what();
    }
    std::fflush(stdout);
    return testing::internal::GetCapturedStdout() + failure;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }
  // The errors of a configuration that names these files.
  std::string errors_of(const std::string& file, const std::string& passphrase,
                        const std::string& more = "") const {
    std::string toml = "[venue]\nprivate_key_file = \"" + path(file) + "\"\n" + more;
    if (!passphrase.empty()) toml += "private_key_passphrase_file = \"" + path(passphrase) + "\"\n";
    auto reader = runtime::config::Reader::parse(toml, "order-manager.toml", {});
    config_ = read_config(reader);
    try {
      reader.finish();
    } catch (const runtime::ConfigError& error) {
      return error.what();
    }
    return "";
  }

  test_support::TemporaryFolder folder_;
  mutable Config config_;
};

TEST_F(KeyTest, MakesAKeystoreThatAStartReads) {
  const std::string account = run({"new", path("made"), "--passphrase-file", path("pass")});
  ASSERT_EQ(account.size(), 43U) << account;
  struct ::stat status {};
  ASSERT_EQ(::stat(path("made").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(run({"show", path("made")}), account);
  (void)errors_of("made", "pass");
  EXPECT_EQ(polymarket::to_checksum(open(config_.venue.key).address()) + "\n", account);
  // Nothing replaces it, not even another try.
  const std::string before = read("made");
  EXPECT_THAT(run({"new", path("made"), "--passphrase-file", path("pass")}),
              AllOf(HasSubstr(path("made")), HasSubstr("no key is ever overwritten")));
  EXPECT_THAT(run({"import", path("made"), "--from", path("plain")}),
              HasSubstr("no key is ever overwritten"));
  EXPECT_EQ(read("made"), before);
  EXPECT_EQ(files(), 5U);  // and no draft is left
}

TEST_F(KeyTest, ImportsAPlainKeyAndAKeystore) {
  const std::string expected = std::string(kAccount) + "\n";
  EXPECT_EQ(run({"import", path("a"), "--from", path("plain"), "--passphrase-file", path("pass")}),
            expected);
  EXPECT_EQ(read("a").find(kKey), std::string::npos);
  EXPECT_EQ(run({"import", path("b"), "--from", path("quick"), "--from-passphrase-file",
                 path("pass"), "--passphrase-file", path("other")}),
            expected);
  EXPECT_EQ(run({"show", path("b"), "--passphrase-file", path("other")}), expected);
}

TEST_F(KeyTest, ChangesThePassphrase) {
  EXPECT_EQ(run({"change", path("quick"), "--passphrase-file", path("pass"),
                 "--new-passphrase-file", path("other")}),
            std::string(kAccount) + "\n");
  EXPECT_THAT(run({"show", path("quick"), "--passphrase-file", path("pass")}),
              AllOf(HasSubstr(path("quick")), HasSubstr("the passphrase is wrong")));
  EXPECT_EQ(run({"show", path("quick"), "--passphrase-file", path("other")}),
            std::string(kAccount) + "\n");
  EXPECT_THAT(run({"change", path("plain"), "--passphrase-file", path("pass"),
                   "--new-passphrase-file", path("other")}),
              HasSubstr("is no keystore"));
}

TEST_F(KeyTest, LeavesEverythingAsItWasWhenItFails) {
  const std::string before = read("quick");
  EXPECT_THAT(run({"change", path("quick"), "--passphrase-file", path("other"),
                   "--new-passphrase-file", path("pass")}),
              HasSubstr("the passphrase is wrong"));
  EXPECT_EQ(read("quick"), before);
  EXPECT_THAT(run({"new", path("none/key"), "--passphrase-file", path("pass")}),
              AllOf(HasSubstr(path("none/key")), HasSubstr("No such file")));
  EXPECT_THAT(run({"import", path("c"), "--from", path("pass"), "--passphrase-file", path("pass")}),
              AllOf(HasSubstr(path("pass")), HasSubstr("64 hex digits")));
  EXPECT_EQ(files(), 4U);
}

TEST_F(KeyTest, SaysHowItIsUsed) {
  EXPECT_THAT(run({"--help"}), HasSubstr("usage: order-manager key new"));
  EXPECT_THAT(run({"new", "--help"}), HasSubstr("usage: order-manager key new"));
  EXPECT_THAT(run({}), HasSubstr("key --help"));
  EXPECT_THAT(run({"make", path("x")}), HasSubstr("'make' is none of new, import"));
  EXPECT_THAT(run({"new", path("x")}), HasSubstr("--passphrase-file"));
  EXPECT_THAT(run({"new"}), HasSubstr("which file?"));
  EXPECT_THAT(run({"show", path("x"), "--from", path("plain")}), HasSubstr("has no option --from"));
  EXPECT_THAT(run({"import", path("x"), "--passphrase-file", path("pass")}), HasSubstr("--from"));
  EXPECT_THAT(run({"new", path("x"), "--passphrase-file"}), HasSubstr("needs the name of a file"));
  EXPECT_THAT(run({"new", path("x"), "--passphrase-file", path("gone")}),
              HasSubstr("cannot read " + path("gone")));
}

TEST_F(KeyTest, ReadsTheConfiguredFiles) {
  EXPECT_THAT(errors_of("plain", ""), testing::Not(HasSubstr("private_key")));
  EXPECT_EQ(polymarket::to_checksum(open(config_.venue.key).address()), kAccount);
  EXPECT_THAT(errors_of("quick", "pass"), testing::Not(HasSubstr("private_key")));
  EXPECT_EQ(polymarket::to_checksum(open(config_.venue.key).address()), kAccount);
  EXPECT_THAT(
      errors_of("quick", ""),
      AllOf(HasSubstr("venue.private_key_passphrase_file: is required"), HasSubstr(path("quick"))));
  EXPECT_THAT(errors_of("plain", "pass"), HasSubstr("is no keystore and needs no passphrase"));
  EXPECT_THAT(errors_of("quick", "gone"), HasSubstr("cannot read " + path("gone")));
  write("greedy", R"({"version":3,"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":")" +
                      std::string(32, '0') + R"("},"ciphertext":")" + std::string(64, '0') +
                      R"(","mac":")" + std::string(64, '0') +
                      R"(","kdf":"scrypt","kdfparams":{"dklen":32,"n":1073741824,"r":8,"p":1,)"
                      R"("salt":"00"}}})");
  EXPECT_THAT(errors_of("greedy", "pass"),
              AllOf(HasSubstr("order-manager.toml:2: venue.private_key_file: " + path("greedy")),
                    HasSubstr("asks for more memory")));
}

// What a start would refuse, and so does --check-config: the signature type comes with the wallet.
TEST_F(KeyTest, RefusesAWalletThatTheKeyDoesNotHave) {
  const std::string foreign = "funder = \"0x00000000000000000000000000000000000000aa\"\n";
  for (const std::string key : {"plain", "quick"}) {
    const std::string passphrase = key == "quick" ? "pass" : "";
    EXPECT_THAT(errors_of(key, passphrase, foreign),
                AllOf(HasSubstr("order-manager.toml:3: venue.funder: 0x"),
                      HasSubstr("is not the eoa wallet of the key of " + std::string(kAccount))));
    EXPECT_THAT(errors_of(key, passphrase,
                          "wallet = \"safe\"\nfunder = \"" + std::string(kAccount) + "\"\n"),
                HasSubstr("is not the safe wallet of the key"));
    EXPECT_THAT(errors_of(key, passphrase, "wallet = \"proxy\"\nchain_id = 80002\n"),
                HasSubstr("order-manager.toml:3: venue.wallet: the venue has no wallets of the "
                          "kind proxy on chain 80002"));
    EXPECT_THAT(errors_of(key, passphrase, "chain_id = 1\n"),
                HasSubstr("order-manager.toml:3: venue.chain_id: the venue has no exchanges"));
    EXPECT_THAT(errors_of(key, passphrase, "wallet = \"safe\"\nchain_id = 80002\n"),
                testing::Not(HasSubstr("venue.")));
  }
  EXPECT_THAT(errors_of("pass", ""), AllOf(HasSubstr("venue.private_key_file: " + path("pass")),
                                           HasSubstr("64 hex digits")));
}

TEST_F(KeyTest, NamesTheFileThatHoldsNoCredentials) {
  EXPECT_THAT(errors_of("plain", "", "api_credentials_file = \"" + path("other") + "\"\n"),
              HasSubstr("order-manager.toml:3: venue.api_credentials_file: " + path("other") +
                        " holds no API credentials"));
}

TEST_F(KeyTest, ListsWalletsOfAFileAloneAndOfAKnownChain) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(run({"wallets", path("pipe")}), "cannot read " + path("pipe") + ": it is a named pipe");
  EXPECT_THAT(run({"wallets", path("plain")}), HasSubstr(kAccount));
  for (const std::string chain : {"1", "amoy", "-137", "137.0", ""}) {
    EXPECT_THAT(run({"wallets", path("plain"), "--chain", chain}),
                HasSubstr("--chain must be 137 or 80002, not '" + chain + "'"));
  }
  EXPECT_THAT(run({"wallets", path("plain"), "--chain"}), HasSubstr("--chain needs the id of a"));
}

TEST_F(KeyTest, TakesThePassphraseFromACredential) {
  write(kPassphraseCredential, "open sesame");
  ::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  EXPECT_THAT(errors_of("quick", ""), testing::Not(HasSubstr("private_key")));
  EXPECT_EQ(polymarket::to_checksum(open(config_.venue.key).address()), kAccount);
  EXPECT_EQ(run({"change", path("quick"), "--new-passphrase-file", path("other")}),
            std::string(kAccount) + "\n");
  // A plain key needs none, and one that is named wins.
  EXPECT_THAT(errors_of("plain", ""), testing::Not(HasSubstr("private_key")));
  EXPECT_THAT(errors_of("quick", "other"), testing::Not(HasSubstr("private_key")));
  EXPECT_EQ(polymarket::to_checksum(open(config_.venue.key).address()), kAccount);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

}  // namespace
}  // namespace polybot::order_manager
