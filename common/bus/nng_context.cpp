#include <nng/nng.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <new>

#include "common/bus/nng.hpp"
#include "common/bus/nng_handles.hpp"

namespace polybot::bus::nng {
namespace {

namespace asio = boost::asio;

nng_ctx context_of(std::uint32_t id) {
  return nng_ctx{.id = id};
}

Errc to_errc(int result) {
  switch (result) {
    case NNG_ETIMEDOUT:
      return Errc::TimedOut;
    case NNG_ECLOSED:
    case NNG_ECANCELED:
      return Errc::Closed;
    case NNG_EMSGSIZE:
      return Errc::TooLarge;
    default:
      return Errc::Transport;
  }
}

}  // namespace

// One nng_aio. `finished` wakes the coroutine that waits; it is touched on the executor only.
struct Context::Operation : std::enable_shared_from_this<Operation> {
  explicit Operation(asio::any_io_executor where)
      : executor(std::move(where)), finished(executor), deadline(executor) {
    if (nng_aio_alloc(&aio, &Operation::completed, this) != 0) throw std::bad_alloc();
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() {
    if (aio == nullptr) return;
    stop();
    Message abandoned(nng_aio_get_msg(aio));
    nng_aio_free(aio);
  }

  // No NNG thread runs completed() after this returns.
  void stop() { nng_aio_stop(aio); }

  // Runs on an NNG thread.
  static void completed(void* self) {
    auto operation = static_cast<Operation*>(self)->weak_from_this().lock();
    if (operation == nullptr) return;
    const asio::any_io_executor executor = operation->executor;
    asio::post(executor, [operation = std::move(operation)] {
      operation->is_done = true;
      operation->finished.cancel();
    });
  }

  void begin() {
    is_done = false;
    finished.expires_at(asio::steady_timer::time_point::max());
    nng_aio_set_timeout(aio, NNG_DURATION_INFINITE);
  }

  void expires_after(std::chrono::milliseconds timeout) {
    is_expired = false;
    deadline.expires_after(timeout);
    deadline.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      self->is_expired = true;
      nng_aio_abort(self->aio, NNG_ETIMEDOUT);
    });
  }

  void expires_never() {
    deadline.cancel();
    is_expired = false;
  }

  // The message the operation left to us: a received one, or one that could not be sent.
  Message take_message() {
    Message message(nng_aio_get_msg(aio));
    nng_aio_set_msg(aio, nullptr);
    return message;
  }

  asio::any_io_executor executor;
  asio::steady_timer finished;
  asio::steady_timer deadline;
  bool is_done = false;
  bool is_expired = false;
  nng_aio* aio = nullptr;
};

Context::Context(asio::any_io_executor executor, const Socket& socket)
    : operation_(std::make_shared<Operation>(std::move(executor))) {
  nng_ctx context = NNG_CTX_INITIALIZER;
  check(nng_ctx_open(&context, socket_of(socket.id())), "cannot open a conversation");
  id_ = context.id;
}

Context::~Context() {
  close();
}

void Context::close() {
  if (id_ == 0) return;
  nng_ctx_close(context_of(std::exchange(id_, 0)));
  operation_->expires_never();
  operation_->stop();
  // The completion may have been swallowed by stop(); wake the waiter in any case.
  operation_->is_done = true;
  operation_->finished.cancel();
}

asio::awaitable<boost::system::error_code> Context::completion() {
  const std::shared_ptr<Operation> operation = operation_;
  while (!operation->is_done) {
    co_await operation->finished.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (id_ == 0) co_return make_error_code(Errc::Closed);
  const int result = nng_aio_result(operation->aio);
  if (result != 0) co_return make_error_code(to_errc(result));
  co_return boost::system::error_code{};
}

void Context::expires_after(std::chrono::milliseconds timeout) {
  operation_->expires_after(timeout);
}
void Context::expires_never() {
  operation_->expires_never();
}

asio::awaitable<boost::system::result<void>> Context::send(Message message) {
  if (id_ == 0) co_return Errc::Closed;
  if (operation_->is_expired) co_return Errc::TimedOut;
  operation_->begin();
  nng_aio_set_msg(operation_->aio, message.release());
  nng_ctx_send(context_of(id_), operation_->aio);
  const boost::system::error_code failure = co_await completion();
  if (failure) {
    if (id_ != 0) operation_->take_message();
    co_return failure;
  }
  co_return boost::system::result<void>{};
}

asio::awaitable<boost::system::result<Message>> Context::receive() {
  if (id_ == 0) co_return Errc::Closed;
  if (operation_->is_expired) co_return Errc::TimedOut;
  operation_->begin();
  nng_ctx_recv(context_of(id_), operation_->aio);
  const boost::system::error_code failure = co_await completion();
  if (failure) co_return failure;
  co_return operation_->take_message();
}

}  // namespace polybot::bus::nng
