// One prepared SQLite statement: binds its parameters from 1, is finalised with its scope. Private
// to this folder.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace polybot::order_manager {

class Statement {
 public:
  // ok() tells whether the SQL could be prepared; a statement that could not answers no row.
  Statement(sqlite3* db, const char* sql) { sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr); }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  [[nodiscard]] bool ok() const { return statement_ != nullptr; }
  // SQLite's integers are signed: numbers of 64 bits are kept as the same bits.
  void bind(int parameter, std::uint64_t value) {
    sqlite3_bind_int64(statement_, parameter, static_cast<sqlite3_int64>(value));
  }
  // The bytes must outlive the last step.
  void bind_blob(int parameter, std::string_view bytes) {
    sqlite3_bind_blob64(statement_, parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  void bind_text(int parameter, std::string_view text) {
    sqlite3_bind_text64(statement_, parameter, text.data(), text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  }

  // SQLITE_ROW, SQLITE_DONE, or an error.
  [[nodiscard]] int step() {
    return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_);
  }
  // Calls `row` at each row; false when an error ended them.
  template <class Row>
  [[nodiscard]] bool each(Row row) {
    int result = step();
    for (; result == SQLITE_ROW; result = step()) row();
    return result == SQLITE_DONE;
  }
  [[nodiscard]] std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
  }
  [[nodiscard]] bool is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  // Valid until the next step.
  [[nodiscard]] std::string_view bytes(int column) const {
    const void* found = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return {static_cast<const char*>(found), found == nullptr ? 0 : size};
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace polybot::order_manager
