// A real etcd of one member for a test: free ports, its own folder, killed when the test is over.
#pragma once

#include "tests/support/process.hpp"

#include <arpa/inet.h>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace sett::test {

/// A port that was free just now.
inline std::uint16_t free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(s, reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
  ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(s);
  return ntohs(address.sin_port);
}

inline bool accepts(std::uint16_t port) {
  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool ok = ::connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(s);
  return ok;
}

class etcd_process {
public:
  static bool installed() { return std::filesystem::exists("/usr/bin/etcd"); }

  etcd_process() : client_(free_port()), peer_(free_port()) { start(); }

  /// Starts it (again) on the same ports and data.
  void start() {
    const auto client = "http://127.0.0.1:" + std::to_string(client_),
               peer = "http://127.0.0.1:" + std::to_string(peer_);
    process_ = std::make_unique<process>(std::vector<std::string>{
        "/usr/bin/etcd", "--data-dir", folder_ / "etcd", "--listen-client-urls", client, "--advertise-client-urls",
        client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster",
        "default=" + peer, "--log-level", "error"});
  }
  void kill() { process_.reset(); }
  [[nodiscard]] bool ready() const {
    return eventually([this] { return accepts(client_); });
  }
  /// Returns when every thread of it stands still: on a busy machine some run on for a moment after the signal.
  void freeze() const {
    process_->signal(SIGSTOP);
    static_cast<void>(eventually([this] { return stands_still(); }));
  }
  void thaw() const { process_->signal(SIGCONT); }
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(client_); }
  /// etcdctl with some arguments; its output.
  [[nodiscard]] finished control(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"/usr/bin/etcdctl", "--endpoints", endpoint()});
    return run(arguments, {{"ETCDCTL_API", "3"}});
  }

private:
  [[nodiscard]] bool stands_still() const {
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process_->pid()) + "/task")) {
      const auto stat = file_text((task.path() / "stat").string());
      if (stat.find(") T ") == std::string::npos) return false;
    }
    return true;
  }

  temporary_folder folder_;
  std::uint16_t client_, peer_;
  std::unique_ptr<process> process_;
};

} // namespace sett::test
