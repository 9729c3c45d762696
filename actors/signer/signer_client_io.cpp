#include "actors/signer/signer_client_io.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sett::signer {

namespace {

using clock = std::chrono::steady_clock;
constexpr auto reconnect_wait = std::chrono::milliseconds(50);

int connect_to(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof to.sun_path) return -1;
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  ::close(fd);
  return -1;
}

} // namespace

struct signer_client::state {
  using callback = std::function<void(client_answer)>;
  struct waiting {
    callback done;
    clock::time_point asked, deadline;
  };
  using ended = std::vector<std::pair<callback, client_answer>>;

  client_options options;
  ports::counter *signed_, *refused_, *unreachable_;
  ports::histogram* latency;

  std::mutex mutex; // everything below
  int fd{-1};       // opened by who asks, closed by the client's thread alone
  bool broken{};    // to be closed: nothing is written to it any more
  int wake{-1};
  bool stopping{};
  std::uint64_t next_id{1};
  std::map<std::uint64_t, waiting> asked;
  clock::time_point tried{};
  std::thread thread;

  /// With the mutex held. The connection is gone: what was asked on it has no answer.
  void lose(ended& out, const char* why) {
    if (fd >= 0) ::close(fd);
    fd = -1;
    broken = false;
    for (auto& [id, w] : asked) out.emplace_back(std::move(w.done), unreachable{why});
    asked.clear();
  }
  void tell(ended& out) {
    for (auto& [done, answer] : out) {
      if (std::holds_alternative<unreachable>(answer)) unreachable_->add();
      done(std::move(answer));
    }
    out.clear();
  }
  void poke() const {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake, &one, sizeof one));
  }

  void ask(signer_ask what, callback done);
  void run();
  void take(const signer_reply& reply, ended& out);
};

void signer_client::state::ask(signer_ask what, callback done) {
  ended out;
  {
    const std::scoped_lock lock(mutex);
    const auto now = clock::now();
    const char* why = nullptr;
    if (stopping) {
      why = "the client has stopped";
    } else if (asked.size() >= options.in_flight_max) {
      why = "too many requests wait for the signer";
    } else if (fd < 0) {
      if (now - tried >= reconnect_wait) {
        tried = now;
        fd = connect_to(options.socket);
        if (fd >= 0) poke();
      }
      if (fd < 0) why = "the signer's socket cannot be reached; is signerd running?";
    } else if (broken) {
      why = "the connection to the signer was lost";
    }
    if (why == nullptr) {
      const auto id = next_id++;
      const auto frame = encode(signer_request{.id = id, .ask = std::move(what)});
      // A partly written frame cannot be taken back, and a full socket means a signer that does not read: both end the
      // connection. 200 KiB of socket buffer hold more than in_flight_max requests as a rule.
      const auto n = ::send(fd, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n == static_cast<ssize_t>(frame.size())) {
        asked.emplace(id, waiting{std::move(done), now, now + options.timeout});
        return;
      }
      why = "the signer does not take requests";
      if (n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        broken = true;
        ::shutdown(fd, SHUT_RDWR); // wakes the client's thread, which closes it
      }
    }
    out.emplace_back(std::move(done), unreachable{why});
  }
  tell(out);
}

void signer_client::state::take(const signer_reply& reply, ended& out) {
  const std::scoped_lock lock(mutex);
  const auto found = asked.find(reply.id);
  if (found == asked.end()) return; // late
  latency->observe(std::chrono::duration<double>(clock::now() - found->second.asked).count());
  if (std::holds_alternative<signature>(reply.answer)) signed_->add();
  if (std::holds_alternative<refused>(reply.answer)) refused_->add();
  out.emplace_back(std::move(found->second.done), reply.answer);
  asked.erase(found);
}

void signer_client::state::run() {
  frame_cutter cutter(reply_bytes_max);
  int cutter_of = -1;
  std::array<char, 16 * 1024> part{};
  ended out;
  for (;;) {
    int now_fd = -1, wait_ms = -1;
    {
      const std::scoped_lock lock(mutex);
      if (stopping) return;
      now_fd = fd;
      const auto now = clock::now();
      for (auto it = asked.begin(); it != asked.end();) {
        if (it->second.deadline <= now) {
          out.emplace_back(std::move(it->second.done), unreachable{"the signer did not answer in time"});
          it = asked.erase(it);
        } else {
          const auto left = std::chrono::ceil<std::chrono::milliseconds>(it->second.deadline - now).count();
          if (wait_ms < 0 || left < wait_ms) wait_ms = static_cast<int>(left);
          ++it;
        }
      }
      // A request that comes while this thread sleeps does not wake it; its deadline is looked at often enough.
      if (now_fd >= 0 && wait_ms < 0) wait_ms = static_cast<int>(options.timeout.count() / 2 + 1);
    }
    tell(out);
    if (cutter_of != now_fd) {
      cutter = frame_cutter(reply_bytes_max);
      cutter_of = now_fd;
    }
    std::array<pollfd, 2> polled{pollfd{wake, POLLIN, 0}, pollfd{now_fd, POLLIN, 0}};
    static_cast<void>(::poll(polled.data(), now_fd >= 0 ? 2 : 1, wait_ms));
    if (polled[0].revents != 0) {
      std::uint64_t drained = 0;
      static_cast<void>(!::read(wake, &drained, sizeof drained));
    }
    if (now_fd < 0 || polled[1].revents == 0) continue;
    const auto n = ::recv(now_fd, part.data(), part.size(), MSG_DONTWAIT);
    bool ended_here = n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
    if (n > 0) {
      cutter.append({part.data(), static_cast<std::size_t>(n)});
      while (const auto frame = cutter.next()) {
        const auto reply = decode_reply(*frame);
        if (!reply) {
          ended_here = true;
          break;
        }
        take(*reply, out);
        tell(out);
      }
      ended_here |= cutter.broken();
    }
    if (ended_here) {
      const std::scoped_lock lock(mutex);
      lose(out, "the connection to the signer was lost");
      cutter_of = -1;
    }
  }
}

signer_client::signer_client(client_options options, ports::metrics_registry& m) : state_(std::make_shared<state>()) {
  state_->options = std::move(options);
  state_->signed_ = &m.counter_of("sett_signer_requests_signed_total", "Messages that the signer signed.");
  state_->refused_ = &m.counter_of("sett_signer_requests_refused_total", "Messages that the signer refused.");
  state_->unreachable_ =
      &m.counter_of("sett_signer_requests_unreachable_total", "Requests that no signer answered in time.");
  state_->latency = &m.histogram_of("sett_signer_request_seconds", "From the question to the signer's answer.",
                                    ports::latency_bounds_s);
  state_->wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  SETT_ASSERT(state_->wake >= 0);
  state_->thread = std::thread([s = state_.get()] { s->run(); });
}

signer_client::~signer_client() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
    state_->poke();
  }
  state_->thread.join();
  state::ended out;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->lose(out, "the client has stopped");
  }
  state_->tell(out);
  ::close(state_->wake);
}

void signer_client::ask(signer_ask what, std::function<void(client_answer)> done) {
  state_->ask(std::move(what), std::move(done));
}

void signer_client::sign(ports::sign_request request, std::function<void(ports::sign_answer)> done) {
  ask(sign_ask{.request = std::move(request)},
      [done = std::move(done)](const client_answer& a) { done(port_answer(a)); });
}

void signer_client::halt(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) {
  ask(halt_ask{wallet, halt_number}, [done = std::move(done)](const client_answer& a) {
    const auto* said = std::get_if<signer_answer>(&a);
    const auto* h = said == nullptr ? nullptr : std::get_if<halt_answer>(said);
    done(h != nullptr && h->stored);
  });
}

void signer_client::resume(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) {
  ask(resume_ask{wallet, halt_number}, [done = std::move(done)](const client_answer& a) {
    const auto* said = std::get_if<signer_answer>(&a);
    const auto* h = said == nullptr ? nullptr : std::get_if<halt_answer>(said);
    done(h != nullptr && h->stored);
  });
}

ports::sign_answer port_answer(const client_answer& answer) {
  ports::sign_answer out;
  if (const auto* gone = std::get_if<unreachable>(&answer)) {
    out.refused = ports::sign_refusal::unreachable;
    out.why = gone->why;
    return out;
  }
  const auto& said = std::get<signer_answer>(answer);
  if (const auto* s = std::get_if<signature>(&said)) {
    out.signature = *s;
  } else if (const auto* r = std::get_if<refused>(&said)) {
    out.refused = port_word(r->why);
    out.why = std::string(to_text(r->why)) + ": " + r->text;
  } else {
    out.refused = ports::sign_refusal::unreachable;
    out.why = "the signer answered something else";
  }
  return out;
}

} // namespace sett::signer
