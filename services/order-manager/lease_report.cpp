#include "services/order-manager/lease_report.hpp"

#include <boost/json.hpp>

namespace polybot::order_manager {
namespace {

namespace json = boost::json;

json::array leases_array(const OrderManager& core, domain::Timestamp now) {
  json::array rows;
  for (const domain::Lease& lease : core.leases()) {
    const std::string epoch =
        std::to_string(lease.epoch.start) + "." + std::to_string(lease.epoch.counter);
    rows.push_back(json::object{
        {"strategy", lease.strategy.value},
        {"shard", lease.shard.value},
        {"replica", lease.replica.value},
        {"incarnation", std::to_string(lease.incarnation)},
        {"epoch", epoch},
        {"expires_in_ms",
         std::chrono::duration_cast<std::chrono::milliseconds>(lease.expires_at - now).count()}});
  }
  return rows;
}

json::array resting_array(const Ledger& ledger) {
  json::array rows;
  for (const domain::ClientOrderId& id : ledger.orders().open()) {
    const OrderRecord& record = *ledger.orders().find(id);
    if (record.terminal() || record.cancel_requested) continue;
    rows.push_back(json::object{
        {"id", domain::to_string(id)},
        {"venue_id", domain::to_string(record.order.venue_id)},
        {"strategy", record.order.strategy.value},
        {"shard", domain::shard_of(record.order.event).value},
        {"side", domain::name_of(record.order.side)},
        {"purpose", record.order.purpose == domain::OrderPurpose::Quote ? "quote" : "other"}});
  }
  return rows;
}

}  // namespace

std::string lease_report(const OrderManager& core, domain::Timestamp now) {
  return json::serialize(json::object{{"at_ms", domain::to_unix_ms(now)},
                                      {"ready", core.not_ready().empty()},
                                      {"leases", leases_array(core, now)},
                                      {"resting", resting_array(core.ledger())}});
}

}  // namespace polybot::order_manager
