// What `make run` was asked for, read from the environment: MODE SEED DATA EDGE RUNNERS RECORDING
// SPEED CONFIG PORT_OFFSET BUS_TLS.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/domain/events.hpp"

namespace polybot::launcher {

// The stack cannot be started as asked; one line says what to do instead.
class BadOption : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The same, because DATA or something in it cannot be written.
class CannotWrite : public BadOption {
  using BadOption::BadOption;
};

struct Options {
  // Sim: the built-in venue with its own crowd, or a recording; Paper: it mirrors real markets;
  // Live: the venue of the configuration, with real money.
  domain::TradingMode mode = domain::TradingMode::Sim;
  std::filesystem::path data;                      // absolute
  std::optional<std::filesystem::path> recording;  // absolute, exists
  std::optional<std::uint64_t> seed;  // none: the simulator's own default, or the data folder's
  std::optional<std::string> speed;   // times the recorded pace; digits with an optional fraction
  std::optional<std::filesystem::path> configuration;  // absolute; instead of deploy/config
  std::optional<bool> edge;                            // none: as the configuration says
  // The bus over TLS on loopback, with what deploy/certificates.sh made there; absolute. None: ipc.
  std::optional<std::filesystem::path> certificates;
  std::size_t runners = 1;        // at first; see scale.hpp
  std::uint16_t port_offset = 0;  // added to every port, to run a second stack
};

// The venue's port stays below those that the kernel gives to outgoing connections (from 32768).
inline constexpr std::uint16_t kPortOffsetMax = 24'600;

using Environment = std::map<std::string, std::string>;

// One runner per port from 8010 on; more than a strategy's shards keep busy.
inline constexpr std::size_t kRunnersMax = 16;

// For RUNNERS and `polybot scale`. Throws BadOption.
[[nodiscard]] std::size_t parse_runners(const std::string& text);

// Where data goes when DATA does not say.
enum class Home : std::uint8_t {
  WorkingFolder,  // data/ in it: a clone
  User,           // polybot/ in XDG_DATA_HOME or ~/.local/share: the package
};

// `now_text` names the data folder of a replay run ("20260608-120000"). Throws BadOption.
[[nodiscard]] Options read_options(const Environment& environment, const std::string& now_text,
                                   Home home);

}  // namespace polybot::launcher
