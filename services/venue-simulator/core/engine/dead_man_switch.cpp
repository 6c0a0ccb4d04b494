#include "services/venue-simulator/core/engine/dead_man_switch.hpp"

#include "services/venue-simulator/core/identity.hpp"

namespace polybot::venue_simulator {

using domain::Timestamp;

namespace {

// The first check of the venue at or after a time: on multiples of five seconds of its clock.
Timestamp look_from(Timestamp earliest) {
  const std::int64_t step = kHeartbeatCheck.count();
  const std::int64_t ns = domain::to_unix_ns(earliest);
  return domain::from_unix_ns((ns + step - 1) / step * step);
}

// The id is no secret: the request that carries it is authenticated.
std::string next_id(std::uint64_t seed, AccountId account, std::uint64_t count) {
  return derived_uuid(splitmix64(seed ^ 0x6265617473ULL) ^ account.value, count);
}

}  // namespace

HeartbeatAnswer DeadManSwitch::beat(const Heartbeat& heartbeat, std::uint64_t seed, Timestamp now) {
  Chain& chain = chains_[heartbeat.account];
  if (heartbeat.id != chain.expected) return {false, chain.expected};
  chain.expected = next_id(seed, heartbeat.account, ++chain.count);
  chain.look_at = look_from(now + domain::kHeartbeatPatience);
  chain.lapsed = false;
  return {true, chain.expected};
}

std::string DeadManSwitch::expected(AccountId account) const {
  const auto found = chains_.find(account);
  return found == chains_.end() ? std::string() : found->second.expected;
}

std::optional<Timestamp> DeadManSwitch::next_due() const {
  std::optional<Timestamp> due;
  for (const auto& [account, chain] : chains_) {
    if (chain.count > 0 && (!due || chain.look_at < *due)) due = chain.look_at;
  }
  return due;
}

std::vector<AccountId> DeadManSwitch::look(Timestamp now) {
  std::vector<AccountId> lapsed;
  for (auto& [account, chain] : chains_) {
    if (chain.count == 0 || chain.look_at > now) continue;
    chain.lapsed = true;
    chain.look_at = look_from(now + domain::Duration(1));
    lapsed.push_back(account);
  }
  return lapsed;
}

bool DeadManSwitch::lapsed(AccountId account) const {
  const auto found = chains_.find(account);
  return found != chains_.end() && found->second.lapsed;
}

}  // namespace polybot::venue_simulator
