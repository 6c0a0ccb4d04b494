#include "deploy/launcher/stack.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/join.hpp>
#include <fstream>
#include <set>
#include <string_view>
#include <system_error>

#include "common/runtime/until_one_ends.hpp"
#include "deploy/launcher/file_tail.hpp"
#include "deploy/launcher/json_fields.hpp"
#include "deploy/launcher/last_words.hpp"
#include "deploy/launcher/ports.hpp"
#include "deploy/launcher/scale.hpp"

namespace polybot::launcher {
namespace {

using namespace std::chrono_literals;

constexpr domain::Duration kPollInterval = 100ms;
constexpr domain::Duration kReadinessInterval = 500ms;
// A runner that is scaled away has this long to pass on what it holds.
constexpr domain::Duration kRetirePatience = 4s;
// In a crash loop each end is reported up to this number; then only at every doubling.
constexpr std::uint64_t kEndsTold = 3;

http::ClientOptions probe_options() {
  http::ClientOptions options;
  options.user_agent = "polybot-launcher";
  options.connect_timeout = 1s;
  options.request_timeout = 2s;
  return options;
}

// The reasons in a readiness answer, as one line.
std::string reasons_of(const std::string& body) {
  const std::vector<std::string> reasons = texts_field(parse_object(body), "reasons");
  return reasons.empty() ? "not ready" : boost::algorithm::join(reasons, "; ");
}

std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  in >> total >> resident;
  return in ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

std::string indented(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append("\n    ").append(line);
  return text;
}

}  // namespace

Stack::Stack(boost::asio::any_io_executor executor, Layout layout, std::size_t runners,
             std::function<void(const std::string&)> say)
    : executor_(executor),
      http_(executor, probe_options()),
      say_(std::move(say)),
      layout_(std::move(layout)),
      runners_(runners) {
  for (const ServicePlan& plan : layout_.services) add(plan);
  for (std::size_t i = 0; i < runners_; ++i) add(layout_.runners.at(i));
}

void Stack::add(const ServicePlan& plan) {
  Member& member = members_.emplace_back();
  member.plan = plan;
  member.view.name = plan.spec.name;
  member.view.service = plan.service;
  member.view.reason = "not started";
}

bool Stack::launch(Member& member) {
  member.is_confirmed = false;
  member.end_told = false;
  try {
    member.child = std::make_unique<ChildProcess>(member.plan.spec);
  } catch (const std::system_error& error) {
    set_not_ready(member, std::string("cannot be started: ") + error.what());
    return false;
  }
  member.restarts.note_start(clock_.monotonic());
  member.started_on = clock_.now();
  member.view.running = true;
  set_not_ready(member, "starting");
  return true;
}

void Stack::set_not_ready(Member& member, std::string reason) {
  member.view.ready = false;
  member.view.reason = std::move(reason);
  if (!member.view.not_ready_since) member.view.not_ready_since = clock_.now();
}

void Stack::launch_or_retry(Member& member) {
  if (launch(member)) return;
  say_(member.view.name + " " + member.view.reason + "; trying again");
  member.restarts.note_failed_start(clock_.monotonic());
}

std::vector<std::string> Stack::words_of(const Member& member, const ExitStatus& ended) const {
  const std::filesystem::path log = layout_.data / "logs" / (member.plan.spec.name + ".log");
  // A killed process does not log why.
  const bool was_killed = ended.signal == SIGKILL;
  return last_words(read_tail(member.plan.spec.output, kLogTailBytes),
                    was_killed ? std::string() : read_tail(log, kLogTailBytes), member.started_on,
                    clock_.now());
}

boost::asio::awaitable<std::string> Stack::start(domain::Duration patience) {
  const domain::Duration deadline = clock_.monotonic() + patience;
  for (Member& member : members_) {
    if (!launch(member)) co_return member.view.name + " " + member.view.reason;
  }
  domain::Duration say_next = clock_.monotonic() + 2s;
  std::set<std::string> announced;
  while (true) {
    std::vector<std::string> waited_for;
    for (Member& member : members_) {
      const auto ended = member.child ? member.child->poll() : std::nullopt;
      if (ended && !member.was_ready && !ended->wants_restart()) {
        member.end_told = true;
        co_return member.view.name + " ended with " + ended->text() +
            " before it was ready:" + indented(words_of(member, *ended));
      }
      check_process(member);
      co_await check_readiness(member.view.name);
      if (member.view.ready && announced.insert(member.view.name).second) {
        say_("  " + member.view.name + " is ready");
      }
      if (!member.view.ready)
        waited_for.push_back(member.view.name + " (" + member.view.reason + ")");
    }
    if (waited_for.empty()) {
      // A user may have set the number already.
      if (!read_wanted_runners(layout_.data)) write_wanted_runners(layout_.data, runners_);
      co_return std::string();
    }
    const std::string waiting = boost::algorithm::join(waited_for, ", ");
    const domain::Duration now = clock_.monotonic();
    if (now > deadline) co_return "not ready in time: " + waiting;
    if (now >= say_next) {
      say_("  waiting for " + waiting);
      say_next = now + 5s;
    }
    co_await runtime::sleep_for(kPollInterval);
  }
}

// Probes run side by side: a process that hangs delays its own probe for seconds, and must not
// delay the others.
boost::asio::awaitable<void> Stack::watch() {
  (void)co_await runtime::until_one_ends(watch_processes(), watch_readiness());
}

boost::asio::awaitable<void> Stack::watch_processes() {
  while (true) {
    if (const auto wanted = read_wanted_runners(layout_.data); wanted && !stopping_) scale(*wanted);
    for (Member& member : members_) check_process(member);
    std::erase_if(members_, [](const Member& m) { return m.retired_at && !m.child; });
    co_await runtime::sleep_for(kPollInterval);
  }
}

boost::asio::awaitable<void> Stack::watch_readiness() {
  while (true) {
    const std::vector<ServiceView> watched = views();
    for (const ServiceView& view : watched) {
      if (!stopping_) co_await check_readiness(view.name);
    }
    co_await runtime::sleep_for(kReadinessInterval);
  }
}

void Stack::check_process(Member& member) {
  if (stopping_) return;  // stop() looks after what ends now
  if (member.retired_at) return check_retired(member);
  const domain::Duration now = clock_.monotonic();
  if (member.child) {
    const auto ended = member.child->poll();
    if (!ended) {
      member.restarts.note_running(now);
      member.view.ends_in_a_row = member.restarts.ends_in_a_row();
      return;
    }
    note_end(member, *ended);
    tell_end(member);
    return;
  }
  if (!member.view.fenced && now >= member.restarts.restart_at()) {
    ++member.view.restarts;
    launch_or_retry(member);
  }
}

void Stack::note_end(Member& member, const ExitStatus& ended) {
  ServiceView& view = member.view;
  const std::string cause = cause_of(words_of(member, ended));
  member.child.reset();
  view.running = false;
  set_not_ready(member, "ended with " + ended.text() + (cause.empty() ? "" : ": " + cause));
  view.cause = cause.empty() ? ended.text() : cause;
  view.ended_at = clock_.now();
  view.fenced = ended.fenced();
  member.restarts.note_end(clock_.monotonic());
  view.ends_in_a_row = member.restarts.ends_in_a_row();
  if (view.ends_in_a_row == 1) view.ending_since = view.ended_at;
}

void Stack::tell_end(const Member& member) {
  const ServiceView& view = member.view;
  const std::uint64_t ends = view.ends_in_a_row;
  if (ends > kEndsTold && (ends & (ends - 1)) != 0) return;
  if (view.fenced) return say_(view.name + " " + view.reason + "; it is not started again");
  std::string line = view.name + " " + view.reason + "; starting it again";
  if (ends > 1) line += " (it ended " + std::to_string(ends) + " times in a row)";
  say_(line);
}

// ---- scaling -----------------------------------------------------------------------------------

// Runners are numbered from runner-1 on: the last ones leave, and come back with their old names.
void Stack::scale(std::size_t runners) {
  if (runners != runners_) {
    say_("scaling from " + std::to_string(runners_) + " to " + std::to_string(runners) +
         " runners");
    runners_ = runners;
  }
  for (std::size_t i = 0; i < layout_.runners.size(); ++i) {
    Member* const found = find(layout_.runners[i].spec.name);
    if (i < runners && found == nullptr) {
      const ServicePlan& plan = layout_.runners[i];
      add(plan);
      if (const auto taken = find_taken_port({{plan.admin_port, plan.spec.name}}))
        say_(taken_text(*taken) + "; end that one, and it starts");
      launch_or_retry(members_.back());
    } else if (i >= runners && found != nullptr && !found->retired_at) {
      retire(*found);
    }
  }
}

void Stack::retire(Member& member) {
  member.retired_at = clock_.monotonic();
  set_not_ready(member, "leaving");
  if (member.child) member.child->signal(SIGTERM);
}

void Stack::check_retired(Member& member) {
  if (!member.child) return;
  const auto ended = member.child->poll();
  const bool late = clock_.monotonic() > *member.retired_at + kRetirePatience;
  if (!ended && !late) return;
  if (!ended || !ended->clean()) {
    say_(member.view.name +
         (ended ? " left with " + ended->text() : std::string(" did not leave; killing it")));
  }
  member.child.reset();  // kills what still runs
}

Stack::Member* Stack::find(const std::string& name) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& one) { return one.view.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

// The member with this process, unless it ended or is about to leave.
Stack::Member* Stack::find_at_work(const std::string& name, std::optional<pid_t> pid) {
  Member* member = find(name);
  if (member == nullptr || !member->child || member->retired_at) return nullptr;
  return !pid || *pid == member->child->pid() ? member : nullptr;
}

boost::asio::awaitable<void> Stack::check_readiness(std::string name) {
  const Member* asked = find_at_work(name);
  if (asked == nullptr) co_return;
  const pid_t pid = asked->child->pid();
  const auto answer = co_await http_.get(
      "http://127.0.0.1:" + std::to_string(asked->plan.admin_port) + "/health/ready");
  // The answer comes from the process that was asked.
  Member* const found = find_at_work(name, pid);
  if (found == nullptr) co_return;
  Member& member = *found;
  member.view.resident_bytes = resident_bytes(pid);
  if (!answer) {
    const bool is_young = member.restarts.is_young(clock_.monotonic());
    set_not_ready(member, is_young ? "starting" : "does not answer");
    co_return;
  }
  // Another program may have the port; then ours is about to report that and end. Where the system
  // does not show who listens, the answer is believed.
  const std::optional<bool> listens_itself =
      member.is_confirmed ? true : listens(pid, member.plan.admin_port);
  member.is_confirmed = listens_itself.value_or(false);
  if (listens_itself == false) {
    set_not_ready(member, taken_text({member.plan.admin_port, name}));
    co_return;
  }
  if (answer->status != 200) {
    set_not_ready(member, reasons_of(answer->body));
    co_return;
  }
  member.view.ready = true;
  member.view.reason.clear();
  member.view.not_ready_since.reset();
  member.was_ready = true;
}

std::vector<ServiceView> Stack::stop_order() const {
  constexpr std::array<std::string_view, 5> kOrder = {"strategy-runner", "gateway", "order-manager",
                                                      "metrics-aggregator", "venue-simulator"};
  std::vector<ServiceView> order;
  for (const std::string_view service : kOrder) {
    for (const Member& member : members_) {
      if (member.plan.service == service) order.push_back(member.view);
    }
  }
  return order;
}

boost::asio::awaitable<bool> Stack::stop(std::string name, domain::Duration patience) {
  Member* const found = find(name);
  if (found == nullptr || !found->child) co_return true;
  Member& member = *found;
  member.child->signal(SIGTERM);
  const domain::Duration deadline = clock_.monotonic() + patience;
  while (!member.child->poll() && clock_.monotonic() < deadline) co_await runtime::sleep_for(10ms);
  const auto ended = member.child->poll();
  if (!ended) say_(member.view.name + " did not stop in time; killing it");
  const bool good = ended && (ended->clean() || (ended->terminated() && !member.was_ready));
  if (ended && !good && !member.end_told)
    say_(member.view.name + " ended with " + ended->text() + indented(words_of(member, *ended)));
  member.child.reset();  // kills what still runs
  member.view.running = false;
  set_not_ready(member, "stopped");
  co_return good;
}

std::vector<ServiceView> Stack::views() const {
  std::vector<ServiceView> views;
  for (const Member& member : members_) views.push_back(member.view);
  return views;
}

}  // namespace polybot::launcher
