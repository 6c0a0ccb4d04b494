#include "common/recording/writer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/recording/note.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/yielding_thread.hpp"

namespace polybot::recording {
namespace fs = std::filesystem;
namespace {

constexpr domain::Duration kRetryAfter = std::chrono::seconds(3);
// A zstd frame ends then: what a reader loses to damage is bounded, and tools may enter there.
constexpr domain::Duration kZstdFrameAge = std::chrono::minutes(1);
constexpr std::uint64_t kZstdFrameBytes = 16U << 20;

// "20260608T120000.123Z.jsonl.zst"
std::string file_name(std::int64_t at_ms) {
  std::string name;
  for (const char c : runtime::to_rfc3339(domain::from_unix_ms(at_ms))) {
    if (c != '-' && c != ':') name.push_back(c);
  }
  return name.append(kSegmentEnding);
}

int locked(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw runtime::CannotStart("cannot make the folder " + folder.string() + " for recordings (" +
                               error.message() + "); name one that can be written");
  }
  const fs::path path = folder / "lock";
  const int descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (descriptor < 0)
    throw runtime::CannotStart("cannot write to the folder of recordings: " + path.string());
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  ::close(descriptor);
  throw runtime::CannotStart("another process records into " + folder.string() +
                             "; end that one, or name another folder");
}

}  // namespace

Writer::Writer(WriterSettings settings)
    : settings_(std::move(settings)), lock_(locked(settings_.folder)) {
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  (void)close();
  ::close(lock_);
}

// ---- the owner's side ---------------------------------------------------------------------------

bool Writer::wants_begin() const {
  const std::scoped_lock guard(mutex_);
  return wants_begin_;
}

bool Writer::push(Item item) {
  const bool begins = !item.header.empty();
  {
    const std::scoped_lock guard(mutex_);
    if (!queue_.empty() && queue_bytes_ + item.bytes() > settings_.queue_bytes_max) return false;
    queue_bytes_ += item.bytes();
    queue_.push_back(std::move(item));
    if (begins) wants_begin_ = false;
  }
  wake_.notify_one();
  return true;
}

bool Writer::begin(std::int64_t at_ms, std::string header, std::string state, std::uint64_t lines) {
  return push({at_ms, std::move(header), std::move(state), lines});
}

bool Writer::write(std::int64_t at_ms, std::string text, std::uint64_t lines) {
  return push({at_ms, {}, std::move(text), lines});
}

bool Writer::has_room() const {
  const std::scoped_lock guard(mutex_);
  return queue_bytes_ * 2 <= settings_.queue_bytes_max;
}

Writer::Totals Writer::totals() const {
  const std::scoped_lock guard(mutex_);
  return totals_;
}

Writer::Totals Writer::close() {
  if (thread_.joinable()) {
    {
      const std::scoped_lock guard(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  return totals();
}

// ---- the thread's side --------------------------------------------------------------------------

void Writer::take() {
  taken_.clear();
  std::unique_lock guard(mutex_);
  if (!closing_) {
    wake_.wait_for(guard, kFlushEvery, [this] { return !queue_.empty() || closing_; });
  }
  queue_bytes_ = 0;
  taken_.swap(queue_);
}

void Writer::run() {
  runtime::wake_without_interrupting();
  for (;;) {
    take();
    const bool drained = taken_.empty();
    for (Item& item : taken_) attempt([&] { handle(std::move(item)); });
    attempt([&] { keep_up(); });
    count_unmarked();
    const std::scoped_lock guard(mutex_);
    if (drained && closing_ && queue_.empty()) break;
  }
  attempt([&] {
    if (file_) close_file();
  });
  count_unmarked();
}

template <class Step>
void Writer::attempt(const Step& step) {
  try {
    step();
  } catch (const std::exception& error) {
    fail(error.what(), "writer_error");
    const std::scoped_lock guard(mutex_);
    ++totals_.errors;  // last: who sees it sees what it cost too
  }
}

void Writer::count_unmarked() {
  const std::scoped_lock guard(mutex_);
  totals_.unmarked_lines = gap_lines_;
}

void Writer::handle(Item item) {
  if (!item.header.empty()) open(item);
  if (!file_) {
    if (!item.header.empty()) return;  // it is asked for again
    gap_lines_ += item.lines;
    const std::scoped_lock guard(mutex_);
    totals_.lost_lines += item.lines;
    return;
  }
  if (item.header.empty()) return append(item.at_ms, item.text, item.lines);
  append(item.at_ms, item.header, 1);
  if (gap_from_ms_) {
    std::string gap;
    append_line(item.at_ms,
                GapNote{.reason = std::string(gap_reason_),
                        .from_ms = gap_from_ms_,
                        .markets = {},
                        .lines = gap_lines_},
                gap);
    append(item.at_ms, gap, 1);
    gap_from_ms_.reset();
    gap_lines_ = 0;
  }
  retry_at_.reset();
  append(item.at_ms, item.text, item.lines - 1);
}

void Writer::open(const Item& head) {
  if (file_) close_file();
  const bool rotates = std::exchange(rotates_, false);
  try {
    if (std::exchange(resumes_, false)) {
      segments_ = read_segments(settings_.folder);
      if (!segments_.empty() && segments_.back().lines > 0)
        gap_from_ms_ = flushed_ms_ = segments_.back().last_ms;
    }
    if (rotates || !go_on(head)) open_new(head);
    opened_at_ = flushed_at_ = frame_at_ = clock_.monotonic();
    const std::scoped_lock guard(mutex_);
    totals_.trouble.clear();
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

// At the start and after a failure the last file is used up. False: it is full, old, or another
// program's.
bool Writer::go_on(const Item& head) {
  if (segments_.empty() || current().lines == 0) return false;
  const std::int64_t age_max_ms = settings_.file_age_max / std::chrono::milliseconds(1);
  if (current().bytes >= settings_.file_bytes_max || head.at_ms - current().first_ms >= age_max_ms)
    return false;
  try {
    file_ = std::make_unique<SegmentFile>(settings_.folder / current().file);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::invalid_argument) return false;
    throw;
  }
  file_->append("\n");  // its last line may have no end
  return true;
}

void Writer::open_new(const Item& head) {
  std::string name = file_name(head.at_ms);
  // Names stay in the order of the files, also when the clock was set back.
  if (!segments_.empty() && name <= current().file) name = file_name(current().last_ms + 1);
  file_ = std::make_unique<SegmentFile>(settings_.folder / name);
  segments_.push_back({.file = name, .first_ms = head.at_ms, .last_ms = head.at_ms});
}

void Writer::append(std::int64_t at_ms, std::string_view text, std::uint64_t lines) {
  if (!file_) return;
  current().last_ms = std::max(current().last_ms, at_ms);
  current().lines += lines;
  unflushed_lines_ += lines;  // before the file has them: when it fails they are lost
  file_->append(text);
}

void Writer::keep_up() {
  const domain::Duration now = clock_.monotonic();
  if (!file_) {
    if (retry_at_ && now >= *retry_at_) ask_for_begin();
    return;
  }
  if (now - flushed_at_ >= kFlushEvery) flush();
  if (!file_ || rotates_) return;
  const bool full =
      file_->bytes() >= settings_.file_bytes_max || now - opened_at_ >= settings_.file_age_max;
  if (!full) return;
  rotates_ = true;
  ask_for_begin();
}

void Writer::flush() {
  const domain::Duration now = clock_.monotonic();
  const std::uint64_t before = file_->bytes();
  const bool ends = now - frame_at_ >= kZstdFrameAge || file_->open_bytes() >= kZstdFrameBytes;
  const std::error_code error = ends ? file_->finish() : file_->flush();
  if (error) return fail("cannot write " + current().file + ": " + error.message());
  flushed_at_ = now;
  if (ends) frame_at_ = now;
  flushed_ms_ = current().last_ms;
  unflushed_lines_ = 0;
  current().bytes = file_->bytes();
  const std::scoped_lock guard(mutex_);
  totals_.bytes += file_->bytes() - before;
}

void Writer::close_file() {
  frame_at_ = clock_.monotonic() - kZstdFrameAge;
  flush();
  if (!file_) return;
  file_.reset();
  std::string trouble = remove_oldest();
  if (const std::error_code error = write_index(settings_.folder, segments_))
    trouble = "cannot write the index: " + error.message();
  const std::scoped_lock guard(mutex_);
  totals_.folder_trouble = std::move(trouble);
}

// Only whole files go, never the newest one. Returns what went wrong; it is tried again at the end
// of the next file.
std::string Writer::remove_oldest() {
  if (settings_.folder_bytes_max == 0) return {};
  std::uint64_t held = 0;
  for (const Segment& segment : segments_) held += segment.bytes;
  while (segments_.size() > 1 && held > settings_.folder_bytes_max) {
    const Segment& oldest = segments_.front();
    std::error_code error;
    fs::remove(settings_.folder / oldest.file, error);
    if (error) return "cannot remove " + oldest.file + ": " + error.message();
    held -= oldest.bytes;
    segments_.erase(segments_.begin());
    const std::scoped_lock guard(mutex_);
    ++totals_.removed_files;
  }
  return {};
}

void Writer::fail(const std::string& why, std::string_view gap_reason) {
  gap_reason_ = gap_reason;
  file_.reset();
  rotates_ = false;
  if (!segments_.empty()) current().lines -= std::min(current().lines, unflushed_lines_);
  if (!gap_from_ms_ && flushed_ms_ > 0) gap_from_ms_ = flushed_ms_;
  gap_lines_ += unflushed_lines_;
  retry_at_ = clock_.monotonic() + kRetryAfter;
  const std::scoped_lock guard(mutex_);
  totals_.lost_lines += std::exchange(unflushed_lines_, 0);
  totals_.trouble = why;
}

void Writer::ask_for_begin() {
  const std::scoped_lock guard(mutex_);
  wants_begin_ = true;
}

}  // namespace polybot::recording
