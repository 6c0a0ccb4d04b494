// Requests per second of http::Server with a small JSON route, beside a bare Beast coroutine server
// and (where installed) nginx, all in one run against the same load.
//
// Each server runs in a process of its own, the load in this one: one request at a time on each of
// a few keep-alive connections, over plain sockets and epoll, so that the client costs less than
// any server.
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/server.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

constexpr int kConnections = 8;
constexpr auto kSlice = std::chrono::milliseconds(500);
constexpr std::string_view kBody =
    R"({"slug":"will-it-rain","yes":{"bid":"0.45","ask":"0.46"},"no":{"bid":"0.54","ask":"0.55"}})";
constexpr std::string_view kRequest =
    "GET /api/v1/markets/will-it-rain/book HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: application/json\r\n\r\n";

// --- servers -------------------------------------------------------------------------------------

// Writes the bound port to `out`, then serves until killed.
void run_ours(int out) {
  asio::io_context io(1);
  polybot::http::ServerOptions options;
  std::uint64_t seen = 0;  // an observer as the gateway has one
  options.observer.on_request = [&seen](std::string_view, std::string_view, unsigned, double) {
    ++seen;
  };
  polybot::http::Server server(io.get_executor(), options);
  server.router().get("/api/v1/markets/{slug}/book",
                      [](polybot::http::Request) -> asio::awaitable<polybot::http::Response> {
                        co_return polybot::http::json(std::string(kBody));
                      });
  server.listen();
  const std::uint16_t port = server.port();
  if (::write(out, &port, sizeof port) != sizeof port) std::_Exit(1);
  io.run();
}

// The usual coroutine server of Beast's own examples, with the time limits of one.
asio::awaitable<void> bare_session(tcp::socket socket) {
  beast::tcp_stream stream(std::move(socket));
  stream.socket().set_option(tcp::no_delay(true));
  beast::flat_buffer buffer;
  for (;;) {
    stream.expires_after(std::chrono::seconds(30));
    beast::http::request<beast::http::string_body> request;
    auto [ec, size] = co_await beast::http::async_read(stream, buffer, request,
                                                       asio::as_tuple(asio::use_awaitable));
    if (ec) co_return;
    beast::http::response<beast::http::string_body> response(beast::http::status::ok,
                                                             request.version());
    response.set(beast::http::field::server, "bare");
    response.set(beast::http::field::content_type, "application/json");
    response.keep_alive(request.keep_alive());
    response.body() = kBody;
    response.prepare_payload();
    auto [failed, written] =
        co_await beast::http::async_write(stream, response, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return;
  }
}

asio::awaitable<void> bare_accept(tcp::acceptor acceptor) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), bare_session(std::move(socket)), asio::detached);
  }
}

void run_bare(int out) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  const std::uint16_t port = acceptor.local_endpoint().port();
  if (::write(out, &port, sizeof port) != sizeof port) std::_Exit(1);
  asio::co_spawn(io, bare_accept(std::move(acceptor)), asio::detached);
  io.run();
}

struct Child {
  pid_t pid = -1;
  std::uint16_t port = 0;
};

Child start(const std::function<void(int)>& serve) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) std::abort();
  Child child;
  child.pid = ::fork();
  if (child.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(pipe[0]);
    serve(pipe[1]);
    std::_Exit(0);
  }
  ::close(pipe[1]);
  if (::read(pipe[0], &child.port, sizeof child.port) != sizeof child.port) child.port = 0;
  ::close(pipe[0]);
  return child;
}

// A port that was free a moment ago: nginx cannot be told to pick one itself.
std::uint16_t free_port() {
  asio::io_context io;
  const tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

bool answers(std::uint16_t port);

Child start_nginx() {
  Child child;
  const char* const binary = "/usr/sbin/nginx";
  if (!std::filesystem::exists(binary)) return child;
  const auto folder =
      std::filesystem::temp_directory_path() / ("polybot-nginx-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  child.port = free_port();
  std::ofstream(folder / "nginx.conf")
      << "daemon off; master_process off; worker_processes 1; pid pid; error_log stderr "
         "crit;\nevents { worker_connections 64; }\nhttp { access_log off; "
         "keepalive_requests 1000000000; default_type application/json;\n"
      << "client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; "
         "scgi_temp_path s;\n"
      << "server { listen 127.0.0.1:" << child.port << "; location / { return 200 '" << kBody
      << "'; } } }\n";
  child.pid = ::fork();
  if (child.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execl(binary, "nginx", "-p", folder.c_str(), "-c", "nginx.conf", nullptr);
    std::_Exit(1);
  }
  for (int i = 0; i < 100 && !answers(child.port); ++i) ::usleep(20'000);
  return child;
}

// --- load ----------------------------------------------------------------------------------------

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

bool answers(std::uint16_t port) {
  const int fd = connect_to(port);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

// The length of one whole response of this server, learned from its first answer.
std::size_t response_size(int fd) {
  std::string answer;
  std::array<char, 4096> piece{};
  if (::send(fd, kRequest.data(), kRequest.size(), 0) < 0) return 0;
  for (;;) {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end != std::string::npos) {
      if (!answer.starts_with("HTTP/1.1 200")) return 0;
      const std::size_t whole = end + 4 + kBody.size();
      if (answer.size() >= whole) return whole;
    }
    const auto got = ::recv(fd, piece.data(), piece.size(), 0);
    if (got <= 0) return 0;
    answer.append(piece.data(), static_cast<std::size_t>(got));
  }
}

struct Load {
  std::uint64_t requests = 0;
  double seconds = 0;
};

// One request in flight per connection, for one slice of time.
Load drive(std::uint16_t port) {
  const int poll = ::epoll_create1(0);
  std::vector<int> sockets;
  std::size_t size = 0;
  for (int i = 0; i < kConnections; ++i) {
    const int fd = connect_to(port);
    size = fd < 0 ? 0 : response_size(fd);
    if (size == 0) std::abort();
    sockets.push_back(fd);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(i);
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }
  std::array<std::size_t, kConnections> left{};
  const auto send = [&](std::size_t i) {
    left[i] = size;
    if (::send(sockets[i], kRequest.data(), kRequest.size(), 0) < 0) std::abort();
  };
  const auto begin = SteadyClock::now();
  for (std::size_t i = 0; i < left.size(); ++i) send(i);
  Load load;
  std::array<char, 16384> piece{};
  std::array<epoll_event, kConnections> events{};
  while (SteadyClock::now() - begin < kSlice) {
    const int ready = ::epoll_wait(poll, events.data(), kConnections, 1000);
    for (int e = 0; e < ready; ++e) {
      const std::size_t i = events[static_cast<std::size_t>(e)].data.u32;
      const auto got = ::recv(sockets[i], piece.data(), piece.size(), 0);
      if (got <= 0) std::abort();
      left[i] -= static_cast<std::size_t>(got);
      if (left[i] > 0) continue;
      ++load.requests;
      send(i);
    }
  }
  load.seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  for (const int fd : sockets) ::close(fd);
  ::close(poll);
  return load;
}

// User and system time of another process, in seconds.
double cpu_seconds_of(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// --- the comparison ------------------------------------------------------------------------------

struct Contender {
  std::string name;
  Child child;
  std::vector<double> rates;  // requests/s of each slice
  double requests = 0;
  double cpu = 0;

  [[nodiscard]] double median() const {
    std::vector<double> sorted = rates;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
  [[nodiscard]] double per_core() const { return cpu > 0 ? requests / cpu : 0; }
};

// The contenders take turns slice by slice, so that other work of the machine affects all alike.
void BM_HttpRequests(benchmark::State& state) {
  std::vector<Contender> contenders;
  contenders.push_back({"http::Server", start(run_ours), {}, 0, 0});
  contenders.push_back({"bare Beast", start(run_bare), {}, 0, 0});
  if (const Child nginx = start_nginx(); nginx.pid > 0)
    contenders.push_back({"nginx", nginx, {}, 0, 0});
  for (const Contender& contender : contenders) drive(contender.child.port);  // warm up
  for (auto _ : state) {
    for (Contender& contender : contenders) {
      const double before = cpu_seconds_of(contender.child.pid);
      const Load load = drive(contender.child.port);
      contender.cpu += cpu_seconds_of(contender.child.pid) - before;
      contender.requests += static_cast<double>(load.requests);
      contender.rates.push_back(static_cast<double>(load.requests) / load.seconds);
    }
  }
  for (const Contender& contender : contenders) {
    ::kill(contender.child.pid, SIGKILL);
    ::waitpid(contender.child.pid, nullptr, 0);
    state.counters[contender.name + " req/s"] = contender.median();
    state.counters[contender.name + " req/s per core"] = contender.per_core();
  }
  state.counters["ratio to bare Beast (goal 0.85)"] =
      contenders[0].median() / contenders[1].median();
  state.counters["ratio per core"] = contenders[0].per_core() / contenders[1].per_core();
  if (contenders.size() > 2) {
    state.counters["ratio to nginx"] = contenders[0].median() / contenders[2].median();
  } else {
    state.SetLabel("nginx is not installed");
  }
}
BENCHMARK(BM_HttpRequests)->Iterations(10)->Unit(benchmark::kSecond)->UseRealTime();

}  // namespace
