// The closing verification: the venue's truth, the journal's fold and the last metrics, compared.
// Pure: it is given the three answers as text.
//
// All three are taken after the last order is done, but trades settle for seconds more and resolved
// markets pay when the venue pleases. So venue and journal are compared as at the match: money and
// shares of trades that are not mined count as moved, shares of a market that the venue has
// resolved count as the cash they pay, paid already or not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/domain/decimal.hpp"

namespace polybot::launcher {

// One row of the closing table; an empty text means that this side does not know the figure.
struct ComparedFigure {
  std::string name;
  std::string venue;
  std::string journal;
  std::string metrics;
  [[nodiscard]] bool equal() const;
};

// Between the backup and its restore nothing was recorded.
struct RestoredGap {
  std::int64_t backup_at_ms = 0;
  std::int64_t restored_at_ms = 0;
};
struct VenueTruth {
  std::uint64_t orders = 0;                          // accepted by the venue
  std::uint64_t lost = 0;                            // of these; see GapReading
  std::uint64_t fills = 0;                           // that did not fail
  domain::Money cash;                                // as of the match
  std::map<std::string, domain::Quantity> holdings;  // by "<market>:yes" or ":no", as of the match
};
// What order-manager's last comparison with the venue found.
struct LastLook {
  std::int64_t booked_until_ms = 0;
  domain::Money cash;       // venue - journal
  domain::Money positions;  // what differs, at its price
};
struct JournalTruth {
  std::uint64_t orders = 0;        // that the venue should have had
  std::uint64_t written_off = 0;   // that it may have had and canceled unfilled
  std::uint64_t ambiguous = 0;     // in doubt at the end: among `orders`
  std::uint64_t fills = 0;         // not reversed
  std::uint64_t fills_booked = 0;  // reversed ones included, as the counter has them
  std::uint64_t submitted = 0;
  domain::Money cash;
  domain::Money pnl;
  std::vector<RestoredGap> gaps;  // oldest first
  std::optional<LastLook> last_look;
  std::map<std::string, domain::Quantity> holdings;  // until they are sold or paid for
};
struct MetricsTruth {
  std::uint64_t submitted = 0;
  std::uint64_t fills_booked = 0;
};
// Outcomes of resolved markets and what a share of each pays.
using Payouts = std::map<std::string, domain::Price>;

// Each returns empty when the text is not what it should be. `pages` are the simulator's /state
// pages.
[[nodiscard]] std::optional<VenueTruth> read_venue(const std::vector<std::string>& pages);
[[nodiscard]] std::optional<JournalTruth> read_journal(const std::string& report);
[[nodiscard]] std::optional<MetricsTruth> read_metrics(const std::string& exposition);
// The venue's ids of the orders in a report that was made with --orders.
[[nodiscard]] std::set<std::string> read_order_ids(const std::string& report);
// Finds the client's orders that were placed in a gap, that the journal does not know, and that
// ended without a fill, or only with trades that failed: the venue no longer reports them. A
// resting order is not counted, because the journal should have it.
class GapReading {
 public:
  // `known`: the venue's ids of the journal's orders.
  GapReading(std::vector<RestoredGap> gaps, std::set<std::string> known)
      : gaps_(std::move(gaps)), known_(std::move(known)) {}
  // Give it all pages of the simulator's /state and /state/history, with orders and trades.
  void read(const std::string& page);
  [[nodiscard]] std::uint64_t lost() const;

 private:
  [[nodiscard]] bool in_gap(std::int64_t created_ms) const;

  std::vector<RestoredGap> gaps_;
  std::set<std::string> known_;
  std::optional<std::uint64_t> account_;
  std::set<std::string> ended_;  // an order may be told by the state and by the history
  std::set<std::string> filled_;
};
// From Gamma pages of closed markets.
void read_payouts(const std::string& page, Payouts& payouts);

// Outcomes whose quantities differ: perhaps only one side knows their resolution.
[[nodiscard]] std::vector<std::string> differing_outcomes(const VenueTruth& venue,
                                                          const JournalTruth& journal);

[[nodiscard]] std::vector<ComparedFigure> compare(const VenueTruth& venue,
                                                  const JournalTruth& journal,
                                                  const MetricsTruth& metrics,
                                                  const Payouts& payouts);
// Where no simulated venue tells its state.
[[nodiscard]] std::vector<ComparedFigure> compare_live(const JournalTruth& journal,
                                                       const MetricsTruth& metrics);

}  // namespace polybot::launcher
