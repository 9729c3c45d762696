// The base of every actor here: a CAF 0.17 event-based actor with a bounded, observable mailbox. CAF's own mailbox has
// no bound and its metrics are not in the packaged library, but `enqueue` and `consume` are virtual, so this class
//   - counts waiting messages and refuses more than the cell's bound; a refused request is answered at once with
//     sec::unavailable_or_would_block, a refused message is counted;
//   - times one handler call in four (p50/p99) and knows the age of the oldest waiting message (lower bound, see
//   actor_cell.hpp);
//   - counts dead letters: messages nobody handles, and those left over or arriving after the end;
//   - turns an exception into evidence in the cell and an orderly end (sec::runtime_error); a message that killed the
//   actor twice is
//     parked: skipped and counted, a request for it is refused;
//   - tells its supervisor that it ended (child_ended), without CAF monitors, which cost memory per pair and are
//   searched linearly.
// Exempt from the bound: responses, urgent messages, exit, down and timeout messages: what keeps the actor alive must
// get in.
//
// Handlers never block. `enqueue` is called by any thread; all else by the scheduler's thread that runs the actor.
#pragma once

#include "actors/supervision/actor_cell.hpp"

#include <caf/event_based_actor.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sett::supervision {

/// Actor -> its supervisor, urgent: the actor of this generation is gone.
struct child_ended {
  cell_ptr cell;
  std::uint32_t generation{};
  caf::error reason; // none: it ended by itself
};

class bounded_actor : public caf::event_based_actor {
public:
  bounded_actor(caf::actor_config& cfg, cell_ptr cell);

  using caf::event_based_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

  [[nodiscard]] const cell_ptr& cell() const { return cell_; }

protected:
  /// Ends the actor as an exception out of its handler does, and names the piece of work (not the whole message) that
  /// failed, so that only this piece is parked when it kills the actor twice. For handlers that may fail by the hundred
  /// thousand: catching near the throw costs half of unwinding through CAF's dispatch. The handler returns after it.
  /// `work`: the same when it is delivered again, not 0.
  void fail_at(std::uint64_t work, std::string_view what, const char* error);
  [[nodiscard]] std::int64_t now_ns() { return clock().now().time_since_epoch().count(); }

private:
  void crashed(const caf::mailbox_element& element, const char* error);

  cell_ptr cell_;
  std::uint32_t generation_;
  std::uint32_t messages_{};
  bool failed_{};
};

/// Ends an actor ahead of everything that waits in its mailbox (anon_send_exit travels behind it).
void send_exit_urgent(const caf::strong_actor_ptr& target, caf::error reason);

} // namespace sett::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::supervision::child_ended)
