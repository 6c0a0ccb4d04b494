// One io_context driven by a test until something holds, with a deadline instead of sleeps.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/bus/publisher.hpp"
#include "common/bus/recovery.hpp"
#include "common/bus/subscriber.hpp"
#include "tests/support/temporary_folder.hpp"

namespace polybot::bus::test {

namespace asio = boost::asio;

inline std::string ipc_address(const std::filesystem::path& folder, std::string_view name) {
  return "ipc://" + (std::filesystem::absolute(folder) / name).lexically_normal().string();
}

class Loop {
 public:
  // Runs the loop until `condition` holds; the test fails when it does not within ten seconds.
  template <class Condition>
  bool run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "the condition did not come true in time";
        return false;
      }
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  // Runs what is ready, without waiting.
  void turn() {
    io.restart();
    io.poll();
  }
  asio::any_io_executor executor() { return io.get_executor(); }

  asio::io_context io;
};

// Collects what a subscriber receives.
class Collector {
 public:
  Collector(Loop& loop, Subscriber& subscriber) {
    asio::co_spawn(loop.io, collect(subscriber), [](std::exception_ptr) {});
  }

  asio::awaitable<void> collect(Subscriber& subscriber) {
    while (true) {
      Received frame = co_await subscriber.receive();
      for (const std::string_view message : frame.messages)
        messages.emplace_back(frame.topic, message);
      lost += frame.lost_before;
      frames.push_back(Summary{frame.topic, frame.producer, frame.first_seq, frame.messages.size(),
                               frame.lost_before, frame.first_contact, frame.sent_unix_ns});
    }
  }

  struct Summary {
    std::string topic;
    Producer producer;
    std::uint64_t first_seq;
    std::size_t count;
    std::uint64_t lost_before;
    bool first_contact;
    std::int64_t sent_unix_ns;
  };
  std::vector<std::pair<std::string, std::string>> messages;
  std::vector<Summary> frames;
  std::uint64_t lost = 0;
};

using test_support::TemporaryFolder;

inline PublisherConfig publisher_config(std::vector<Endpoint> endpoints,
                                        std::uint64_t incarnation = 1) {
  return {.producer = {.service = "gateway", .replica = "gateway-1", .incarnation = incarnation},
          .endpoints = std::move(endpoints),
          .unix_now_ns = [] { return std::int64_t{1'700'000'000'000'000'000}; }};
}

inline Endpoint listen_on(std::string address) {
  return {EndpointRole::Listen, std::move(address)};
}
inline Endpoint dial_to(std::string address) {
  return {EndpointRole::Dial, std::move(address)};
}
inline std::string inproc(const std::string& name) {
  return "inproc://" + name;
}
inline constexpr const char* kAnyTcpPort = "tcp://127.0.0.1:0";

// Publishes on `topic` until the subscriber hears it (PUB does not tell when a connection stands),
// and returns when none of these messages is under way any more.
inline void connect(Loop& loop, Publisher& publisher, Collector& collector,
                    const std::string& topic) {
  static int calls = 0;
  const std::string hello = "hello " + std::to_string(++calls);
  const std::string settled = "settled " + std::to_string(calls);
  const auto heard = [&](const std::string& message) {
    return std::any_of(collector.messages.begin(), collector.messages.end(),
                       [&](const auto& received) { return received.second == message; });
  };
  loop.run_until([&] {
    if (heard(hello)) return true;
    publisher.publish(topic, hello);
    return false;
  });
  publisher.publish(topic, settled);
  loop.run_until([&] { return heard(settled); });
}

}  // namespace polybot::bus::test
