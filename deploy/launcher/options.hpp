// What `make run` was asked for, read from the environment: MODE SEED DATA EDGE RECORDING SPEED.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace polybot::launcher {

// The stack cannot be started as asked: one line that says what to do instead.
class BadOption : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::filesystem::path data;                      // absolute
  std::optional<std::filesystem::path> recording;  // absolute, exists
  std::optional<std::uint64_t> seed;  // none: the simulator's own default, or the data folder's
  std::optional<std::string> speed;   // times the recorded pace; digits with an optional fraction
  bool edge = true;
  std::uint16_t port_offset = 0;  // added to every port, to run a second stack
};

using Environment = std::map<std::string, std::string>;

// `now_text` names the data folder of a replay run ("20260608-120000"). Throws BadOption.
[[nodiscard]] Options read_options(const Environment& environment, const std::string& now_text);

}  // namespace polybot::launcher
