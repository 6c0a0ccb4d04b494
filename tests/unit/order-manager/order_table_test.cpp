// The table of order states against its printed form, so that no row changes unseen.
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

TEST(OrderTable, IsTheOneThatIsPrinted) {
  EXPECT_EQ(print_order_table(), golden("order_table.txt"));
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
