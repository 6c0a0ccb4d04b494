// The Prometheus text format (version 0.0.4), written by hand because a scrape of all replicas is
// large.
// The part of a line before its value is escaped and rendered once per series and kept; a scrape
// copies it and appends the number. That is about ten times as fast as collecting and serialising
// through prometheus-cpp, which also leaves HELP unescaped.
//
// Not thread-safe and no I/O. Values come from a Merger's view; names, help and types from the
// catalogue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/metrics/catalogue.hpp"
#include "common/metrics/snapshot.hpp"

namespace polybot::metrics {

// Prometheus 3 refuses a scrape without exactly this content type.
inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

// Which labels series carry beyond the catalogue's.
enum class ExtraLabel : std::uint8_t { None, Replica };

// Appends with `\` and newline escaped, as HELP texts need it.
void append_help(std::string& out, std::string_view text);
// Appends with `\`, `"` and newline escaped, as label values need it.
void append_label_value(std::string& out, std::string_view text);
// Appends the shortest text that reads back as the same number; NaN, +Inf, -Inf.
void append_number(std::string& out, double number);
void append_number(std::string& out, std::uint64_t number);

// The readable view: swapped as a whole, rendered for each request. Between two swaps every
// rendering shows the same values, so no scrape sees half a snapshot.
class Exposition {
 public:
  explicit Exposition(ExtraLabel extra = ExtraLabel::None)
      : extra_(extra), prefixes_(families().size()) {}

  // `view` is sorted and complete: what it does not hold disappears.
  void swap(const std::vector<FamilyValues>& view);

  std::string render() const;
  // Series shown; a histogram is one.
  std::size_t series() const { return series_; }
  // Calls visit(FamilyIndex, label sets shown) for each family that is shown.
  template <class Visit>
  void each_family(const Visit& visit) const {
    for (const Block& block : blocks_) visit(block.family, block.rows);
  }

 private:
  // The constant text of one series: a counter or gauge has one piece, a histogram one per line
  // (buckets, sum, count). Kept while its series is shown.
  struct Prefix {
    std::string text;
    std::vector<std::uint32_t> ends;
    std::uint64_t used_in = 0;  // number of the last swap that showed it
  };
  struct Row {
    const Prefix* prefix;
    double value;
    std::size_t first_bucket;  // into buckets_; of a histogram
  };
  struct Block {
    FamilyIndex family;
    std::size_t first_row;
    std::size_t rows;
  };

  Prefix make_prefix(const Family& family, std::string_view labels) const;
  void render_histogram(std::string& out, const Row& row, std::size_t buckets) const;

  ExtraLabel extra_;
  std::uint64_t swaps_ = 0;
  std::size_t series_ = 0;
  std::size_t bytes_estimate_ = 0;
  // By family, then by joined label values. Nodes do not move, so rows may point at them.
  std::vector<std::unordered_map<std::string, Prefix>> prefixes_;
  std::vector<Block> blocks_;
  std::vector<Row> rows_;
  std::vector<std::uint64_t> buckets_;  // cumulative, +Inf last
};

}  // namespace polybot::metrics
