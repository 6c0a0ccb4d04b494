// The durable memory of the simulated exchange: a snapshot of its state and the inputs since then.
//
//   <folder>/snapshot-<n>   the state when generation n began (generation 0: only the settings)
//   <folder>/inputs-<n>     every input of generation n with its time, written before its outputs
//
// A record is written with one write(), so that it survives the death of the process (kill -9) once
// append() has returned; sync() once a second makes it survive the machine as well. A torn tail is
// cut off at the next start. Two generations are kept: when the newest snapshot is damaged, the one
// before it and both input files give the same state.
//
// One process at a time: the folder is locked. Everything that fails throws runtime::CannotStart at
// the start and std::system_error later (a disk that is full ends the process: an exchange that
// forgets is worse than one that is down).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/domain/time.hpp"
#include "services/venue-simulator/core/exchange.hpp"

namespace polybot::venue_simulator {

// What generation 0 begins with; fixed for the life of the folder.
struct LogHeader {
  ExchangeSettings settings;
  domain::Timestamp started_at{};
  std::string
      recording;  // file name and size of the recording it belongs to; empty: synthetic flow
};

class InputLog {
 public:
  explicit InputLog(std::filesystem::path folder);
  ~InputLog();
  InputLog(const InputLog&) = delete;
  InputLog& operator=(const InputLog&) = delete;

  // What is in the folder, if anything.
  struct Opened {
    LogHeader header;
    std::optional<std::string> state;  // of the snapshot to begin with; none: begin by the header
  };
  [[nodiscard]] std::optional<Opened> open();
  // Begins an empty folder.
  void create(const LogHeader& header);
  // Hands out, in order, every input since the state that open() gave. Truncates a torn tail.
  // Returns the number of inputs.
  std::uint64_t replay(const std::function<void(const Input&, domain::Timestamp)>& apply);

  void append(const Input& input, domain::Timestamp now);
  void sync();
  // Begins a new generation with this state and forgets the one before the last.
  void compact(std::string_view state);
  // Size of the current generation.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

 private:
  [[nodiscard]] std::filesystem::path snapshot_path(std::uint64_t generation) const;
  [[nodiscard]] std::filesystem::path inputs_path(std::uint64_t generation) const;
  [[nodiscard]] std::optional<Opened> read_snapshot(std::uint64_t generation) const;
  void write_snapshot(std::uint64_t generation, std::string_view state);
  void open_inputs(std::uint64_t generation);

  std::filesystem::path folder_;
  int lock_ = -1;
  int file_ = -1;
  LogHeader header_;
  std::uint64_t first_ = 0;       // generation whose snapshot is used
  std::uint64_t generation_ = 0;  // the newest one
  std::uint64_t bytes_ = 0;
  bool dirty_ = false;
  std::string buffer_;  // of append(), reused
};

}  // namespace polybot::venue_simulator
