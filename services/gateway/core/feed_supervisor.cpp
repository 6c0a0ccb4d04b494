#include "services/gateway/core/feed_supervisor.hpp"

#include <algorithm>
#include <utility>

namespace polybot::gateway {

using domain::Duration;
using domain::TokenId;

namespace {

constexpr std::size_t kSampleMin = 8;  // of a silent link, however many there are

// Whether a lost message can be behind a failure. A wrong whole book, or a wrong change that did
// come, would be as wrong on another socket.
bool may_be_lost(ResyncReason reason) {
  switch (reason) {
    case ResyncReason::Crossed:
    case ResyncReason::BestMismatch:
    case ResyncReason::MirrorMismatch:
      return true;
    case ResyncReason::BadLevel:
    case ResyncReason::TickChanged:
    case ResyncReason::SnapshotMissing:
    case ResyncReason::Disconnected:
    case ResyncReason::FeedSilent:
      return false;
  }
  return false;
}

}  // namespace

// ---- what is wanted --------------------------------------------------------------------------

LinkId FeedSupervisor::link_with_room(Duration now) {
  for (const auto& [id, link] : links_) {
    if (link.tokens.size() < settings_.tokens_per_link_max) return id;
  }
  const LinkId id{next_link_++};
  links_[id].open_at = now;
  return id;
}

void FeedSupervisor::add(const TokenId& token, Duration now, FeedActions& out) {
  if (tokens_.contains(token)) return;
  const LinkId id = link_with_room(now);
  Link& link = links_.at(id);
  link.tokens.insert(token);
  Token& entry = tokens_[token];
  entry.link = id;
  entry.data_at = now;
  if (link.state != LinkState::Open) return;  // subscribed with the rest once it is open
  await_book(token, now);
  if (!link.subscribed) {
    subscribe(link, id, now, out);
    return;
  }
  // Tokens added in one go share a message.
  if (!out.empty()) {
    if (auto* last = std::get_if<SubscribeTokens>(&out.back());
        last != nullptr && last->link == id) {
      last->tokens.push_back(token);
      return;
    }
  }
  out.emplace_back(SubscribeTokens{.link = id, .tokens = {token}, .first = false});
}

void FeedSupervisor::remove(const TokenId& token, FeedActions& out) {
  const auto at = tokens_.find(token);
  if (at == tokens_.end()) return;
  const LinkId id = at->second.link;
  tokens_.erase(at);
  Link& link = links_.at(id);
  link.tokens.erase(token);
  if (link.tokens.empty()) {
    if (link.state != LinkState::Waiting)
      out.emplace_back(CutLink{.link = id, .why = LinkEnd::Idle});
    links_.erase(id);
    return;
  }
  if (link.state == LinkState::Open && link.subscribed) {
    out.emplace_back(UnsubscribeTokens{.link = id, .tokens = {token}});
  }
}

// ---- links -----------------------------------------------------------------------------------

void FeedSupervisor::subscribe(Link& link, LinkId id, Duration now, FeedActions& out) {
  link.subscribed = true;
  link.ping_at = now + settings_.ping_interval;
  for (const TokenId& token : link.tokens) await_book(token, now);
  out.emplace_back(SubscribeTokens{
      .link = id, .tokens = {link.tokens.begin(), link.tokens.end()}, .first = true});
}

void FeedSupervisor::await_book(const TokenId& token, Duration from) {
  Token& entry = tokens_.at(token);
  entry.fresh = false;
  entry.fetch_at = from + settings_.snapshot_timeout;
  entry.fetch_pause = settings_.refetch;
  awaited_.insert(token);
}

void FeedSupervisor::on_open(LinkId id, Duration now, FeedActions& out) {
  const auto at = links_.find(id);
  if (at == links_.end()) {
    out.emplace_back(CutLink{.link = id, .why = LinkEnd::Idle});
    return;
  }
  Link& link = at->second;
  link.state = LinkState::Open;
  link.opened_at = link.data_at = link.compared_at = now;
  link.pong_due = Duration::zero();
  link.subscribed = false;
  link.had_books = false;
  subscribe(link, id, now, out);
}

void FeedSupervisor::on_data(LinkId id, Duration now) {
  const auto at = links_.find(id);
  if (at == links_.end()) return;
  at->second.data_at = now;
  at->second.was_silent = false;
}

void FeedSupervisor::on_pong(LinkId id, Duration) {
  const auto at = links_.find(id);
  if (at != links_.end()) at->second.pong_due = Duration::zero();
}

void FeedSupervisor::on_closed(LinkId id, Duration now, FeedActions& out) {
  const auto at = links_.find(id);
  if (at == links_.end() || at->second.state == LinkState::Waiting) return;
  end(id, LinkEnd::Closed, ResyncReason::Disconnected, now, out);
}

void FeedSupervisor::end(LinkId id, LinkEnd why, ResyncReason reason, Duration now,
                         FeedActions& out) {
  Link& link = links_.at(id);
  const bool was_open = link.state == LinkState::Open;
  if (was_open && now - link.opened_at >= settings_.healthy_after) {
    link.attempts = 0;
    link.retried_for_books = false;
  }
  link.open_at = now + pause_before(id, link.attempts);
  ++link.attempts;
  link.state = LinkState::Waiting;
  if (why == LinkEnd::FeedSilent) link.was_silent = true;
  for (const TokenId& token : link.tokens) {
    Token& entry = tokens_.at(token);
    entry.fresh = false;
    entry.fetch_at = Duration::zero();  // the next opening book repairs it
    entry.failures = 0;
  }
  if (was_open)
    out.emplace_back(
        StaleBooks{.tokens = {link.tokens.begin(), link.tokens.end()}, .reason = reason});
  if (why != LinkEnd::Closed) out.emplace_back(CutLink{.link = id, .why = why});
}

// The first attempt after a healthy time is immediate. Then the step doubles, and a pause takes
// between half and all of it.
Duration FeedSupervisor::pause_before(LinkId id, std::uint32_t attempt) const {
  if (attempt == 0) return Duration::zero();
  const Duration step = std::min<Duration>(
      settings_.reconnect_min * (1LL << std::min(attempt - 1, 20U)), settings_.reconnect_max);
  std::uint64_t mixed = settings_.jitter_seed ^ (std::uint64_t{id.value} << 32) ^ attempt;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  const Duration half = step / 2;
  return half + Duration(static_cast<std::int64_t>((mixed >> 33) %
                                                   static_cast<std::uint64_t>(half.count() + 1)));
}

// ---- books -----------------------------------------------------------------------------------

void FeedSupervisor::on_book_data(const TokenId& token, Duration now) {
  const auto at = tokens_.find(token);
  if (at != tokens_.end()) at->second.data_at = now;
}

void FeedSupervisor::on_book_fresh(const TokenId& token, SnapshotSource source, Duration now) {
  const auto at = tokens_.find(token);
  if (at == tokens_.end()) return;
  at->second.fresh = true;
  at->second.fetch_at = Duration::zero();
  at->second.data_at = now;
  if (source == SnapshotSource::Socket) links_.at(at->second.link).had_books = true;
}

void FeedSupervisor::on_book_failed(const TokenId& token, ResyncReason reason, Duration now,
                                    FeedActions& out) {
  const auto at = tokens_.find(token);
  if (at == tokens_.end()) return;
  Token& entry = at->second;
  entry.fresh = false;
  // A book that is asked for already comes in time, however often it fails meanwhile.
  if (entry.fetch_at == Duration::zero()) {
    // What the venue itself sends wrongly, it soon sends wrongly again after a book that was right.
    const bool again = !may_be_lost(reason) && entry.fetched_at != Duration::zero() &&
                       now - entry.fetched_at < settings_.failure_window;
    if (!again) entry.fetch_pause = settings_.refetch;
    entry.fetch_at = again ? std::max(now, entry.fetched_at + entry.fetch_pause) : now;
    awaited_.insert(token);
  }
  if (!may_be_lost(reason)) return;
  if (now - entry.failures_since > settings_.failure_window) {
    entry.failures_since = now;
    entry.failures = 0;
  }
  if (++entry.failures < settings_.failures_max || now < entry.cost_link_until) return;
  if (links_.at(entry.link).state != LinkState::Open) return;
  entry.cost_link_until = now + settings_.blamed;
  end(entry.link, LinkEnd::BooksFail, reason, now, out);
}

void FeedSupervisor::on_compared(const TokenId& token, Agreement agreement, Duration now,
                                 FeedActions& out) {
  const auto at = tokens_.find(token);
  if (at == tokens_.end() || agreement != Agreement::Behind) return;
  if (links_.at(at->second.link).state != LinkState::Open) return;
  end(at->second.link, LinkEnd::FeedSilent, ResyncReason::FeedSilent, now, out);
}

// ---- time ------------------------------------------------------------------------------------

void FeedSupervisor::on_timer(Duration now, FeedActions& out) {
  for (auto& [id, link] : links_) check_link(id, link, now, out);
  compare_silent(now, out);
  fetch_due(now, out);
  if (now - compared_quiet_at_ >= settings_.compare_interval) {
    compared_quiet_at_ = now;
    compare_quiet(now, out);
  }
}

void FeedSupervisor::check_link(LinkId id, Link& link, Duration now, FeedActions& out) {
  if (link.state == LinkState::Waiting && now >= link.open_at) {
    link.state = LinkState::Connecting;
    out.emplace_back(OpenLink{.link = id});
    return;
  }
  if (link.state != LinkState::Open) return;
  if (link.pong_due != Duration::zero() && now >= link.pong_due) {
    end(id, LinkEnd::PongTimeout, ResyncReason::Disconnected, now, out);
    return;
  }
  if (now >= link.ping_at) {
    link.ping_at = now + settings_.ping_interval;
    if (link.pong_due == Duration::zero()) link.pong_due = now + settings_.pong_timeout;
    out.emplace_back(SendPing{.link = id});
  }
  if (lacks_opening_books(link, now)) {
    link.retried_for_books = true;
    end(id, LinkEnd::NoOpeningBooks, ResyncReason::SnapshotMissing, now, out);
  }
}

// No opening book came although REST had time to seed them: that is worth one new socket.
bool FeedSupervisor::lacks_opening_books(const Link& link, Duration now) const {
  if (link.had_books || (link.retried_for_books && !link.was_silent)) return false;
  return now - link.opened_at >= 2 * settings_.snapshot_timeout;
}

// Silent links are compared together, so that few requests hold the samples of many.
void FeedSupervisor::compare_silent(Duration now, FeedActions& out) {
  std::vector<Link*> silent;
  bool is_due = false;
  for (auto& [id, link] : links_) {
    if (link.state != LinkState::Open || now - link.data_at < settings_.silence) continue;
    silent.push_back(&link);
    is_due = is_due || now - link.compared_at >= settings_.silence;
  }
  if (!is_due) return;
  const std::size_t share =
      std::max(kSampleMin, settings_.compare_silent_max / std::max<std::size_t>(1, silent.size()));
  std::vector<TokenId> chosen;
  for (Link* link : silent) {
    if (now - link->compared_at < settings_.silence / 2) continue;
    link->compared_at = now;
    for (const TokenId& token : sample(*link, share)) {
      tokens_.at(token).compared_at = now;
      chosen.push_back(token);
    }
  }
  fetch(std::move(chosen), FetchPurpose::Sample, out);
}

// A quarter are those that moved last, the others those that were not compared for longest.
std::vector<TokenId> FeedSupervisor::sample(const Link& link, std::size_t count) const {
  std::vector<TokenId> fresh;
  for (const TokenId& token : link.tokens) {
    if (tokens_.at(token).fresh) fresh.push_back(token);
  }
  if (fresh.size() <= count) return fresh;
  const auto lively = fresh.begin() + static_cast<std::ptrdiff_t>(count / 4);
  std::partial_sort(fresh.begin(), lively, fresh.end(), [&](const TokenId& a, const TokenId& b) {
    return std::pair(tokens_.at(b).data_at, a) < std::pair(tokens_.at(a).data_at, b);
  });
  const auto end = fresh.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(lively, end, fresh.end(), [&](const TokenId& a, const TokenId& b) {
    return std::pair(tokens_.at(a).compared_at, a) < std::pair(tokens_.at(b).compared_at, b);
  });
  fresh.erase(end, fresh.end());
  return fresh;
}

// A single asset can freeze on a socket that is busy with others.
void FeedSupervisor::compare_quiet(Duration now, FeedActions& out) {
  std::vector<std::pair<Duration, TokenId>> quiet;
  for (const auto& [token, entry] : tokens_) {
    if (!entry.fresh || now - entry.data_at < settings_.quiet) continue;
    if (now - entry.compared_at < settings_.quiet) continue;
    quiet.emplace_back(entry.compared_at, token);
  }
  const std::size_t count = std::min(quiet.size(), settings_.compare_quiet_max);
  std::partial_sort(quiet.begin(), quiet.begin() + static_cast<std::ptrdiff_t>(count), quiet.end());
  quiet.resize(count);
  std::vector<TokenId> chosen;
  for (const auto& [compared_at, token] : quiet) {
    tokens_.at(token).compared_at = now;
    chosen.push_back(token);
  }
  fetch(std::move(chosen), FetchPurpose::Compare, out);
}

void FeedSupervisor::fetch_due(Duration now, FeedActions& out) {
  std::vector<TokenId> due;
  for (auto at = awaited_.begin(); at != awaited_.end();) {
    const auto found = tokens_.find(*at);
    if (found == tokens_.end() || found->second.fetch_at == Duration::zero()) {
      at = awaited_.erase(at);
      continue;
    }
    const TokenId& token = *at++;
    Token& entry = found->second;
    if (now < entry.fetch_at || links_.at(entry.link).was_silent) continue;
    entry.fetched_at = now;
    entry.fetch_at = now + entry.fetch_pause;
    entry.fetch_pause = std::min<Duration>(entry.fetch_pause * 2, settings_.refetch_max);
    due.push_back(token);
  }
  fetch(std::move(due), FetchPurpose::Resync, out);
}

void FeedSupervisor::fetch(std::vector<TokenId> tokens, FetchPurpose purpose,
                           FeedActions& out) const {
  for (std::size_t from = 0; from < tokens.size(); from += settings_.tokens_per_fetch_max) {
    const std::size_t to = std::min(tokens.size(), from + settings_.tokens_per_fetch_max);
    out.emplace_back(FetchBooks{.tokens = {tokens.begin() + static_cast<std::ptrdiff_t>(from),
                                           tokens.begin() + static_cast<std::ptrdiff_t>(to)},
                                .purpose = purpose});
  }
}

std::optional<LinkId> FeedSupervisor::link_of(const TokenId& token) const {
  const auto at = tokens_.find(token);
  return at == tokens_.end() ? std::nullopt : std::optional<LinkId>(at->second.link);
}

std::vector<TokenId> FeedSupervisor::tokens_of(LinkId link) const {
  const auto at = links_.find(link);
  if (at == links_.end()) return {};
  return {at->second.tokens.begin(), at->second.tokens.end()};
}

std::size_t FeedSupervisor::links_open() const {
  return static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(),
                    [](const auto& entry) { return entry.second.state == LinkState::Open; }));
}

}  // namespace polybot::gateway
