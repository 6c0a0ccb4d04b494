// The reading side of a gateway's API: follows every order stream from as far back as replays
// reach, as the real one does (common/follow), and folds it into the read models. It must hear the
// journal without a hole. It keeps nothing when it is restarted.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/follow/order_followers.hpp"
#include "services/gateway/api/read_model/trading_view.hpp"
#include "tests/simulation/journal.hpp"
#include "tests/simulation/questions.hpp"

namespace polybot::simulation {

class ApiReader {
 public:
  ApiReader(Stage& stage, const Journal& journal) : stage_(stage), journal_(journal) {}

  Ask ask_manager;  // the bus; set once, before time runs

  void start();
  void restart();
  void on_event(const domain::StrategyName& stream, const std::string& bytes);
  void on_state(const std::vector<domain::StrategyState>& states);

  // Empty when it shows the open orders and positions of the ledger.
  [[nodiscard]] std::string difference(const order_manager::Ledger& ledger) const;

 private:
  void deliver(const domain::StreamedEvent& event);
  void restore(const follow::StreamState& state);
  void ask();

  Stage& stage_;
  const Journal& journal_;
  std::shared_ptr<follow::OrderFollowers> followers_;
  gateway::TradingView view_{{}};
  std::map<domain::StrategyName, std::uint64_t> told_up_to_;
};

}  // namespace polybot::simulation
