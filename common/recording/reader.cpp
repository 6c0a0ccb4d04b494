#include "common/recording/reader.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <fstream>
#include <optional>
#include <utility>

#include "common/runtime/config.hpp"

namespace polybot::recording {
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
constexpr std::string_view kWhyLongNote = "it is a note of more than 1 MiB";
constexpr std::string_view kWhyTooLong = "it has more than 32 MiB";
constexpr std::string_view kWhyTooDeep = "its JSON is nested too deep";

std::unique_ptr<std::istream> opened(const fs::path& path) {
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) throw runtime::CannotStart("cannot read the recording " + path.string());
  return file;
}

Lines::Compression compression_of(const fs::path& path) {
  return path.extension() == ".zst" ? Lines::Compression::Zstd : Lines::Compression::None;
}

// Takes the few members of a line that matter as the parser passes over the text, so that a line of
// millions of values takes no more memory than its text.
struct FrameHandler {
  static constexpr std::size_t max_object_size = ~std::size_t{0};
  static constexpr std::size_t max_array_size = ~std::size_t{0};
  static constexpr std::size_t max_key_size = ~std::size_t{0};
  static constexpr std::size_t max_string_size = ~std::size_t{0};

  using Text = boost::json::string_view;
  using Error = boost::system::error_code;
  enum class Member : std::uint8_t { Other, Time, Raw, Note, MadeOf };

  std::optional<std::int64_t> at_ms;
  bool has_raw = false;
  bool is_note = false;
  std::string raw;
  std::string made_of;

  void reset() {
    at_ms.reset();
    has_raw = is_note = false;
    raw.clear();
    made_of.clear();
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
    member_ = member_of(key_);
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
    constexpr std::size_t kWordMax = 64;
    if (depth_ == 1 && member_ == Member::Raw) raw.append(part.data(), part.size());
    if (depth_ == 1 && member_ == Member::MadeOf && made_of.size() < kWordMax)
      made_of.append(part.data(), std::min(part.size(), kWordMax));
    return true;
  }
  bool on_string(Text part, std::size_t size, Error& ec) {
    has_raw = has_raw || (depth_ == 1 && member_ == Member::Raw);
    is_note = is_note || (depth_ == 1 && member_ == Member::Note);
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
  static Member member_of(std::string_view key) {
    if (key == "ts_ms") return Member::Time;
    if (key == "raw") return Member::Raw;
    if (key == "note") return Member::Note;
    return key == "made_of" ? Member::MadeOf : Member::Other;
  }
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

class Recording::LineReader {
 public:
  // Reads a line into `entry`, all but the content of a note; why it is none, or empty.
  std::string_view read(std::string_view line, Entry& entry) {
    const std::string_view text = trimmed_end(line);
    boost::system::error_code error;
    parser_.reset();
    parser_.handler().reset();
    const std::size_t used = parser_.write_some(false, text.data(), text.size(), error);
    FrameHandler& found = parser_.handler();
    if (error == boost::json::error::too_deep) return kWhyTooDeep;
    if (error || used != text.size() || !found.at_ms || !(found.has_raw || found.is_note))
      return kWhyNoFrame;
    entry.is_note = found.is_note;
    entry.at_ms = *found.at_ms;
    entry.raw.swap(found.raw);
    entry.made_of.swap(found.made_of);
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
      reader_(std::make_unique<LineReader>()) {
  name_ = path.filename().string();
  name_ = name_.substr(0, name_.find('.'));
  fingerprint_ = path.filename().string() + ":" + std::to_string(file_bytes);
  const Entry* const first = peek();
  if (first == nullptr) {
    const std::string damage =
        lines_.damage().empty() ? "" : ", and it is damaged: " + lines_.damage();
    throw runtime::CannotStart(path_ + " is no recording of the market channel: " +
                               why_none(skipped_lines_, gap_bytes_ > Lines::kLineBytesMax) +
                               damage);
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
  return place_of(std::max(entry_.line, last_passed_) + 1) + ": " + lines_.damage();
}

// A note of a later kind is no fault of the file, but a file of nothing else must end, too.
void Recording::skip(const Lines::Line& line) {
  gap_bytes_ += line.bytes;
  if (line.number == last_passed_) return;  // another piece of it
  last_passed_ = line.number;
  ++gap_lines_;
  if (why_.empty()) return;
  ++skipped_lines_;
  if (first_skipped_.empty()) first_skipped_ = place_of(line.number) + ": " + why_;
}

bool Recording::gives_up() const {
  if (!found_any_) return gap_lines_ >= kPreambleLinesMax || gap_bytes_ > kPreambleBytesMax;
  return gap_lines_ >= kGapLinesMax || gap_bytes_ > kGapBytesMax;
}

bool Recording::read(const Lines::Line& line) {
  why_.clear();
  if (line.too_long) {
    why_ = kWhyTooLong;
    return false;
  }
  if (line.text.empty()) return false;  // a writer that goes on in a file begins with a new line
  why_ = reader_->read(line.text, entry_);
  if (!why_.empty() || !entry_.is_note) return why_.empty();
  if (line.text.size() > kNoteBytesMax) {
    why_ = kWhyLongNote;
    return false;
  }
  auto note = parse_note(line.text);
  if (!note) {
    why_ = "its note cannot be read: " + polymarket::to_string(note.error());
    return false;
  }
  entry_.note = std::move(*note);
  return !std::holds_alternative<UnknownNote>(entry_.note);
}

const Entry* Recording::peek() {
  while (!has_entry_ && !ended_) {
    const std::optional<Lines::Line> line = lines_.next();
    if (!line) {
      ended_ = true;
      break;
    }
    if (!read(*line)) {
      skip(*line);
      ended_ = gives_up();
      if (ended_) {
        given_up_ = place_of(line->number) + ": no frame in " + std::to_string(gap_lines_) +
                    " lines of " + std::to_string(gap_bytes_ >> 20) + " MiB";
      }
      continue;
    }
    gap_lines_ = 0;
    gap_bytes_ = 0;
    latest_ms_ = std::max(latest_ms_, entry_.at_ms);
    entry_.index = next_index_;
    if (!entry_.is_note) ++next_index_;
    entry_.line = line->number;
    entry_.at_ms = latest_ms_;
    entry_.text = line->text;
    has_entry_ = found_any_ = true;
  }
  return has_entry_ ? &entry_ : nullptr;
}

void Recording::pop() {
  has_entry_ = false;
}

bool Recording::at_end() {
  return peek() == nullptr;
}

}  // namespace polybot::recording
