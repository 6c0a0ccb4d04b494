#include "services/gateway/feed/feed_recorder.hpp"

#include <algorithm>
#include <utility>

#include "common/recording/ending.hpp"
#include "common/recording/note.hpp"

namespace polybot::gateway {

using domain::Market;
using domain::MarketId;
using domain::Timestamp;

namespace {

// What the venue says of a change is heard within seconds: a time further off is a fault of its
// clock or of its format.
constexpr domain::Duration kOddTime = std::chrono::minutes(5);
// A host whose clock is wrong by more could not have connected: no certificate would be valid.
constexpr domain::Duration kClockOffsetMax = std::chrono::hours(24);

domain::Duration magnitude(domain::Duration span) {
  return span < domain::Duration::zero() ? -span : span;
}

// When the newest change of a frame was made, and whether a time in it can be no venue's.
struct ChangeTime {
  std::optional<Timestamp> at;
  bool is_odd = false;
};

ChangeTime change_time(const polymarket::MarketFrame& frame, Timestamp arrived_at) {
  ChangeTime found;
  const auto take = [&](Timestamp said) {
    if (magnitude(said - arrived_at) > kOddTime) {
      found.is_odd = true;
    } else {
      found.at = std::max(found.at, std::optional(said));
    }
  };
  for (const polymarket::MarketEvent& event : frame.events) {
    if (const auto* change = std::get_if<polymarket::PriceChangeEvent>(&event))
      take(change->venue_at);
    if (const auto* trade = std::get_if<polymarket::LastTradeEvent>(&event)) take(trade->venue_at);
  }
  for (const polymarket::UnreadableMessage& message : frame.unreadable) {
    if (message.error.where == "timestamp") found.is_odd = true;
  }
  return found;
}

void append_market(std::int64_t at_ms, const Market& market, std::string& out,
                   std::uint64_t& lines) {
  recording::append_line(at_ms, recording::MarketNote{market}, out);
  ++lines;
  if (market.status != domain::MarketStatus::Resolved) return;
  recording::append_line(at_ms, recording::ResolvedNote{market.id, market.payout}, out);
  ++lines;
}

}  // namespace

FeedRecorder::FeedRecorder(RecorderSettings settings, const MarketCatalogue& catalogue,
                           const BookBuilder& books, FeedMetrics& metrics, runtime::Clock clock)
    : settings_(std::move(settings)),
      catalogue_(catalogue),
      books_(books),
      metrics_(metrics),
      clock_(clock),
      writer_(settings_.writer) {}

std::int64_t FeedRecorder::venue_ms(Timestamp at) const {
  return domain::to_unix_ms(at + behind_.value_or(clock_offset_.value_or(domain::Duration{})));
}

void FeedRecorder::set_clock_offset(domain::Duration offset) {
  if (magnitude(offset) <= kClockOffsetMax) {
    clock_offset_ = offset;
  } else {
    metrics_.recording_odd_times.increment();
  }
}

void FeedRecorder::on_frame(std::string_view text, const polymarket::MarketFrame& parsed,
                            Timestamp received_at) {
  ++frames_;
  const ChangeTime change =
      change_time(parsed, received_at + clock_offset_.value_or(domain::Duration{}));
  if (change.is_odd) metrics_.recording_odd_times.increment();
  if (change.at) behind_ = *change.at - received_at;
  const std::int64_t at_ms = change.at ? domain::to_unix_ms(*change.at) : venue_ms(received_at);
  std::string line;
  recording::append_line(at_ms, text, "", line);
  heard_ms_ = at_ms;
  put(at_ms, std::move(line));
}

void FeedRecorder::on_market(const Market& market) {
  std::string text;
  std::uint64_t lines = 0;
  const std::int64_t at_ms = now_ms();
  append_market(at_ms, market, text, lines);
  put(at_ms, std::move(text), lines);
}

void FeedRecorder::on_gap(std::string_view reason, std::vector<MarketId> markets) {
  std::string text;
  const std::int64_t at_ms = now_ms();
  recording::append_line(at_ms,
                         recording::GapNote{.reason = std::string(reason),
                                            .from_ms = heard_ms_,
                                            .markets = std::move(markets),
                                            .lines = 0},
                         text);
  put(at_ms, std::move(text));
}

void FeedRecorder::on_rest_book(const MarketId& id) {
  const Market* market = catalogue_.find(id);
  std::string text;
  const std::int64_t at_ms = now_ms();
  if (market != nullptr && append_book(at_ms, *market, "rest", text)) put(at_ms, std::move(text));
}

bool FeedRecorder::append_book(std::int64_t at_ms, const Market& market, std::string_view made_of,
                               std::string& out) const {
  const auto view = books_.find(market.id);
  if (!view || !view->fresh()) return false;
  std::string frame;
  polymarket::write_book({.market = market.id,
                          .token = market.yes_token,
                          .venue_at = view->venue_at,
                          .bids = view->book->bids(),
                          .asks = view->book->asks(),
                          .tick = view->tick,
                          .last_trade_price = view->last},
                         {market.min_size, market.neg_risk}, frame);
  recording::append_line(at_ms, frame, made_of, out);
  return true;
}

void FeedRecorder::append_markets(std::int64_t at_ms, std::string& out,
                                  std::uint64_t& lines) const {
  for (const Market* market : catalogue_.tracked()) append_market(at_ms, *market, out, lines);
}

void FeedRecorder::append_books(std::int64_t at_ms, std::string& out, std::uint64_t& lines) const {
  for (const Market* market : catalogue_.tracked()) {
    if (append_book(at_ms, *market, "books", out)) ++lines;
  }
}

void FeedRecorder::begin(std::int64_t at_ms) {
  std::string header;
  recording::Header said{.version = recording::kFormatVersion,
                         .program = settings_.program,
                         .venue = settings_.venue,
                         .clock_offset_ms = {}};
  if (clock_offset_) said.clock_offset_ms = *clock_offset_ / std::chrono::milliseconds(1);
  recording::append_line(at_ms, said, header);
  std::string state;
  std::uint64_t lines = 1;
  append_markets(at_ms, state, lines);
  append_books(at_ms, state, lines);
  // Without room after all the writer goes on asking.
  [[maybe_unused]] const bool taken =
      writer_.begin(at_ms, std::move(header), std::move(state), lines);
}

// A head is all that is known: it is made only when the writer can take it.
bool FeedRecorder::may_begin() const {
  return writer_.wants_begin() && writer_.has_room();
}

void FeedRecorder::put(std::int64_t at_ms, std::string text, std::uint64_t lines) {
  if (may_begin()) begin(at_ms);
  if (lost_lines_ > 0 && !tell_loss(at_ms)) return lose(at_ms, lines);
  if (!writer_.write(at_ms, std::move(text), lines)) lose(at_ms, lines);
}

void FeedRecorder::lose(std::int64_t at_ms, std::uint64_t lines) {
  if (lost_lines_ == 0) lost_from_ms_ = at_ms;
  lost_lines_ += lines;
  refused_lines_ += lines;
  metrics_.recording_lost[RecordingLoss::QueueFull].add(static_cast<double>(lines));
}

// After the gap the recording has the books again, as a file has at its head.
bool FeedRecorder::tell_loss(std::int64_t at_ms) {
  if (!writer_.has_room()) return false;
  std::string text;
  recording::append_line(
      at_ms,
      recording::GapNote{
          .reason = "queue_full", .from_ms = lost_from_ms_, .markets = {}, .lines = lost_lines_},
      text);
  std::uint64_t lines = 1;
  append_markets(at_ms, text, lines);
  append_books(at_ms, text, lines);
  if (!writer_.write(at_ms, std::move(text), lines)) return false;
  lost_lines_ = 0;
  return true;
}

void FeedRecorder::report() {
  if (may_begin()) begin(now_ms());
  if (lost_lines_ > 0) (void)tell_loss(now_ms());
  tell(writer_.totals());
}

void FeedRecorder::close() {
  if (lost_lines_ > 0) (void)tell_loss(now_ms());
  const recording::Writer::Totals totals = writer_.close();
  tell(totals);
  const recording::Ending ending{.frames = frames_,
                                 .lost_lines = totals.lost_lines + refused_lines_,
                                 .unmarked_lines = totals.unmarked_lines + lost_lines_,
                                 .trouble = totals.trouble};
  if (const std::error_code error = recording::write_ending(settings_.writer.folder, ending))
    runtime::log::warning("The end of the recording cannot be noted", {{"why", error.message()}});
}

void FeedRecorder::tell(recording::Writer::Totals totals) {
  metrics_.recording_bytes.add(static_cast<double>(totals.bytes - reported_.bytes));
  metrics_.recording_lost[RecordingLoss::WriteFailed].add(
      static_cast<double>(totals.lost_lines - reported_.lost_lines));
  metrics_.recording_errors.add(static_cast<double>(totals.errors - reported_.errors));
  if (!totals.trouble.empty()) {
    troubles_.warning("The recording is not complete: writing fails and is tried again",
                      {{"why", totals.trouble}, {"lines_lost", totals.lost_lines}});
  }
  if (totals.removed_files > reported_.removed_files)
    runtime::log::info("The oldest recordings were removed, as record.folder_mib wants it",
                       {{"files", totals.removed_files - reported_.removed_files}});
  if (totals.folder_trouble != reported_.folder_trouble && !totals.folder_trouble.empty())
    runtime::log::warning("The folder of recordings cannot be kept in order",
                          {{"why", totals.folder_trouble}});
  reported_ = std::move(totals);
}

}  // namespace polybot::gateway
