// What the feed hears and knows, as a recording of the market channel (common/recording): the
// frames as the sockets said them, and the notes that make a recording complete. Trading never
// waits for it: lines that find no room are lost, counted, and named by a gap.
//
// A frame has the venue's time where it tells of a change, so that a burst stays together; other
// lines have our time, set to the venue's clock by the last change. A time that is minutes away
// from the frame's arrival is counted and counts as none: nothing that reads a recording can go
// back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/recording/writer.hpp"
#include "common/runtime/clock.hpp"
#include "common/runtime/logging.hpp"
#include "services/gateway/core/book_builder.hpp"
#include "services/gateway/core/market_catalogue.hpp"
#include "services/gateway/feed/feed_metrics.hpp"

namespace polybot::gateway {

struct RecorderSettings {
  recording::WriterSettings writer;
  std::string program;  // who records, for the header
  std::string venue;    // the address of the market channel
};

class FeedRecorder {
 public:
  // What is known, for the heads of files; both outlive this object. Throws runtime::CannotStart
  // when the folder cannot be written.
  FeedRecorder(RecorderSettings settings, const MarketCatalogue& catalogue,
               const BookBuilder& books, FeedMetrics& metrics, runtime::Clock clock);

  // The venue's clock minus ours, as it told it. One of more than a day is counted and not used.
  void set_clock_offset(domain::Duration offset);

  // A frame, before it is applied; `parsed` is what could be read of it.
  void on_frame(std::string_view text, const polymarket::MarketFrame& parsed,
                domain::Timestamp received_at);
  // A market at first sight, and each time it has changed.
  void on_market(const domain::Market& market);
  // The books of these markets are not what the venue has, from the last frame that was heard until
  // their next whole book.
  void on_gap(std::string_view reason, std::vector<domain::MarketId> markets);
  // A book that came by REST, after it was applied: no frame tells of it.
  void on_rest_book(const domain::MarketId& market);
  // Counts what was written and lost; begins a file that is due. Twice a second or so.
  void report();
  // Ends the file, counts what is left to count, and leaves word of the end in the folder
  // (recording/ending.hpp). Nothing is recorded after it.
  void close();

 private:
  [[nodiscard]] std::int64_t venue_ms(domain::Timestamp at) const;
  [[nodiscard]] std::int64_t now_ms() const { return venue_ms(clock_.now()); }
  void put(std::int64_t at_ms, std::string text, std::uint64_t lines = 1);
  [[nodiscard]] bool may_begin() const;
  void begin(std::int64_t at_ms);
  void lose(std::int64_t at_ms, std::uint64_t lines);
  // Counts and logs what is new in them.
  void tell(recording::Writer::Totals totals);
  // False: there is no room yet.
  [[nodiscard]] bool tell_loss(std::int64_t at_ms);
  // Appends all that is known, and counts the lines.
  void append_markets(std::int64_t at_ms, std::string& out, std::uint64_t& lines) const;
  void append_books(std::int64_t at_ms, std::string& out, std::uint64_t& lines) const;
  bool append_book(std::int64_t at_ms, const domain::Market& market, std::string_view made_of,
                   std::string& out) const;

  RecorderSettings settings_;
  const MarketCatalogue& catalogue_;
  const BookBuilder& books_;
  FeedMetrics& metrics_;
  runtime::Clock clock_;
  std::optional<domain::Duration> clock_offset_;
  std::optional<domain::Duration> behind_;  // the venue's clock minus ours, by the last change
  std::optional<std::int64_t> heard_ms_;    // the time of the last frame
  std::uint64_t frames_ = 0;                // that were heard
  std::uint64_t refused_lines_ = 0;         // for which the queue had no room
  std::uint64_t lost_lines_ = 0;            // of these, since the last gap that was told
  std::int64_t lost_from_ms_ = 0;
  recording::Writer::Totals reported_;
  runtime::log::Limited troubles_;
  recording::Writer writer_;
};

}  // namespace polybot::gateway
