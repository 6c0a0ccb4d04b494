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
  for (int s = static_cast<int>(OrderStatus::Filled); s < kOrderStatuses; ++s) {
    for (int e = 0; e < kOrderEventKinds; ++e) {
      const auto status = static_cast<OrderStatus>(s);
      const auto event = static_cast<OrderEventKind>(e);
      const OrderRow& row = order_row(status, event);
      if (row.row_class == OrderRowClass::Never || event == OrderEventKind::Resurrected) continue;
      EXPECT_EQ(row.next, status) << to_string(status) << " x " << to_string(event);
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
  for (int s = static_cast<int>(OrderStatus::Accepted); s < kOrderStatuses; ++s) {
    EXPECT_EQ(order_row(static_cast<OrderStatus>(s), OrderEventKind::Ambiguous).row_class,
              OrderRowClass::Never);
  }
}

}  // namespace
}  // namespace polybot::domain
