#include "actors/buses/bus_actor.hpp"

#include <caf/behavior.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <chrono>

namespace sett::buses {

namespace {

struct flush_due {};

} // namespace
} // namespace sett::buses

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::flush_due)

namespace sett::buses {

template <class T>
bus_actor<T>::bus_actor(caf::actor_config& cfg, supervision::cell_ptr place, std::shared_ptr<bus<T>> shared,
                        std::int64_t interval_ns)
    : bounded_actor(cfg, std::move(place)), bus_(std::move(shared)), interval_ns_(interval_ns) {}

template <class T>
caf::behavior bus_actor<T>::make_behavior() {
  bus_->open(caf::actor_cast<caf::actor>(this));
  set_down_handler(
      [](caf::scheduled_actor* self, caf::down_msg& m) { static_cast<bus_actor<T>*>(self)->drop(m.source); });
  return {
      [this](const bus_flush&) {
        const auto since = now_ns() - last_flush_ns_;
        if (since >= interval_ns_) {
          flush();
        } else if (!timer_set_) {
          timer_set_ = true;
          delayed_send(this, std::chrono::nanoseconds(interval_ns_ - since), flush_due{});
        }
      },
      [this](const flush_due&) {
        timer_set_ = false;
        flush();
      },
      [this](const bus_subscribe& m) {
        drop(m.subscriber.address());
        monitor(m.subscriber);
        subscribers_.push_back({m.subscriber, bus<T>::make_queue()});
        bus_->subscribers(subscribers_.size());
      },
      [this](const bus_unsubscribe& m) { drop(m.subscriber.address()); },
      [this](const bus_next&) {
        const auto who = current_sender();
        for (auto& s : subscribers_)
          if (s.actor == who) {
            s.ready = true;
            give(s);
          }
      },
  };
}

template <class T>
bool bus_actor<T>::cleanup(caf::error&& reason, caf::execution_unit* host) {
  bus_->close();
  for (auto& s : subscribers_) demonitor(s.actor);
  subscribers_.clear();
  bus_->subscribers(0);
  return bounded_actor::cleanup(std::move(reason), host);
}

template <class T>
void bus_actor<T>::flush() {
  last_flush_ns_ = now_ns();
  for (auto& value : bus_->take_all())
    for (auto& s : subscribers_) s.queue.offer(value);
  for (auto& s : subscribers_) give(s);
}

template <class T>
void bus_actor<T>::give(subscriber& s) {
  const auto dropped = s.queue.counts().dropped;
  if (dropped != s.reported) {
    bus_->subscriber_dropped(dropped - s.reported);
    s.reported = dropped;
  }
  if (!s.ready || s.queue.size() == 0) return;
  bus_batch<T> batch{s.queue.take(batch_max), dropped};
  bus_->delivered(batch.values.size());
  s.ready = false;
  send(s.actor, std::move(batch));
}

template <class T>
void bus_actor<T>::drop(const caf::actor_addr& who) {
  const auto i =
      std::find_if(subscribers_.begin(), subscribers_.end(), [&](const auto& s) { return s.actor.address() == who; });
  if (i == subscribers_.end()) return;
  demonitor(i->actor);
  bus_->subscriber_dropped(i->queue.size());
  subscribers_.erase(i);
  bus_->subscribers(subscribers_.size());
}

template class bus_actor<protocol::price_update>;
template class bus_actor<protocol::opportunity>;
template class bus_actor<protocol::alert>;

} // namespace sett::buses
