// Order book deltas from a gateway process to a runner process: encoded, batched, sent, received,
// decoded. Beside it, in the same run, bare NNG moving messages of the same sizes and doing nothing
// else. Nothing may be lost: the sender keeps at most kFramesUnderWay frames ahead of the receiver,
// which reports over a pipe (a gateway has no such brake; its bursts must fit NNG's queue of 8192).
//
// The receiver is this program again (NNG does not survive a fork), started with --receive.
//
// OneHop is the way of a single message: what a transport costs a tick on its way to an order.
#include <benchmark/benchmark.h>
#include <nng/nng.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/nng.hpp"
#include "common/bus/publisher.hpp"
#include "common/bus/subscriber.hpp"
#include "common/wire/market_data_codec.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/recorded_data.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace polybot;
namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kFramesUnderWay = 2048;
constexpr std::uint64_t kReportEvery = 32;
constexpr std::string_view kTopic = "md.7";
constexpr std::string_view kControl = "command";

constexpr std::string_view kTlsScheme = "tls+tcp://";
constexpr const char* kCertificatesVariable = "POLYBOT_BENCH_CERTIFICATES";

// An address of the gateway's, as it or a runner needs it.
bus::Address address_for(const std::string& role, const std::string& peer,
                         const std::string& text) {
  if (!text.starts_with(kTlsScheme)) return text;
  static const std::filesystem::path folder = [] {
    if (const char* const given = std::getenv(kCertificatesVariable))
      return std::filesystem::path(given);
    static const test_support::Certificates made;
    ::setenv(kCertificatesVariable, made.folder().c_str(), 1);  // for the receiver
    return made.folder();
  }();
  return {text, std::make_shared<const bus::Tls>(
                    bus::Tls{.certificate_file = folder / role / "certificate.pem",
                             .authority_files = {folder / "authorities" / (peer + ".pem")},
                             .listener_name = "gateway"})};
}
bus::Endpoint listen_on(const std::string& address) {
  return {bus::EndpointRole::Listen, address_for("gateway", "strategy-runner", address)};
}
bus::Endpoint dial_to(const std::string& address) {
  return {bus::EndpointRole::Dial, address_for("strategy-runner", "gateway", address)};
}

// What the receiver writes to its pipe.
struct Report {
  std::uint64_t frames = 0;
  std::uint64_t deltas = 0;
  std::uint64_t lost = 0;
};

// ---- the receiving process

class Reporter {
 public:
  explicit Reporter(int descriptor) : descriptor_(descriptor) {}
  void write(const Report& report) {
    if (::write(descriptor_, &report, sizeof report) != sizeof report) std::_Exit(2);
  }

 private:
  int descriptor_;
};

asio::awaitable<void> receive_frames(bus::Subscriber& subscriber, bus::Stats& stats,
                                     Reporter reporter) {
  wire::MarketDataCodec codec;
  wire::MarketData delta;
  Report report;
  while (true) {
    const bus::Received frame = co_await subscriber.receive();
    if (frame.topic == kControl) {
      report.lost = stats.channel(kTopic).lost;
      reporter.write(report);
      if (!frame.messages.empty() && frame.messages.back() == "end") co_return;
      continue;
    }
    for (const std::string_view message : frame.messages) {
      if (codec.decode(message, delta) != wire::DecodeError::None) std::_Exit(3);
      benchmark::DoNotOptimize(delta);
      ++report.deltas;
    }
    if (++report.frames % kReportEvery == 0) reporter.write(report);
  }
}

void receive_over_bus(const std::string& address, int descriptor) {
  asio::io_context io(1);
  bus::Stats stats;
  bus::Subscriber subscriber(io.get_executor(),
                             {.endpoints = {dial_to(address)},
                              .subscriptions = {bus::Subscription::channel("md"),
                                                bus::Subscription::topic(std::string(kControl))}},
                             stats);
  asio::co_spawn(io, receive_frames(subscriber, stats, Reporter(descriptor)),
                 [&](std::exception_ptr) { subscriber.close(); });
  io.run();
}

void receive_raw(const std::string& address, int descriptor) {
  bus::nng::Socket socket(bus::nng::Protocol::Subscribe, bus::kQueueFramesMax);
  socket.subscribe("");
  socket.attach(dial_to(address), bus::NetworkTrust::LoopbackOnly);
  Reporter reporter(descriptor);
  Report report;
  while (true) {
    nng_msg* message = nullptr;
    if (nng_recvmsg(nng_socket{.id = socket.id()}, &message, 0) != 0) std::_Exit(4);
    const std::size_t size = nng_msg_len(message);
    nng_msg_free(message);
    if (size <= 1) {
      reporter.write(report);
      if (size == 0) return;
      continue;
    }
    if (++report.frames % kReportEvery == 0) reporter.write(report);
  }
}

// ---- the sending process

class Receiver {
 public:
  Receiver(const char* kind, const std::string& address) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    const std::string descriptor = std::to_string(ends[1]);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      ::execl("/proc/self/exe", "bus_bench", "--receive", kind, address.c_str(), descriptor.c_str(),
              nullptr);
      std::_Exit(1);
    }
    ::close(ends[1]);
    reports_ = ends[0];
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() {
    ::close(reports_);
    ::waitpid(child_, nullptr, 0);
  }

  const Report& wait() {
    if (::read(reports_, &last_, sizeof last_) != sizeof last_)
      throw std::runtime_error("the receiver died");
    return last_;
  }
  [[nodiscard]] bool has_report_within(int ms) const {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(reports_, &set);
    timeval patience{.tv_sec = 0, .tv_usec = ms * 1000};
    return ::select(reports_ + 1, &set, nullptr, nullptr, &patience) > 0;
  }
  [[nodiscard]] const Report& last() const { return last_; }
  // Blocks while the receiver is more than kFramesUnderWay behind.
  void keep_pace(std::uint64_t frames_sent) {
    while (frames_sent - last_.frames > kFramesUnderWay) wait();
  }

 private:
  pid_t child_ = 0;
  int reports_ = -1;
  Report last_;
};

std::vector<domain::BookDelta> sample_deltas() {
  std::vector<domain::BookDelta> deltas(4096);
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    const auto n = static_cast<std::int64_t>(i);
    deltas[i].market.bytes.fill(static_cast<std::uint8_t>(i % 40));
    deltas[i].venue_at = domain::from_unix_ms(1'780'795'911'767 + n);
    deltas[i].stamped_at = domain::from_unix_ns(1'780'795'911'769'123'456 + n);
    deltas[i].changes = {{i % 2 == 0 ? domain::BookSide::Bid : domain::BookSide::Ask,
                          domain::Price::from_raw(100 * (1 + n % 98)),
                          domain::Quantity::from_raw(1'234'560'000 * (n % 9))}};
  }
  return deltas;
}

struct Measured {
  double seconds = 0;
  std::uint64_t lost = 0;
  std::vector<std::size_t> frame_bytes;  // what went over the wire, for the reference
};

std::string fresh_address(const std::string& transport, const std::filesystem::path& folder) {
  if (transport == "ipc") return "ipc://" + (folder / "bench.ipc").string();
  return transport == "tls" ? "tls+tcp://127.0.0.1:0" : "tcp://127.0.0.1:0";
}

Measured send_over_bus(const std::string& address, const std::vector<std::size_t>& batches) {
  asio::io_context io(1);
  bus::Stats stats;
  bus::Publisher publisher(
      io.get_executor(),
      {.producer = {.service = "gateway", .replica = "gateway-1", .incarnation = 1},
       .endpoints = {listen_on(address)},
       .unix_now_ns =
           [] {
             return std::chrono::duration_cast<std::chrono::nanoseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                 .count();
           }},
      stats);
  Receiver receiver("bus", publisher.addresses()[0]);
  while (!receiver.has_report_within(20)) {
    publisher.publish(kControl, "hello");
    io.poll();
  }

  const std::vector<domain::BookDelta> deltas = sample_deltas();
  wire::MarketDataCodec codec;
  Measured measured;
  std::uint64_t frames = 0;
  std::uint64_t sent = 0;
  const auto begin = Clock::now();
  for (const std::size_t batch : batches) {
    std::size_t bytes = kTopic.size() + 60;  // the header
    for (std::size_t i = 0; i < batch; ++i) {
      const std::string_view encoded = codec.encode(deltas[sent++ % deltas.size()]);
      publisher.publish(kTopic, encoded);
      bytes += bus::encoded_message_size(encoded);
    }
    io.poll();  // one turn of the loop: one frame
    measured.frame_bytes.push_back(bytes);
    receiver.keep_pace(++frames);
  }
  publisher.publish(kControl, "end");
  io.poll();
  while (receiver.last().deltas + receiver.last().lost < sent || receiver.last().frames < frames) {
    receiver.wait();
    io.poll();
  }
  measured.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  measured.lost = receiver.last().lost;
  return measured;
}

double send_raw(const std::string& address, const std::vector<std::size_t>& frame_bytes) {
  bus::nng::Socket socket(bus::nng::Protocol::Publish, bus::kQueueFramesMax);
  Receiver receiver("raw", socket.attach(listen_on(address), bus::NetworkTrust::LoopbackOnly));
  while (!receiver.has_report_within(20)) socket.send(bus::nng::Message::of("?"));
  const std::string bytes(bus::kFrameBytesMax, 'x');
  std::uint64_t frames = 0;
  const auto begin = Clock::now();
  for (const std::size_t size : frame_bytes) {
    socket.send(bus::nng::Message::of(std::string_view(bytes).substr(0, size)));
    receiver.keep_pace(++frames);
  }
  socket.send(bus::nng::Message::of(""));
  while (receiver.last().frames < frames) receiver.wait();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void run(benchmark::State& state, const std::string& transport,
         const std::vector<std::size_t>& batches) {
  const test_support::TemporaryFolder folder{"polybot-bench"};
  double deltas = 0;
  for (const std::size_t batch : batches) deltas += static_cast<double>(batch);
  double ours_s = 0;
  double raw_s = 0;
  double megabytes = 0;
  std::uint64_t lost = 0;
  for (auto _ : state) {
    const Measured measured = send_over_bus(fresh_address(transport, folder.path()), batches);
    lost += measured.lost;
    state.SetIterationTime(measured.seconds);
    ours_s += measured.seconds;
    raw_s += send_raw(fresh_address(transport, folder.path()), measured.frame_bytes);
    for (const std::size_t size : measured.frame_bytes)
      megabytes += static_cast<double>(size) / 1e6;
  }
  if (lost > 0) state.SkipWithError("messages were lost");
  const double rounds = static_cast<double>(state.iterations());
  state.counters["deltas/s"] = rounds * deltas / ours_s;
  state.counters["MB/s"] = megabytes / ours_s;
  state.counters["raw_nng_deltas/s"] = rounds * deltas / raw_s;
  state.counters["ours/raw_nng"] = raw_s / ours_s;
  state.counters["lost"] = static_cast<double>(lost);
  state.counters["deltas/frame"] = deltas / static_cast<double>(batches.size());
}

void DeltasInEqualFrames(benchmark::State& state, const std::string& transport) {
  const auto per_frame = static_cast<std::size_t>(state.range(0));
  run(state, transport, std::vector<std::size_t>(2'000'000 / per_frame, per_frame));
}
BENCHMARK_CAPTURE(DeltasInEqualFrames, ipc, "ipc")
    ->Arg(64)
    ->Arg(256)
    ->UseManualTime()
    ->Iterations(3);
BENCHMARK_CAPTURE(DeltasInEqualFrames, tcp, "tcp")
    ->Arg(64)
    ->Arg(256)
    ->UseManualTime()
    ->Iterations(3);
BENCHMARK_CAPTURE(DeltasInEqualFrames, tls, "tls")
    ->Arg(64)
    ->Arg(256)
    ->UseManualTime()
    ->Iterations(3);

// From send() until the message can be taken, one at a time, with nothing else on the way.
void OneHop(benchmark::State& state, const std::string& transport) {
  constexpr std::size_t kMessageBytes = 256;  // a book change, or a signal
  const test_support::TemporaryFolder folder{"polybot-bench"};
  bus::nng::Socket sender(bus::nng::Protocol::Publish, bus::kQueueFramesMax);
  const std::string at = sender.attach(listen_on(fresh_address(transport, folder.path())),
                                       bus::NetworkTrust::LoopbackOnly);
  bus::nng::Socket receiver(bus::nng::Protocol::Subscribe, bus::kQueueFramesMax);
  receiver.subscribe("");
  receiver.attach(dial_to(at), bus::NetworkTrust::LoopbackOnly);
  pollfd readable{.fd = receiver.receive_descriptor(), .events = POLLIN, .revents = 0};
  const std::string bytes(kMessageBytes, 'x');
  const auto arrives_within = [&](int ms) {
    sender.send(bus::nng::Message::of(bytes));
    return ::poll(&readable, 1, ms) > 0 && receiver.try_receive();
  };
  while (!arrives_within(20)) {
  }
  while (receiver.try_receive()) {
  }
  for (auto _ : state) {
    if (!arrives_within(1000)) {
      state.SkipWithError("a message was lost");
      break;
    }
  }
}
BENCHMARK_CAPTURE(OneHop, ipc, "ipc")->UseRealTime();
BENCHMARK_CAPTURE(OneHop, tcp, "tcp")->UseRealTime();
BENCHMARK_CAPTURE(OneHop, tls, "tls")->UseRealTime();

// The recording at twenty times its pace: what arrives within one millisecond of wall time (twenty
// of venue time) is one turn of the gateway's loop. Both outcomes' entries of a change are one
// delta.
std::vector<std::size_t> recorded_batches(const std::filesystem::path& recording) {
  constexpr std::int64_t kTurnMs = 20;
  const std::string text = test_support::read_zstd(recording);
  std::vector<std::size_t> batches;
  std::int64_t turn = -1;
  for (const std::string_view line : test_support::lines_of(text)) {
    if (line.find("price_changes") == std::string_view::npos) continue;
    std::size_t entries = 0;
    for (std::size_t at = line.find("asset_id"); at != std::string_view::npos;
         at = line.find("asset_id", at + 1)) {
      ++entries;
    }
    const std::size_t digits = line.find(':') + 1;
    const std::int64_t at_ms =
        std::strtoll(std::string(line.substr(digits, 16)).c_str(), nullptr, 10);
    if (at_ms / kTurnMs > turn) {
      turn = at_ms / kTurnMs;
      batches.push_back(0);
    }
    batches.back() += std::max<std::size_t>(1, entries / 2);
  }
  return batches;
}

void DeltasAsRecordedTimes20(benchmark::State& state, const std::string& transport) {
  const auto folder = test_support::recorded_data();
  if (!folder) {
    state.SkipWithError(test_support::kNoRecordedData);
    return;
  }
  static const std::vector<std::size_t> batches =
      recorded_batches(*folder / "polymarket" / "nhl_final_20260607_6min.jsonl.zst");
  run(state, transport, batches);
}
BENCHMARK_CAPTURE(DeltasAsRecordedTimes20, ipc, "ipc")->UseManualTime()->Iterations(5);
BENCHMARK_CAPTURE(DeltasAsRecordedTimes20, tcp, "tcp")->UseManualTime()->Iterations(5);

void EncodeDelta(benchmark::State& state) {
  const std::vector<domain::BookDelta> deltas = sample_deltas();
  wire::MarketDataCodec codec;
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(codec.encode(deltas[i++ % deltas.size()]));
}
BENCHMARK(EncodeDelta);

void DecodeDelta(benchmark::State& state) {
  wire::MarketDataCodec codec;
  std::vector<std::string> encoded;
  for (const domain::BookDelta& delta : sample_deltas()) encoded.emplace_back(codec.encode(delta));
  wire::MarketData out;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(codec.decode(encoded[i++ % encoded.size()], out));
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK(DecodeDelta);

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--receive") {
    const int descriptor = std::atoi(argv[4]);
    if (std::string_view(argv[2]) == "bus")
      receive_over_bus(argv[3], descriptor);
    else
      receive_raw(argv[3], descriptor);
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
