#include "services/order-manager/order_streams.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/bus/error.hpp"
#include "common/wire/lease_codec.hpp"
#include "common/wire/order_codec.hpp"
#include "common/wire/strategy_codec.hpp"
#include "common/wire/topics.hpp"

namespace polybot::order_manager {
namespace {

std::vector<wire::StreamEnd> further_streams(const Ledger& ledger,
                                             const std::vector<domain::StrategyState>& told) {
  std::vector<wire::StreamEnd> ends;
  for (const auto& [stream, last_seq] : ledger.topics()) {
    const auto is_it = [&](const domain::StrategyState& state) { return state.strategy == stream; };
    if (std::none_of(told.begin(), told.end(), is_it)) ends.push_back({stream, last_seq});
  }
  return ends;
}

}  // namespace

void OrderStreams::remember(const domain::StreamedEvent& event) {
  kept_.keep(event, wire::encode_streamed(event));
}

void OrderStreams::publish(const domain::StreamedEvent& event) {
  std::string bytes = wire::encode_streamed(event);
  publisher_.publish(wire::topics::order(event.event.strategy), bytes);
  kept_.keep(event, std::move(bytes));
}

void OrderStreams::publish_state(const OrderManager& core, const Heard& heard,
                                 domain::Timestamp now) {
  wire::StrategyTable table{.strategies = core.strategy_states(now),
                            .account = core.account_state(now)};
  table.account.quotes_wanted = heard.quotes_wanted;
  table.further = further_streams(core.ledger(), table.strategies);
  for (domain::StrategyState& strategy : table.strategies) {
    const auto told = heard.parameters.find(strategy.strategy);
    if (told != heard.parameters.end()) strategy.parameters = told->second;
  }
  publisher_.publish(wire::topics::kStrategy, wire::encode_strategies(table));
  publisher_.publish(wire::topics::kLease, wire::encode_leases(core.leases()));
}

boost::system::result<std::string> OrderStreams::answer(std::string_view request,
                                                        const OrderManager& core) {
  if (auto answer = kept_.answer(request, core.ledger())) return std::move(*answer);
  return bus::make_error_code(bus::Errc::Malformed);
}

}  // namespace polybot::order_manager
