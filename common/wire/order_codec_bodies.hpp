// The bodies of events, one by one: the inside of order_codec.cpp and what the state topics share
// with it. Included by codec .cpp files only.
#pragma once

#include "common/domain/events.hpp"
#include "common/wire/types_codec.hpp"
#include "polybot/v1/order.pb.h"

namespace polybot::wire {

void put_event_body(const domain::EventBody& body, v1::Event& out);
domain::EventBody read_event_body(Reading& reading, const v1::Event& message);

void put(const domain::Order& order, v1::Order& out);
domain::Order read_order(Reading& reading, const v1::Order& message);

void put(const domain::CommandId& id, v1::CommandRef& out);
domain::CommandId read_command(const v1::CommandRef& message);
void put(const domain::FlattenEnded::Left& left, v1::FlattenEnded::Left& out);
domain::FlattenEnded::Left read_left(Reading& reading, const v1::FlattenEnded::Left& message);

}  // namespace polybot::wire
