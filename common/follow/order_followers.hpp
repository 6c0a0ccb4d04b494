// All the order streams that a process follows. Pure; time is monotonic.
#pragma once

#include <map>

#include "common/follow/order_follower.hpp"
#include "common/wire/strategy_codec.hpp"

namespace polybot::follow {

class OrderFollowers {
 public:
  OrderFollowers(Beginning beginning, OrderSink sink, std::uint32_t pages_max = kStatePagesMax)
      : beginning_(beginning), pages_max_(pages_max), sink_(std::move(sink)) {}
  OrderFollowers(const OrderFollowers&) = delete;
  OrderFollowers& operator=(const OrderFollowers&) = delete;

  // Follows from now on; the empty name is order.all.
  void follow(const domain::StrategyName& stream);

  // A stream that is not followed is ignored.
  void on_message(const domain::StrategyName& stream, std::string_view bytes);
  void on_lost_tail(const domain::StrategyName& stream);
  void on_states(const wire::StrategyTable& table);

  struct Question {
    domain::StrategyName stream;
    std::uint64_t number = 0;
    std::string bytes;
  };
  // The streams take turns: what nobody answers for one is no hindrance to the others.
  [[nodiscard]] std::optional<Question> question(domain::Duration now);
  void on_answer(const Question& question, std::optional<std::string_view> bytes,
                 domain::Duration now);

  // Every stream is whole.
  [[nodiscard]] bool whole() const;
  // Throws std::out_of_range for a stream that is not followed.
  [[nodiscard]] const OrderFollower& stream(const domain::StrategyName& name) const {
    return streams_.at(name);
  }

 private:
  Beginning beginning_;
  std::uint32_t pages_max_;
  OrderSink sink_;
  std::map<domain::StrategyName, OrderFollower> streams_;
  std::uint64_t questions_ = 0;
  domain::StrategyName asked_last_;
};

}  // namespace polybot::follow
