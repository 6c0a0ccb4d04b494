#include "common/metrics/snapshot.hpp"

namespace polybot::metrics {

namespace {

template <class Values>
std::string join(const Values& values) {
  std::size_t size = values.size();
  for (const auto& value : values) size += value.size();
  std::string key;
  key.reserve(size);
  bool first = true;
  for (const auto& value : values) {
    if (!first) key.push_back(kLabelSeparator);
    first = false;
    key.append(value);
  }
  return key;
}

}  // namespace

std::string join_labels(std::initializer_list<std::string_view> values) {
  return join(values);
}
std::string join_labels(std::span<const std::string> values) {
  return join(values);
}

std::vector<std::string_view> split_labels(std::string_view key) {
  std::vector<std::string_view> values;
  while (true) {
    const std::size_t separator = key.find(kLabelSeparator);
    values.push_back(key.substr(0, separator));
    if (separator == std::string_view::npos) return values;
    key.remove_prefix(separator + 1);
  }
}

bool is_utf8(std::string_view text) {
  const auto* byte = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = byte + text.size();
  while (byte != end) {
    if (*byte < 0x80) {
      ++byte;
      continue;
    }
    int more = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (*byte >= 0xC2 && *byte <= 0xDF) {
      more = 1;
    } else if (*byte >= 0xE0 && *byte <= 0xEF) {
      more = 2;
      if (*byte == 0xE0) low = 0xA0;
      if (*byte == 0xED) high = 0x9F;
    } else if (*byte >= 0xF0 && *byte <= 0xF4) {
      more = 3;
      if (*byte == 0xF0) low = 0x90;
      if (*byte == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    for (++byte; more > 0; --more, ++byte) {
      if (byte == end || *byte < low || *byte > high) return false;
      low = 0x80;
      high = 0xBF;
    }
  }
  return true;
}

}  // namespace polybot::metrics
