#include "deploy/launcher/recording_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "common/domain/number_text.hpp"
#include "common/polymarket/messages/json.hpp"
#include "common/recording/cut.hpp"
#include "common/recording/inspection.hpp"
#include "common/recording/segment_file.hpp"
#include "common/runtime/clock.hpp"
#include "deploy/launcher/options.hpp"

namespace polybot::launcher {
namespace {

namespace fs = std::filesystem;
using recording::Inspection;
using recording::Recording;

constexpr std::string_view kUsage =
    "usage: polybot recording check FILE, polybot recording info FILE, polybot recording cut FILE "
    "OUT [--from TIME] [--to TIME] [--market ID|SLUG|EVENT]...";
constexpr std::size_t kGapsShownMax = 20;

std::string shown_time(std::int64_t ms) {
  return runtime::to_rfc3339(domain::from_unix_ms(ms));
}

void print(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

void print_gaps(const Inspection& found) {
  for (std::size_t i = 0; i < found.gaps.size() && i < kGapsShownMax; ++i) {
    const recording::NamedGap& gap = found.gaps[i];
    print(fmt::format("{}: gap of {} ms until {}: {}, {}", gap.place, gap.at_ms - gap.from_ms,
                      shown_time(gap.at_ms), gap.reason,
                      gap.markets == 0 ? "all markets" : fmt::format("{} markets", gap.markets)));
  }
  if (found.gaps.size() > kGapsShownMax)
    print(fmt::format("and {} more gaps", found.gaps.size() - kGapsShownMax));
}

int check(const std::string& file) {
  Recording recording{fs::path(file)};
  const Inspection found = recording::inspect(recording);
  for (const std::string& problem : found.problems) print(problem);
  print_gaps(found);
  const bool sound = found.problem_count == 0 && found.gaps.empty();
  const auto count_of = [&](recording::Fault fault) {
    return found.faults[static_cast<std::size_t>(fault)];
  };
  print(fmt::format("{}: {} frames of {} markets, {} problems, {} gaps",
                    sound ? "sound" : "not whole", found.frames, found.markets.size(),
                    found.problem_count, found.gaps.size()));
  print(fmt::format(
      "crossed {}, other best prices {}, without a snapshot {}, unreadable {}, skipped lines {}",
      count_of(recording::Fault::Crossed), count_of(recording::Fault::OtherBestPrice),
      count_of(recording::Fault::NoSnapshot), found.unreadable_frames, found.skipped_lines));
  return sound ? 0 : 1;
}

int info(const std::string& file) {
  Recording recording{fs::path(file)};
  const Inspection found = recording::inspect(recording);
  const double seconds = static_cast<double>(found.last_ms - found.first_ms) / 1'000;
  const double mib = static_cast<double>(fs::file_size(file)) / (1U << 20);
  print(fmt::format("span      {} to {}, {:.1f} s", shown_time(found.first_ms),
                    shown_time(found.last_ms), seconds));
  if (found.headers > 0)
    print(fmt::format("writer    {}; it began {} times", found.writer, found.headers));
  print(fmt::format("markets   {} with books, {} described by {} notes, {} results",
                    found.markets.size(), found.described_markets, found.market_notes,
                    found.resolved_notes));
  print(fmt::format("frames    {}, of these {} made by the recorder", found.frames,
                    found.made_frames));
  for (const auto& [kind, count] : found.events) print(fmt::format("  {:<17} {}", kind, count));
  print(fmt::format("gaps      {}", found.gaps.size()));
  print_gaps(found);
  print(fmt::format("size      {:.2f} MiB{}", mib,
                    seconds > 0 ? fmt::format(", {:.1f} MiB an hour", mib / seconds * 3'600) : ""));
  if (found.problem_count > 0)
    print(fmt::format("problems  {}; polybot recording check names them", found.problem_count));
  return found.problem_count > 0 ? 1 : 0;
}

std::int64_t time_of(const std::string& option, const std::string& text) {
  if (const auto ms = domain::parse_number<std::int64_t>(text)) return *ms;
  if (const auto time = polymarket::parse_iso_time(text)) return domain::to_unix_ms(*time);
  throw BadOption(option +
                  " must be a time such as 2026-06-08T12:00:00Z or Unix milliseconds, not '" +
                  text + "'");
}

struct CutRequest {
  fs::path from;
  fs::path to;
  recording::Part part;
};

CutRequest read_cut(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3 || arguments.size() % 2 == 0) throw BadOption(std::string(kUsage));
  CutRequest request{arguments[1], arguments[2], {}};
  for (std::size_t i = 3; i < arguments.size(); i += 2) {
    const std::string& option = arguments[i];
    const std::string& value = arguments[i + 1];
    if (option == "--from") {
      request.part.from_ms = time_of(option, value);
    } else if (option == "--to") {
      request.part.to_ms = time_of(option, value);
    } else if (option == "--market") {
      request.part.markets.insert(value);
    } else {
      throw BadOption("there is no option " + option + "; " + std::string(kUsage));
    }
  }
  if (request.part.from_ms > request.part.to_ms)
    throw BadOption("--from lies behind --to; name the earlier time with --from");
  std::error_code ignored;
  if (fs::equivalent(request.from, request.to, ignored))
    throw BadOption(request.to.string() + " is the recording that is to be cut; name a new file");
  if (fs::exists(fs::symlink_status(request.to)))
    throw BadOption(request.to.string() + " exists already; name a file that does not");
  return request;
}

// What a handler of signals may read; empty: there is nothing to remove.
std::array<char, PATH_MAX> unfinished_path{};

extern "C" void remove_unfinished_and_end(int number) {
  ::unlink(unfinished_path.data());
  ::signal(number, SIG_DFL);
  ::raise(number);
}

// A file that is there as a whole or not at all: it is written under a name beside its own, and
// takes its own at the end, which it takes from no other file. A kill leaves the one beside.
class NewFile {
 public:
  explicit NewFile(const fs::path& path)
      : path_(path), beside_(path.string() + "." + std::to_string(::getpid()) + ".part") {
    std::error_code ignored;
    fs::remove(beside_, ignored);  // of a process that was killed and had the same number
    const std::string name = beside_.string();
    if (name.size() < unfinished_path.size())
      std::copy(name.begin(), name.end(), unfinished_path.begin());
    for (std::size_t i = 0; i < kEnding.size(); ++i) {
      before_.at(i) = ::signal(kEnding.at(i), remove_unfinished_and_end);
      if (before_.at(i) == SIG_IGN) ::signal(kEnding.at(i), SIG_IGN);  // as nohup wants it
    }
  }
  ~NewFile() {
    std::error_code ignored;
    fs::remove(beside_, ignored);
    for (std::size_t i = 0; i < kEnding.size(); ++i) ::signal(kEnding.at(i), before_.at(i));
    unfinished_path.fill('\0');
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // Gives the pieces of the file to `fill`. Throws BadOption.
  template <class Fill>
  void write(const Fill& fill) {
    if (path_.extension() == ".zst") {
      write_packed(fill);
      return;
    }
    std::ofstream file(beside_, std::ios::binary);
    fill([&](std::string_view lines) { file << lines; });
    file.close();
    if (!file) fail("the disk is full, or the folder is missing");
  }

  // Throws BadOption.
  void take_its_name() {
    if (::renameat2(AT_FDCWD, beside_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0)
      return;
    std::error_code error(errno, std::generic_category());
    if (error == std::errc::invalid_argument) {  // of a file system that cannot promise it
      error = std::make_error_code(std::errc::file_exists);
      if (!fs::exists(path_)) fs::rename(beside_, path_, error);
    }
    if (error) fail(error.message());
  }

 private:
  static constexpr std::array kEnding{SIGINT, SIGTERM, SIGHUP};

  template <class Fill>
  void write_packed(const Fill& fill) {
    recording::SegmentFile file(beside_);
    constexpr std::uint64_t kPiece = 16U << 20;
    std::error_code error;
    fill([&](std::string_view lines) {
      file.append(lines);
      if (!error && file.open_bytes() > kPiece) error = file.finish();
    });
    if (!error) error = file.finish();
    if (error) fail(error.message());
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw BadOption("cannot write " + path_.string() + ": " + why);
  }

  fs::path path_;
  fs::path beside_;
  std::array<void (*)(int), kEnding.size()> before_{};
};

int cut(const std::vector<std::string>& arguments) {
  const CutRequest request = read_cut(arguments);
  Recording recording(request.from);
  std::uint64_t frames = 0;
  NewFile file(request.to);
  file.write([&](const std::function<void(std::string_view)>& write) {
    frames = recording::cut(recording, request.part, write);
  });
  if (frames == 0) {
    print("nothing of the recording lies in this part; no file was made");
    return 1;
  }
  file.take_its_name();
  print(fmt::format("{} frames in {}", frames, request.to.string()));
  return 0;
}

}  // namespace

int recording_command(const std::vector<std::string>& arguments) {
  try {
    const std::string verb = arguments.empty() ? "" : arguments[0];
    if (verb == "check" && arguments.size() == 2) return check(arguments[1]);
    if (verb == "info" && arguments.size() == 2) return info(arguments[1]);
    if (verb == "cut") return cut(arguments);
    throw BadOption(std::string(kUsage));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "polybot: %s\n", error.what());
  }
  return 2;
}

}  // namespace polybot::launcher
