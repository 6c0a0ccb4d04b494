#include "common/runtime/health.hpp"

#include <algorithm>
#include <utility>

#include "common/http/message.hpp"
#include "common/runtime/clock.hpp"

namespace polybot::runtime {
namespace {

void append_member(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  http::append_json_string(out, key);
  out += ':';
  http::append_json_string(out, value);
}

}  // namespace

Health::Health(std::string service, std::string replica, std::string version, Now now)
    : service_(std::move(service)),
      replica_(std::move(replica)),
      version_(std::move(version)),
      now_(std::move(now)),
      started_at_(now_()) {}

Health::Component& Health::component(std::string_view name) {
  for (Component& known : components_) {
    if (known.name == name) return known;
  }
  return components_.emplace_back(Component{std::string(name), false, "starting", now_()});
}

void Health::add(std::string_view name, std::string_view reason) {
  const std::size_t before = components_.size();
  Component& added = component(name);
  if (components_.size() == before) return;
  added.reason = std::string(reason);
  if (on_change) on_change();
}

void Health::set(std::string_view name, bool ready, std::string_view reason) {
  const std::size_t before = components_.size();
  Component& changed = component(name);
  const bool turned = changed.ready != ready || components_.size() != before;
  if (!turned && changed.reason == reason) return;
  if (turned) changed.since = now_();
  changed.ready = ready;
  changed.reason = std::string(reason);
  if (on_change) on_change();
}

void Health::set_ready(std::string_view name) {
  set(name, true, {});
}
void Health::set_not_ready(std::string_view name, std::string_view reason) {
  set(name, false, reason);
}

void Health::remove(std::string_view name) {
  const auto removed =
      std::erase_if(components_, [&](const Component& c) { return c.name == name; });
  if (removed > 0 && on_change) on_change();
}

bool Health::ready() const {
  return !components_.empty() && std::all_of(components_.begin(), components_.end(),
                                             [](const Component& c) { return c.ready; });
}

std::vector<std::string> Health::reasons() const {
  if (components_.empty()) return {"starting"};
  std::vector<std::string> reasons;
  for (const Component& component : components_) {
    if (!component.ready) reasons.push_back(component.name + ": " + component.reason);
  }
  return reasons;
}

std::string Health::live_body() {
  return R"({"status":"alive"})";
}

std::string Health::ready_body() const {
  std::string out = "{";
  append_member(out, "status", ready() ? "ready" : "not_ready");
  append_member(out, "service", service_);
  append_member(out, "replica", replica_);
  append_member(out, "version", version_);
  if (!ready()) {
    out += ",\"reasons\":[";
    for (const std::string& reason : reasons()) {
      if (out.back() != '[') out += ',';
      http::append_json_string(out, reason);
    }
    out += ']';
  }
  return out += '}';
}

std::string Health::health_body() const {
  const domain::Timestamp now = now_();
  std::string out = "{";
  append_member(out, "status", ready() ? "healthy" : "not_ready");
  append_member(out, "service", service_);
  append_member(out, "replica", replica_);
  append_member(out, "version", version_);
  append_member(out, "timestamp", to_rfc3339(now));
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(now - started_at_);
  out += ",\"uptime_seconds\":" + std::to_string(std::max<std::int64_t>(uptime.count(), 0));
  out += ",\"components\":{";
  for (const Component& component : components_) {
    if (out.back() != '{') out += ',';
    http::append_json_string(out, component.name);
    out += ":{";
    append_member(out, "status", component.ready ? "ready" : "not_ready");
    append_member(out, "reason", component.reason);
    append_member(out, "since", to_rfc3339(component.since));
    out += '}';
  }
  return out += "}}";
}

}  // namespace polybot::runtime
