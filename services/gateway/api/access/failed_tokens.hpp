// How much an address that sends wrong tokens is slowed down: each failure within a minute of the
// last doubles the time for which its refusal is held back. A right token never waits, so that an
// operator who shares an address (a proxy) with somebody who guesses still halts at once.
//
// Pure: the caller has the clock and does the waiting. Bounded: the addresses that failed last.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/domain/time.hpp"

namespace polybot::gateway {

class FailedTokens {
 public:
  static constexpr std::size_t kAddressesMax = 1024;
  static constexpr domain::Duration kFirst = std::chrono::milliseconds(100);
  static constexpr domain::Duration kLongest = std::chrono::seconds(5);
  static constexpr domain::Duration kForgotten = std::chrono::minutes(1);
  // Refusals held back at once, by address and in all: each has a connection.
  static constexpr std::size_t kHeldOfAddress = 4;
  static constexpr std::size_t kHeldMax = 64;

  // A wrong token came at `now` (monotonic). How long its refusal is to be held back; zero when too
  // many are: then it is refused at once and its connection closed. Otherwise release() follows.
  [[nodiscard]] domain::Duration hold(std::string_view address, domain::Duration now);
  void release(std::string_view address);

 private:
  struct Entry {
    std::string network;
    domain::Duration last{};
    domain::Duration delay{};
    std::size_t held = 0;
  };
  using Entries = std::list<Entry>;

  Entry& entry_of(const std::string& network, domain::Duration now);

  Entries entries_;  // that failed last first
  std::unordered_map<std::string, Entries::iterator> places_;
  std::size_t held_ = 0;
};

// An IPv4 address itself; of an IPv6 address its /64, because one host has all of that.
[[nodiscard]] std::string network_of(std::string_view address);

}  // namespace polybot::gateway
