// Whether this process is alive and ready, and why not.
//
// A service registers its components at the start and sets them ready or not ready with a reason;
// the process is ready when every component is. Liveness is loop progress alone: a process with a
// broken dependency is alive. Single-threaded, O(1) to read.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/time.hpp"

namespace polybot::runtime {

class Health {
 public:
  struct Component {
    std::string name;
    bool ready = false;
    std::string reason;         // why not ready; empty when ready
    domain::Timestamp since{};  // of the last change between ready and not ready
  };

  using Now = std::function<domain::Timestamp()>;
  Health(std::string service, std::string replica, std::string version, Now now);

  // Registers a component as not ready. Registering a name again changes nothing.
  void add(std::string_view name, std::string_view reason = "starting");
  // Both register the component if it is new.
  void set_ready(std::string_view name);
  void set_not_ready(std::string_view name, std::string_view reason);
  void remove(std::string_view name);

  // Without components the process is not ready: the service has not said what it depends on.
  [[nodiscard]] bool ready() const;
  // "feed: connecting", one per component that is not ready.
  [[nodiscard]] std::vector<std::string> reasons() const;
  [[nodiscard]] const std::vector<Component>& components() const { return components_; }
  [[nodiscard]] domain::Timestamp started_at() const { return started_at_; }
  [[nodiscard]] const std::string& service() const { return service_; }
  [[nodiscard]] const std::string& replica() const { return replica_; }
  [[nodiscard]] const std::string& version() const { return version_; }

  // Bodies of the routes.
  //   live   {"status":"alive"}
  //   ready  {"status":"ready","service":..,"replica":..,"version":..} or
  //          {"status":"not_ready",...,"reasons":[..]}
  //   health {"status":"healthy"|"not_ready","service","replica","version","timestamp",
  //           "uptime_seconds","components":{name:{"status","reason","since"}}}
  [[nodiscard]] static std::string live_body();
  [[nodiscard]] std::string ready_body() const;
  [[nodiscard]] std::string health_body() const;

  // Called after each change of a component (for the status heartbeat). May be empty.
  std::function<void()> on_change;

 private:
  Component& component(std::string_view name);
  void set(std::string_view name, bool ready, std::string_view reason);

  std::string service_;
  std::string replica_;
  std::string version_;
  Now now_;
  domain::Timestamp started_at_;
  std::vector<Component> components_;  // in order of registration
};

}  // namespace polybot::runtime
