#include "actors/buses/bus.hpp"

#include <caf/send.hpp>

namespace sett::buses {

template <class T>
auto bus<T>::make_queue() -> queue {
  if constexpr (std::is_same_v<typename bus_traits<T>::key, no_key>)
    return queue(bus_traits<T>::capacity);
  else
    return queue(bus_traits<T>::capacity, &bus_traits<T>::key_of);
}

template <class T>
bus<T>::bus() : inbox_(make_queue()) {}

template <class T>
publish_result bus<T>::publish(T value) {
  if (subscribers_.load(std::memory_order_relaxed) == 0) {
    unheard_.fetch_add(1, std::memory_order_relaxed);
    return publish_result::unheard;
  }
  caf::actor wake;
  offer_result outcome;
  {
    std::scoped_lock lock(mutex_);
    if (!actor_) {
      closed_.fetch_add(1, std::memory_order_relaxed);
      return publish_result::closed;
    }
    outcome = inbox_.offer(std::move(value));
    if (!woken_) {
      woken_ = true;
      wake = actor_;
    }
  }
  if (wake) caf::anon_send<caf::message_priority::high>(wake, bus_flush{});
  switch (outcome) {
  case offer_result::coalesced:
    return publish_result::coalesced;
  case offer_result::dropped_oldest:
    return publish_result::dropped_oldest;
  case offer_result::queued:
    break;
  }
  return publish_result::queued;
}

template <class T>
void bus<T>::open(caf::actor actor) {
  std::scoped_lock lock(mutex_);
  actor_ = std::move(actor);
  woken_ = false;
}

template <class T>
void bus<T>::close() {
  caf::actor old;
  std::scoped_lock lock(mutex_);
  std::swap(old, actor_);
}

template <class T>
std::vector<T> bus<T>::take_all() {
  std::scoped_lock lock(mutex_);
  woken_ = false;
  return inbox_.take(inbox_.capacity());
}

template <class T>
bus_counts bus<T>::counts() const {
  bus_counts c;
  {
    std::scoped_lock lock(mutex_);
    c.published = inbox_.counts().offered;
    c.coalesced = inbox_.counts().coalesced;
    c.dropped = inbox_.counts().dropped;
    c.waiting = inbox_.size();
    c.capacity = inbox_.capacity();
  }
  c.unheard = unheard_.load(std::memory_order_relaxed);
  c.closed = closed_.load(std::memory_order_relaxed);
  c.delivered = delivered_.load(std::memory_order_relaxed);
  c.subscriber_dropped = subscriber_dropped_.load(std::memory_order_relaxed);
  c.subscribers = subscribers_.load(std::memory_order_relaxed);
  return c;
}

template class bus<protocol::price_update>;
template class bus<protocol::opportunity>;
template class bus<protocol::alert>;

} // namespace sett::buses
