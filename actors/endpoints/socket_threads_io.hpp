// The threads that run all sockets of a node's endpoints: one Asio context, a few threads, nothing else on them but
// reading, decoding and writing. Start before the actors, stop after them.
#pragma once

#include <cstddef>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace sett::endpoints {

class socket_threads {
public:
  /// `threads` >= 1.
  explicit socket_threads(std::size_t threads);
  ~socket_threads();
  socket_threads(const socket_threads&) = delete;
  socket_threads& operator=(const socket_threads&) = delete;

  [[nodiscard]] boost::asio::io_context& context();
  /// Ends all work and joins; idempotent. Blocks until the handler under way on each thread has returned.
  void stop();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace sett::endpoints
