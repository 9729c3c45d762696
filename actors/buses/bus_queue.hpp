// A bounded queue with a stated overflow policy. Pure; nothing is ever lost silently.
//   coalesce     one waiting value per key, the last one; a new key beyond the capacity drops the oldest waiting one,
//   counted drop_oldest  beyond the capacity the oldest value goes, counted
// A value taken in is given out unless it was replaced by a later one of its key or counted as dropped:
//   offered = taken + coalesced + dropped + waiting, at any time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sett::buses {

enum class offer_result : std::uint8_t { queued, coalesced, dropped_oldest };

struct queue_counts {
  std::uint64_t offered{}, taken{}, coalesced{}, dropped{};
};

/// No key: drop_oldest.
struct no_key {
  friend bool operator==(const no_key&, const no_key&) = default;
};

template <class T, class Key = no_key>
class bus_queue {
public:
  /// key_of is unused without keys. capacity >= 1.
  explicit bus_queue(std::size_t capacity, std::function<Key(const T&)> key_of = {})
      : capacity_(capacity), key_of_(std::move(key_of)) {}

  offer_result offer(T value) {
    ++counts_.offered;
    if constexpr (!std::is_same_v<Key, no_key>) {
      const auto key = key_of_(value);
      if (const auto i = index_.find(key); i != index_.end()) {
        ++counts_.coalesced;
        queue_[i->second - first_] = std::move(value); // keeps its place: a busy key does not starve
        return offer_result::coalesced;
      }
      const bool full = drop_when_full();
      index_[key] = first_ + queue_.size();
      queue_.push_back(std::move(value));
      return full ? offer_result::dropped_oldest : offer_result::queued;
    } else {
      const bool full = drop_when_full();
      queue_.push_back(std::move(value));
      return full ? offer_result::dropped_oldest : offer_result::queued;
    }
  }

  /// The oldest `limit` values, oldest first.
  [[nodiscard]] std::vector<T> take(std::size_t limit) {
    std::vector<T> out;
    while (!queue_.empty() && out.size() < limit) {
      forget_front();
      out.push_back(std::move(queue_.front()));
      queue_.pop_front();
      ++first_;
    }
    counts_.taken += out.size();
    return out;
  }

  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] const queue_counts& counts() const { return counts_; }

private:
  bool drop_when_full() {
    if (queue_.size() < capacity_) return false;
    forget_front();
    queue_.pop_front();
    ++first_;
    ++counts_.dropped;
    return true;
  }
  void forget_front() {
    if constexpr (!std::is_same_v<Key, no_key>) index_.erase(key_of_(queue_.front()));
  }

  std::size_t capacity_;
  std::function<Key(const T&)> key_of_;
  std::deque<T> queue_;
  std::uint64_t first_{}; // number of the front value
  std::unordered_map<Key, std::uint64_t> index_;
  queue_counts counts_;
};

} // namespace sett::buses

template <>
struct std::hash<sett::buses::no_key> {
  std::size_t operator()(const sett::buses::no_key&) const noexcept { return 0; }
};
