// Deliberate bugs for `make mutants`. Cores built with -DPOLYBOT_MUTANTS contain all of them,
// inactive, and activate the one that present_mutation names; the tests must notice it. In every
// other build mutated() is a compile-time false.
#pragma once

namespace polybot {

enum class Mutation : int {
  None = 0,
  SendBeforeCommit = 1,        // orders leave before their intent is durable
  DedupeOff = 2,               // a repeated signal is a new signal
  FillKeyedByTradeOnly = 3,    // one trade can fill only one of our orders
  ReversalAsOppositeFill = 4,  // a failed trade is booked as its opposite
  ReserveFreedWhenAmbiguous = 5,
  NotFoundBelievedAtOnce = 6,    // ignores the hold after an ambiguous answer
  SettledIgnored = 7,            // sells shares whose purchase is not settled
  StalePositionIgnored = 8,      // trusts decisions that had not seen the last fill
  LateFillDropped = 9,           // a fill after the end of its order is not booked
  CanceledBeforeItsFills = 10,   // the end of an order is believed before the fills that it names
  FenceOff = 11,                 // obeys signals of an ended lease
  LeaseEpochNotDurable = 12,     // every start counts its epochs from the same number
  StampsBelieved = 13,           // takes the stamps of earlier processes for its own time
  ClockUnchecked = 14,           // asks and orders whatever the venue's clock says
  GapNotNoticed = 15,            // a message after a hole in a stream is taken for the next one
  PageBoundOff = 16,             // reads as many pages of a state as the answers promise
  OldAnswerAccepted = 17,        // takes an answer that was given before the newest hole
  ImmediateBuyByShares = 18,     // keeps cash back for the shares asked for, not for what is signed
  DepositsNotFollowed = 19,      // the free collateral ignores what others moved
  ReadingsPauseOrders = 20,      // a reading that the venue throttles holds up orders and exits
  PairsBroken = 21,              // sells half of a pair while only reducing
  HandOrdersCanceled = 22,       // cancels orders that a person has placed
  OpeningHoldingsIgnored = 23,   // takes the account for empty when the journal begins
  CountedFillsIgnored = 24,      // waits for the trades that an order's event has counted
  AllBalancesNeeded = 25,        // a reading with a refused balance is none
  MissingCashIsNoLoss = 26,      // the loss of the day is that of the trades alone
  StuckTradesHoldReadings = 27,  // every reading reaches back to the oldest unsettled trade
};

#ifdef POLYBOT_MUTANTS
// Set before any core is made.
inline Mutation present_mutation = Mutation::None;
inline bool mutated(Mutation mutation) {
  return mutation != Mutation::None && mutation == present_mutation;
}
#else
consteval bool mutated(Mutation) {
  return false;
}
#endif

}  // namespace polybot
