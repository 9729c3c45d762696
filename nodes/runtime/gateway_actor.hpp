// The door between threads outside the actor system (the API's) and actors: it takes a question with a deadline, asks
// on their behalf and calls back. No thread waits for an actor. A question whose actor does not answer in time ends
// with an error; the late answer is dropped by CAF.
//
// Targets are named by their registry path, because a restarted actor has a new handle.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "messages/types/error.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace sett::runtime {

/// One question, ready to be asked by the gateway. Local to the process.
struct question {
  std::shared_ptr<const std::function<void(caf::event_based_actor&)>> ask;
};

class gateway_actor : public supervision::bounded_actor {
public:
  gateway_actor(caf::actor_config& cfg, supervision::cell_ptr cell) : bounded_actor(cfg, std::move(cell)) {}
  caf::behavior make_behavior() override {
    return {[this](const question& q) { (*q.ask)(*this); }};
  }
};

enum class ask_errc : std::uint16_t { ok = 0, no_actor = 1, timeout = 2, refused = 3 };

/// Asks actors through the gateway. Thread-safe; copyable.
class asker {
public:
  asker(std::shared_ptr<supervision::registry> actors, std::string gateway_path, std::chrono::milliseconds deadline)
      : actors_(std::move(actors)), gateway_path_(std::move(gateway_path)), deadline_(deadline) {}

  /// Sends `message` to the actor at `path`; `done` is called once with the answer or an error, on an actor thread, and
  /// must not block. When the gateway itself is gone or full, `done` may never be called: callers keep a deadline of
  /// their own.
  template <class Answer, class Message>
  void ask(const std::string& path, Message message, std::function<void(result<Answer>)> done) const {
    const auto gateway = find(gateway_path_);
    const auto target = find(path);
    if (!gateway || !target) {
      done(fail("runtime", ask_errc::no_actor, path + " does not run at the moment"));
      return;
    }
    auto shared = std::make_shared<std::function<void(result<Answer>)>>(std::move(done));
    auto run = [target, message = std::move(message), shared, path,
                deadline = deadline_](caf::event_based_actor& self) {
      self.request(caf::actor_cast<caf::actor>(target), deadline, message)
          .then([shared](const Answer& answer) { (*shared)(answer); },
                [shared, path](const caf::error& e) {
                  if (e == caf::sec::request_timeout)
                    (*shared)(fail("runtime", ask_errc::timeout, path + " did not answer in time"));
                  else
                    (*shared)(fail("runtime", ask_errc::refused, said_by(e)));
                });
    };
    caf::anon_send(caf::actor_cast<caf::actor>(gateway),
                   question{std::make_shared<const std::function<void(caf::event_based_actor&)>>(std::move(run))});
  }

  /// Calls back from the gateway itself: proof that actors get their turn.
  void alive(std::function<void()> done) const {
    const auto gateway = find(gateway_path_);
    if (!gateway) return;
    auto run = [done = std::move(done)](caf::event_based_actor&) { done(); };
    caf::anon_send(caf::actor_cast<caf::actor>(gateway),
                   question{std::make_shared<const std::function<void(caf::event_based_actor&)>>(std::move(run))});
  }

  [[nodiscard]] caf::strong_actor_ptr find(const std::string& path) const {
    const auto cell = actors_->find(path);
    return cell ? cell->self() : nullptr;
  }

private:
  /// The sentence an actor put into its error, else CAF's own rendering.
  static std::string said_by(const caf::error& e);

  std::shared_ptr<supervision::registry> actors_;
  std::string gateway_path_;
  std::chrono::milliseconds deadline_;
};

} // namespace sett::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::runtime::question)
