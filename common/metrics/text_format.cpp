#include "common/metrics/text_format.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace polybot::metrics {

namespace {

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  while (true) {
    const std::size_t at = text.find_first_of(special);
    out.append(text.substr(0, at));
    if (at == std::string_view::npos) return;
    out.push_back('\\');
    out.push_back(text[at] == '\n' ? 'n' : text[at]);
    text.remove_prefix(at + 1);
  }
}

// Long enough for any double in its shortest form and any 64-bit integer.
constexpr std::size_t kNumberBytesMax = 32;

template <class Number>
void append_chars(std::string& out, Number number) {
  char digits[kNumberBytesMax];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  static_cast<void>(error);  // the buffer is large enough for every value
  out.append(digits, end);
}

// A bucket's bound is part of a series' name, so it is always written as 0.0005 and never as 5e-04.
void append_bound(std::string& out, double bound) {
  char digits[kNumberBytesMax];
  const auto [end, error] =
      std::to_chars(digits, digits + sizeof digits, bound, std::chars_format::fixed);
  static_cast<void>(error);  // bounds are between 1e-6 and 1e2
  out.append(digits, end);
}

// Doubles are exact integers up to here; printing them as such is several times faster.
constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53

void append_header(std::string& out, const Family& family) {
  out.append("# HELP ").append(family.name).push_back(' ');
  append_help(out, family.help);
  out.append("\n# TYPE ").append(family.name).push_back(' ');
  out.append(domain::name_of(family.type)).push_back('\n');
}

// `name="value",…` without braces.
std::string rendered_labels(const Family& family, std::string_view key, ExtraLabel extra) {
  std::string out;
  const std::size_t count = family.labels.size() + (extra == ExtraLabel::Replica ? 1 : 0);
  if (count == 0) return out;
  const std::vector<std::string_view> values = split_labels(key);
  for (std::size_t i = 0; i < count && i < values.size(); ++i) {
    if (i > 0) out.push_back(',');
    out.append(i < family.labels.size() ? family.labels[i].name : "replica").append("=\"");
    append_label_value(out, values[i]);
    out.push_back('"');
  }
  return out;
}

void append_sample_name(std::string& out, std::string_view name, std::string_view suffix,
                        std::string_view labels) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append(1, '{').append(labels).append(1, '}');
  out.push_back(' ');
}

}  // namespace

void append_help(std::string& out, std::string_view text) {
  append_escaped(out, text, "\\\n");
}

void append_label_value(std::string& out, std::string_view text) {
  append_escaped(out, text, "\\\"\n");
}

void append_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out.append("NaN");
  } else if (std::isinf(number)) {
    out.append(number > 0 ? "+Inf" : "-Inf");
  } else if (std::abs(number) < kExactIntegerMax && number == std::trunc(number)) {
    append_chars(out, static_cast<std::int64_t>(number));
  } else {
    append_chars(out, number);
  }
}

void append_number(std::string& out, std::uint64_t number) {
  append_chars(out, number);
}

Exposition::Prefix Exposition::make_prefix(const Family& family, std::string_view key) const {
  Prefix prefix;
  const auto end_piece = [&prefix] {
    prefix.ends.push_back(static_cast<std::uint32_t>(prefix.text.size()));
  };
  const std::string labels = rendered_labels(family, key, extra_);
  if (family.type != Type::Histogram) {
    append_sample_name(prefix.text, family.name, "", labels);
    end_piece();
    return prefix;
  }
  for (std::size_t i = 0; i <= family.bounds.size(); ++i) {
    std::string with_bound = labels;
    with_bound.append(labels.empty() ? "" : ",").append("le=\"");
    if (i < family.bounds.size()) {
      append_bound(with_bound, family.bounds[i]);
    } else {
      with_bound.append("+Inf");
    }
    with_bound.push_back('"');
    append_sample_name(prefix.text, family.name, "_bucket", with_bound);
    end_piece();
  }
  append_sample_name(prefix.text, family.name, "_sum", labels);
  end_piece();
  append_sample_name(prefix.text, family.name, "_count", labels);
  end_piece();
  return prefix;
}

void Exposition::swap(const std::vector<FamilyValues>& view) {
  ++swaps_;
  blocks_.clear();
  rows_.clear();
  buckets_.clear();
  bytes_estimate_ = 0;
  for (const FamilyValues& values : view) {
    const FamilyIndex index = find(values.name);
    if (index == kNoFamily || values.series.empty()) continue;
    const Family& family = at(index);
    blocks_.push_back({index, rows_.size(), values.series.size()});
    bytes_estimate_ += 64 + 2 * family.name.size() + family.help.size();
    for (const Series& series : values.series) {
      auto found = prefixes_[index].find(series.labels);
      if (found == prefixes_[index].end()) {
        found = prefixes_[index].emplace(series.labels, make_prefix(family, series.labels)).first;
      }
      Prefix& prefix = found->second;
      prefix.used_in = swaps_;
      bytes_estimate_ += prefix.text.size() + prefix.ends.size() * kNumberBytesMax / 2;
      const bool is_histogram = family.type == Type::Histogram;
      rows_.push_back({&prefix, is_histogram ? series.sum : series.value, buckets_.size()});
      std::uint64_t cumulative = 0;
      for (const std::uint64_t count : series.buckets) buckets_.push_back(cumulative += count);
    }
  }
  series_ = rows_.size();
  for (auto& family : prefixes_) {
    std::erase_if(family, [&](const auto& entry) { return entry.second.used_in != swaps_; });
  }
}

void Exposition::render_histogram(std::string& out, const Row& row, std::size_t buckets) const {
  const std::string_view text = row.prefix->text;
  std::size_t begin = 0;
  const auto append_piece = [&](std::size_t piece) {
    const std::size_t end = row.prefix->ends[piece];
    out.append(text.substr(begin, end - begin));
    begin = end;
  };
  for (std::size_t i = 0; i < buckets; ++i) {
    append_piece(i);
    append_number(out, buckets_[row.first_bucket + i]);
    out.push_back('\n');
  }
  append_piece(buckets);
  append_number(out, row.value);
  out.push_back('\n');
  append_piece(buckets + 1);
  append_number(out, buckets_[row.first_bucket + buckets - 1]);
  out.push_back('\n');
}

std::string Exposition::render() const {
  std::string out;
  out.reserve(bytes_estimate_);
  for (const Block& block : blocks_) {
    const Family& family = at(block.family);
    append_header(out, family);
    for (std::size_t i = block.first_row; i < block.first_row + block.rows; ++i) {
      const Row& row = rows_[i];
      if (family.type == Type::Histogram) {
        render_histogram(out, row, family.bounds.size() + 1);
      } else {
        out.append(row.prefix->text);
        append_number(out, row.value);
        out.push_back('\n');
      }
    }
  }
  return out;
}

}  // namespace polybot::metrics
