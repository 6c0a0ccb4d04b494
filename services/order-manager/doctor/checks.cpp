#include "services/order-manager/doctor/checks.hpp"

#include <fmt/format.h>

#include "common/http/fault.hpp"
#include "common/http/url.hpp"
#include "common/polymarket/messages/orders.hpp"

namespace polybot::order_manager::doctor {
namespace {

constexpr std::size_t kQuotedBytesMax = 160;

bool failed(const Answer& answer) {
  return answer.end == Answer::End::Failed;
}

// The host is there, and what stands at its door is no TLS of its own.
bool is_of_tls(const Answer& answer) {
  return failed(answer) && (http::is_certificate_fault(answer.failure.ec) ||
                            answer.failure.stage == http::Failure::Stage::Handshake);
}

bool is_of_host(const Answer& answer) {
  return failed(answer) && !is_of_tls(answer);
}

void add(std::string& list, const std::string& part) {
  if (!list.empty()) list += "; ";
  list += part;
}

// Without its path: a node's holds the token of who pays for it.
std::string name_of(const Host& host) {
  const auto url = http::parse_url(host.url);
  return host.key + " " + (url ? url->host_field() : std::string("(unreadable)"));
}

Check check_hosts(const Facts& facts) {
  std::string missing;
  std::size_t reached = 0;
  for (const Host& host : facts.hosts) {
    if (is_of_host(host.answer))
      add(missing, fmt::format("{}: {}", name_of(host), host.answer.failure.message()));
    else if (host.answer.end == Answer::End::Answered || is_of_tls(host.answer))
      ++reached;
  }
  if (missing.empty()) return passes("host", fmt::format("{} addresses answer", reached));
  return fails("host", "no answer from " + missing,
               "see whether this host has a network and a name service, and the addresses in "
               "[venue] are right");
}

Check check_tls(const Facts& facts) {
  std::string refused;
  std::string plain;
  std::size_t proven = 0;
  for (const Host& host : facts.hosts) {
    const auto url = http::parse_url(host.url);
    const bool tls = url && url->tls;
    const bool here =
        url && (url->host == "localhost" || url->host == "::1" || url->host.starts_with("127."));
    if (!tls && !here) add(plain, name_of(host));
    if (is_of_tls(host.answer))
      add(refused, fmt::format("{}: {}", name_of(host), host.answer.failure.message()));
    else if (tls && host.answer.end == Answer::End::Answered)
      ++proven;
  }
  if (!refused.empty()) {
    return fails("tls", refused,
                 "correct what the words name: this host's clock, the address, or venue.ca_file "
                 "(an authority is added for a proxy that opens TLS, and for nobody else)");
  }
  if (!plain.empty()) {
    return fails("tls", "anybody on the way can read and change what goes to " + plain,
                 "name an address that begins with https (wss for venue.user_ws)");
  }
  if (proven == 0) return passes("tls", "none is needed: all addresses are on this machine");
  return passes("tls", fmt::format("{} addresses have proven who they are", proven));
}

}  // namespace

Check passes(std::string name, std::string what) {
  return {.name = std::move(name), .verdict = Verdict::Pass, .what = std::move(what), .next = {}};
}
Check warns(std::string name, std::string what, std::string next) {
  return {std::move(name), Verdict::Warn, std::move(what), std::move(next)};
}
Check fails(std::string name, std::string what, std::string next) {
  return {std::move(name), Verdict::Fail, std::move(what), std::move(next)};
}
Check unchecked(std::string name, const std::string& because, std::string next) {
  return {std::move(name), Verdict::Unchecked, "not checked, because " + because, std::move(next)};
}

std::string refusal_of(const Answer& answer) {
  std::string words = polymarket::parse_error_body(answer.body).value_or("");
  if (words.empty()) return fmt::format("{} without the venue's words", answer.status);
  if (words.size() > kQuotedBytesMax) words.resize(kQuotedBytesMax);
  return fmt::format("{} \"{}\"", answer.status, words);
}

std::optional<Check> unanswered(const std::string& name, const std::string& question,
                                const Answer& answer, const Facts& facts) {
  switch (answer.end) {
    case Answer::End::NotAsked:
      return unchecked(name, answer.why_not);
    case Answer::End::Failed:
      // The lines of host and tls tell of it.
      for (const Host& host : facts.hosts) {
        if (failed(host.answer) && host.answer.failure.ec == answer.failure.ec)
          return unchecked(name, host.key + " does not answer");
      }
      return fails(name, question + " has no answer: " + answer.failure.message(),
                   "run doctor again; if it stays so, the venue is in trouble: do not trade");
    case Answer::End::Answered:
      break;
  }
  if (answer.status == 200) return std::nullopt;
  return fails(name, question + " is answered " + refusal_of(answer),
               answer.status == 429 ? "wait a minute, then run doctor again"
                                    : "run doctor again; if it stays so, do not trade");
}

void check_way(const Facts& facts, std::vector<Check>& checks) {
  checks.push_back(check_hosts(facts));
  checks.push_back(check_tls(facts));
}

std::vector<Check> examine(const Facts& facts) {
  std::vector<Check> checks;
  check_way(facts, checks);
  check_venue(facts, checks);
  check_wallet(facts, checks);
  check_account(facts, checks);
  check_spenders(facts, checks);
  check_orders(facts, checks);
  check_fence(facts, checks);
  check_host(facts, checks);
  return checks;
}

}  // namespace polybot::order_manager::doctor
