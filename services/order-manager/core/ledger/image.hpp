// Turns a state into bytes and back by walking its members. `Fields` lists the members of each
// aggregate once (static fields(archive, value)); the same list writes, reads, and describes the
// layout, so the three cannot disagree.
//
// Numbers are little-endian and of fixed width, containers carry their count. The bytes are for the
// program that wrote them: a reader compares fingerprints first (ImageShape).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/time.hpp"
#include "services/order-manager/core/ledger/digest.hpp"

namespace polybot::order_manager {

template <class T>
concept ImageNumber = std::is_integral_v<T> || std::is_enum_v<T>;
template <class T>
concept ImageDecimal = requires(T value) {
  value.raw();
  T::from_raw(std::int64_t{});
};
template <class T>
concept ImageMap = requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept ImageSet = requires {
  typename T::key_type;
}
&&!ImageMap<T>;
template <class T>
inline constexpr bool kImageSequence = false;
template <class T>
inline constexpr bool kImageSequence<std::vector<T>> = true;
template <class T>
inline constexpr bool kImageSequence<std::deque<T>> = true;
template <class T>
inline constexpr bool kImageArray = false;
template <class T, std::size_t N>
inline constexpr bool kImageArray<std::array<T, N>> = true;
template <class T>
inline constexpr bool kImageOptional = false;
template <class T>
inline constexpr bool kImageOptional<std::optional<T>> = true;

static_assert(std::endian::native == std::endian::little, "the image is a little-endian format");

template <class Fields>
class ImageWriter {
 public:
  template <class T>
  using Of = const T;

  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  void raw(const void* from, std::size_t size) {
    bytes_.append(static_cast<const char*>(from), size);
  }
  void count(std::size_t size) { put(static_cast<std::uint32_t>(size)); }

  template <class T>
  void put(const T& value) {
    if constexpr (ImageNumber<T>) {
      raw(&value, sizeof value);
    } else if constexpr (ImageDecimal<T>) {
      put(value.raw());
    } else if constexpr (std::is_same_v<T, domain::Timestamp>) {
      put(domain::to_unix_ns(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      count(value.size());
      raw(value.data(), value.size());
    } else if constexpr (std::is_same_v<T, std::array<std::uint8_t, 32>>) {
      raw(value.data(), value.size());
    } else if constexpr (kImageArray<T>) {
      for (const auto& item : value) put(item);
    } else if constexpr (kImageOptional<T>) {
      put(value.has_value());
      if (value) put(*value);
    } else if constexpr (ImageMap<T>) {
      count(value.size());
      for (const auto& [key, item] : value) (*this)(key, item);
    } else if constexpr (ImageSet<T> || kImageSequence<T>) {
      count(value.size());
      for (const auto& item : value) put(item);
    } else {
      Fields::fields(*this, value);
    }
  }

  std::string bytes_;
};

// Never reads beyond its bytes: when they are too short or too long, complete() is false.
template <class Fields>
class ImageReader {
 public:
  template <class T>
  using Of = T;

  explicit ImageReader(std::string_view bytes) : rest_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  [[nodiscard]] bool complete() const { return !short_ && rest_.empty(); }

 private:
  void raw(void* to, std::size_t size) {
    if (short_ || rest_.size() < size) {
      short_ = true;
      return;
    }
    std::memcpy(to, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  // Every item takes a byte at least, so a count that is too large for the rest is wrong.
  [[nodiscard]] std::size_t count() {
    std::uint32_t size = 0;
    get(size);
    if (size > rest_.size()) short_ = true;
    return short_ ? 0 : size;
  }

  template <class T>
  void get(T& value) {
    if constexpr (ImageNumber<T>) {
      raw(&value, sizeof value);
    } else if constexpr (ImageDecimal<T>) {
      std::int64_t number = 0;
      get(number);
      value = T::from_raw(number);
    } else if constexpr (std::is_same_v<T, domain::Timestamp>) {
      std::int64_t ns = 0;
      get(ns);
      value = domain::from_unix_ns(ns);
    } else if constexpr (std::is_same_v<T, std::string>) {
      const std::size_t size = count();
      value.assign(rest_.substr(0, size));
      rest_.remove_prefix(size);
    } else if constexpr (std::is_same_v<T, std::array<std::uint8_t, 32>>) {
      raw(value.data(), value.size());
    } else if constexpr (kImageArray<T>) {
      for (auto& item : value) get(item);
    } else if constexpr (kImageOptional<T>) {
      bool present = false;
      get(present);
      if (present) get(value.emplace());
    } else if constexpr (ImageMap<T>) {
      value.clear();
      for (std::size_t left = count(); left > 0 && !short_; --left) {
        typename T::key_type key{};
        get(key);
        get(value.emplace_hint(value.end(), std::move(key), typename T::mapped_type{})->second);
      }
    } else if constexpr (ImageSet<T>) {
      value.clear();
      for (std::size_t left = count(); left > 0 && !short_; --left) {
        typename T::key_type key{};
        get(key);
        value.emplace_hint(value.end(), std::move(key));
      }
    } else if constexpr (kImageSequence<T>) {
      value.clear();
      for (std::size_t left = count(); left > 0 && !short_; --left) get(value.emplace_back());
    } else {
      Fields::fields(*this, value);
    }
  }

  std::string_view rest_;
  bool short_ = false;
};

// A digest of the layout: which kinds of members follow each other, and how wide they are.
template <class Fields>
class ImageShape {
 public:
  template <class T>
  using Of = T;

  template <class... T>
  void operator()(T&... values) {
    digest_.add(sizeof...(values));
    (see(values), ...);
  }
  [[nodiscard]] Digest& digest() { return digest_; }

 private:
  enum class Kind : std::uint8_t { Number, Text, Array, Optional, Map, Set, Sequence, Aggregate };

  template <class T>
  void see_one() {
    T value{};
    see(value);
  }

  template <class T>
  void see(T& value) {
    if constexpr (ImageNumber<T>) {
      digest_.add(Kind::Number).add(sizeof value);
    } else if constexpr (ImageDecimal<T>) {
      digest_.add(Kind::Number).add(T::kScale);
    } else if constexpr (std::is_same_v<T, domain::Timestamp>) {
      digest_.add(Kind::Number).add(sizeof(std::int64_t));
    } else if constexpr (std::is_same_v<T, std::string>) {
      digest_.add(Kind::Text);
    } else if constexpr (kImageArray<T>) {
      digest_.add(Kind::Array).add(value.size());
      see_one<typename T::value_type>();
    } else if constexpr (kImageOptional<T>) {
      digest_.add(Kind::Optional);
      see_one<typename T::value_type>();
    } else if constexpr (ImageMap<T>) {
      digest_.add(Kind::Map);
      see_one<typename T::key_type>();
      see_one<typename T::mapped_type>();
    } else if constexpr (ImageSet<T>) {
      digest_.add(Kind::Set);
      see_one<typename T::key_type>();
    } else if constexpr (kImageSequence<T>) {
      digest_.add(Kind::Sequence);
      see_one<typename T::value_type>();
    } else {
      digest_.add(Kind::Aggregate);
      Fields::fields(*this, value);
    }
  }

  Digest digest_;
};

}  // namespace polybot::order_manager
