#include "deploy/launcher/recording_command.hpp"

#include <fmt/format.h>

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
  if (fs::exists(request.to))
    throw BadOption(request.to.string() + " exists already; name a file that does not");
  return request;
}

// Gives the pieces of a new file to `fill`. A file that is not written to its end is removed.
template <class Fill>
void write_file(const fs::path& path, const Fill& fill) {
  const auto fail = [&](const std::string& why) {
    std::error_code ignored;
    fs::remove(path, ignored);
    throw BadOption("cannot write " + path.string() + ": " + why);
  };
  if (path.extension() == ".zst") {
    recording::SegmentFile file(path);
    constexpr std::uint64_t kPiece = 16U << 20;
    std::error_code error;
    fill([&](std::string_view lines) {
      file.append(lines);
      if (!error && file.open_bytes() > kPiece) error = file.finish();
    });
    if (!error) error = file.finish();
    if (error) fail(error.message());
    return;
  }
  std::ofstream file(path, std::ios::binary);
  fill([&](std::string_view lines) { file << lines; });
  file.close();
  if (!file) fail("the disk is full, or the folder is missing");
}

int cut(const std::vector<std::string>& arguments) {
  const CutRequest request = read_cut(arguments);
  Recording recording(request.from);
  std::uint64_t frames = 0;
  write_file(request.to, [&](const std::function<void(std::string_view)>& write) {
    frames = recording::cut(recording, request.part, write);
  });
  print(fmt::format("{} frames in {}", frames, request.to.string()));
  if (frames == 0) print("nothing of the recording lies in this part");
  return frames == 0 ? 1 : 0;
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
