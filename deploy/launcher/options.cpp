#include "deploy/launcher/options.hpp"

#include <string_view>
#include <vector>

#include "common/domain/number_text.hpp"

namespace polybot::launcher {
namespace {

// Make passes every variable, empty when it was not given.
std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

template <class Int>
Int whole_number(const std::string& name, const std::string& text, Int min, Int max) {
  const auto value = domain::parse_number<Int>(text);
  if (!value || *value < min || *value > max) {
    throw BadOption(name + " must be a whole number from " + std::to_string(min) + " to " +
                    std::to_string(max) + ", not '" + text + "'");
  }
  return *value;
}

domain::TradingMode read_mode(const Environment& environment) {
  const std::string mode = value_of(environment, "MODE");
  if (mode.empty() || mode == "sim") return domain::TradingMode::Sim;
  if (mode != "paper" && mode != "live")
    throw BadOption("MODE must be sim, paper or live, not '" + mode + "'");
  std::vector<std::string> others{"SEED", "EDGE", "RECORDING", "SPEED"};
  if (mode == "paper") others.emplace_back("BUS_TLS");
  for (const std::string& name : others) {
    if (!value_of(environment, name).empty())
      throw BadOption(name + " does not go with MODE=" + mode);
  }
  if (mode == "paper") return domain::TradingMode::Paper;
  if (value_of(environment, "CONFIG").empty()) {
    throw BadOption(
        "MODE=live takes no shipped configuration: copy deploy/config to a folder of your own, say "
        "there what trades and with how much, and name it with CONFIG=folder (README, Trade for "
        "real)");
  }
  return domain::TradingMode::Live;
}

void check_speed(const std::string& text) {
  bool digit = false;
  int points = 0;
  for (const char c : text) {
    if (c == '.') {
      ++points;
    } else if (c >= '0' && c <= '9') {
      digit = digit || c != '0';
    } else {
      points = 2;
    }
  }
  if (!digit || points > 1 || text.size() > 8) {
    throw BadOption("SPEED must be a positive number such as 10 or 0.5, not '" + text + "'");
  }
}

// Absolute, without "..", and without a slash at its end.
std::filesystem::path whole_path(const std::string& text) {
  const std::filesystem::path path = std::filesystem::absolute(text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

std::filesystem::path usual_folder(const Environment& environment, Home home) {
  if (home == Home::WorkingFolder) return std::filesystem::absolute("data");
  // By the XDG rules a relative path counts as none.
  const std::filesystem::path shared = value_of(environment, "XDG_DATA_HOME");
  if (shared.is_absolute()) return shared / "polybot";
  const std::filesystem::path user = value_of(environment, "HOME");
  if (!user.is_absolute())
    throw BadOption("there is no HOME to keep data in; say where: DATA=folder");
  return user / ".local" / "share" / "polybot";
}

}  // namespace

std::size_t parse_runners(const std::string& text) {
  return whole_number<std::size_t>("RUNNERS", text, 1, kRunnersMax);
}

Options read_options(const Environment& environment, const std::string& now_text, Home home) {
  Options options;
  options.mode = read_mode(environment);
  if (const std::string seed = value_of(environment, "SEED"); !seed.empty()) {
    options.seed = whole_number<std::uint64_t>("SEED", seed, 0, INT64_MAX);
  }
  const std::string edge = value_of(environment, "EDGE");
  if (!edge.empty() && edge != "0" && edge != "1")
    throw BadOption("EDGE must be 0 or 1, not '" + edge + "'");
  if (!edge.empty()) options.edge = edge == "1";
  if (const std::string offset = value_of(environment, "PORT_OFFSET"); !offset.empty()) {
    options.port_offset = whole_number<std::uint16_t>("PORT_OFFSET", offset, 0, kPortOffsetMax);
  }
  if (const std::string runners = value_of(environment, "RUNNERS"); !runners.empty()) {
    options.runners = parse_runners(runners);
  }
  const std::string recording = value_of(environment, "RECORDING");
  const std::string speed = value_of(environment, "SPEED");
  if (!recording.empty()) {
    const std::filesystem::path path = whole_path(recording);
    if (!std::filesystem::is_regular_file(path)) {
      throw BadOption("RECORDING: there is no file " + path.string());
    }
    options.recording = path;
  }
  if (!speed.empty()) {
    if (recording.empty()) throw BadOption("SPEED goes with RECORDING=file");
    check_speed(speed);
    options.speed = speed;
  }
  if (const std::string folder = value_of(environment, "CONFIG"); !folder.empty()) {
    const std::filesystem::path path = whole_path(folder);
    if (!std::filesystem::is_directory(path)) {
      throw BadOption("CONFIG: there is no folder " + path.string());
    }
    options.configuration = path;
  }
  if (const std::string folder = value_of(environment, "BUS_TLS"); !folder.empty()) {
    const std::filesystem::path path = whole_path(folder);
    if (!std::filesystem::is_directory(path / "authorities")) {
      throw BadOption("BUS_TLS: there are no certificates in " + path.string() +
                      "; certificates.sh make " + path.string() + " makes them");
    }
    options.certificates = path;
  }
  const std::string data = value_of(environment, "DATA");
  if (!data.empty()) {
    options.data = whole_path(data);
  } else {
    options.data = usual_folder(environment, home) /
                   (options.recording ? "replay-" + now_text : std::string(name_of(options.mode)));
  }
  return options;
}

}  // namespace polybot::launcher
