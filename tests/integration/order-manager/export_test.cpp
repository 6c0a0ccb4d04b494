// The rows of an export add up to the numbers that verify, the API and the metrics show.
#include <boost/json.hpp>
#include <map>
#include <sstream>

#include "services/order-manager/tools/commands.hpp"
#include "services/order-manager/tools/report.hpp"
#include "tests/integration/order-manager/journal_fixture.hpp"
#include "tests/unit/order-manager/rig.hpp"

namespace polybot::order_manager {
namespace {

using test::kArb;
using test::kFarm;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kDrill = "a drill";
const domain::Timestamp kUntil = domain::from_unix_ms(1'795'014'400'500);

class ExportTest : public TradedJournal {
 protected:
  // Orders that were filled, canceled, rejected, denied singly and by the signal, and one that
  // rests; two halts.
  ExportTest() {
    test::Rig rig;
    rig.bring_up();
    const domain::Market market = test::make_market(1);
    rig.hold(kArb, market, "0.52", "25");
    rig.reject(rig.buy(kArb, market, "0.52", "25"));
    rig.accept(rig.buy(kArb, market, "0.52", "25"));
    const auto canceled = rig.buy(kArb, market, "0.51", "25");
    rig.accept(canceled);
    rig.step(rig.update(canceled, domain::VenueOrderStatus::Canceled));
    rig.buy(kArb, market, "0.99", "25");
    rig.buy(kArb, market, "0.51", "2500");
    for (const auto state : {domain::TradingState::Halted, domain::TradingState::Active}) {
      rig.step(domain::Command{{1, static_cast<std::uint64_t>(state)},
                               domain::SetTradingState{kFarm, state, kDrill, kUntil},
                               rig.now,
                               rig.now + std::chrono::seconds(5),
                               {}});
    }
    Journal journal(path_, JournalAccess::ReadWrite);
    EXPECT_EQ(journal.append(rig.journal), "");
    ledger_ = fold(journal);
  }

  // The rows, by column; the header line first.
  std::vector<std::map<std::string, std::string>> exported(const char* what) const {
    testing::internal::CaptureStdout();
    EXPECT_EQ(export_csv({what, "--csv", path_}), 0);
    std::istringstream lines(testing::internal::GetCapturedStdout());
    std::vector<std::string> names;
    std::vector<std::map<std::string, std::string>> rows;
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> fields;
      std::istringstream text(line);
      for (std::string field; std::getline(text, field, ',');) fields.push_back(field);
      if (names.empty()) {
        names = fields;
        continue;
      }
      auto& row = rows.emplace_back();
      for (std::size_t i = 0; i < std::min(names.size(), fields.size()); ++i)
        row[names[i]] = fields[i];
    }
    return rows;
  }

  Ledger ledger_;
};

TEST_F(ExportTest, HasARowForEveryOrderAndEachIsCountedOnce) {
  std::map<std::string, std::uint64_t> counted;
  std::map<std::string, std::uint64_t> denials;
  for (const auto& row : exported("orders")) {
    ++counted[row.at("counted_as")];
    if (row.at("status") == "denied") ++denials[row.at("reason")];
  }
  const auto report = boost::json::parse(json_report(ledger_, OrderList::Leave));
  const auto& totals = report.at("totals");
  std::uint64_t submitted = 0;
  for (const auto& [status, count] : counted) {
    if (status != "denied") submitted += count;
    const auto told = status == "live" ? totals.at("orders_live") : totals.at("orders").at(status);
    EXPECT_EQ(count, told.to_number<std::uint64_t>()) << status;
  }
  EXPECT_EQ(submitted, totals.at("orders").at("submitted").to_number<std::uint64_t>());
  EXPECT_EQ(submitted, 4U);
  EXPECT_EQ(counted["denied"], 2U);
  ASSERT_EQ(denials.size(), totals.at("denials").as_object().size());
  for (const auto& [reason, count] : denials) {
    EXPECT_EQ(count, totals.at("denials").at(reason).to_number<std::uint64_t>()) << reason;
  }
}

TEST_F(ExportTest, TellsWhyAnOrderEnded) {
  std::map<std::string, std::string> reasons;
  for (const auto& row : exported("orders")) reasons[row.at("status")] = row.at("reason");
  EXPECT_THAT(reasons["rejected"], StartsWith("not_filled"));
  EXPECT_EQ(reasons["canceled"], "venue");
}

TEST_F(ExportTest, HasARowForEveryFillAndChangeOfState) {
  EXPECT_EQ(exported("fills").size(), 1U);
  const auto states = exported("states");
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].at("scope"), "spread_farm");
  EXPECT_EQ(states[0].at("state"), "halted");
  EXPECT_EQ(states[0].at("reason"), "requested");
  EXPECT_EQ(states[0].at("by"), "operator");
  EXPECT_EQ(states[0].at("acknowledged_until"), "2026-11-18T15:06:40.500Z");
  EXPECT_EQ(states[0].at("stated_reason"), kDrill);
  const auto report = boost::json::parse(json_report(ledger_, OrderList::Leave));
  EXPECT_EQ(report.at("strategies")
                .at("spread_farm")
                .at("state_changes")
                .at("halted")
                .at("requested")
                .to_number<int>(),
            1);
}

TEST_F(ExportTest, NamesWhatItCanExport) {
  try {
    (void)export_csv({"orderz", path_});
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("orders|fills|pnl|states"));
  }
}

}  // namespace
}  // namespace polybot::order_manager
