#include "services/metrics-aggregator/state/state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace polybot::metrics_aggregator {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

using boost::system::error_code;

constexpr const char* kName = "state.bin";
// No state is larger than 10,000 series of each of four services and a thousand senders.
constexpr std::uintmax_t kBytesMax = std::uintmax_t{1} << 30;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : number_(::open(path.c_str(), flags, 0600)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  // Closing may be where a failed write shows (network file systems).
  error_code close() {
    const int result = ::close(std::exchange(number_, -1));
    return result == 0 ? error_code() : last_error();
  }

 private:
  int number_;
};

error_code write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

error_code write_file(const fs::path& path, std::string_view bytes, Durability durability) {
  Descriptor file(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC);
  if (file.number() < 0) return last_error();
  if (const error_code error = write_all(file.number(), bytes)) return error;
  if (durability == Durability::PowerLoss && ::fsync(file.number()) != 0) return last_error();
  return file.close();
}

error_code sync_folder(const fs::path& folder) {
  const Descriptor opened(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened.number() < 0 || ::fsync(opened.number()) != 0) return last_error();
  return {};
}

// Runs on the thread.
error_code replace(const fs::path& path, std::string_view bytes, Durability durability) {
  const fs::path temporary = path.string() + ".tmp";
  error_code error = write_file(temporary, bytes, durability);
  if (!error && ::rename(temporary.c_str(), path.c_str()) != 0) error = last_error();
  if (error) {
    ::unlink(temporary.c_str());  // a full disk needs the space
    return error;
  }
  return durability == Durability::PowerLoss ? sync_folder(path.parent_path()) : error_code();
}

error_code timed_out() {
  return {ETIMEDOUT, boost::system::system_category()};
}

}  // namespace

struct StateFile::Outcome {
  explicit Outcome(const asio::any_io_executor& executor)
      : finished(executor, asio::steady_timer::time_point::max()) {}
  std::optional<error_code> result;
  asio::steady_timer finished;  // expires, or is cancelled when the result is there
};

StateFile::StateFile(asio::any_io_executor executor, fs::path folder)
    : executor_(std::move(executor)), path_(folder / kName) {
  std::error_code ignored;  // what is wrong with the folder shows at the first write
  fs::create_directories(folder, ignored);
  lock_ = ::open((folder / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(lock_);
    throw std::runtime_error("the state folder " + folder.string() +
                             " is in use by another metrics-aggregator");
  }
}

StateFile::~StateFile() {
  thread_.join();
  if (lock_ >= 0) ::close(lock_);
}

boost::system::result<std::string> StateFile::read() const {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path_, error);
  if (error) return error_code(error);
  if (size > kBytesMax) return error_code(EFBIG, boost::system::system_category());
  std::ifstream file(path_, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || bytes.size() != size) return error_code(EIO, boost::system::system_category());
  return bytes;
}

void StateFile::set_aside() const {
  std::error_code ignored;  // it will be replaced by the first write anyway
  fs::rename(path_, path_.string() + ".refused", ignored);
}

// True when no write is under way any more. Throws when the caller is cancelled; that says nothing
// about the write.
asio::awaitable<bool> StateFile::wait_until_idle(std::chrono::steady_clock::time_point deadline) {
  const std::shared_ptr<Outcome> outcome = under_way_;
  if (!outcome || outcome->result) co_return true;
  outcome->finished.expires_at(deadline);
  co_await outcome->finished.async_wait(asio::as_tuple(asio::use_awaitable));
  const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
  if (cancelled != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  co_return outcome->result.has_value();
}

asio::awaitable<error_code> StateFile::write(std::string bytes, Durability durability,
                                             std::chrono::milliseconds patience) {
  const auto deadline = asio::steady_timer::clock_type::now() + patience;
  const bool idle_before = co_await wait_until_idle(deadline);
  if (!idle_before) co_return timed_out();
  const auto outcome = std::make_shared<Outcome>(executor_);
  under_way_ = outcome;
  // Both lambdas hold all they need: this object's destructor waits for the first, and the second
  // may run after it.
  auto work = [outcome, path = path_, durability, executor = executor_,
               content = std::move(bytes)]() mutable {
    const error_code result = replace(path, content, durability);
    asio::post(executor, [outcome = std::move(outcome), result] {
      outcome->result = result;
      outcome->finished.cancel();
    });
  };
  asio::post(thread_, std::move(work));
  const bool idle_after = co_await wait_until_idle(deadline);
  co_return idle_after ? *outcome->result : timed_out();
}

}  // namespace polybot::metrics_aggregator
