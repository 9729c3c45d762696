// A server on port 0 that runs a script for each connection, blocking, in a thread of its own: the other side of the
// socket adapters' tests. It misbehaves exactly as the script says. A socket belongs to its script's thread; the end of
// the server reaches it through a duplicate of its descriptor, because a socket object is not safe for two threads.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace sett::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;

class scripted_server {
public:
  /// `script` gets each connection and its number from 0; it may throw (a peer that went away).
  explicit scripted_server(std::function<void(tcp::socket&, int)> script)
      : script_(std::move(script)), acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    thread_ = std::thread([this] { accept(); });
  }
  ~scripted_server() {
    stopping_ = true;
    // Wakes the blocking accept: a connection of our own.
    try {
      asio::io_context io;
      tcp::socket s(io);
      s.connect(acceptor_.local_endpoint());
    } catch (const std::exception&) {
    }
    thread_.join();
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& [n, descriptor] : open_) ::shutdown(descriptor, SHUT_RDWR);
    }
    for (auto& t : threads_) t.join();
  }
  [[nodiscard]] std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  [[nodiscard]] int connections() const { return connections_; }

private:
  void accept() {
    for (;;) {
      tcp::socket accepted(context_);
      beast::error_code ec;
      acceptor_.accept(accepted, ec);
      if (stopping_ || ec) return;
      const std::scoped_lock lock(mutex_);
      const int n = connections_++;
      open_[n] = ::dup(accepted.native_handle());
      threads_.emplace_back([this, n, socket = std::move(accepted)]() mutable {
        try {
          script_(socket, n);
        } catch (const std::exception&) {
        }
        beast::error_code ignored;
        socket.shutdown(tcp::socket::shutdown_both, ignored);
        socket.close(ignored);
        const std::scoped_lock ending(mutex_);
        ::close(open_[n]);
        open_.erase(n);
      });
    }
  }
  std::function<void(tcp::socket&, int)> script_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopping_{};
  std::atomic<int> connections_{};
  std::mutex mutex_;
  std::map<int, int> open_; // connection -> duplicate of its descriptor
  std::vector<std::thread> threads_;
  std::thread thread_;
};

/// Blocks until the peer closes or the server stops: a stall without closing.
template <class Stream>
void stall(Stream& stream) {
  char byte[256];
  beast::error_code ec;
  while (!ec) stream.read_some(asio::buffer(byte), ec);
}

/// Things that arrive from other threads, awaited with a deadline.
template <class T>
class inbox {
public:
  void put(T value) {
    const std::scoped_lock lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  /// Waits until `n` values are there; false after ten seconds.
  bool wait_for(std::size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return values_.size() >= n; });
  }
  [[nodiscard]] std::vector<T> all() const {
    const std::scoped_lock lock(mutex_);
    return values_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

} // namespace sett::test
