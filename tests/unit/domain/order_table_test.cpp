// Compares the table of order states with its printed form, so that a change of a row is seen.
#include "common/domain/order_table.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace polybot::domain {
namespace {

std::string golden(const std::string& name) {
  std::ifstream file(std::string(POLYBOT_GOLDEN_DIR) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void append_padded(std::string& out, std::string_view text) {
  constexpr std::size_t kWidth = 17;
  out.append(text).append(std::max<std::size_t>(kWidth - text.size(), 1), ' ');
}

// One line per status and event that may happen.
std::string printed_table() {
  std::string text = "status           event            next             class\n";
  for (const OrderStatus status : kEnumerators<OrderStatus>) {
    for (const OrderEventKind event : kEnumerators<OrderEventKind>) {
      const OrderRow& row = order_row(status, event);
      if (row.row_class == OrderRowClass::Never) continue;
      append_padded(text, identifier_of(status));
      append_padded(text, identifier_of(event));
      const bool by_quantity =
          event == OrderEventKind::Fill && row.next == OrderStatus::PartiallyFilled;
      append_padded(text, by_quantity ? "by quantity" : identifier_of(row.next));
      text.append(row.row_class == OrderRowClass::Expected ? "expected\n" : "tolerated\n");
    }
  }
  return text;
}

TEST(OrderTable, IsTheOneThatIsPrinted) {
  EXPECT_EQ(printed_table(), golden("order_table.txt"));
}

TEST(OrderTable, EndsForGoodExceptForASignOfLifeOfARejectedOrder) {
  for (const auto status : kEnumerators<OrderStatus>) {
    if (!is_terminal(status)) continue;
    for (const auto event : kEnumerators<OrderEventKind>) {
      const OrderRow& row = order_row(status, event);
      if (row.row_class == OrderRowClass::Never || event == OrderEventKind::Resurrected) continue;
      EXPECT_EQ(row.next, status) << identifier_of(status) << " x " << identifier_of(event);
    }
  }
}

TEST(OrderTable, LetsTheQuantityDecideWhatAFillMakesOfAnOrder) {
  EXPECT_EQ(next_status(OrderStatus::Submitted, OrderEventKind::Fill, Completion::Partial),
            OrderStatus::PartiallyFilled);
  EXPECT_EQ(next_status(OrderStatus::Ambiguous, OrderEventKind::Fill, Completion::Complete),
            OrderStatus::Filled);
  EXPECT_EQ(next_status(OrderStatus::Canceled, OrderEventKind::Fill, Completion::Complete),
            OrderStatus::Canceled);
}

TEST(OrderTable, NeverTurnsAnAnsweredOrderAmbiguous) {
  for (const auto status : kEnumerators<OrderStatus>) {
    if (status < OrderStatus::Accepted) continue;
    EXPECT_EQ(order_row(status, OrderEventKind::Ambiguous).row_class, OrderRowClass::Never);
  }
}

}  // namespace
}  // namespace polybot::domain
