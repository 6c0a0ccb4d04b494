// The part of a terminal that `make run` uses: a grid of characters into which a program's output
// is drawn. It counts what a person would not want to see: lines that were longer than the screen
// is wide, and a screen that was scrolled because too many lines came.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

namespace polybot::test_support {

class TerminalScreen {
 public:
  TerminalScreen(std::size_t rows, std::size_t columns) { resize(rows, columns); }

  // Empties it; what comes next is judged by the new size.
  void resize(std::size_t rows, std::size_t columns) {
    columns_ = columns;
    cells_.assign(rows, std::vector<std::string>(columns, " "));
    row_ = column_ = 0;
    too_long_ = scrolled_ = 0;
  }

  void feed(const std::string& bytes) {
    for (const char c : bytes) take(c);
  }

  [[nodiscard]] std::string line(std::size_t row) const {
    std::string text;
    for (const std::string& cell : cells_[row]) text += cell;
    const std::size_t end = text.find_last_not_of(' ');
    return end == std::string::npos ? "" : text.substr(0, end + 1);
  }
  // The first `rows` lines as one, without the breaks and indents between them.
  [[nodiscard]] std::string head(std::size_t rows) const {
    std::string text;
    for (std::size_t row = 0; row < rows && row < cells_.size(); ++row) {
      const std::string one = line(row);
      const std::size_t begin = one.find_first_not_of(' ');
      if (begin != std::string::npos) text += (text.empty() ? "" : " ") + one.substr(begin);
    }
    return text;
  }
  [[nodiscard]] std::string all() const { return head(cells_.size()); }
  [[nodiscard]] bool on_second_screen() const { return second_; }
  // Whether what was drawn since the cursor last went home was neither too wide nor too high.
  [[nodiscard]] bool fits() const { return too_long_ == 0 && scrolled_ == 0; }
  // What was written to the first screen, where lines stay.
  [[nodiscard]] const std::string& first_screen() const { return first_; }

 private:
  void take(char c) {
    if (in_sequence_) {
      sequence_ += c;
      if (c >= '@' && c <= '~' && c != '[') {
        in_sequence_ = false;
        obey(sequence_);
      }
    } else if (c == '\x1b') {
      in_sequence_ = true;
      sequence_.clear();
    } else if (!second_) {
      first_ += c;
    } else if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      if (row_ + 1 < cells_.size()) {
        ++row_;
      } else {
        ++scrolled_;
      }
    } else if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80) {
      cells_[row_][column_ == 0 ? 0 : column_ - 1] += c;  // goes on with a character
    } else if (column_ < columns_) {
      cells_[row_][column_++] = c;
    } else {
      ++too_long_;
    }
  }

  // "[H", "[K", "[J", "[2J", "[?1049h" and the like
  void obey(const std::string& sequence) {
    const char what = sequence.back();
    if (what == 'H') {  // the next drawing begins
      row_ = column_ = 0;
      too_long_ = scrolled_ = 0;
    } else if (what == 'K') {
      for (std::size_t i = column_; i < columns_; ++i) cells_[row_][i] = " ";
    } else if (what == 'J') {
      for (std::size_t i = column_; i < columns_; ++i) cells_[row_][i] = " ";
      for (std::size_t row = row_ + 1; row < cells_.size(); ++row)
        cells_[row].assign(columns_, " ");
    } else if (sequence == "[?1049h" || sequence == "[?1049l") {
      second_ = what == 'h';
    }
  }

  std::size_t columns_ = 0;
  std::vector<std::vector<std::string>> cells_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  std::size_t too_long_ = 0;
  std::size_t scrolled_ = 0;
  bool second_ = false;
  bool in_sequence_ = false;
  std::string sequence_;
  std::string first_;
};

}  // namespace polybot::test_support
