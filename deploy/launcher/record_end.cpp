#include "deploy/launcher/record_end.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <cstring>

namespace polybot::launcher {
namespace {

// What the kernel's exec says, through ChildProcess, of a program that is not there.
constexpr int kExitNoProgram = 127;

std::string with_words(std::string why, const RecordFacts& facts) {
  return facts.last_words.empty() ? why : why + ": " + facts.last_words;
}

// What a recorder that could be started would not survive once: its configuration, its ports.
bool never_began(const RecordFacts& facts) {
  return facts.starts == 1 && facts.ends_in_a_row == 1 && facts.gateway->signal == 0 &&
         (facts.gateway->code == 1 || facts.gateway->code == kExitNoProgram);
}

std::string restarts_of(const RecordFacts& facts) {
  if (facts.starts <= 1) return {};
  return fmt::format("; the gateway was started {} times, with a gap before each further one",
                     facts.starts);
}

}  // namespace

RecordEnd end_without_folder(const RecordFacts& facts) {
  return {RecordExit::CannotWrite, "cannot write into " + facts.folder + " (" +
                                       facts.write_trouble +
                                       "); free room there, or name another folder"};
}

std::optional<RecordEnd> gives_up(const RecordFacts& facts) {
  if (!facts.gateway || facts.gateway->wants_restart()) return std::nullopt;
  const std::string end = facts.gateway->text();
  if (never_began(facts)) {
    return RecordEnd{RecordExit::CannotStart,
                     with_words("the gateway cannot start (" + end + ")", facts)};
  }
  if (facts.ends_in_a_row < kRecorderEndsMax) return std::nullopt;
  if (!facts.write_trouble.empty()) return end_without_folder(facts);
  return RecordEnd{RecordExit::NothingMore,
                   with_words(fmt::format("gave up, because the gateway ended by itself {} times "
                                          "in a row, at last with {}",
                                          facts.ends_in_a_row, end),
                              facts)};
}

RecordEnd end_as_asked(const RecordFacts& facts) {
  const std::string asked = facts.asked_by.value_or(SIGTERM) == SIGINT ? "SIGINT" : "SIGTERM";
  if (!facts.gateway)
    return {RecordExit::NothingMore, "the gateway did not run when " + asked + " came"};
  if (facts.was_killed) {
    return {RecordExit::NothingMore,
            with_words("the gateway did not end in time and was killed, so that its last file is "
                       "not closed; what it holds can be read",
                       facts)};
  }
  if (facts.gateway->terminated())
    return {RecordExit::NothingMore, asked + " came before the gateway was up"};
  if (!facts.gateway->clean() && !facts.gateway->wants_restart()) {
    return {RecordExit::NothingMore,
            with_words("the gateway ended by itself with " + facts.gateway->text() +
                           ", so that its last file is not closed; what it holds can be read",
                       facts)};
  }
  if (!facts.ending) {
    RecordFacts told = facts;
    if (told.write_trouble.empty()) told.write_trouble = "not even the note of the end";
    return end_without_folder(told);
  }
  const recording::Ending& ending = *facts.ending;
  if (!ending.trouble.empty()) {
    RecordFacts told = facts;
    told.write_trouble = fmt::format("{}; {} lines are lost", ending.trouble, ending.lost_lines);
    return end_without_folder(told);
  }
  if (ending.lost_lines > 0) {
    return {RecordExit::Incomplete,
            fmt::format("ended by {} with its file closed, but {} lines are missing from the "
                        "recording, {} of them without a gap that says so",
                        asked, ending.lost_lines, ending.unmarked_lines)};
  }
  if (ending.frames == 0 && facts.starts == 1)
    return {RecordExit::NothingMore, "the venue gave nothing until " + asked + " came"};
  return {RecordExit::AsAsked,
          fmt::format("ended by {} as asked, with its file closed{}", asked, restarts_of(facts))};
}

}  // namespace polybot::launcher
