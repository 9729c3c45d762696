// Block updates that come back: an update is built on a socket thread, shared with the actors as an immutable pointer,
// and when the last of them lets go its vectors return here with their capacity. So the steady state allocates nothing
// per event.
//
// Thread-safe; a mutex held for a few instructions, once per update and not per event. Does not block otherwise.
#pragma once

#include "messages/types/block_update.hpp"

#include <cstddef>
#include <memory>
#include <mutex> // pure-ok: guards a free list, no result depends on it
#include <vector>

namespace sett::ingest {

class update_pool : public std::enable_shared_from_this<update_pool> {
public:
  /// Keeps at most `kept_max` resting updates; more are freed.
  static std::shared_ptr<update_pool> make(std::size_t kept_max = 64) {
    return std::shared_ptr<update_pool>(new update_pool(kept_max));
  }
  /// An empty update.
  [[nodiscard]] std::shared_ptr<block_update> take();
  [[nodiscard]] std::size_t resting() const;

private:
  explicit update_pool(std::size_t kept_max) : kept_max_(kept_max) {}
  void give_back(std::unique_ptr<block_update> update);
  std::size_t kept_max_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<block_update>> resting_;
};

} // namespace sett::ingest
