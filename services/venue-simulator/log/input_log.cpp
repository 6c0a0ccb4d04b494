#include "services/venue-simulator/log/input_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "common/runtime/config.hpp"
#include "services/venue-simulator/core/archive.hpp"
#include "services/venue-simulator/log/frame.hpp"

namespace polybot::venue_simulator {
namespace fs = std::filesystem;

namespace {

// Raise it with every change of what the files contain; an older folder is refused, not misread.
constexpr std::uint32_t kFormat = 1;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

template <class Archive>
void header_fields(LogHeader& header, Archive& archive) {
  ExchangeSettings& settings = header.settings;
  archive(settings.seed, settings.flow_kind, settings.engine, settings.flow, header.started_at,
          header.recording);
  if (settings.flow_kind == FlowKind::Broad) archive(settings.broad_markets);
}

}  // namespace

InputLog::InputLog(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    throw runtime::CannotStart("cannot create the data folder " + folder_.string() + ": " +
                               error.message());
  }
  const fs::path lock = folder_ / "lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (lock_ >= 0) ::close(lock_);
    throw runtime::CannotStart("the data folder " + folder_.string() +
                               " is in use by another venue-simulator, or not writable");
  }
}

InputLog::~InputLog() {
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);
}

fs::path InputLog::snapshot_path(std::uint64_t generation) const {
  return folder_ / ("snapshot-" + std::to_string(generation));
}
fs::path InputLog::inputs_path(std::uint64_t generation) const {
  return folder_ / ("inputs-" + std::to_string(generation));
}

std::optional<InputLog::Opened> InputLog::read_snapshot(std::uint64_t generation) const {
  const auto bytes = read_file(snapshot_path(generation));
  if (!bytes) return std::nullopt;
  std::optional<Opened> opened;
  const auto read = [&](std::string_view payload) {
    Loader loader(payload);
    std::uint32_t format = 0;
    loader(format);
    if (format != kFormat) {
      throw runtime::CannotStart("the data folder " + folder_.string() +
                                 " was written by another version of the venue-simulator");
    }
    Opened found;
    header_fields(found.header, loader);
    bool has_state = false;
    loader(has_state);
    if (has_state) loader(found.state.emplace());
    if (!loader.ok() || !loader.at_end()) return false;
    opened = std::move(found);
    return true;
  };
  if (read_frames(*bytes, read) != bytes->size()) return std::nullopt;
  return opened;
}

std::optional<InputLog::Opened> InputLog::open() {
  std::optional<std::uint64_t> newest;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("snapshot-") || name.ends_with(".tmp")) continue;
    const std::uint64_t generation = std::stoull(name.substr(9));
    if (!newest || generation > *newest) newest = generation;
  }
  if (!newest) return std::nullopt;
  generation_ = *newest;
  first_ = *newest;
  auto opened = read_snapshot(first_);
  if (!opened && first_ > 0) opened = read_snapshot(--first_);
  if (!opened) {
    throw runtime::CannotStart("the state in " + folder_.string() +
                               " is damaged; move the folder away to begin again");
  }
  header_ = opened->header;
  return opened;
}

void InputLog::create(const LogHeader& header) {
  header_ = header;
  write_snapshot(0, {});
  open_inputs(0);
}

void InputLog::write_snapshot(std::uint64_t generation, std::string_view state) {
  std::string payload;
  Saver saver(payload);
  std::uint32_t format = kFormat;
  saver(format);
  header_fields(header_, saver);
  bool has_state = !state.empty();
  saver(has_state);
  if (has_state) {
    auto length = static_cast<std::uint32_t>(state.size());
    saver(length);
    payload.append(state);
  }
  std::string framed;
  framed.reserve(payload.size() + kFrameHeadBytes);
  append_frame(payload, framed);
  const fs::path path = snapshot_path(generation);
  const fs::path temporary = path.string() + ".tmp";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail("cannot create " + temporary.string());
  try {
    write_all(file, framed, "cannot write the snapshot");
  } catch (...) {
    ::close(file);
    throw;
  }
  ::close(file);
  fs::rename(temporary, path);
}

void InputLog::open_inputs(std::uint64_t generation) {
  if (file_ >= 0) ::close(file_);
  const fs::path path = inputs_path(generation);
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) fail("cannot open " + path.string());
  generation_ = generation;
  bytes_ = fs::file_size(path);
}

std::uint64_t InputLog::replay(const std::function<void(const Input&, domain::Timestamp)>& apply) {
  std::uint64_t count = 0;
  const auto use = [&](std::string_view payload) {
    Loader loader(payload);
    domain::Timestamp at{};
    Input input;
    loader(at, input);
    if (!loader.ok() || !loader.at_end()) return false;
    apply(input, at);
    ++count;
    return true;
  };
  for (std::uint64_t generation = first_; generation <= generation_; ++generation) {
    const fs::path path = inputs_path(generation);
    if (!fs::exists(path)) continue;
    const std::size_t good = read_frame_file(path, use);
    if (good == fs::file_size(path)) continue;
    if (generation != generation_) {
      throw runtime::CannotStart("the inputs in " + path.string() + " are damaged");
    }
    fs::resize_file(path, good);
  }
  open_inputs(generation_);
  return count;
}

void InputLog::append(const Input& input, domain::Timestamp now) {
  std::string payload;
  Saver saver(payload);
  Input copy = input;
  saver(now, copy);
  buffer_.clear();
  append_frame(payload, buffer_);
  write_all(file_, buffer_, "cannot write the input log");
  bytes_ += buffer_.size();
  dirty_ = true;
}

void InputLog::sync() {
  if (!dirty_) return;
  if (::fdatasync(file_) != 0) fail("cannot sync the input log");
  dirty_ = false;
}

void InputLog::compact(std::string_view state) {
  write_snapshot(generation_ + 1, state);
  open_inputs(generation_ + 1);
  if (generation_ < 2) return;
  std::error_code ignored;
  fs::remove(snapshot_path(generation_ - 2), ignored);
  fs::remove(inputs_path(generation_ - 2), ignored);
}

}  // namespace polybot::venue_simulator
