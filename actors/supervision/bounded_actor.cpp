#include "actors/supervision/bounded_actor.hpp"

#include "messages/types/error.hpp"

#include <caf/system_messages.hpp>
#include <caf/timeout_definition.hpp>
#include <caf/type_nr.hpp>

#include <exception>

namespace sett::supervision {

namespace {

constexpr std::uint32_t timed_mask = 3; // one in four

bool counts(const caf::mailbox_element& element) {
  const auto mid = element.mid;
  if (mid.is_response() || !mid.is_normal_message()) return false;
  const auto token = element.content().type_token();
  return token != caf::make_type_token<caf::exit_msg>() && token != caf::make_type_token<caf::down_msg>() &&
         token != caf::make_type_token<caf::timeout_msg>();
}

/// The same message delivered again has the same identity; 0 when its content cannot be told from others of its type.
std::uint64_t identity(const std::string& text) {
  if (text.find("<unprintable>") != std::string::npos) return 0;
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h | 1U;
}

/// A request always gets an answer. (CAF's own bouncer would say request_receiver_down, which is not so.)
void refuse(const caf::mailbox_element& element, caf::error reason) {
  if (element.sender && element.mid.is_request())
    element.sender->enqueue(nullptr, element.mid.response_id(), caf::make_message(std::move(reason)), nullptr);
}

/// What make_behavior throws; consume() sees to the handlers.
caf::error on_exception(caf::scheduled_actor*, std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return caf::make_error(caf::sec::runtime_error, std::string(e.what()));
  } catch (...) {
    return caf::make_error(caf::sec::runtime_error, std::string("unknown exception"));
  }
}

} // namespace

bounded_actor::bounded_actor(caf::actor_config& cfg, cell_ptr cell)
    : caf::event_based_actor(cfg), cell_(std::move(cell)), generation_(cell_->next_generation()) {
  set_exception_handler(on_exception);
  set_default_handler([](caf::scheduled_actor* self, caf::message_view&) -> caf::result<caf::message> {
    static_cast<bounded_actor*>(self)->cell_->dead_letter();
    return caf::sec::unexpected_message;
  });
}

void bounded_actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) {
  if (!counts(*element)) {
    caf::event_based_actor::enqueue(std::move(element), unit);
    return;
  }
  if (mailbox().closed()) {
    cell_->dead_letter(); // CAF answers a request
  } else if (!cell_->admit()) {
    refuse(*element, caf::make_error(caf::sec::unavailable_or_would_block));
    return;
  } else if (cell_->needs_mark()) {
    cell_->mark(now_ns());
  }
  caf::event_based_actor::enqueue(std::move(element), unit);
}

caf::invoke_message_result bounded_actor::consume(caf::mailbox_element& element) {
  const bool counted = counts(element);
  if (cell_->suspects_messages() && cell_->parked(identity(element.content().stringify()))) {
    if (counted) cell_->consumed();
    cell_->dead_letter();
    refuse(element, caf::make_error(caf::sec::runtime_error, "this message is parked: it killed its actor twice"));
    return caf::invoke_message_result::consumed;
  }
  const bool timed = (++messages_ & timed_mask) == 0; // a clock read costs as much as a small handler
  const auto begin = timed ? now_ns() : 0;
  try {
    const auto result = caf::event_based_actor::consume(element);
    if (result != caf::invoke_message_result::skipped) {
      if (counted) cell_->consumed();
      if (!failed_) cell_->handled();
      if (timed) cell_->timed(now_ns() - begin);
    }
    return result;
  } catch (const std::exception& e) {
    crashed(element, e.what());
  } catch (...) {
    crashed(element, "unknown exception");
  }
  if (counted) cell_->consumed();
  return caf::invoke_message_result::consumed;
}

// Throwing on to CAF would cost a second and a third unwinding; quit() is what it would come to.
void bounded_actor::crashed(const caf::mailbox_element& element, const char* error) {
  const auto text = element.content().stringify();
  cell_->record_crash(identity(text), text, error);
  quit(caf::make_error(caf::sec::runtime_error, std::string(error)));
}

void bounded_actor::fail_at(std::uint64_t work, std::string_view what, const char* error) {
  SETT_ASSERT(work != 0);
  failed_ = true;
  cell_->record_crash(work, what, error, true);
  quit(caf::make_error(caf::sec::runtime_error, std::string(error)));
}

bool bounded_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  child_ended note{cell_, generation_, reason};
  if (!caf::event_based_actor::cleanup(std::move(reason), host)) return false;
  cell_->drained();
  if (auto supervisor = cell_->supervisor())
    supervisor->enqueue(nullptr, caf::make_message_id(caf::message_priority::high), caf::make_message(std::move(note)),
                        host);
  return true;
}

void send_exit_urgent(const caf::strong_actor_ptr& target, caf::error reason) {
  if (!target) return;
  target->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
                  caf::make_message(caf::exit_msg{target->address(), std::move(reason)}), nullptr);
}

} // namespace sett::supervision
