// A journal that an earlier build wrote (golden/journal.db.zst: a minute of trading in a simulated
// market with failed trades, lost answers, refused orders, a halt, a flatten). This build must
// report the same of it as that one, and go on with it.
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fstream>

#include "services/order-manager/tools/commands.hpp"
#include "tests/integration/order-manager/journal_fixture.hpp"
#include "tests/integration/order-manager/no_effects.hpp"
#include "tests/support/recorded_data.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager {
namespace {

namespace json = boost::json;

class OldJournal : public TradedJournal {
 protected:
  OldJournal() {
    std::ofstream(path_, std::ios::binary) << test_support::read_zstd(golden("journal.db.zst"));
  }
  static std::string golden(const std::string& name) { return POLYBOT_GOLDEN_DIR "/" + name; }

  // What `verify` prints, except the digest, which depends on the program.
  [[nodiscard]] json::object verified() const {
    testing::internal::CaptureStdout();
    EXPECT_EQ(verify({"--json", "--orders", path_}), 0);
    json::object told = json::parse(testing::internal::GetCapturedStdout()).as_object();
    told.erase("digest");
    return told;
  }
};

TEST_F(OldJournal, HasThePositionsMoneyAndCountersOfThen) {
  json::object then =
      json::parse(test_support::read_zstd(golden("journal.verify.json.zst"))).as_object();
  then.erase("digest");
  const json::object now = verified();
  for (const auto& [key, value] : then) {
    ASSERT_TRUE(now.contains(key)) << key;
    EXPECT_EQ(now.at(key), value) << key;
  }
}

TEST_F(OldJournal, GoesOn) {
  const json::object before = verified();
  {
    boost::asio::io_context io;
    Engine engine(io.get_executor(), path_, test::test_settings(), test::fake_identity,
                  test::no_effects());
    engine.start();
    const domain::Timestamp now = runtime::Clock().now();
    engine.post(
        domain::Command{.id = {1, 2},
                        .body = domain::SetTradingState{std::nullopt, domain::TradingState::Halted},
                        .issued_at = now,
                        .expires_at = now + std::chrono::seconds(10),
                        .trace = {}});
    io.poll();
  }
  const Ledger ledger = fold(Journal(path_, JournalAccess::ReadOnly));
  EXPECT_EQ(ledger.trading_state(std::nullopt), domain::TradingState::Halted);
  EXPECT_EQ(ledger.starts(), 2U);
  const json::object after = verified();
  EXPECT_GT(after.at("sequence").to_number<std::uint64_t>(),
            before.at("sequence").to_number<std::uint64_t>());
  EXPECT_EQ(after.at("cash"), before.at("cash"));
  EXPECT_EQ(after.at("totals").at("pnl"), before.at("totals").at("pnl"));
  EXPECT_EQ(after.at("totals").at("fills"), before.at("totals").at("fills"));
}

}  // namespace
}  // namespace polybot::order_manager
