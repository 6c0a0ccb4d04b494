// The facts that the screen of `make run` and its closing lines show.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/time.hpp"
#include "deploy/launcher/stack.hpp"

namespace polybot::launcher {

struct ScreenFacts {
  std::vector<ServiceView> services;
  std::optional<boost::json::object> status;  // the gateway's, when it is fresh
  // Since when each scope ("all", or a strategy) has been seen in its trading state; empty for a
  // state that was there when the launcher began to look.
  std::map<std::string, domain::Timestamp> states_since;
  std::optional<boost::json::object> mirror;  // of real markets, as the simulated venue tells it
  // The status of the gateway that reads the real venue.
  std::optional<boost::json::object> upstream;
  std::vector<std::string> fills;
  std::vector<std::string> news;  // what the launcher had to say, newest last
  std::string running_for;        // "00:03:12"
  domain::Timestamp now{};
};

}  // namespace polybot::launcher
