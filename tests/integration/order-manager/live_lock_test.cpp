// Real money is traded after a passing doctor of the same account and configuration alone, and a
// process that died is gone on for.
#include "services/order-manager/live_lock.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "common/runtime/clock.hpp"
#include "services/order-manager/doctor/report.hpp"
#include "services/order-manager/doctor/result_file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::order_manager {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

polymarket::Address address(char digit) {
  return *polymarket::Address::parse("0x" + std::string(40, digit));
}

struct LiveLockTest : testing::Test {
  LiveLockTest() {
    config.journal_file = (home / "journal.db").string();
    config.venue.rest = "https://venue.test";
    config.settings.mode = domain::TradingMode::Live;
    wallet.kind = polymarket::WalletKind::Safe;
    wallet.owner = address('1');
    wallet.address = address('2');
  }
  doctor::Report passed() const {
    doctor::Report report;
    report.at = now - 1min;
    report.venue = config.venue.rest;
    report.chain_id = config.venue.chain_id;
    report.wallet = wallet;
    report.configuration = fingerprint_of(config.venue, config.settings.account_limits, wallet);
    report.checks = {
        {.name = "host", .verdict = doctor::Verdict::Pass, .what = "answers", .next = ""}};
    return report;
  }
  void keep(const std::string& text) const {
    EXPECT_FALSE(doctor::keep_result(doctor::result_file(config.journal_file), text));
  }
  void keep(const doctor::Report& report) const { keep(doctor::json_of(report)); }
  // Empty when it may start.
  std::string refusal() const {
    try {
      (void)LiveLock(config, wallet, now);
      return "";
    } catch (const runtime::CannotStart& error) {
      return error.what();
    }
  }

  test_support::TemporaryFolder home{"live-lock"};
  Config config;
  polymarket::VenueWallet wallet;
  const domain::Timestamp now = runtime::Clock().now();
};

TEST_F(LiveLockTest, OpensAfterADoctorThatPassed) {
  EXPECT_THAT(refusal(), HasSubstr("live: doctor has not looked at it yet; run"));
  keep(passed());
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(LiveLock(config, wallet, now).kind(), StartKind::Operators);
}

TEST_F(LiveLockTest, NamesWhatIsWrongWithTheResult) {
  doctor::Report report = passed();
  report.at = now - 61min;
  keep(report);
  EXPECT_THAT(refusal(), HasSubstr("more than an hour ago; run order-manager doctor"));
  report.at = now + 10min;
  keep(report);
  EXPECT_THAT(refusal(), HasSubstr("still to come; set the clock"));
  report = passed();
  report.checks[0] = {"clock", doctor::Verdict::Fail, "is off", "set the clock of this host"};
  keep(report);
  EXPECT_THAT(refusal(), HasSubstr("doctor failed: set the clock of this host. Then run"));
  for (const char* const text :
       {"{", "[]", "7", "{}", R"({"doctor":2})", R"({"doctor":1,"at":5})"}) {
    keep(std::string(text));
    EXPECT_THAT(refusal(), HasSubstr("is no result of this version's doctor")) << text;
  }
}

TEST_F(LiveLockTest, TakesTheResultOfNothingElse) {
  keep(passed());
  config.venue.rest = "https://other.test";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("the venue https://venue.test"),
                               HasSubstr("trades https://other.test")));
  config.venue.rest = "https://venue.test";
  wallet.address = address('3');
  EXPECT_THAT(refusal(), HasSubstr("doctor looked at the wallet"));
  wallet.address = address('2');
  wallet.owner = address('3');
  EXPECT_THAT(refusal(), HasSubstr("doctor looked at the key of"));
  wallet.owner = address('1');
  config.settings.account_limits.exposure_max = Money::from_units(77);
  EXPECT_THAT(refusal(), HasSubstr("has changed since doctor looked"));
}

TEST_F(LiveLockTest, GoesOnForAProcessThatDied) {
  keep(passed());
  const LiveLock died(config, wallet, now);
  died.live();
  keep(std::string());
  EXPECT_EQ(LiveLock(config, wallet, now).kind(), StartKind::Resumed);
  EXPECT_EQ(LiveLock(config, wallet, now + 59min).kind(), StartKind::Resumed);
  EXPECT_THROW(LiveLock(config, wallet, now + 61min), runtime::CannotStart);
  config.settings.account_limits.exposure_max = Money::from_units(77);
  EXPECT_THAT(refusal(), HasSubstr("doctor has not looked"));
}

TEST_F(LiveLockTest, ForgetsAProcessThatEndedInOrder) {
  keep(passed());
  const LiveLock ended(config, wallet, now);
  ended.live();
  ended.end();
  EXPECT_EQ(LiveLock(config, wallet, now).kind(), StartKind::Operators);
  keep(std::string());
  EXPECT_THAT(refusal(), HasSubstr("doctor has not looked"));
}

TEST_F(LiveLockTest, SaysWhenItsMarkCannotBeWritten) {
  keep(passed());
  const LiveLock lock(config, wallet, now);
  std::filesystem::create_directory(home / "live-mark");
  EXPECT_THROW(lock.live(), runtime::CannotStart);
}

TEST_F(LiveLockTest, IsNotPassedByNamingTheRealVenue) {
  config.settings.mode = domain::TradingMode::Paper;
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(LiveLock(config, wallet, now).kind(), StartKind::Untied);
  for (const char* const real : {"https://clob.polymarket.com", "https://polymarket.com:444"}) {
    config.venue.rest = real;
    EXPECT_THAT(refusal(), HasSubstr("set venue.mode"));
  }
  config.venue.rest = "https://notpolymarket.com";
  EXPECT_EQ(refusal(), "");
}

std::string errors_of_live(const std::string& toml) {
  auto reader = runtime::config::Reader::parse(toml, "order-manager.toml", {});
  (void)read_config(reader);
  try {
    reader.finish();
  } catch (const runtime::ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(LiveConfiguration, NeedsTheSentenceAndTheOperatorsLimits) {
  const std::string bare = errors_of_live("[venue]\nmode = \"live\"\n[risk]\nposition_max = 5\n");
  EXPECT_THAT(bare, AllOf(HasSubstr("live.acknowledgement: is required"),
                          HasSubstr("live.order_notional_max: is required"),
                          HasSubstr("live.position_max: is required"),
                          HasSubstr("live.exposure_max: is required"),
                          HasSubstr("live.daily_loss_max: is required")));
  const std::string some = errors_of_live(
      "[venue]\nmode = \"live\"\n[live]\norder_notional_max = 5\nposition_max = 5\n"
      "exposure_max = \"7.5\"\n"
      "acknowledgement = \"I trade with real money and accept that I can lose all of it\"\n");
  EXPECT_THAT(some, AllOf(HasSubstr("live.daily_loss_max: is required"),
                          Not(HasSubstr("live.acknowledgement")), Not(HasSubstr("position_max"))));
  EXPECT_THAT(errors_of_live("[live]\nposition_max = 5\n"), Not(HasSubstr("live.")));
}

TEST(LiveConfiguration, TradesWithinTheOperatorsLimits) {
  auto reader = runtime::config::Reader::parse(
      "[venue]\nmode = \"live\"\n[live]\norder_notional_max = 1\nposition_max = 2\n"
      "exposure_max = 3\n"
      "daily_loss_max = 4\n",
      "order-manager.toml", {});
  const domain::RiskLimits limits = read_config_but_wallet(reader).settings.account_limits;
  EXPECT_EQ(limits.order_notional_max, Money::from_units(1));
  EXPECT_EQ(limits.position_max, Money::from_units(2));
  EXPECT_EQ(limits.event_exposure_max, Money::from_units(3));
  EXPECT_EQ(limits.exposure_max, Money::from_units(3));
  EXPECT_EQ(limits.daily_loss_max, Money::from_units(4));
}

}  // namespace
}  // namespace polybot::order_manager
