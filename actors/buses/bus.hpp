// The three buses inside a node: market (prices, one waiting value per mint, 10,000), signal (opportunities, 1,000) and
// alert (1,000). Anybody publishes from any thread without blocking on subscribers; each subscriber has a queue of the
// same bound and policy, so a slow one loses only its own, counted, and gets a batch only after it asked for the next
// (bus_next).
//
//   publisher --publish()--> inbox (bounded) --flush every interval--> one queue per subscriber --bus_batch-->
//   subscriber subscriber --bus_subscribe, bus_next--> bus actor
//
// publish() says what happened: queued, coalesced, dropped_oldest, unheard (no subscriber) or closed (the bus is gone);
// each is counted. Prices: a flush carries the last value of each key; a value published after a flush is in the next
// one, so the last is never lost.
#pragma once

#include "actors/buses/bus_queue.hpp"
#include "messages/protocol/alert.hpp"
#include "messages/protocol/token.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace sett::buses {

enum class publish_result : std::uint8_t { queued, coalesced, dropped_oldest, unheard, closed };

/// To a subscriber; it answers with bus_next when it is ready for another one.
template <class T>
struct bus_batch {
  std::vector<T> values;
  std::uint64_t dropped{}; // of this subscriber's values, in all
};
struct bus_subscribe {
  caf::actor subscriber;
};
struct bus_unsubscribe {
  caf::actor subscriber;
};
struct bus_next {};
struct bus_flush {}; // publish -> bus actor: there is something in the inbox

struct bus_counts {
  std::uint64_t published{}, unheard{}, closed{}, coalesced{}, dropped{}, delivered{}, subscriber_dropped{};
  std::uint64_t waiting{}, subscribers{}, capacity{};
};

template <class T>
struct bus_traits;
template <>
struct bus_traits<protocol::price_update> {
  using key = mint_address;
  static constexpr std::size_t capacity = 10'000;
  static mint_address key_of(const protocol::price_update& u) { return u.mint; }
};
template <>
struct bus_traits<protocol::opportunity> {
  using key = no_key;
  static constexpr std::size_t capacity = 1'000;
};
template <>
struct bus_traits<protocol::alert> {
  using key = no_key;
  static constexpr std::size_t capacity = 1'000;
};

/// The publisher's side, shared by all publishers and the bus actor. Thread-safe.
template <class T>
class bus {
public:
  using queue = bus_queue<T, typename bus_traits<T>::key>;
  bus();

  publish_result publish(T value);

  // --- the bus actor's side
  // ------------------------------------------------------------------------------------------------
  void open(caf::actor actor);
  void close();
  [[nodiscard]] std::vector<T> take_all();
  void subscribers(std::size_t n) { subscribers_.store(n, std::memory_order_relaxed); }
  void delivered(std::uint64_t n) { delivered_.fetch_add(n, std::memory_order_relaxed); }
  void subscriber_dropped(std::uint64_t n) { subscriber_dropped_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] static queue make_queue();

  [[nodiscard]] bus_counts counts() const;

private:
  mutable std::mutex mutex_;
  queue inbox_;
  caf::actor actor_;
  bool woken_{};
  std::atomic<std::size_t> subscribers_{};
  std::atomic<std::uint64_t> unheard_{}, closed_{}, delivered_{}, subscriber_dropped_{};
};

using market_bus = bus<protocol::price_update>;
using signal_bus = bus<protocol::opportunity>;
using alert_bus = bus<protocol::alert>;

extern template class bus<protocol::price_update>;
extern template class bus<protocol::opportunity>;
extern template class bus<protocol::alert>;

} // namespace sett::buses

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::bus_batch<sett::protocol::price_update>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::bus_batch<sett::protocol::opportunity>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::bus_batch<sett::protocol::alert>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::bus_subscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::bus_unsubscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::bus_next)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::buses::bus_flush)
