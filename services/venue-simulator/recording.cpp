#include "services/venue-simulator/recording.hpp"

#include <zstd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <fstream>
#include <optional>
#include <utility>

#include "common/polymarket/messages/market_channel.hpp"
#include "common/runtime/config.hpp"

namespace polybot::venue_simulator {
namespace fs = std::filesystem;

namespace {

// A frame of 500 books has some 4 MB: a longer line is of something else.
constexpr std::size_t kLineBytesMax = 32U << 20;
// Lines before the first frame are allowed up to here; a longer search would delay the answer that
// there is none. deploy/check-data.sh looks as far.
constexpr std::uint64_t kPreambleLinesMax = 1'000;
constexpr std::uint64_t kPreambleBytesMax = 32U << 20;

}  // namespace

struct Recording::Line {
  std::optional<std::string> text;  // none when it is too long
};

// The lines of a file, plain or compressed.
class Recording::Lines {
 public:
  explicit Lines(const fs::path& path) : file_(path, std::ios::binary) {
    if (!file_) throw runtime::CannotStart("cannot read the recording " + path.string());
    if (path.extension() == ".zst") context_.reset(ZSTD_createDStream());
  }

  // The next line; null at the end. A line that is too long is returned once, as none, as soon as
  // that is known; the rest of it is skipped.
  std::optional<Line> next() {
    for (;;) {
      const std::size_t end = text_.find('\n', searched_);
      if (end != std::string::npos) {
        const std::size_t begin = std::exchange(used_, end + 1);
        searched_ = used_;
        if (std::exchange(passing_over_, false)) continue;
        return Line{text_.substr(begin, end - begin)};
      }
      text_.erase(0, std::exchange(used_, 0));
      if (passing_over_) text_.clear();
      searched_ = text_.size();
      if (text_.size() > kLineBytesMax) {
        passing_over_ = true;
        return Line{std::nullopt};
      }
      if (fill()) continue;
      searched_ = 0;
      if (text_.empty()) return std::nullopt;
      return Line{std::exchange(text_, {})};
    }
  }
  // Whether the file ended because it could not be read any further.
  [[nodiscard]] bool damaged() const { return damaged_; }

 private:
  // Reads more text; false at the end, and at damage: what comes after that is lost.
  bool fill() {
    if (!context_) {
      std::array<char, 1 << 16> block{};
      file_.read(block.data(), static_cast<std::streamsize>(block.size()));
      text_.append(block.data(), static_cast<std::size_t>(file_.gcount()));
      return file_.gcount() > 0;
    }
    for (;;) {
      if (input_.pos == input_.size) {
        file_.read(compressed_.data(), static_cast<std::streamsize>(compressed_.size()));
        input_ = {compressed_.data(), static_cast<std::size_t>(file_.gcount()), 0};
        if (input_.size == 0) return false;
      }
      std::array<char, 1 << 16> block{};
      ZSTD_outBuffer output{block.data(), block.size(), 0};
      const std::size_t result = ZSTD_decompressStream(context_.get(), &output, &input_);
      if (ZSTD_isError(result) != 0) {
        damaged_ = true;
        return false;
      }
      text_.append(block.data(), output.pos);
      if (output.pos > 0) return true;
    }
  }

  struct FreeStream {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::ifstream file_;
  std::unique_ptr<ZSTD_DStream, FreeStream> context_;
  std::array<char, 1 << 16> compressed_{};
  ZSTD_inBuffer input_{nullptr, 0, 0};
  std::string text_;
  std::size_t used_ = 0;
  std::size_t searched_ = 0;   // before it, behind `used_`, no line ends
  bool passing_over_ = false;  // the rest of a line that is too long
  bool damaged_ = false;
};

namespace {

std::string why_none(std::uint64_t lines, std::uint64_t bytes) {
  if (lines == 0) return "it holds no line";
  if (lines == 1 && bytes > kLineBytesMax) return "its first line has more than 32 MiB";
  return "none of its first " + std::to_string(lines) +
         " lines is {\"ts_ms\": time, \"raw\": frame}";
}

}  // namespace

Recording::Recording(const fs::path& path) : lines_(std::make_unique<Lines>(path)) {
  name_ = path.filename().string();
  name_ = name_.substr(0, name_.find('.'));
  fingerprint_ = path.filename().string() + ":" + std::to_string(fs::file_size(path));
  const RecordedFrame* const first = peek();
  if (first == nullptr) {
    throw runtime::CannotStart(path.string() + " is no recording of the market channel: " +
                               why_none(skipped_lines_, skipped_bytes_));
  }
  first_ms_ = first->at_ms;
}

Recording::~Recording() = default;

const RecordedFrame* Recording::peek() {
  while (!has_frame_ && !ended_) {
    const std::optional<Line> line = lines_->next();
    if (!line) {
      ended_ = true;
      break;
    }
    boost::system::error_code ec;
    const boost::json::value value = boost::json::parse(line->text.value_or(""), ec);
    const boost::json::object* object = ec ? nullptr : value.if_object();
    const boost::json::value* at = object == nullptr ? nullptr : object->if_contains("ts_ms");
    const boost::json::value* raw = object == nullptr ? nullptr : object->if_contains("raw");
    if (at == nullptr || raw == nullptr || !at->is_int64() || !raw->is_string()) {
      ++skipped_lines_;
      skipped_bytes_ += line->text ? line->text->size() : kLineBytesMax + 1;
      ended_ = next_index_ == 0 &&
               (skipped_lines_ >= kPreambleLinesMax || skipped_bytes_ > kPreambleBytesMax);
      continue;
    }
    latest_ms_ = std::max(latest_ms_, at->as_int64());
    frame_.index = next_index_++;
    frame_.at_ms = latest_ms_;
    frame_.raw.assign(raw->as_string().data(), raw->as_string().size());
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

bool Recording::damaged() const {
  return lines_->damaged();
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
