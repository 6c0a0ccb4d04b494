#include "tests/simulation/api_reader.hpp"

#include "tests/simulation/mapping.hpp"

namespace polybot::simulation {

using domain::StrategyName;

namespace {

constexpr Duration kApiLooks = milliseconds(500);

}  // namespace

void ApiReader::start() {
  restart();
  struct Look {
    ApiReader& reader;
    void operator()() const {
      reader.ask();
      reader.stage_.schedule.after(kApiLooks, *this);
    }
  };
  Look{*this}();
}

void ApiReader::restart() {
  view_ = gateway::TradingView({});
  told_up_to_.clear();
  const auto ignored = [](const StrategyName&) {};
  followers_ = std::make_shared<follow::OrderFollowers>(
      follow::Beginning::Events,
      follow::OrderSink{.hear = {},
                        .deliver = [this](const domain::StreamedEvent& event) { deliver(event); },
                        .restore = [this](const follow::StreamState& state) { restore(state); },
                        .broken = ignored,
                        .mend = ignored,
                        .refuse = [this](wire::DecodeError) { ++stage_.totals["unreadable"]; },
                        .ask = [] {}},
      kPagesMax);
  followers_->follow({});
  for (const StrategyName& name : kStrategies) followers_->follow(name);
}

void ApiReader::ask() {
  put_questions(
      stage_, followers_, ask_manager, [] { return true; }, [this] { ask(); });
}

void ApiReader::on_event(const StrategyName& stream, const std::string& bytes) {
  followers_->on_message(stream, bytes);
  ask();
}

void ApiReader::on_state(const std::vector<domain::StrategyState>& states) {
  followers_->on_states({.strategies = states, .account = {}});
  ask();
}

void ApiReader::deliver(const domain::StreamedEvent& event) {
  const StrategyName& stream = event.event.strategy;
  std::uint64_t& told = told_up_to_[stream];
  require(event.event.seq > told, "the API is told an event twice");
  for (std::uint64_t seq = told + 1; seq < event.event.seq; ++seq)
    require(journal_.read(seq).strategy != stream,
            "the API is told of " + std::to_string(event.event.seq) + " of " + stream.value +
                ", and was not of " + std::to_string(seq));
  told = event.event.seq;
  view_.apply(event);
}

void ApiReader::restore(const follow::StreamState& state) {
  ++stage_.totals["order streams restored"];
  std::uint64_t& told = told_up_to_[state.stream];
  require(state.seq >= told, "the API is told a state from before what it knows");
  told = state.seq;
  view_.forget(state.stream);
  for (const domain::StreamedEvent& entry : state.entries) view_.apply(entry);
}

std::string ApiReader::difference(const order_manager::Ledger& ledger) const {
  if (!followers_->whole()) return "the API's order streams are not whole";
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const gateway::OrderView* order = view_.history().find(id);
    if (told_up_to_.contains(ledger.orders().find(id)->order.strategy) &&
        (order == nullptr || !order->live()))
      return "the API does not show an open order";
  }
  for (const gateway::PositionView* position : view_.holdings().positions()) {
    if (position->state != ledger.portfolio().state(position->strategy, position->state.market))
      return "the API shows another position";
  }
  return {};
}

}  // namespace polybot::simulation
