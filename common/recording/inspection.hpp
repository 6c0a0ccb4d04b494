// A recording read from end to end: what it holds, and what is wrong with it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/recording/books.hpp"
#include "common/recording/reader.hpp"

namespace polybot::recording {

inline constexpr std::size_t kProblemsNamedMax = 100;

// A stretch that is missing, and which the recording itself names.
struct NamedGap {
  std::string place;  // "frames.jsonl:17"
  std::int64_t at_ms = 0;
  std::int64_t from_ms = 0;
  std::string reason;
  std::size_t markets = 0;  // 0: all
};

struct Inspection {
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::uint64_t frames = 0;
  std::uint64_t made_frames = 0;  // of these, written by the recorder from what it knew
  std::uint64_t headers = 0;      // starts of a writer
  std::uint64_t market_notes = 0;
  std::uint64_t resolved_notes = 0;
  std::map<std::string_view, std::uint64_t> events;  // of frames, by the venue's name
  std::set<domain::MarketId> markets;                // of which there are books or changes
  std::size_t described_markets = 0;
  std::string writer;  // of the last header: program, venue
  std::vector<NamedGap> gaps;
  // What is wrong, a line each, and how often in all, also where only the first are named.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
  std::array<std::uint64_t, 3> faults{};  // by Fault
  std::uint64_t skipped_lines = 0;
  std::uint64_t unreadable_frames = 0;
  std::string damage;  // where and why it ends early; empty: it does not
};

[[nodiscard]] Inspection inspect(Recording& recording);

}  // namespace polybot::recording
