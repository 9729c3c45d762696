#include "actors/supervision/actor_cell.hpp"

#include "messages/types/error.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <mutex>

namespace sett::supervision {

namespace {

constexpr std::size_t crash_text_max = 512;

std::mutex& stripe(const void* p) {
  static std::array<std::mutex, 64> stripes;
  return stripes[(reinterpret_cast<std::uintptr_t>(p) >> 6) % stripes.size()];
}

} // namespace

actor_cell::actor_cell(directory_id directory, std::string_view name, std::uint32_t bound)
    : directory_(directory), bound_(bound) {
  SETT_ASSERT(bound >= 1);
  if (name.size() <= name_size_max) {
    std::memcpy(name_, name.data(), name.size());
    name_size_ = static_cast<std::uint8_t>(name.size());
    return;
  }
  char tail[18];
  std::snprintf(tail, sizeof tail, "~%016zx", std::hash<std::string_view>{}(name));
  std::memcpy(name_, name.data(), name_size_max - 17);
  std::memcpy(name_ + name_size_max - 17, tail, 17);
  name_size_ = name_size_max;
}

bool actor_cell::admit() {
  const auto position = accepted_.fetch_add(1, std::memory_order_relaxed);
  // Signed: messages of other senders that came later may be taken already, and then the difference is negative.
  if (static_cast<std::int32_t>(position - taken_.load(std::memory_order_relaxed)) >=
      static_cast<std::int32_t>(bound_)) {
    accepted_.fetch_sub(1, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  return true;
}

void actor_cell::mark(std::int64_t now_ns) {
  std::int64_t none = 0;
  if (mark_ns_.compare_exchange_strong(none, std::max<std::int64_t>(now_ns, 1), std::memory_order_relaxed))
    mark_at_.store(accepted_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void actor_cell::consumed() {
  const auto taken = taken_.load(std::memory_order_relaxed) + 1;
  taken_.store(taken, std::memory_order_relaxed);
  if (mark_ns_.load(std::memory_order_relaxed) != 0 &&
      static_cast<std::int32_t>(taken - mark_at_.load(std::memory_order_relaxed)) >= 0)
    mark_ns_.store(0, std::memory_order_relaxed);
}

void actor_cell::drained() {
  const auto left = depth();
  if (left != 0) dead_letters_.fetch_add(left, std::memory_order_relaxed);
  taken_.store(accepted_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  mark_ns_.store(0, std::memory_order_relaxed);
}

std::int64_t actor_cell::head_age_ns(std::int64_t now_ns) const {
  const auto since = mark_ns_.load(std::memory_order_relaxed);
  return since == 0 || depth() == 0 ? 0 : std::max<std::int64_t>(0, now_ns - since);
}

bool actor_cell::record_crash(std::uint64_t work, std::string_view what, std::string_view error, bool part) {
  std::scoped_lock lock(stripe(this));
  if (!crashes_) crashes_ = std::make_unique<crash_log>();
  auto& records = crashes_->records;
  auto i = std::find_if(records.begin(), records.end(), [&](const auto& r) { return r.work == work; });
  if (i == records.end()) {
    if (records.size() == crash_records_max) {
      // A parked one must stay parked: forget the oldest that is not.
      auto victim = std::find_if(records.begin(), records.end(),
                                 [](const auto& r) { return r.work == 0 || r.times < deaths_to_park; });
      records.erase(victim == records.end() ? records.begin() : victim);
    }
    i = records.insert(records.end(), crash_record{work, std::string(what.substr(0, crash_text_max)), {}, 0});
  }
  i->error.assign(error.substr(0, crash_text_max));
  ++i->times;
  const bool parked = work != 0 && i->times >= deaths_to_park;
  suspects_.fetch_or(part || work == 0 ? 1U : 3U, std::memory_order_release);
  return parked;
}

bool actor_cell::parked(std::uint64_t work) {
  if (!suspects() || work == 0) return false;
  std::scoped_lock lock(stripe(this));
  const auto& records = crashes_->records;
  const bool hit = std::any_of(records.begin(), records.end(),
                               [&](const auto& r) { return r.work == work && r.times >= deaths_to_park; });
  if (hit) skipped_poison_.fetch_add(1, std::memory_order_relaxed);
  return hit;
}

void actor_cell::supervisor(caf::weak_actor_ptr supervisor) {
  std::scoped_lock lock(stripe(this));
  supervisor_.swap(supervisor); // the old one is released after the lock
}

void actor_cell::self(caf::weak_actor_ptr self) {
  std::scoped_lock lock(stripe(this));
  self_.swap(self);
}

caf::strong_actor_ptr actor_cell::self() const {
  std::scoped_lock lock(stripe(this));
  return self_.lock();
}

caf::strong_actor_ptr actor_cell::supervisor() const {
  std::scoped_lock lock(stripe(this));
  return supervisor_.lock();
}

std::vector<crash_record> actor_cell::crashes() const {
  std::scoped_lock lock(stripe(this));
  return crashes_ ? crashes_->records : std::vector<crash_record>{};
}

} // namespace sett::supervision
