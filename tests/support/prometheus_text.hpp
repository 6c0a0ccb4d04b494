// A strict reader of the Prometheus text format 0.0.4, for tests: where Prometheus itself is
// lenient (repeated TYPE lines, histograms that do not add up, duplicate series) it reports the
// fault.
#pragma once

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace polybot::test_support {

struct ParsedSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct ParsedFamily {
  std::string name;
  std::string type;
  std::string help;
  std::vector<ParsedSample> samples;
};

class PrometheusText {
 public:
  explicit PrometheusText(std::string_view text) {
    if (!text.empty() && text.back() != '\n') fault("the last line does not end");
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      line_ = std::string(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line_.starts_with("# HELP ")) {
        on_help();
      } else if (line_.starts_with("# TYPE ")) {
        on_type();
      } else {
        on_sample();
      }
    }
    for (const ParsedFamily& family : families_) check(family);
  }

  const std::vector<std::string>& faults() const { return faults_; }
  std::string faults_text() const {
    std::string all;
    for (const std::string& one : faults_) all.append(one).append("\n");
    return all;
  }
  const std::vector<ParsedFamily>& families() const { return families_; }
  const ParsedFamily* family(std::string_view name) const {
    for (const ParsedFamily& one : families_) {
      if (one.name == name) return &one;
    }
    return nullptr;
  }
  // The value of one sample; empty when there is none.
  std::optional<double> value(std::string_view name,
                              const std::map<std::string, std::string>& labels = {}) const {
    for (const ParsedFamily& one : families_) {
      for (const ParsedSample& sample : one.samples) {
        if (sample.name == name && sample.labels == labels) return sample.value;
      }
    }
    return std::nullopt;
  }

 private:
  void fault(const std::string& what) { faults_.push_back(what + ": " + line_); }

  static std::optional<std::string> unescaped(std::string_view text, bool quote_escaped) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        out.push_back(text[i]);
        continue;
      }
      if (++i == text.size()) return std::nullopt;
      if (text[i] == 'n') {
        out.push_back('\n');
      } else if (text[i] == '\\' || (quote_escaped && text[i] == '"')) {
        out.push_back(text[i]);
      } else {
        return std::nullopt;
      }
    }
    return out;
  }

  void on_help() {
    const std::string rest = line_.substr(7);
    const std::size_t space = rest.find(' ');
    if (space == std::string::npos) return fault("HELP without a text");
    const std::string name = rest.substr(0, space);
    for (const ParsedFamily& known : families_) {
      if (known.name == name) fault("HELP twice");
    }
    const auto help = unescaped(rest.substr(space + 1), false);
    if (!help) fault("bad escape in HELP");
    families_.push_back({name, "", help.value_or(""), {}});
  }

  void on_type() {
    const std::string rest = line_.substr(7);
    const std::size_t space = rest.find(' ');
    if (space == std::string::npos) return fault("TYPE without a type");
    if (families_.empty() || families_.back().name != rest.substr(0, space))
      return fault("TYPE without its HELP");
    if (!families_.back().type.empty()) return fault("TYPE twice");
    if (!families_.back().samples.empty()) return fault("TYPE after samples");
    families_.back().type = rest.substr(space + 1);
    static const std::set<std::string> known = {"counter", "gauge", "histogram"};
    if (!known.contains(families_.back().type)) fault("unknown type");
  }

  void on_sample() {
    ParsedSample sample;
    std::string_view rest = line_;
    const std::size_t name_end = rest.find_first_of("{ ");
    if (name_end == std::string_view::npos || name_end == 0) return fault("no sample");
    sample.name = std::string(rest.substr(0, name_end));
    rest.remove_prefix(name_end);
    if (rest.front() == '{' && !read_labels(rest, sample)) return;
    if (rest.empty() || rest.front() != ' ') return fault("no space before the value");
    rest.remove_prefix(1);
    if (!read_value(rest, sample.value)) return fault("bad value");
    if (families_.empty()) return fault("sample before its TYPE");
    ParsedFamily& family = families_.back();
    const bool is_histogram = family.type == "histogram";
    const bool belongs = is_histogram ? sample.name == family.name + "_bucket" ||
                                            sample.name == family.name + "_sum" ||
                                            sample.name == family.name + "_count"
                                      : sample.name == family.name;
    if (!belongs) return fault("sample under another family");
    if (!seen_.insert(line_.substr(0, line_.size() - rest.size())).second)
      return fault("duplicate series");
    family.samples.push_back(std::move(sample));
  }

  bool read_labels(std::string_view& rest, ParsedSample& sample) {
    rest.remove_prefix(1);
    while (true) {
      const std::size_t equals = rest.find("=\"");
      if (equals == std::string_view::npos) return fault("bad labels"), false;
      const std::string name(rest.substr(0, equals));
      rest.remove_prefix(equals + 2);
      std::size_t end = 0;
      while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2U : 1U;
      if (end >= rest.size()) return fault("unterminated label value"), false;
      const auto value = unescaped(rest.substr(0, end), true);
      if (!value) return fault("bad escape in a label value"), false;
      if (!sample.labels.emplace(name, *value).second) return fault("label twice"), false;
      rest.remove_prefix(end + 1);
      if (rest.starts_with("}")) return rest.remove_prefix(1), true;
      if (!rest.starts_with(",")) return fault("bad separator of labels"), false;
      rest.remove_prefix(1);
    }
  }

  static bool read_value(std::string_view text, double& value) {
    if (text == "NaN") return value = std::numeric_limits<double>::quiet_NaN(), true;
    if (text == "+Inf") return value = std::numeric_limits<double>::infinity(), true;
    if (text == "-Inf") return value = -std::numeric_limits<double>::infinity(), true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
  }

  void check(const ParsedFamily& family) {
    line_ = family.name;
    if (family.type.empty()) fault("family without a TYPE");
    if (family.samples.empty()) fault("family without samples");
    if (family.type == "counter") {
      for (const ParsedSample& sample : family.samples) {
        if (!(sample.value >= 0)) fault("negative counter");
      }
    }
    if (family.type == "histogram") check_histogram(family);
  }

  void check_histogram(const ParsedFamily& family) {
    struct One {
      std::vector<std::pair<double, double>> buckets;
      std::optional<double> sum;
      std::optional<double> count;
    };
    std::map<std::map<std::string, std::string>, One> all;
    for (const ParsedSample& sample : family.samples) {
      auto labels = sample.labels;
      const auto bound = labels.extract("le");
      One& one = all[labels];
      if (sample.name.ends_with("_bucket")) {
        double le = 0;
        if (bound.empty() || !read_value(bound.mapped(), le))
          return fault("bucket without a bound");
        one.buckets.emplace_back(le, sample.value);
      } else if (sample.name.ends_with("_sum")) {
        one.sum = sample.value;
      } else {
        one.count = sample.value;
      }
    }
    for (const auto& [labels, one] : all) {
      if (!one.sum || !one.count || one.buckets.empty()) return fault("incomplete histogram");
      for (std::size_t i = 1; i < one.buckets.size(); ++i) {
        if (!(one.buckets[i - 1].first < one.buckets[i].first)) fault("bounds do not rise");
        if (one.buckets[i - 1].second > one.buckets[i].second) fault("buckets fall");
      }
      if (!std::isinf(one.buckets.back().first)) fault("no +Inf bucket");
      if (one.buckets.back().second != *one.count) fault("+Inf is not the count");
    }
  }

  std::string line_;
  std::vector<std::string> faults_;
  std::vector<ParsedFamily> families_;
  std::set<std::string> seen_;
};

}  // namespace polybot::test_support
