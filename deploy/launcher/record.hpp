// polybot record: the gateway alone, which records the market channel of the venue that its
// configuration names, and nothing that trades. It is started again when it ends, unless it could
// not start at all or ends each time at once. A disk that is full does not end it: writing is tried
// again, and a gap tells what is lost.
//
//   DATA/recordings/  the files, unless POLYBOT_RECORD__FOLDER names another folder
//   DATA/logs/        recorder.log, recorder.out
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <optional>

#include "common/runtime/clock.hpp"
#include "deploy/launcher/child_process.hpp"
#include "deploy/launcher/options.hpp"
#include "deploy/launcher/record_end.hpp"
#include "deploy/launcher/restart_policy.hpp"

namespace polybot::launcher {

// What `make run`'s options mean here; DATA is data/record unless it is given.
[[nodiscard]] Options record_options(Options options, const Environment& environment);

// How the gateway is started. The caller's own POLYBOT_ variables win. Makes the folders.
[[nodiscard]] ProgramSpec recorder_program(const Options& options, const Environment& environment,
                                           const std::filesystem::path& sockets,
                                           const std::filesystem::path& programs,
                                           const std::filesystem::path& configuration);

class RecordSession {
 public:
  RecordSession(boost::asio::io_context& io, ProgramSpec spec);

  // Until SIGINT or SIGTERM, or until it gives up. Says on standard error why it ended; the exit
  // code is that of record_end.hpp. Throws std::system_error when the gateway's output cannot be
  // written at its first start.
  [[nodiscard]] boost::asio::awaitable<int> run();

 private:
  void start();
  void start_again();
  // The recorder runs, ended, or is to be started again.
  void look();
  void say_size();
  [[nodiscard]] boost::asio::awaitable<void> watch();
  [[nodiscard]] boost::asio::awaitable<void> stop();
  void note_end(const ExitStatus& ended);

  boost::asio::signal_set signals_;
  ProgramSpec spec_;
  std::filesystem::path folder_;
  runtime::Clock clock_;
  RestartPolicy restarts_;
  std::optional<ChildProcess> child_;
  domain::Timestamp started_on_{};
  RecordFacts facts_;
  recording::Ending earlier_;     // the sums of the gateway's runs that left word of their end
  std::optional<RecordEnd> end_;  // it gave up
};

}  // namespace polybot::launcher
