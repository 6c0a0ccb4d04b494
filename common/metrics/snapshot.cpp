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

}  // namespace polybot::metrics
