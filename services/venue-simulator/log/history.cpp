#include "services/venue-simulator/log/history.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include "services/venue-simulator/log/frame.hpp"

namespace polybot::venue_simulator {

HistoryFile::HistoryFile(std::filesystem::path path) : path_(std::move(path)) {
  const std::size_t good = read_frame_file(path_, [this](std::string_view) {
    ++count_;
    return true;
  });
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot open " + path_.string());
  }
  if (::ftruncate(file_, static_cast<off_t>(good)) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot repair " + path_.string());
  }
}

HistoryFile::~HistoryFile() {
  ::close(file_);
}

void HistoryFile::append(std::uint64_t number, std::string_view record) {
  if (number <= count_) return;
  std::string framed;
  append_frame(record, framed);
  write_all(file_, framed, "cannot write the history");
  ++count_;
}

void HistoryFile::read(std::uint64_t after_number,
                       const std::function<bool(std::string_view record)>& use) const {
  std::uint64_t number = 0;
  bool more = true;
  static_cast<void>(read_frame_file(path_, [&](std::string_view record) {
    if (++number > after_number) more = use(record);
    return more && number < count_;
  }));
}

}  // namespace polybot::venue_simulator
