#include "nodes/signerd/signer_server_io.hpp"

#include "actors/signer/signer_error.hpp"
#include "actors/signer/signer_frames.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <iterator>
#include <memory>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace sett::signerd {

using namespace signer;

namespace {

constexpr std::size_t unread_replies_bytes_max = 256U * 1024; // of one connection

std::unexpected<error> failed(std::string_view what, const std::string& path) {
  return fail(area, signer_errc::io, std::string(what) + " " + path + ": " + std::strerror(errno));
}

/// Of the same user, or of root; the socket's mode says the same, but a folder may have been opened to others.
bool is_trusted(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == ::geteuid() || peer.uid == 0);
}

} // namespace

struct signer_server::connection {
  explicit connection(int descriptor) : fd(descriptor), cutter(request_bytes_max) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { ::close(fd); }

  /// Writes what it can; false: the peer does not read.
  bool write() {
    while (!out.empty()) {
      const auto n = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return (errno == EAGAIN || errno == EWOULDBLOCK) && out.size() <= unread_replies_bytes_max;
      out.erase(0, static_cast<std::size_t>(n));
    }
    return true;
  }

  int fd;
  frame_cutter cutter;
  std::string out;
  std::size_t waiting{}; // requests in the queues
  bool closed{};
};

signer_server::~signer_server() {
  if (listener_ < 0) return;
  ::close(listener_);
  ::unlink(options_.socket.c_str());
}

result<void> signer_server::listen() {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const auto& path = options_.socket;
  if (path.size() >= sizeof at.sun_path)
    return fail(area, signer_errc::io, "the socket's path is too long (107 bytes at most): " + path);
  std::memcpy(at.sun_path, path.c_str(), path.size() + 1);
  const auto* address = reinterpret_cast<const sockaddr*>(&at);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return failed("cannot make", path);
  const bool answers = ::connect(probe, address, sizeof at) == 0;
  ::close(probe);
  if (answers) return fail(area, signer_errc::exists, "another signer listens on " + path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("cannot replace", path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed("cannot make", path);
  const auto before = ::umask(0177);
  const bool bound = ::bind(fd, address, sizeof at) == 0;
  ::umask(before);
  if (!bound || ::listen(fd, 16) != 0) {
    auto e = failed("cannot listen on", path);
    ::close(fd);
    return e;
  }
  listener_ = fd;
  return {};
}

served signer_server::run(signing_desk& desk, const std::function<unix_seconds()>& now, int stop_fd) {
  SETT_ASSERT(listener_ >= 0);
  struct job {
    std::shared_ptr<connection> from;
    signer_request request;
  };
  served count;
  std::vector<std::shared_ptr<connection>> open;
  std::deque<job> exits, others;
  std::array<char, 64 * 1024> part{};

  const auto reply = [&](connection& to, std::uint64_t id, signer_answer answer) {
    if (to.closed) return;
    if (std::holds_alternative<signature>(answer)) ++count.signed_;
    if (std::holds_alternative<refused>(answer)) ++count.refused;
    to.out += encode(signer_reply{.id = id, .answer = std::move(answer)});
    if (!to.write()) to.closed = true;
  };
  const auto enqueue = [&](const std::shared_ptr<connection>& c, signer_request request) {
    if (const auto* h = std::get_if<halt_ask>(&request.ask)) { // before all that waits, however much it is
      const auto in_force = desk.halt(h->wallet, h->number);
      reply(*c, request.id, halt_answer{.stored = in_force.has_value(), .number = in_force.value_or(0)});
      return;
    }
    const auto* ask = std::get_if<sign_ask>(&request.ask);
    // Told by the message itself, and only when somebody waits; questions go first, too.
    const bool first = ask == nullptr || (!(exits.empty() && others.empty()) && desk.brings_home(ask->request));
    if (exits.size() + others.size() >= options_.queue_max) {
      ++count.overloaded;
      reply(*c, request.id, refused{refusal::overloaded, "too many requests wait for the signer"});
      return;
    }
    ++c->waiting;
    (first ? exits : others).push_back({c, std::move(request)});
  };
  const auto read = [&](const std::shared_ptr<connection>& c) {
    const auto n = ::recv(c->fd, part.data(), part.size(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) c->closed = true;
    if (n <= 0) return;
    c->cutter.append({part.data(), static_cast<std::size_t>(n)});
    while (const auto frame = c->cutter.next()) {
      auto request = decode_request(*frame);
      if (!request) {
        ++count.broken;
        c->closed = true;
        return;
      }
      enqueue(c, std::move(*request));
    }
    if (c->cutter.broken()) {
      ++count.broken;
      c->closed = true;
    }
  };
  const auto serve = [&](job j) {
    auto& c = *j.from;
    --c.waiting;
    if (c.closed && std::holds_alternative<sign_ask>(j.request.ask)) return; // nobody waits for the answer
    const auto id = j.request.id;
    if (const auto* s = std::get_if<sign_ask>(&j.request.ask)) {
      auto got = desk.sign(s->request, now());
      if (got)
        reply(c, id, *got);
      else
        reply(c, id, std::move(got.error()));
    } else if (const auto* r = std::get_if<resume_ask>(&j.request.ask)) {
      reply(c, id, halt_answer{.stored = desk.resume(r->wallet, r->number), .number = r->number});
    } else {
      reply(c, id, desk.status(now()));
    }
  };

  // Who comes when all places are taken may bring a halt: the newest connection that waits for nothing makes room, and
  // when all of them wait, the newest.
  const auto admit = [&](std::shared_ptr<connection> c) {
    std::erase_if(open, [](const auto& o) { return o->closed; });
    if (open.size() >= options_.connections_max) {
      const auto newest =
          std::find_if(open.rbegin(), open.rend(), [](const auto& o) { return o->waiting == 0 && o->out.empty(); });
      const auto leaves = newest == open.rend() ? std::prev(open.end()) : std::prev(newest.base());
      (*leaves)->closed = true;
      open.erase(leaves);
      ++count.displaced;
    }
    open.push_back(std::move(c));
  };

  bool stopping = false;
  while (!stopping || !exits.empty() || !others.empty()) {
    std::erase_if(open, [](const auto& c) { return c->closed; });
    std::vector<pollfd> polled{{stop_fd, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& c : open)
      polled.push_back({c->fd, static_cast<short>(c->out.empty() ? POLLIN : POLLIN | POLLOUT), 0});
    const bool idle = exits.empty() && others.empty();
    static_cast<void>(::poll(polled.data(), polled.size(), idle && !stopping ? -1 : 0));
    stopping |= polled[0].revents != 0;
    for (std::size_t i = 2; i < polled.size(); ++i) {
      const auto& c = open[i - 2];
      if ((polled[i].revents & POLLOUT) != 0 && !c->write()) c->closed = true;
      if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !stopping) read(c);
    }
    if (polled[1].revents != 0 && !stopping) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        auto c = std::make_shared<connection>(fd);
        if (is_trusted(fd)) admit(std::move(c));
      }
    }
    auto& queue = exits.empty() ? others : exits;
    if (!queue.empty()) {
      auto j = std::move(queue.front());
      queue.pop_front();
      serve(std::move(j));
    }
  }
  return count;
}

} // namespace sett::signerd
