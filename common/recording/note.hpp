// What a recording says beside the frames of the market channel: a line {"ts_ms": time,
// "note": kind, ...} for each fact that no frame tells. A reader passes over kinds that it does not
// know; one from before there were notes passes over all of them.
//
//   header    a writer begins here: its program, the venue, how far the clocks are apart
//   market    how a market stands from here on: at first sight, at each change, and for every known
//             market at the head of a file
//   resolved  what a market pays
//   gap       the frames from `from_ms` to here are not complete, and why; until their next whole
//             book the books of these markets are unknown
//
// `ts_ms` is the venue's time, as in frames: our clock plus `clock_offset_ms` while nothing better
// is known. Prices and sizes are texts in the venue's notation, times are Unix milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/domain/instrument.hpp"
#include "common/polymarket/messages/parse_error.hpp"

namespace polybot::recording {

// Of the lines that this version writes. One that changes what a line means gets a new number.
inline constexpr std::int64_t kFormatVersion = 1;

struct Header {
  std::int64_t version = kFormatVersion;
  std::string program;  // "gateway 0.1.0 (0123456789ab)"
  std::string venue;    // the address of its market channel
  // The venue's clock minus ours, to a second; none: the venue did not tell its time.
  std::optional<std::int64_t> clock_offset_ms;
  bool operator==(const Header&) const = default;
};

struct MarketNote {
  domain::Market market;  // `payout` is not written: see ResolvedNote
  bool operator==(const MarketNote&) const = default;
};

struct ResolvedNote {
  domain::MarketId market;
  domain::Payout payout;
  bool operator==(const ResolvedNote&) const = default;
};

struct GapNote {
  std::string reason;  // a word, for people and for counting
  std::optional<std::int64_t> from_ms;
  std::vector<domain::MarketId> markets;  // empty: all
  std::uint64_t lines = 0;                // that the writer had and lost; 0: unknown or none
  bool operator==(const GapNote&) const = default;
};

// A kind of a later version.
struct UnknownNote {
  bool operator==(const UnknownNote&) const = default;
};

using Note = std::variant<UnknownNote, Header, MarketNote, ResolvedNote, GapNote>;

// The longest line that is read as a note; a gap of 2000 markets has 150 KB.
inline constexpr std::size_t kNoteBytesMax = 1U << 20;

// Appends the line of a note, with its end.
void append_line(std::int64_t at_ms, const Note& note, std::string& out);
// Appends the line of a frame. `made_of` is empty for what the venue sent, else one word for where
// it comes from: the recorder writes books that it knows as the venue would have sent them.
void append_line(std::int64_t at_ms, std::string_view frame, std::string_view made_of,
                 std::string& out);

// Reads a line with a member "note". Checks what its reader relies on: a market has two different
// tokens, a price grid, a slug; a payout adds up to one.
[[nodiscard]] polymarket::ParseResult<Note> parse_note(std::string_view line);

}  // namespace polybot::recording
