#include "tests/monitoring/promql.hpp"

#include <cctype>
#include <optional>

namespace polybot::monitoring {
namespace {

bool starts_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
}
bool continues_name(char c) {
  return starts_name(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

const std::set<std::string, std::less<>> kOperators{"and",  "or",    "unless",
                                                    "bool", "atan2", "offset"};
const std::set<std::string, std::less<>> kJoins{"on", "ignoring", "group_left", "group_right"};

// What one open parenthesis belongs to.
struct Call {
  std::string function;
  std::vector<std::string> grouping;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  ExpressionNames read() {
    while (skip_space(), at_ < text_.size()) step();
    if (!calls_.empty()) problem("a parenthesis is not closed");
    return std::move(names_);
  }

 private:
  void problem(const std::string& what) {
    names_.problems.push_back(what + " at character " + std::to_string(at_) +
                              " of: " + std::string(text_));
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  bool take(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  std::string take_name() {
    skip_space();
    const std::size_t begin = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::optional<std::string> take_string() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return std::nullopt;
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_++];
    }
    if (at_ >= text_.size()) return std::nullopt;
    ++at_;
    return value;
  }

  // "(a, b)"
  std::vector<std::string> take_labels() {
    std::vector<std::string> labels;
    if (!take('(')) {
      problem("a list of labels is missing");
      return labels;
    }
    while (!take(')')) {
      const std::string label = take_name();
      if (label.empty()) {
        problem("a label is missing");
        return labels;
      }
      labels.push_back(label);
      take(',');
    }
    return labels;
  }

  void step() {
    const char c = text_[at_];
    if (starts_name(c)) return name();
    if (c == '"' || c == '\'') {
      if (!take_string()) fail("a string is not closed");
      return;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') return number();
    if (c == '(') {
      calls_.push_back({});
    } else if (c == ')') {
      if (calls_.empty()) return fail("a parenthesis is closed that was not opened");
      calls_.pop_back();
    } else if (std::string_view("+-*/%^=!<>~,").find(c) == std::string_view::npos) {
      return fail("this is not read");
    }
    ++at_;
  }

  void fail(const std::string& what) {
    problem(what);
    at_ = text_.size();
    calls_.clear();
  }

  // 5, 0.99, 1e9, 1e-3
  void number() {
    while (at_ < text_.size() && (continues_name(text_[at_]) || text_[at_] == '.')) {
      const bool exponent = text_[at_] == 'e' && at_ + 1 < text_.size() &&
                            (text_[at_ + 1] == '-' || text_[at_ + 1] == '+');
      at_ += exponent ? 2 : 1;
    }
  }

  void name() {
    const std::string name = take_name();
    if (kOperators.contains(name)) return;
    if (kJoins.contains(name)) {
      for (std::string& label : take_labels()) names_.joined.insert(std::move(label));
      return;
    }
    if (name == "by" || name == "without")
      return fail("write the grouping before the argument, with `by`:");
    skip_space();
    if (at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      calls_.push_back({.function = name, .grouping = {}});
      return;
    }
    if (text_.substr(at_).starts_with("by ") || text_.substr(at_).starts_with("by(")) {
      at_ += 2;
      Call call{.function = name, .grouping = take_labels()};
      names_.grouping.insert(call.grouping.begin(), call.grouping.end());
      if (!take('(')) return fail("an argument is missing");
      calls_.push_back(std::move(call));
      return;
    }
    selector(name);
  }

  void selector(const std::string& metric) {
    MetricUse use{.metric = metric,
                  .matchers = {},
                  .range = {},
                  .function = {},
                  .grouping = {},
                  .aggregations = {}};
    for (const Call& call : calls_) {
      if (!call.function.empty()) use.function = call.function;
      use.grouping.insert(use.grouping.end(), call.grouping.begin(), call.grouping.end());
      if (!call.grouping.empty()) use.aggregations.push_back({call.function, call.grouping});
    }
    if (take('{')) matchers(use);
    if (take('[')) {
      const std::size_t end = text_.find(']', at_);
      if (end == std::string_view::npos) return fail("a range is not closed");
      use.range = std::string(text_.substr(at_, end - at_));
      at_ = end + 1;
    }
    names_.uses.push_back(std::move(use));
  }

  void matchers(MetricUse& use) {
    while (!take('}')) {
      Matcher matcher{.label = take_name(), .op = {}, .value = {}};
      skip_space();
      while (at_ < text_.size() &&
             std::string_view("=!~").find(text_[at_]) != std::string_view::npos) {
        matcher.op += text_[at_++];
      }
      const auto value = take_string();
      if (matcher.label.empty() || matcher.op.empty() || !value)
        return fail("a matcher is not read");
      matcher.value = *value;
      use.matchers.push_back(std::move(matcher));
      take(',');
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Call> calls_;
  ExpressionNames names_;
};

}  // namespace

ExpressionNames read_names(std::string_view expression) {
  return Reader(expression).read();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace polybot::monitoring
