#include "services/venue-simulator/core/records/key_ring.hpp"

#include <algorithm>

namespace polybot::venue_simulator {

const KeyRing::Key* KeyRing::find(const KeyName& key) const {
  const std::vector<Key>& known = keys(key.account, key.kind);
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Key& one) { return one.number == key.number; });
  return found == known.end() ? nullptr : &*found;
}

bool KeyRing::can_create(const KeyName& key) const {
  const Key* known = find(key);
  return known != nullptr ? !known->active() : keys(key.account, key.kind).size() < kKeysMax;
}

void KeyRing::create(const KeyName& key, domain::Timestamp now) {
  if (!can_create(key)) return;
  ++changes_;
  std::vector<Key>& known = keys_[{key.account, key.kind}];
  const auto at =
      std::lower_bound(known.begin(), known.end(), key.number,
                       [](const Key& one, std::uint64_t number) { return one.number < number; });
  const Key made{key.number, now, std::nullopt};
  if (at != known.end() && at->number == key.number) {
    *at = made;
  } else {
    known.insert(at, made);
  }
}

void KeyRing::end(const KeyName& key, domain::Timestamp now) {
  if (!active(key)) return;
  ++changes_;
  for (Key& one : keys_[{key.account, key.kind}]) {
    if (one.number == key.number) one.ended_at = now;
  }
}

bool KeyRing::active(const KeyName& key) const {
  const Key* known = find(key);
  return known != nullptr && known->active();
}

const std::vector<KeyRing::Key>& KeyRing::keys(AccountId account, KeyKind kind) const {
  static const std::vector<Key> kNone;
  const auto found = keys_.find({account, kind});
  return found == keys_.end() ? kNone : found->second;
}

std::uint64_t KeyRing::next_number(AccountId account, KeyKind kind) const {
  const std::vector<Key>& known = keys(account, kind);
  return known.empty() ? 1 : known.back().number + 1;
}

}  // namespace polybot::venue_simulator
