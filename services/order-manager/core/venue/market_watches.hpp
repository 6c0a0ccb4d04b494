// What is known of markets beside the ledger's records: the gateway's hints, and which of the
// venue's own records and results have been asked for. The gateway's word is a hint; the venue's
// record decides. Volatile.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "services/order-manager/core/inputs.hpp"
#include "services/order-manager/core/turn.hpp"

namespace polybot::order_manager {

// Whether the ledger has a record of the market by which it can still be traded.
[[nodiscard]] bool tradable(const Ledger& ledger, const domain::MarketId& market);

// Turns holdings into a claim: one record per strategy that has a position, so that each stream
// contains it. Ignores a payout that is no result, and a second result.
void resolve_market(Turn& turn, const domain::MarketId& market, const domain::Payout& payout);

// Records the rest where the journal ends in the middle of a resolution: some holders' streams
// would never contain it. `newest` is the journal's last record.
void finish_resolution(Turn& turn, const domain::Event& newest);

class MarketWatches {
 public:
  // ---- questions
  // Whether the market is known to take orders, beyond what the ledger's record says.
  [[nodiscard]] bool accepting(const domain::MarketId& market, domain::Side side,
                               domain::Timestamp now) const;
  [[nodiscard]] bool hinted_over(const domain::MarketId& market) const;
  // The venue has no record of the market, so asking for it now is useless.
  [[nodiscard]] bool unknown_to_venue(const domain::MarketId& market, domain::Timestamp now) const;
  // The ledger's record, or that of a market that was over when it was read: the ledger keeps no
  // such record where nothing is at stake.
  [[nodiscard]] std::optional<domain::Market> record_of(const Ledger& ledger,
                                                        const domain::MarketId& market) const;

  // ---- what happens
  // Asks for the venue's record, unless it has been asked lately.
  void want(Turn& turn, const domain::MarketId& market);
  // The same for a foreign order or trade that the next reading of the account will book there.
  void want_for_account(Turn& turn, const domain::MarketId& market);
  void hinted(Turn& turn, const domain::Market& market);
  struct News {
    bool account_waits = false;  // a reading of the account was waiting for it
    bool over = false;
    std::optional<domain::Payout> payout;
  };
  // Records an answer that is worth it.
  [[nodiscard]] News answered(Turn& turn, const MarketRead& read);
  // Asks for what is due: results, records of markets that are over, and those that signals wait
  // for.
  void drive(Turn& turn, const std::set<domain::MarketId>& waited_for,
             domain::Timestamp started_at);
  void forget_old(const Turn& turn);

 private:
  struct Watch {
    domain::MarketStatus hinted = domain::MarketStatus::Active;
    std::optional<domain::Payout> hinted_payout;  // of one that is said to be resolved
    domain::Timestamp hinted_at{};
    domain::Timestamp next_read_at{};  // not before: reads of the record
    bool reading = false;
    domain::Timestamp asked_result_at{};  // last
    domain::Timestamp not_found_until{};
    bool account_waits = false;
    std::shared_ptr<const domain::Market> ended;  // the record, for what is to be booked there
  };
  using Open = std::map<domain::MarketId, bool>;  // whether anything is held there
  void ask_for_results(Turn& turn, const Open& open, domain::Timestamp started_at);

  std::map<domain::MarketId, Watch> watches_;
};

}  // namespace polybot::order_manager
