#include "tests/simulation/monitor.hpp"

#include "common/domain/order_table.hpp"
#include "services/order-manager/core/ledger/ledger.hpp"

namespace polybot::simulation {

namespace {

constexpr Duration kInterval = seconds(1);

metrics::FamilyValues family(const std::string& name, const std::map<std::string, double>& values) {
  metrics::FamilyValues made{
      .name = name, .fingerprint = metrics::fingerprint(metrics::find(name)), .series = {}};
  for (const auto& [labels, value] : values)
    made.series.push_back({.labels = labels, .value = value});
  return made;
}

}  // namespace

Monitor::Monitor(Stage& stage, const Plan& plan, const Manager& manager)
    : stage_(stage), manager_(manager), link_(stage, 12, plan.bus, Ordering::Shuffled) {
  merger_.begin_lineage(stage.now());
}

void Monitor::start() {
  publish();
  merge();
}

Monitor::Counters Monitor::orders_of(const order_manager::Ledger& ledger) {
  Counters counters;
  for (const auto& [strategy, of] : ledger.counters()) {
    for (const auto side : domain::kEnumerators<domain::Side>) {
      for (const auto status : domain::kEnumerators<domain::OrderStatus>) {
        counters[metrics::join_labels({strategy.value, name_of(side), name_of(status)})] =
            static_cast<double>(of.orders[place_of(side)][place_of(status)]);
      }
    }
  }
  return counters;
}

Monitor::Counters Monitor::live_of(const order_manager::Ledger& ledger) {
  Counters live;
  for (const auto& [strategy, of] : ledger.counters()) {
    for (const auto side : domain::kEnumerators<domain::Side>)
      live[metrics::join_labels({strategy.value, name_of(side)})] = 0;
  }
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const order_manager::OrderRecord& record = *ledger.orders().find(id);
    if (record.ended()) continue;
    live[metrics::join_labels({record.order.strategy.value, name_of(record.order.side)})] += 1;
  }
  return live;
}

void Monitor::publish() {
  stage_.schedule.after(kInterval, [this] { publish(); });
  // Only durable values are shown.
  if (!manager_.at_rest()) return;
  if (process_ != manager_.process()) seq_ = 0;
  process_ = manager_.process();
  const order_manager::Ledger& ledger = manager_.core().ledger();
  const auto uptime = std::chrono::floor<milliseconds>(stage_.now() - manager_.born());
  metrics::Snapshot snapshot{
      .service = "order-manager",
      .replica = "order-manager-1",
      .incarnation = splitmix64(process_),
      .seq = ++seq_,
      .uptime_ms = static_cast<std::uint64_t>(uptime.count()),
      .interval_ms = 1'000,
      .final = false,
      .fold = {std::to_string(ledger.journal_id()), order_manager::kFoldVersion},
      .families = {family("polybot_orders_total", orders_of(ledger)),
                   family("polybot_orders_live", live_of(ledger))}};
  link_.send([this, snapshot = std::move(snapshot)] { merger_.receive(snapshot, stage_.now()); });
}

Monitor::Counters Monitor::shown(std::string_view name) const {
  Counters values;
  for (const metrics::FamilyValues& one : merger_.view({})) {
    if (one.name != name) continue;
    for (const metrics::Series& series : one.series) values[series.labels] = series.value;
  }
  return values;
}

void Monitor::merge() {
  stage_.schedule.after(kInterval, [this] { merge(); });
  merger_.merge(stage_.now());
  Counters orders = shown("polybot_orders_total");
  for (const auto& [labels, before] : orders_shown_) {
    const auto now = orders.find(labels);
    require(now != orders.end() && now->second >= before, "a merged order counter falls");
  }
  orders_shown_ = std::move(orders);
  // Both families come from one snapshot, so the identity holds in every view while the sender is
  // known.
  for (const auto& [labels, live] : shown("polybot_orders_live")) {
    const auto parts = metrics::split_labels(labels);
    const auto count = [&](std::string_view status) {
      return orders_shown_[metrics::join_labels({parts[0], parts[1], status})];
    };
    require(count("submitted") ==
                count("filled") + count("canceled") + count("rejected") + count("expired") + live,
            "the merged order counters of " + std::string(parts[0]) + " do not add up");
  }
}

std::string Monitor::difference() const {
  const order_manager::Ledger& ledger = manager_.core().ledger();
  if (shown("polybot_orders_total") != orders_of(ledger))
    return "the merged order counters are not the ledger's";
  return shown("polybot_orders_live") == live_of(ledger)
             ? ""
             : "the merged number of live orders is not the ledger's";
}

}  // namespace polybot::simulation
