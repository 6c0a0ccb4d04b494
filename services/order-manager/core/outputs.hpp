// What the core wants done, in three kinds: `record` goes to the journal in one transaction per
// loop turn, `after_commit` happens once that transaction is durable, `at_once` (cancels, which can
// only reduce risk) need not wait. A turn may collect the outputs of several inputs; finish_turn()
// is the one place that knows the order.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "common/domain/events.hpp"
#include "common/domain/mutation.hpp"

namespace polybot::order_manager {

// Sent as one request (POST /order for one, POST /orders for more, at most kLegsMax). `order` is
// complete but for the signature. Each is answered by one SubmitAnswered.
struct SubmitBatch {
  std::vector<domain::Order> orders;
  // The gateway's stamp of the tick that caused the signal; empty for orders of any other cause,
  // and for quotes that had to wait.
  domain::Timestamp tick_at{};
};

// Read the venue's own market record -> MarketRead.
struct ReadMarket {
  domain::MarketId market;
};
// Ask the venue's REST whether the market is resolved -> ResolutionConfirmed when it is.
struct ConfirmResolution {
  domain::MarketId market;
  // The payout by the market channel. It proves nothing alone, but the listing's prices count when
  // they agree.
  std::optional<domain::Payout> told;
};
// Read open orders first, then trades since then, then balances. The answer is always one
// domain::VenueAccount or AccountReadFailed; no other reading begins before it.
struct ReadAccount {
  domain::Timestamp trades_since{};
  std::vector<domain::TokenId> tokens;  // whose balances are wanted
  std::vector<domain::TradeId> trades;  // older ones that are wanted by their id
  std::vector<domain::UtcDate> income;  // the days whose rebates and rewards are wanted
};
using Read = std::variant<ReadMarket, ConfirmResolution, ReadAccount>;

struct Outputs {
  // `event` is the journal record; the whole is the message of order.<strategy> (order.all when the
  // strategy is empty), to be published after the commit.
  std::vector<domain::StreamedEvent> record;

  struct AtOnce {
    std::vector<domain::VenueOrderId> cancels;  // each is answered by one CancelAnswered
  } at_once;

  struct AfterCommit {
    std::vector<SubmitBatch> submits;  // send in this order: exits, takers, quotes
    std::vector<Read> reads;
    // Answers to commands that had been answered before: published again with their old seq.
    std::vector<domain::StreamedEvent> repeats;
    std::vector<std::string> given_up;  // ids of trades that could not be read, to be logged
  } after_commit;

  void clear() {
    record.clear();
    at_once.cancels.clear();
    after_commit.submits.clear();
    after_commit.reads.clear();
    after_commit.repeats.clear();
    after_commit.given_up.clear();
  }
  [[nodiscard]] bool empty() const {
    return record.empty() && at_once.cancels.empty() && after_commit.submits.empty() &&
           after_commit.reads.empty() && after_commit.repeats.empty() &&
           after_commit.given_up.empty();
  }
};

// Runs one turn's outputs in the only right order and clears them. `commit(record)` returns whether
// the records are durable; it is not called when there are none. Returns false when it failed: then
// nothing of after_commit has happened, and the caller passes CommitFailed to the core.
template <class AtOnce, class Commit, class AfterCommit>
[[nodiscard]] bool finish_turn(Outputs& outputs, AtOnce&& at_once, Commit&& commit,
                               AfterCommit&& after_commit) {
  if (!outputs.at_once.cancels.empty()) at_once(std::as_const(outputs.at_once));
  if (mutated(Mutation::SendBeforeCommit)) after_commit(std::as_const(outputs));
  const bool durable = outputs.record.empty() || commit(std::as_const(outputs.record));
  if (durable && !mutated(Mutation::SendBeforeCommit)) after_commit(std::as_const(outputs));
  outputs.clear();
  return durable;
}

}  // namespace polybot::order_manager
