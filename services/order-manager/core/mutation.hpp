// Deliberate bugs for `make mutants`: a core built with -DPOLYBOT_MUTANT=<n> carries exactly one of
// them, and the tests must notice. In every other build mutated() is a compile-time false.
#pragma once

namespace polybot::order_manager {

enum class Mutation : int {
  None = 0,
  SendBeforeCommit = 1,        // orders leave before their intent is durable
  DedupeOff = 2,               // a repeated signal is a new signal
  FillKeyedByTradeOnly = 3,    // one trade can fill only one of our orders
  ReversalAsOppositeFill = 4,  // a failed trade is booked as its opposite
  ReserveFreedWhenAmbiguous = 5,
  NotFoundBelievedAtOnce = 6,   // ignores the hold after an ambiguous answer
  SettledIgnored = 7,           // sells shares whose purchase is not settled
  StalePositionIgnored = 8,     // trusts decisions that had not seen the last fill
  LateFillDropped = 9,          // a fill after the end of its order is not booked
  CanceledBeforeItsFills = 10,  // the end of an order is believed before the fills that it names
  FenceOff = 11,                // obeys signals of an ended lease
  LeaseEpochNotDurable = 12,    // every start counts its epochs from the same number
};

#ifndef POLYBOT_MUTANT
#define POLYBOT_MUTANT 0
#endif

consteval bool mutated(Mutation mutation) {
  return mutation != Mutation::None && POLYBOT_MUTANT == static_cast<int>(mutation);
}

}  // namespace polybot::order_manager
