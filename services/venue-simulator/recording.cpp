#include "services/venue-simulator/recording.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <fstream>
#include <optional>
#include <utility>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/runtime/config.hpp"

namespace polybot::venue_simulator {
namespace fs = std::filesystem;

namespace {

// Lines before the first frame are allowed up to here; a longer search would delay the answer that
// there is none. deploy/check-data.sh looks as far.
constexpr std::uint64_t kPreambleLinesMax = 1'000;
constexpr std::uint64_t kPreambleBytesMax = 32U << 20;
// Between two frames. What is left unread then takes a second or two.
constexpr std::uint64_t kGapLinesMax = 1'000'000;
constexpr std::uint64_t kGapBytesMax = 256U << 20;
constexpr std::size_t kRawBytesKept = 8U << 20;  // of a frame's memory, for the next one

constexpr std::string_view kWhyNoFrame = "it is no {\"ts_ms\": time, \"raw\": frame}";
constexpr std::string_view kWhyTooLong = "it has more than 32 MiB";
constexpr std::string_view kWhyTooDeep = "its JSON is nested too deep";

std::unique_ptr<std::istream> opened(const fs::path& path) {
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) throw runtime::CannotStart("cannot read the recording " + path.string());
  return file;
}

RecordingLines::Compression compression_of(const fs::path& path) {
  return path.extension() == ".zst" ? RecordingLines::Compression::Zstd
                                    : RecordingLines::Compression::None;
}

// Takes the two members of a line that matter as the parser passes over the text, so that a line of
// millions of values takes no more memory than its text.
struct FrameHandler {
  static constexpr std::size_t max_object_size = ~std::size_t{0};
  static constexpr std::size_t max_array_size = ~std::size_t{0};
  static constexpr std::size_t max_key_size = ~std::size_t{0};
  static constexpr std::size_t max_string_size = ~std::size_t{0};

  using Text = boost::json::string_view;
  using Error = boost::system::error_code;
  enum class Member : std::uint8_t { Other, Time, Raw };

  std::optional<std::int64_t> at_ms;
  bool has_raw = false;
  std::string raw;

  void reset() {
    at_ms.reset();
    has_raw = false;
    raw.clear();
    depth_ = 0;
    is_object_ = false;
    key_.clear();
    member_ = Member::Other;
  }

  bool on_document_begin(Error& /*ec*/) { return true; }
  bool on_document_end(Error& /*ec*/) { return true; }
  bool on_object_begin(Error& /*ec*/) {
    is_object_ = is_object_ || depth_ == 0;
    return enter();
  }
  bool on_object_end(std::size_t /*size*/, Error& /*ec*/) { return leave(); }
  bool on_array_begin(Error& /*ec*/) { return enter(); }
  bool on_array_end(std::size_t /*size*/, Error& /*ec*/) { return leave(); }
  bool on_key_part(Text part, std::size_t /*size*/, Error& /*ec*/) {
    constexpr std::size_t kEnough = 8;  // no key of ours is as long
    if (depth_ == 1 && key_.size() < kEnough) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text part, std::size_t size, Error& ec) {
    on_key_part(part, size, ec);
    if (depth_ != 1 || !is_object_) return true;
    member_ = key_ == "ts_ms" ? Member::Time : key_ == "raw" ? Member::Raw : Member::Other;
    key_.clear();
    // The last one of a name counts.
    if (member_ == Member::Time) at_ms.reset();
    if (member_ == Member::Raw) {
      has_raw = false;
      raw.clear();
    }
    return true;
  }
  bool on_string_part(Text part, std::size_t /*size*/, Error& /*ec*/) {
    if (depth_ == 1 && member_ == Member::Raw) raw.append(part.data(), part.size());
    return true;
  }
  bool on_string(Text part, std::size_t size, Error& ec) {
    has_raw = has_raw || (depth_ == 1 && member_ == Member::Raw);
    return on_string_part(part, size, ec);
  }
  bool on_number_part(Text /*part*/, Error& /*ec*/) { return true; }
  bool on_int64(std::int64_t value, Text /*text*/, Error& /*ec*/) {
    if (depth_ == 1 && member_ == Member::Time) at_ms = value;
    return true;
  }
  bool on_uint64(std::uint64_t /*value*/, Text /*text*/, Error& /*ec*/) { return true; }
  bool on_double(double /*value*/, Text /*text*/, Error& /*ec*/) { return true; }
  bool on_bool(bool /*value*/, Error& /*ec*/) { return true; }
  bool on_null(Error& /*ec*/) { return true; }
  bool on_comment_part(Text /*part*/, Error& /*ec*/) { return true; }
  bool on_comment(Text /*part*/, Error& /*ec*/) { return true; }

 private:
  bool enter() {
    ++depth_;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::size_t depth_ = 0;
  bool is_object_ = false;  // the line
  std::string key_;
  Member member_ = Member::Other;
};

std::string_view trimmed_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

std::string why_none(std::uint64_t lines, bool too_long) {
  if (lines == 0) return "it holds no line";
  if (lines == 1 && too_long) return "its first line has more than 32 MiB";
  return "none of its first " + std::to_string(lines) +
         " lines is {\"ts_ms\": time, \"raw\": frame}";
}

}  // namespace

class Recording::FrameReader {
 public:
  // Reads a line into `frame`; why it is none, or empty.
  std::string_view read(std::string_view line, RecordedFrame& frame) {
    const std::string_view text = trimmed_end(line);
    boost::system::error_code error;
    parser_.reset();
    parser_.handler().reset();
    const std::size_t used = parser_.write_some(false, text.data(), text.size(), error);
    FrameHandler& found = parser_.handler();
    if (error == boost::json::error::too_deep) return kWhyTooDeep;
    if (error || used != text.size() || !found.at_ms || !found.has_raw) return kWhyNoFrame;
    frame.at_ms = *found.at_ms;
    frame.raw.swap(found.raw);
    if (found.raw.capacity() > kRawBytesKept) std::string().swap(found.raw);
    return {};
  }

 private:
  boost::json::basic_parser<FrameHandler> parser_{boost::json::parse_options()};
};

Recording::Recording(const fs::path& path) : Recording(opened(path), path, fs::file_size(path)) {}

Recording::Recording(std::unique_ptr<std::istream> in, const fs::path& path,
                     std::uint64_t file_bytes)
    : path_(path.string()),
      lines_(std::move(in), compression_of(path)),
      reader_(std::make_unique<FrameReader>()) {
  name_ = path.filename().string();
  name_ = name_.substr(0, name_.find('.'));
  fingerprint_ = path.filename().string() + ":" + std::to_string(file_bytes);
  const RecordedFrame* const first = peek();
  if (first == nullptr) {
    const std::string damage =
        lines_.damage().empty() ? "" : ", and it is damaged: " + lines_.damage();
    throw runtime::CannotStart(
        path_ + " is no recording of the market channel: " +
        why_none(skipped_lines_, gap_bytes_ > RecordingLines::kLineBytesMax) + damage);
  }
  first_ms_ = first->at_ms;
}

Recording::~Recording() = default;

std::string Recording::place_of(std::uint64_t line) const {
  return path_ + ":" + std::to_string(line);
}

std::string Recording::damage() const {
  if (!given_up_.empty()) return given_up_;
  if (lines_.damage().empty()) return {};
  return place_of(std::max(frame_.line, last_skipped_) + 1) + ": " + lines_.damage();
}

void Recording::skip(const RecordingLines::Line& line, std::string_view why) {
  gap_bytes_ += line.bytes;
  if (line.number == last_skipped_) return;  // another piece of it
  last_skipped_ = line.number;
  ++skipped_lines_;
  ++gap_lines_;
  if (first_skipped_.empty()) first_skipped_ = place_of(line.number).append(": ").append(why);
}

bool Recording::gives_up() const {
  if (next_index_ == 0) return gap_lines_ >= kPreambleLinesMax || gap_bytes_ > kPreambleBytesMax;
  return gap_lines_ >= kGapLinesMax || gap_bytes_ > kGapBytesMax;
}

const RecordedFrame* Recording::peek() {
  while (!has_frame_ && !ended_) {
    const std::optional<RecordingLines::Line> line = lines_.next();
    if (!line) {
      ended_ = true;
      break;
    }
    const std::string_view why = line->too_long ? kWhyTooLong : reader_->read(line->text, frame_);
    if (!why.empty()) {
      skip(*line, why);
      ended_ = gives_up();
      if (ended_) {
        given_up_ = place_of(line->number) + ": no frame in " + std::to_string(gap_lines_) +
                    " lines of " + std::to_string(gap_bytes_ >> 20) + " MiB";
      }
      continue;
    }
    gap_lines_ = 0;
    gap_bytes_ = 0;
    latest_ms_ = std::max(latest_ms_, frame_.at_ms);
    frame_.index = next_index_++;
    frame_.line = line->number;
    frame_.at_ms = latest_ms_;
    has_frame_ = true;
  }
  return has_frame_ ? &frame_ : nullptr;
}

void Recording::pop() {
  has_frame_ = false;
}

bool Recording::at_end() {
  return peek() == nullptr;
}

void append_recorded_events(const polymarket::MarketFrame& frame,
                            std::vector<RecordedEvent>& events) {
  for (const polymarket::MarketEvent& event : frame.events) {
    if (const auto* book = std::get_if<polymarket::BookEvent>(&event)) {
      events.emplace_back(RecordedBook{book->token,
                                       {book->bids.begin(), book->bids.end()},
                                       {book->asks.begin(), book->asks.end()}});
    } else if (const auto* change = std::get_if<polymarket::PriceChangeEvent>(&event)) {
      for (const polymarket::PriceChange& level : change->changes) {
        events.emplace_back(RecordedChange{level.token, level.side, level.price, level.quantity});
      }
    } else if (const auto* trade = std::get_if<polymarket::LastTradeEvent>(&event)) {
      events.emplace_back(RecordedTrade{trade->token, trade->side, trade->price, trade->quantity});
    }
  }
}

}  // namespace polybot::venue_simulator
