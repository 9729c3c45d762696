// The actor of one bus: distributes what was published to the subscribers' queues, at most once per interval, and sends
// each subscriber one batch at a time. A subscriber that ended is dropped with what waited for it, counted. After a
// crash subscribers subscribe again (they see the new actor in the registry).
#pragma once

#include "actors/buses/bus.hpp"
#include "actors/supervision/bounded_actor.hpp"

#include <memory>
#include <vector>

namespace sett::buses {

template <class T>
class bus_actor : public supervision::bounded_actor {
public:
  static constexpr std::size_t batch_max = 256;

  /// interval_ns: least time between two flushes; 0: at once.
  bus_actor(caf::actor_config& cfg, supervision::cell_ptr cell, std::shared_ptr<bus<T>> shared,
            std::int64_t interval_ns);
  caf::behavior make_behavior() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  struct subscriber {
    caf::actor actor;
    typename bus<T>::queue queue;
    bool ready{true};
    std::uint64_t reported{};
  };
  void flush();
  void give(subscriber& s);
  void drop(const caf::actor_addr& who);

  std::shared_ptr<bus<T>> bus_;
  std::int64_t interval_ns_;
  std::int64_t last_flush_ns_{INT64_MIN / 2};
  bool timer_set_{};
  std::vector<subscriber> subscribers_;
};

extern template class bus_actor<protocol::price_update>;
extern template class bus_actor<protocol::opportunity>;
extern template class bus_actor<protocol::alert>;

} // namespace sett::buses
