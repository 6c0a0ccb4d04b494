// The least possible time of tick→order: two NNG hops over ipc between three processes, then one
// durable SQLite commit. Printed as p50, p99 and p99.9 in microseconds.
//
//   raw_path [COUNT [PACE_MS]]    2000 and 5 by default: one message each 5 ms, so that none queues
#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t kMessageBytes = 256;  // a book change, and a signal
constexpr std::int64_t kEnd = -1;

void check(int code) {
  if (code != 0) throw std::runtime_error(nng_strerror(code));
}

// The monotonic clock is the same in every process of one machine.
std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

nng_socket publisher(const std::string& address) {
  nng_socket socket;
  check(nng_pub0_open(&socket));
  check(nng_listen(socket, address.c_str(), nullptr, 0));
  return socket;
}

nng_socket subscriber(const std::string& address) {
  nng_socket socket;
  check(nng_sub0_open(&socket));
  check(nng_setopt(socket, NNG_OPT_SUB_SUBSCRIBE, "", 0));
  check(nng_dial(socket, address.c_str(), nullptr, NNG_FLAG_NONBLOCK));
  return socket;
}

std::int64_t receive(nng_socket socket, std::vector<char>& message) {
  std::size_t size = message.size();
  check(nng_recv(socket, message.data(), &size, 0));
  std::int64_t stamp = 0;
  std::memcpy(&stamp, message.data(), sizeof stamp);
  return stamp;
}

void send(nng_socket socket, std::vector<char>& message, std::int64_t stamp) {
  std::memcpy(message.data(), &stamp, sizeof stamp);
  check(nng_send(socket, message.data(), message.size(), 0));
}

// First process: a stamp each `pace`.
void tick(const std::string& address, int count, std::chrono::milliseconds pace) {
  const nng_socket out = publisher(address);
  std::vector<char> message(kMessageBytes);
  std::this_thread::sleep_for(1s);  // until both subscribers have found their way
  for (int i = 0; i < count; ++i) {
    send(out, message, now_ns());
    std::this_thread::sleep_for(pace);
  }
  send(out, message, kEnd);
  std::this_thread::sleep_for(200ms);  // closing drops what is not written yet
}

// Second process: passes it on.
void pass_on(const std::string& from, const std::string& to) {
  const nng_socket out = publisher(to);
  const nng_socket in = subscriber(from);
  std::vector<char> message(kMessageBytes);
  std::int64_t stamp = 0;
  while (stamp != kEnd) {
    stamp = receive(in, message);
    send(out, message, stamp);
  }
  std::this_thread::sleep_for(200ms);
}

class Table {
 public:
  explicit Table(const fs::path& file) {
    if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("sqlite");
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE journal(seq INTEGER PRIMARY KEY, body BLOB)");
    sqlite3_prepare_v2(database_, "INSERT INTO journal(body) VALUES(?)", -1, &insert_, nullptr);
  }
  ~Table() {
    sqlite3_finalize(insert_);
    sqlite3_close(database_);
  }
  void commit(const std::vector<char>& body) {
    execute("BEGIN");
    sqlite3_bind_blob(insert_, 1, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
    if (sqlite3_step(insert_) != SQLITE_DONE) throw std::runtime_error("insert");
    sqlite3_reset(insert_);
    execute("COMMIT");
  }

 private:
  void execute(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(database_));
  }
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

// Third process: makes the message durable and takes the time.
void keep(const std::string& from, const fs::path& folder, int count) {
  const nng_socket in = subscriber(from);
  Table table(folder / "raw.db");
  std::vector<char> message(kMessageBytes);
  std::vector<std::int64_t> took_ns;
  for (std::int64_t stamp = receive(in, message); stamp != kEnd; stamp = receive(in, message)) {
    table.commit(message);
    took_ns.push_back(now_ns() - stamp);
  }
  if (took_ns.empty()) throw std::runtime_error("nothing arrived");
  std::sort(took_ns.begin(), took_ns.end());
  const auto at = [&](double quantile) {
    const auto last = static_cast<double>(took_ns.size() - 1);
    return static_cast<double>(took_ns[static_cast<std::size_t>(quantile * last)]) / 1e3;
  };
  std::printf("raw two hops + one durable commit  p50 %.0f  p99 %.0f  p99.9 %.0f us  (%zu of %d)\n",
              at(0.5), at(0.99), at(0.999), took_ns.size(), count);
}

template <class Work>
pid_t spawn(const char* name, Work work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "raw_path, %s: %s\n", name, error.what());
    std::_Exit(1);
  }
  std::fflush(stdout);
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  // Options are meant for the benchmark programs beside it.
  const bool told = argc > 1 && argv[1][0] != '-';
  const int count = told ? std::atoi(argv[1]) : 2'000;
  const std::chrono::milliseconds pace{told && argc > 2 ? std::atoi(argv[2]) : 5};
  if (count <= 0 || pace <= 0ms) return 1;
  const polybot::test_support::TemporaryFolder folder{"raw-path"};
  const std::string first = "ipc://" + (folder / "a.ipc").string();
  const std::string second = "ipc://" + (folder / "b.ipc").string();
  const pid_t children[] = {spawn("third", [&] { keep(second, folder.path(), count); }),
                            spawn("second", [&] { pass_on(first, second); }),
                            spawn("first", [&] { tick(first, count, pace); })};
  bool good = true;
  for (const pid_t child : children) {
    int status = 0;
    good = ::waitpid(child, &status, 0) == child && status == 0 && good;
  }
  return good ? 0 : 1;
}
