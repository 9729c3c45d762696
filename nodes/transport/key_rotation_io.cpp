#include "nodes/transport/key_rotation_io.hpp"

#include <utility>

namespace sett::transport {

key_rotation::key_rotation(key_folder keys, trusted_keys trusted, zmq_network& network, ports::area_log log,
                           publisher publish)
    : keys_(std::move(keys)),
      trusted_(std::move(trusted)),
      network_(network),
      log_(std::move(log)),
      publish_(std::move(publish)) {}

template <class T>
bool key_rotation::readable(const char* what, const result<T>& r) {
  if (r) {
    told_.erase(what);
    return true;
  }
  auto& told = told_[what];
  if (told != r.error().message) log_.error("key-file-refused", r.error().message, {{"file", what}});
  told = r.error().message;
  return false;
}

void key_rotation::look() {
  look_at_trusted();
  if (coming_)
    look_for_the_end();
  else
    look_for_a_key_to_come();
}

void key_rotation::look_at_trusted() {
  auto now = keys_.load_trusted();
  if (!readable("trusted_keys", now) || now->all() == trusted_.all()) return;
  trusted_ = std::move(*now);
  network_.set_trusted(trusted_);
  log_.info("trusted-keys-changed", "other keys are trusted from now on", {{"keys", trusted_.all().size()}});
}

void key_rotation::look_for_a_key_to_come() {
  const auto next = keys_.load_next();
  if (!readable("node.key.next", next) || !*next) return;
  const auto listening = network_.begin_rotation(**next);
  if (!readable("listener", listening)) return;
  coming_ = (*next)->public_key;
  publish_(*listening, *coming_);
  log_.info("key-change-begun", "this node listens with its key to come, beside the one in use",
            {{"public_key", *coming_}});
}

void key_rotation::look_for_the_end() {
  const auto in_use = keys_.load();
  if (!readable("node.key", in_use) || in_use->public_key != *coming_ || !network_.on_old_key().empty()) return;
  network_.finish_rotation();
  log_.info("key-change-done", "no member comes by the old key any more: its listener is closed",
            {{"public_key", *coming_}});
  coming_.reset();
}

} // namespace sett::transport
