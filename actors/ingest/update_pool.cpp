#include "actors/ingest/update_pool.hpp"

#include <utility>

namespace sett::ingest {

std::shared_ptr<block_update> update_pool::take() {
  std::unique_ptr<block_update> update;
  {
    const std::scoped_lock lock(mutex_);
    if (!resting_.empty()) {
      update = std::move(resting_.back());
      resting_.pop_back();
    }
  }
  if (!update) update = std::make_unique<block_update>();
  return {update.release(), [pool = weak_from_this()](block_update* u) {
            std::unique_ptr<block_update> owned(u);
            if (auto p = pool.lock()) p->give_back(std::move(owned));
          }};
}

void update_pool::give_back(std::unique_ptr<block_update> update) {
  auto batch = std::move(update->batch);
  batch.clear();
  *update = {};
  update->batch = std::move(batch);
  const std::scoped_lock lock(mutex_);
  if (resting_.size() < kept_max_) resting_.push_back(std::move(update));
}

std::size_t update_pool::resting() const {
  const std::scoped_lock lock(mutex_);
  return resting_.size();
}

} // namespace sett::ingest
