// Why polybot record ended: its exit code, and the sentence that it says on standard error. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/recording/ending.hpp"
#include "deploy/launcher/child_process.hpp"

namespace polybot::launcher {

// These numbers are promised: --help, polybot(1) and README name them.
enum class RecordExit : std::uint8_t {
  AsAsked = 0,      // by a signal; the file is closed
  CannotStart = 1,  // configuration, ports, another recorder
  CannotWrite = 3,  // the folder cannot be written, or its disk is full
  NothingMore = 4,  // the venue gave nothing, or the gateway ended by itself
  Incomplete = 5,   // the file is closed, and lines are missing from the recording
};

// How often the gateway may end in a row, each time at once, until the recorder gives up.
inline constexpr std::uint64_t kRecorderEndsMax = 5;

struct RecordFacts {
  std::string folder;  // of the recordings
  // The signal that asked for the end; none: the recorder gives up because of the gateway's end.
  std::optional<int> asked_by;
  std::optional<ExitStatus> gateway;        // its last end; none: it could not be started
  std::uint64_t starts = 0;                 // of the gateway
  std::uint64_t ends_in_a_row = 0;          // none of its runs lasted
  bool was_killed = false;                  // by the recorder, as it did not end in time
  std::optional<recording::Ending> ending;  // of all its runs that left word of it
  std::string write_trouble;                // why the folder cannot be written now; empty: it can
  std::string last_words;                   // of the gateway, on one line
};

struct RecordEnd {
  RecordExit exit = RecordExit::AsAsked;
  std::string why;  // a sentence without its full stop
};

// Null: the gateway is to be started again. Not for one that was asked to end.
[[nodiscard]] std::optional<RecordEnd> gives_up(const RecordFacts& facts);
// After a signal, when the gateway has ended.
[[nodiscard]] RecordEnd end_as_asked(const RecordFacts& facts);
// That folder can be written no more, or not at all.
[[nodiscard]] RecordEnd end_without_folder(const RecordFacts& facts);

}  // namespace polybot::launcher
