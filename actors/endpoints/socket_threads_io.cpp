#include "actors/endpoints/socket_threads_io.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>
#include <vector>

namespace sett::endpoints {

struct socket_threads::state {
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
  std::vector<std::thread> threads;
};

socket_threads::socket_threads(std::size_t threads) : state_(std::make_unique<state>()) {
  for (std::size_t i = 0; i < threads; ++i) state_->threads.emplace_back([s = state_.get()] { s->context.run(); });
}

socket_threads::~socket_threads() { stop(); }

boost::asio::io_context& socket_threads::context() { return state_->context; }

void socket_threads::stop() {
  state_->guard.reset();
  state_->context.stop();
  for (auto& t : state_->threads)
    if (t.joinable()) t.join();
}

} // namespace sett::endpoints
