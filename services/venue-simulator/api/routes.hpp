// Every REST route of the simulated venue in one table: method, path, who may ask, and which room
// answers. Here requests also pass what stands before all rooms: the faults venue-down and
// venue-hang, authentication (fault key-revoked), the region check (fault region-block), and the
// windows in which no order or not each is taken (faults cancel-only and post-only).
#pragma once

#include "services/venue-simulator/api/account_api.hpp"
#include "services/venue-simulator/api/chain_api.hpp"
#include "services/venue-simulator/api/fault_gate.hpp"
#include "services/venue-simulator/api/keys_api.hpp"
#include "services/venue-simulator/api/markets_api.hpp"
#include "services/venue-simulator/api/prices_api.hpp"
#include "services/venue-simulator/api/private_api.hpp"
#include "services/venue-simulator/api/public_api.hpp"
#include "services/venue-simulator/api/rewards_api.hpp"

namespace polybot::venue_simulator {

// All of them outlive the router.
struct Rooms {
  PublicApi& venue;
  MarketsApi& markets;
  PricesApi& prices;
  RewardsApi& rewards;
  KeysApi& keys;
  AccountApi& account;
  PrivateApi& trading;
  ChainApi& chain;
};

void register_routes(http::Router& router, const Rooms& rooms, ExchangeHost& host, Members& members,
                     FaultGate& gate);

}  // namespace polybot::venue_simulator
