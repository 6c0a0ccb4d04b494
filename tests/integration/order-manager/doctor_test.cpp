// order-manager doctor as it is typed: it passes for each kind of wallet, and each fault fails it
// with its own line.
#include "services/order-manager/fence.hpp"
#include "services/order-manager/order_party.hpp"
#include "tests/integration/order-manager/venue_command.hpp"

namespace polybot::order_manager {
namespace {

using polymarket::WalletKind;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
namespace asio = boost::asio;
using order_manager::testing::TlsDoor;
namespace venue_test = venue_simulator::testing;

class DoctorTest : public order_manager::testing::VenueCommandTest {
 protected:
  // `venue_keys` replace or follow those of the table [venue].
  Result examined(const std::map<std::string, std::string>& venue_keys = {},
                  const std::string& more = "", std::vector<std::string> words = {}) const {
    return typed(configured(std::move(words), venue_keys, more));
  }
  Result typed(const std::vector<std::string>& words) const {
    return printed_by([&] { return doctor_command(words, "0.1.0"); });
  }
  std::string kept() const {
    std::ostringstream text;
    text << std::ifstream(home / "data/doctor.json").rdbuf();
    return text.str();
  }
  void fails_alone(const std::string& name, const Result& result) const {
    EXPECT_EQ(result.code, 1) << result.out << result.err;
    EXPECT_EQ(failed(result), std::set<std::string>{name}) << result.out;
    EXPECT_THAT(kept(), HasSubstr(R"("verdict":"fail")"));
  }
};

TEST_F(DoctorTest, PassesOverTlsForEachWallet) {
  open_venue();
  log_in();
  for (const WalletKind kind : polymarket::kWalletKinds) {
    const std::string name(polymarket::name_of(kind));
    const Result result = examined({{"wallet", name}});
    EXPECT_EQ(result.code, 0) << result.out << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr(name + " wallet 0x"), HasSubstr("\ndoctor: pass: ")));
    EXPECT_THAT(kept(), AllOf(HasSubstr(R"("verdict":"pass")"), HasSubstr("\"" + name + "\"")));
    EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
  }
}

TEST_F(DoctorTest, EachFaultOfTheVenueHasItsOwnLine) {
  open_venue();
  log_in();
  const std::vector<std::pair<const char*, const char*>> faults{
      {"site-block", "site"},     {"venue-clock", "clock"},       {"other-version", "version"},
      {"region-block", "region"}, {"closed-only", "closed-only"}, {"chain-unread", "update"},
      {"post-only", "windows"},   {"cancel-only", "windows"},     {"old-collateral", "collateral"}};
  for (const auto& [fault, check] : faults) {
    const std::string path = std::string("/faults/") + fault;
    // Signatures are judged by the venue's clock: it is off by less than that allows.
    const std::string settings = check == std::string("clock") ? R"({"delay_ms":30000})" : "{}";
    admin(http::Method::Post, path, settings);
    const Result result = examined({{"wallet", "safe"}});
    admin(http::Method::Delete, path);
    // Without a reading of the chain the venue's copy is 0.
    if (check == std::string("update")) {
      EXPECT_TRUE(failed(result).contains("update")) << result.out;
    } else {
      SCOPED_TRACE(fault);
      fails_alone(check, result);
    }
  }
  admin(http::Method::Post, "/faults/no-allowance");
  const Result result = examined({{"wallet", "safe"}});
  EXPECT_EQ(failed(result),
            (std::set<std::string>{"spender-standard", "spender-neg-risk", "spender-shares"}));
  EXPECT_THAT(result.out, ContainsRegex("First: approve trading"));
}

TEST_F(DoctorTest, NamesAnApiKeyThatIsMissingOrRevoked) {
  open_venue();
  const Result none = examined({{"wallet", "safe"}});
  EXPECT_EQ(none.code, 1);
  EXPECT_TRUE(failed(none).contains("api-key")) << none.out;
  EXPECT_THAT(none.out, HasSubstr("has no API key of this account yet"));
  log_in();
  std::ofstream(home / "credentials")
      << R"({"apiKey":"other","secret":"c2VjcmV0LXNlY3JldA==","passphrase":"hush-hush"})";
  ::chmod((home / "credentials").c_str(), 0600);
  const Result other =
      examined({{"wallet", "safe"}, {"api_credentials_file", (home / "credentials").string()}});
  fails_alone("api-key", other);
  EXPECT_THAT(other.out, HasSubstr("venue.api_credentials_file"));
}

TEST_F(DoctorTest, NamesTheWrongWalletAndOneThatIsNotDeployed) {
  venue_simulator::Config config;
  config.wallets = {WalletKind::Deposit};
  open_venue(config);
  log_in();
  const Result other = examined({{"wallet", "safe"}});
  EXPECT_EQ(failed(other), (std::set<std::string>{"wallet", "code", "collateral"})) << other.out;
  EXPECT_THAT(other.out, HasSubstr("venue.wallet = \"deposit\""));
  const Result foreign =
      examined({{"wallet", "safe"}, {"funder", "0x00000000000000000000000000000000000000aa"}});
  fails_alone("wallet", foreign);
  EXPECT_THAT(foreign.out, HasSubstr("is not the safe wallet of the key"));
}

TEST_F(DoctorTest, NamesHostsCertificatesAndPlainAddresses) {
  open_venue();
  log_in();
  fails_alone("host", examined({{"gamma", "https://localhost:1"}}));
  const test::Authority another("The Other");
  const TlsDoor stranger(venue->io, another.issue({}), venue->simulator->api_port());
  const Result untrusted =
      examined({{"gamma", "https://localhost:" + std::to_string(stranger.port())}});
  fails_alone("tls", untrusted);
  EXPECT_THAT(untrusted.out, HasSubstr("not trusted here"));
}

TEST_F(DoctorTest, NamesWhatIsWrongOnThisHost) {
  open_venue();
  log_in();
  fails_alone("minimum", examined({{"wallet", "safe"}}, "[risk]\norder_notional_max = 1\n"));
  fails_alone("limits", examined({{"wallet", "safe"}}, "[risk]\ndaily_loss_max = 20000\n"));
  ::chmod((home / "key").c_str(), 0644);
  fails_alone("key", examined({{"wallet", "safe"}}));
  ::chmod((home / "key").c_str(), 0600);
  const Result unchecked = examined({{"wallet", "safe"}, {"rpc", ""}});
  EXPECT_EQ(unchecked.code, 0) << unchecked.out;
  EXPECT_THAT(unchecked.out, ContainsRegex("unchecked +code +not checked, because venue.rpc"));
}

TEST_F(DoctorTest, NamesAnAccountThatAnotherProcessTook) {
  open_venue();
  log_in();
  std::filesystem::create_directory(home / "data");
  const std::string journal = (home / "data/journal.db").string();
  EXPECT_FALSE(keep_fence(journal, {.at = {}, .account = "0xabc", .heartbeat = "id-7"}));
  const Result result = examined({{"wallet", "safe"}});
  fails_alone("fence", result);
  EXPECT_THAT(result.out, HasSubstr("First: find the other process"));
}

TEST_F(DoctorTest, NamesOrdersOfOthersAndPlacesNone) {
  open_venue();
  log_in();
  const auto open_orders = [&] {
    std::string told;
    const auto ask = [&]() -> asio::awaitable<void> {
      told = (co_await trader->send(http::Method::Get, "/data/orders"))->body;
    };
    test::run(venue->io, ask());
    return told;
  };
  const std::string before = open_orders();
  EXPECT_EQ(examined({{"wallet", "safe"}}).code, 0);
  EXPECT_EQ(open_orders(), before);
  const auto place = [&]() -> asio::awaitable<void> {
    const domain::Market market = co_await trader->pick_market();
    const auto book = co_await trader->book(market.yes_token);
    const auto posted = trader->order(market, domain::Side::Buy, venue_test::lower(book), "10");
    EXPECT_EQ((co_await trader->post(posted))->status, 200U);
  };
  test::run(venue->io, place());
  fails_alone("open-orders", examined({{"wallet", "safe"}}));
}

TEST_F(DoctorTest, ShowsNoSecret) {
  open_venue();
  log_in();
  for (const char* const words : {"--json", "--help"}) {
    const Result result = examined({{"wallet", "safe"}}, "", {words});
    const std::string all = result.out + result.err + kept();
    for (const std::string_view secret : {venue_test::kKey.substr(2), trader->credentials->secret(),
                                          trader->credentials->passphrase()})
      EXPECT_THAT(all, Not(HasSubstr(std::string(secret))));
  }
}

TEST_F(DoctorTest, SaysThatItCannotBeRun) {
  open_venue();
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--fast"}, {"--config"}, {"--config", (home / "none.toml").string()}}) {
    const Result result = typed(words);
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr("doctor: cannot be run: "));
    EXPECT_EQ(result.out, "");
  }
  const Result bad = examined({{"wallet", "purse"}}, "[risk]\nno_such_limit = 1\n");
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err,
              AllOf(HasSubstr("venue.wallet: must be one of"), HasSubstr("no_such_limit")));
  EXPECT_FALSE(std::filesystem::exists(home / "data/doctor.json"));
}

}  // namespace
}  // namespace polybot::order_manager
