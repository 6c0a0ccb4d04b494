// Which API keys the accounts have: those that sign requests, one for each nonce that an owner
// chose; read-only keys; and keys of builders. A key is a name and a life here; what it looks like
// and its secret follow from the seed (api/members.hpp).
//
// A key that was deleted can be made again with the same nonce and is then the same key, as at the
// venue.
//
// Pure; part of the exchange's state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "services/venue-simulator/core/messages.hpp"

namespace polybot::venue_simulator {

// An owner cannot fill the memory of the venue.
inline constexpr std::size_t kKeysMax = 100;  // of one kind and account, deleted ones included

class KeyRing {
 public:
  struct Key {
    std::uint64_t number = 0;  // of an API key its nonce; others count from 1
    domain::Timestamp created_at{};
    std::optional<domain::Timestamp> ended_at;
    [[nodiscard]] bool active() const { return !ended_at; }
  };

  // Whether CreateKey would be followed: not when the key is active, or there are too many.
  [[nodiscard]] bool can_create(const KeyName& key) const;
  void create(const KeyName& key, domain::Timestamp now);
  void end(const KeyName& key, domain::Timestamp now);

  [[nodiscard]] bool active(const KeyName& key) const;
  // By number, the ended ones included.
  [[nodiscard]] const std::vector<Key>& keys(AccountId account, KeyKind kind) const;
  // The number of the next key of a kind that counts.
  [[nodiscard]] std::uint64_t next_number(AccountId account, KeyKind kind) const;
  // Rises with each change: what was derived from the ring is out of date.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  template <class Archive>
  void fields(Archive& archive) {
    archive(keys_, changes_);
  }

 private:
  [[nodiscard]] const Key* find(const KeyName& key) const;

  std::map<std::pair<AccountId, KeyKind>, std::vector<Key>> keys_;
  std::uint64_t changes_ = 0;
};

}  // namespace polybot::venue_simulator
