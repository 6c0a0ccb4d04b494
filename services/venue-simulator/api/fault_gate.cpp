#include "services/venue-simulator/api/fault_gate.hpp"

#include "common/runtime/clock.hpp"

namespace polybot::venue_simulator {
namespace {

// The longest time a request hangs, however long the fault lasts.
constexpr domain::Duration kHangMax = std::chrono::seconds(60);
constexpr domain::Duration kHangCheck = std::chrono::milliseconds(50);

}  // namespace

http::Response cut_connection() {
  http::Response response;
  response.abort_connection = true;
  return response;
}

bool FaultGate::strikes(const FaultSettings* settings) {
  return settings != nullptr && random_.chance(settings->probability_ppm);
}

domain::Duration FaultGate::up_to(domain::Duration most) {
  return random_.between(domain::Duration{1}, most);
}

http::Handler FaultGate::guard(Answer answer, Way way) {
  return [this, answer = std::move(answer), way](http::Request request) {
    return pass(answer, way, std::move(request));
  };
}

boost::asio::awaitable<http::Response> FaultGate::pass(Answer answer, Way way,
                                                       http::Request request) {
  if (strikes(host_.fault(Fault::VenueDown))) co_return cut_connection();
  if (strikes(host_.fault(Fault::VenueHang))) co_await hang();
  if (way == Way::Trading && latency_.count() > 0) co_await runtime::sleep_for(latency_);
  co_return answer(request);
}

// A hang with a delay takes that long; without a delay it lasts as long as the fault.
boost::asio::awaitable<void> FaultGate::hang() {
  const FaultSettings* settings = host_.fault(Fault::VenueHang);
  if (settings->delay.count() > 0) {
    const domain::Duration delay = std::min(settings->delay, kHangMax);
    co_await runtime::sleep_for(delay);
    co_return;
  }
  for (domain::Duration waited{}; waited < kHangMax; waited += kHangCheck) {
    if (host_.fault(Fault::VenueHang) == nullptr) co_return;
    co_await runtime::sleep_for(kHangCheck);
  }
}

}  // namespace polybot::venue_simulator
