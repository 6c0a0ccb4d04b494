// Each fault that doctor looks for has its own line, and hides no other.
#include "services/order-manager/doctor/checks.hpp"

#include <gmock/gmock.h>

#include "common/http/fault.hpp"
#include "common/polymarket/messages/account_state.hpp"
#include "common/polymarket/messages/catalogue.hpp"
#include "common/polymarket/messages/chain.hpp"
#include "common/polymarket/messages/orders.hpp"
#include "common/polymarket/messages/refusals.hpp"

namespace polybot::order_manager::doctor {
namespace {

using namespace std::chrono_literals;
using polymarket::WalletKind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace refusal = polymarket::refusal;

constexpr std::uint64_t kChain = polymarket::kPolygonChainId;
const polymarket::Address kOwner =
    polymarket::address_literal("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

Answer answered(std::string body, unsigned status = 200) {
  Answer answer;
  answer.end = Answer::End::Answered;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}
Answer refused(unsigned status, std::string_view text) {
  return answered(polymarket::write_error(text), status);
}
Answer broken(boost::system::error_code ec, http::Failure::Stage stage) {
  Answer answer;
  answer.end = Answer::End::Failed;
  answer.failure = {.ec = ec, .stage = stage};
  return answer;
}
Answer left(std::string why) {
  Answer answer;
  answer.why_not = std::move(why);
  return answer;
}

std::string money(std::int64_t units, std::int64_t standard = 1'000'000'000'000'000,
                  std::int64_t neg_risk = 1'000'000'000'000'000) {
  polymarket::BalanceAllowance told{.balance = units * 1'000'000, .allowances = {}};
  told.allowances.emplace_back(*polymarket::exchange_address(kChain, domain::ExchangeVersion::V2),
                               standard);
  told.allowances.emplace_back(
      *polymarket::exchange_address(kChain, domain::ExchangeVersion::V2NegRisk), neg_risk);
  return polymarket::write_balance_allowance(told);
}

polymarket::GammaMarket listed() {
  polymarket::GammaMarket market;
  market.gamma_id = "1";
  market.id.bytes[0] = 1;
  market.tokens[0].bytes[0] = 0x20;
  market.tokens[1].bytes[0] = 0x30;
  market.slug = "rain";
  market.question = "Rain?";
  market.active = market.accepting_orders = market.enable_order_book = true;
  return market;
}

std::string record(domain::Price tick) {
  const polymarket::GammaMarket market = listed();
  polymarket::ClobMarket record;
  record.id = market.id;
  record.tokens = market.tokens;
  record.outcomes = market.outcomes;
  record.tick = tick;
  record.min_size = market.min_size;
  record.accepting_orders = true;
  return polymarket::write_clob_market(record);
}

// Of an account with which nothing is wrong.
Facts healthy(WalletKind kind = WalletKind::Safe) {
  Facts facts;
  for (const char* const key : {"venue.rest", "venue.gamma", "venue.user_ws", "venue.geoblock"})
    facts.hosts.push_back({key, "https://venue.test", answered("")});
  facts.chain_id = kChain;
  facts.node_configured = true;
  facts.key_file = "venue-key";
  facts.wallet = polymarket::wallet_of(kOwner, kind, kChain);
  facts.funder_configured = true;
  facts.time_asked = domain::from_unix_ms(1'750'000'000'000);
  facts.time_told = facts.time_asked + 20ms;
  facts.time = answered("1750000000");
  facts.version = answered(polymarket::write_version(2));
  facts.gate = refused(401, refusal::kUnauthorized);
  facts.site = answered(polymarket::write_geoblock({.blocked = false}));
  facts.listing =
      answered(polymarket::write_gamma_page(std::vector<polymarket::GammaMarket>{listed()}, ""));
  facts.market = answered(record(domain::Price::from_raw(100)));
  facts.sample = {.why_not = "", .recovered = kOwner, .market = "rain"};
  facts.derived = answered("");
  facts.derived_read = true;
  facts.keys = answered("{}");
  facts.closed_only = answered(polymarket::write_closed_only(false));
  for (const WalletKind each : polymarket::kWalletKinds) {
    facts.updates[each] = answered(money(0));
    facts.balances[each] = answered(money(0));
  }
  facts.balances[kind] = answered(money(5'000));
  facts.shares = answered(money(0));
  facts.open_orders = {
      answered(polymarket::write_open_orders({.items = {}, .next_cursor = "LTE="}))};
  facts.journaled.emplace();
  facts.trades = answered(polymarket::write_trades({.items = {}, .next_cursor = "LTE="}));
  facts.node_chain = answered(polymarket::write_chain_answer(polymarket::chain_hex(kChain)));
  facts.code = answered(polymarket::write_chain_answer("0x6080"));
  facts.old_collateral = answered(polymarket::write_chain_answer("0x0"));
  facts.disk_free = 20'000'000'000;
  return facts;
}

// "name: what -> next" of each that does not pass.
std::vector<std::string> lines(const Facts& facts, Verdict verdict = Verdict::Fail) {
  std::vector<std::string> found;
  for (const Check& check : examine(facts)) {
    if (check.verdict == verdict)
      found.push_back(check.name + ": " + check.what + " -> " + check.next);
  }
  return found;
}

TEST(Doctor, PassesWhatIsHealthyInEachWallet) {
  for (const WalletKind kind : {WalletKind::Proxy, WalletKind::Safe, WalletKind::Deposit}) {
    const Facts facts = healthy(kind);
    for (const Verdict verdict : {Verdict::Fail, Verdict::Warn, Verdict::Unchecked})
      EXPECT_THAT(lines(facts, verdict), IsEmpty()) << polymarket::name_of(kind);
  }
  Facts own = healthy(WalletKind::Eoa);
  own.code = answered(polymarket::write_chain_answer("0x"));
  EXPECT_THAT(lines(own), IsEmpty());
}

// ------------------------------------------------ the ten reasons for which first orders fail

TEST(FirstOrder, NamesTheWalletThatHasTheMoney) {
  Facts facts = healthy(WalletKind::Safe);
  facts.balances[WalletKind::Safe] = answered(money(0));
  facts.balances[WalletKind::Proxy] = answered(money(25));
  EXPECT_THAT(lines(facts),
              ElementsAre(AllOf(HasSubstr("wallet: the money lies in the key's proxy wallet 0x"),
                                HasSubstr("venue.wallet = \"proxy\"")),
                          HasSubstr("collateral: ")));
  facts = healthy();
  facts.wallet.reset();
  facts.wallet_fault = "0xAA is not the safe wallet of the key";
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("wallet: 0xAA is not the safe wallet")));
  facts = healthy(WalletKind::Deposit);
  facts.balances[WalletKind::Deposit] = refused(404, refusal::kNoDepositWallet);
  facts.updates[WalletKind::Deposit] = facts.balances[WalletKind::Deposit];
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("wallet: the venue knows no deposit wallet")));
}

TEST(FirstOrder, NamesAMakerThatIsNotAllowed) {
  Facts facts = healthy(WalletKind::Safe);
  facts.code = answered(polymarket::write_chain_answer("0x"));
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("code: "), HasSubstr("is not deployed"),
                                              HasSubstr("maker address not allowed"))));
  facts = healthy(WalletKind::Eoa);
  EXPECT_THAT(lines(facts, Verdict::Warn),
              ElementsAre(AllOf(HasSubstr("maker: "), HasSubstr("maker address not allowed"),
                                HasSubstr("venue.wallet = \"deposit\""))));
}

TEST(FirstOrder, NamesMissingMoneyAndEachSpender) {
  Facts facts = healthy();
  facts.balances[WalletKind::Safe] = answered(money(0));
  facts.old_collateral = answered(polymarket::write_chain_answer("0x5f5e100"));
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("collateral: the wallet has no pUSD"),
                                              HasSubstr("convert its USDC.e"))));
  EXPECT_THAT(lines(facts, Verdict::Warn), ElementsAre(HasSubstr("old-collateral: 100 USDC.e")));
  facts = healthy();
  facts.balances[WalletKind::Safe] = answered(money(5'000, 0));
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("spender-standard: "),
                                              HasSubstr("not enough balance / allowance"))));
  facts.balances[WalletKind::Safe] = answered(money(5'000, 1'000'000'000'000, 0));
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("spender-neg-risk: ")));
  facts = healthy();
  facts.shares = answered(money(0, 0));
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("spender-shares: ")));
  facts = healthy();
  facts.updates[WalletKind::Safe] = refused(500, "could not read the chain");
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("update: "), HasSubstr("may be old"))));
}

TEST(FirstOrder, NamesAnApiKeyThatIsNotTaken) {
  Facts facts = healthy();
  facts.keys = refused(401, refusal::kUnauthorized);
  facts.closed_only = left("the API key is not accepted");
  facts.trades = facts.shares = facts.closed_only;
  facts.open_orders = {facts.closed_only};
  facts.updates[WalletKind::Safe] = facts.balances[WalletKind::Safe] = facts.closed_only;
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("api-key: the venue refuses the API key that")));
  EXPECT_THAT(lines(facts, Verdict::Unchecked).size(), 8U);
  facts.credentials_configured = true;
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("venue.api_credentials_file")));
  facts.credentials_configured = false;
  facts.derived = refused(400, "Could not derive api key!");
  facts.derived_read = false;
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("has no API key of this account yet")));
}

TEST(FirstOrder, NamesASignatureThatWouldBeInvalid) {
  Facts facts = healthy();
  facts.sample.recovered = polymarket::Address{};
  EXPECT_THAT(lines(facts),
              ElementsAre(AllOf(HasSubstr("order: "), HasSubstr("invalid signature"))));
  facts = healthy();
  facts.node_chain = answered(polymarket::write_chain_answer("0x1"));
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("chain: venue.rpc is a node of chain 1,"),
                                              HasSubstr("venue.chain_id"))));
}

TEST(FirstOrder, NamesAnotherVersion) {
  Facts facts = healthy();
  facts.version = answered(polymarket::write_version(3));
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("version: the venue speaks version 3"),
                                              HasSubstr("invalid order version"))));
  facts.version = answered("{}");
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("without a version")));
}

TEST(FirstOrder, NamesABlockedPlaceByBothWays) {
  Facts facts = healthy();
  facts.gate = refused(403, refusal::kRegion);
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("region: the venue takes no orders"),
                                              HasSubstr("Trading restricted in your region"))));
  facts.gate = answered("<html>blocked</html>", 403);
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("region: what stands before the venue, or a")));
  facts.gate = answered("", 500);
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("cannot be told")));
  facts = healthy();
  facts.site = answered(polymarket::write_geoblock({.blocked = true, .country = "US"}));
  EXPECT_THAT(lines(facts),
              ElementsAre(HasSubstr("site: the venue's site blocks this place (US)")));
  facts.site = answered("{}");
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("says nothing of this place")));
}

TEST(FirstOrder, NamesATickForWhichThereAreNoAmounts) {
  Facts facts = healthy();
  facts.market = answered(record(domain::Price::from_raw(200)));
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("precision: rain has a tick of 0.02")));
  facts = healthy();
  facts.sample = {.why_not = "its amounts cannot be expressed", .market = "rain"};
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("order: no order of rain can be made")));
}

TEST(FirstOrder, NamesALimitBelowTheSmallestOrder) {
  Facts facts = healthy();
  facts.limits.order_notional_max = domain::Money::from_units(2);
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("minimum: risk.order_notional_max is 2"),
                                              HasSubstr("takes 2.5 at even odds"))));
  facts.limits.order_notional_max = *domain::Money::parse("2.5");
  EXPECT_THAT(lines(facts), IsEmpty());
}

TEST(FirstOrder, NamesAClockThatIsWrong) {
  Facts facts = healthy();
  facts.time = answered("1750000007");
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("clock: this host's clock is 7.0 s behind")));
  facts.time = answered("1749999990");
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("clock: this host's clock is 9.0 s ahead")));
  facts.time = answered("1750000003");
  EXPECT_THAT(lines(facts, Verdict::Warn), ElementsAre(HasSubstr("clock: ")));
  facts.time = answered("soon");
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("without a time")));
}

// ----------------------------------------------------------------------------------- the others

TEST(Doctor, TellsAHostThatIsMissingFromATlsThatIsNotTrusted) {
  Facts facts = healthy();
  const Answer nobody =
      broken(boost::asio::error::connection_refused, http::Failure::Stage::Connect);
  facts.hosts[0].answer = facts.time = facts.version = facts.gate = facts.market = nobody;
  facts.hosts[0].url += "/v3/token-of-the-node";  // is told to nobody
  const auto failures = lines(facts);
  EXPECT_THAT(failures, ElementsAre(HasSubstr("host: no answer from venue.rest venue.test: ")));
  EXPECT_THAT(lines(facts, Verdict::Unchecked),
              testing::Contains(HasSubstr("clock: not checked, because venue.rest does not")));
  facts = healthy();
  facts.hosts[0].answer = facts.time =
      broken(http::Fault::CertificateExpired, http::Failure::Stage::Handshake);
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("tls: "), HasSubstr("has expired"))));
  facts = healthy();
  facts.hosts[0].url = "http://venue.test";
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("tls: anybody on the way can read")));
  facts.hosts[0].url = "http://localhost";
  EXPECT_THAT(lines(facts), IsEmpty());
}

TEST(Doctor, FailsAQuestionThatAloneHasNoAnswer) {
  Facts facts = healthy();
  facts.version = broken(boost::asio::error::timed_out, http::Failure::Stage::Read);
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("version: GET /version has no answer")));
  facts.version = refused(429, "slow down");
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("429 \"slow down\" -> wait a minute")));
}

TEST(Doctor, NamesWindowsAndAnAccountThatMayOnlyClose) {
  Facts facts = healthy();
  facts.gate = answered(polymarket::write_error(refusal::kPostOnlyMode, "post_only_mode", 79), 503);
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("post-only")));
  facts.gate = refused(503, refusal::kCancelOnly);
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("cancel-only")));
  facts.gate = answered("", 425);
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("windows: the venue's matching engine")));
  facts = healthy();
  facts.closed_only = answered(polymarket::write_closed_only(true));
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("closed-only: ")));
}

TEST(Doctor, NamesOrdersThatNoJournalKnows) {
  Facts facts = healthy();
  polymarket::OrderRecord order;
  order.id.bytes[0] = 7;
  order.market.bytes[0] = 1;
  order.token.bytes[0] = 0x20;
  order.price = domain::Price::from_raw(5'000);
  order.original_size = domain::Quantity::from_units(5);
  order.size_matched = domain::Quantity{};
  order.created_at = facts.time_asked;
  facts.open_orders = {
      answered(polymarket::write_open_orders({.items = {order}, .next_cursor = "LTE="}))};
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("open-orders: 1 rest that no journal")));
  facts.journaled->insert(order.id);
  EXPECT_THAT(lines(facts), IsEmpty());
  facts.journal_fault = "no journal";
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("cannot be told: no journal")));
}

TEST(Doctor, NamesWhatIsWrongOnThisHost) {
  Facts facts = healthy();
  facts.exposures = {"venue-key is open to other users"};
  facts.disk_free = 1'000'000;
  facts.limits.daily_loss_max = domain::Money::from_units(6'000);
  EXPECT_THAT(lines(facts),
              ElementsAre(HasSubstr("key: a secret can be read by others"),
                          HasSubstr("limits: risk.daily_loss_max is 6000 pUSD, and the wallet has"),
                          HasSubstr("disk: 1 MB are free")));
  facts = healthy();
  facts.fence = "another process took the account";
  facts.fence_next = "find it";
  EXPECT_THAT(lines(facts), ElementsAre(AllOf(HasSubstr("fence: another process took"),
                                              HasSubstr("-> find it"))));
  facts = healthy();
  facts.limits.exposure_max = {};
  EXPECT_THAT(lines(facts), ElementsAre(HasSubstr("limits: 0 forbids every order: risk.exposure")));
}

TEST(DoctorReport, IsOneLineForEachCheckAndAVerdict) {
  Report report;
  report.venue = "https://venue.test";
  report.checks = {passes("host", "answers"), fails("clock", "wrong\x1b[2J\nby far", "set it"),
                   unchecked("code", "nobody asked")};
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(text_of(report, Look::Plain),
            "no wallet at https://venue.test (chain 0)\n"
            "pass       host   answers\n"
            "fail       clock  wrong [2J by far -> set it\n"
            "unchecked  code   not checked, because nobody asked\n"
            "doctor: FAIL: 1 of 3 checks failed, 1 not checked. First: set it\n");
  EXPECT_THAT(json_of(report), AllOf(HasSubstr(R"("verdict":"fail","next":"set it","checks":[)"),
                                     HasSubstr(R"({"name":"host","verdict":"pass")")));
  report.checks[1] = warns("clock", "a little off", "set it");
  EXPECT_TRUE(report.passed());
}

}  // namespace
}  // namespace polybot::order_manager::doctor
