// Converts the exchange's own state and log to bytes and back by one description. A plain struct is
// all its members in the order of their declaration; a type that leaves members out, or hides them,
// has a `fields(archive)` function. Little-endian fixed-width integers, lengths as 32 bits; written
// and read by the same version only (the log's header names it).
//
// A Loader never trusts its bytes: running past the end makes it fail(), after which it yields
// zeros and empty containers; the owner checks ok() once at the end.
#pragma once

#include <algorithm>
#include <array>
#include <boost/pfr/core.hpp>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/time.hpp"

namespace polybot::venue_simulator {

namespace archive_detail {

template <class T>
inline constexpr bool kIsPlain = std::is_integral_v<T> || std::is_enum_v<T>;

template <class T, class Archive>
concept HasFields = requires(T& value, Archive& archive) {
  value.fields(archive);
};

// What Saver and Loader have in common.
template <class Derived>
class ArchiveBase {
 public:
  template <class... T>
  void operator()(T&... values) {
    (one(values), ...);
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }

  template <class T>
  void one(T& value) {
    if constexpr (kIsPlain<T>) {
      self().plain(value);
    } else if constexpr (HasFields<T, Derived>) {
      value.fields(self());
    } else {
      other(value);
    }
  }
  template <class Tag, int Digits>
  void other(domain::Decimal<Tag, Digits>& value) {
    std::int64_t raw = value.raw();
    self().plain(raw);
    value = domain::Decimal<Tag, Digits>::from_raw(raw);
  }
  void other(domain::Timestamp& value) {
    std::int64_t ns = domain::to_unix_ns(value);
    self().plain(ns);
    value = domain::from_unix_ns(ns);
  }
  void other(domain::Duration& value) {
    std::int64_t ns = value.count();
    self().plain(ns);
    value = domain::Duration(ns);
  }
  void other(std::string& value) { self().text(value); }
  template <class T, std::size_t N>
  void other(std::array<T, N>& values) {
    if constexpr (std::is_same_v<T, std::uint8_t>) {
      self().raw(values.data(), N);
    } else {
      for (T& value : values) one(value);
    }
  }
  template <class T>
  void other(std::vector<T>& values) {
    self().sequence(values);
  }
  template <class T>
  void other(std::deque<T>& values) {
    self().sequence(values);
  }
  template <class A, class B>
  void other(std::pair<A, B>& value) {
    one(value.first);
    one(value.second);
  }
  template <class K, class V>
  void other(std::map<K, V>& values) {
    self().mapping(values);
  }
  template <class T>
  void other(std::optional<T>& value) {
    bool present = value.has_value();
    self().plain(present);
    if (present && !value) value.emplace();
    if (!present) value.reset();
    if (value) one(*value);
  }
  template <class... T>
  void other(std::variant<T...>& value) {
    auto index = static_cast<std::uint8_t>(value.index());
    self().plain(index);
    self().select(value, index);
    std::visit([this](auto& held) { one(held); }, value);
  }
  // A type without fields(): all its members in the order of their declaration.
  template <class T>
  requires std::is_aggregate_v<T>
  void other(T& value) {
    boost::pfr::for_each_field(value, [&](auto& member) { one(member); });
  }
};

}  // namespace archive_detail

class Saver : public archive_detail::ArchiveBase<Saver> {
 public:
  explicit Saver(std::string& out) : out_(out) {}

  template <class T>
  void plain(const T& value) {
    raw(reinterpret_cast<const std::uint8_t*>(&value), sizeof value);
  }
  void raw(const std::uint8_t* bytes, std::size_t count) {
    out_.append(reinterpret_cast<const char*>(bytes), count);
  }
  void text(const std::string& value) {
    plain(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }
  template <class Sequence>
  void sequence(Sequence& values) {
    plain(static_cast<std::uint32_t>(values.size()));
    for (auto& value : values) (*this)(value);
  }
  template <class Map>
  void mapping(Map& values) {
    plain(static_cast<std::uint32_t>(values.size()));
    for (auto& [key, value] : values) {
      auto copy = key;
      (*this)(copy, value);
    }
  }
  template <class Variant>
  void select(const Variant&, std::uint8_t) {}

 private:
  std::string& out_;
};

class Loader : public archive_detail::ArchiveBase<Loader> {
 public:
  explicit Loader(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

  template <class T>
  void plain(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      raw(&byte, 1);
      value = byte != 0;
    } else {
      raw(reinterpret_cast<std::uint8_t*>(&value), sizeof value);
    }
  }
  void raw(std::uint8_t* bytes, std::size_t count) {
    if (bytes_.size() < count) {
      ok_ = false;
      bytes_ = {};
      std::memset(bytes, 0, count);
      return;
    }
    std::memcpy(bytes, bytes_.data(), count);
    bytes_.remove_prefix(count);
  }
  void text(std::string& value) {
    const std::size_t count = length();
    value.assign(bytes_.substr(0, count));
    bytes_.remove_prefix(count);
  }
  template <class Sequence>
  void sequence(Sequence& values) {
    const std::size_t count = length();
    values.clear();
    for (std::size_t i = 0; i < count && ok_; ++i) (*this)(values.emplace_back());
  }
  template <class K, class V>
  void mapping(std::map<K, V>& values) {
    const std::size_t count = length();
    values.clear();
    for (std::size_t i = 0; i < count && ok_; ++i) {
      std::pair<K, V> entry{};
      (*this)(entry.first, entry.second);
      values.insert(values.end(), std::move(entry));
    }
  }
  template <class... T>
  void select(std::variant<T...>& value, std::uint8_t index) {
    if (index >= sizeof...(T)) {
      ok_ = false;
      return;
    }
    std::uint8_t i = 0;
    ((i++ == index ? static_cast<void>(value.template emplace<T>()) : static_cast<void>(0)), ...);
  }

 private:
  // A count of items that take at least one byte each: a count above the bytes left is damage.
  std::size_t length() {
    std::uint32_t count = 0;
    plain(count);
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return 0;
    }
    return count;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace polybot::venue_simulator
