// What keeps the stack from trading as it should, in words: what is wrong, since when, and what to
// do about it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/launcher/layout.hpp"
#include "deploy/launcher/screen_facts.hpp"

namespace polybot::launcher {

struct Trouble {
  std::string what;    // "gateway ended 4 times in a row: port 8080: address already in use"
  std::string since;   // "14:03:07Z"; empty when it is unknown
  std::string remedy;  // what to do, or that nothing is to be done; empty when `what` says it
  enum class ToldBy : std::uint8_t { Aggregator, Gateway };
  ToldBy told_by = ToldBy::Aggregator;  // whose page has it as well
  // "what, since 14:03:07Z: remedy"
  [[nodiscard]] std::string text() const;
};

// Causes come before consequences: processes that end, the journal, the venue, other services, then
// what holds trading back, and what else the gateway's status notes. A trouble that only follows
// from another in the list is left out.
[[nodiscard]] std::vector<Trouble> find_troubles(const Layout& layout, const ScreenFacts& facts);

}  // namespace polybot::launcher
