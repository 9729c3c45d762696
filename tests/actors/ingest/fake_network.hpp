// A made-up chain with skipped slots and lost forks, and a network that is cruel to it: endpoints that lose, repeat,
// reorder, lag and lie, and answers to fetches that fail, come late or twice. Drives a stream_merger in virtual time
// and keeps what comes out.
#pragma once

#include "actors/ingest/stream_merger.hpp"
#include "messages/ports/random.hpp"
#include "tests/support/made_up_block.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sett::test {

struct chain_block {
  std::uint64_t slot{}, parent{};
  std::uint32_t transactions{}, version{}, parent_version{};
  bool canonical{};
};

inline block_update_ptr update_of(const chain_block& b, std::uint32_t lie = 0) {
  auto u = std::make_shared<block_update>();
  u->slot = slot_number{b.slot};
  u->parent = slot_number{b.parent};
  u->blockhash = made_up_hash(b.slot, b.version + lie);
  u->parent_blockhash = made_up_hash(b.parent, b.parent_version);
  u->complete = true;
  u->transaction_count = b.transactions;
  for (std::uint32_t i = 0; i < b.transactions; ++i) {
    u->batch.transactions.push_back({.slot = u->slot,
                                     .index = i,
                                     .signature = made_up_signature(b.slot, i, b.version + lie),
                                     .fee_payer = {},
                                     .fee = {}});
    u->batch.events.push_back({.transaction = i, .path = {}, .payload = event::priority_fee{}});
  }
  return u;
}

/// What a router would hold: per slot the signatures that count now.
class sink {
public:
  std::map<std::uint64_t, std::set<signature>> slots;
  std::vector<std::string> faults;
  std::uint64_t rooted{};

  void take(const ingest::merger_effect& e) {
    if (const auto* d = std::get_if<ingest::deliver>(&e)) {
      auto& seen = slots[d->update->slot.value];
      for (const auto& ev : d->update->batch.events)
        if (ev.transaction >= d->update->batch.transactions.size())
          faults.push_back("an event without its transaction");
      for (const auto& t : d->update->batch.transactions)
        if (!seen.insert(t.signature).second)
          faults.push_back("delivered twice in slot " + std::to_string(d->update->slot.value));
    } else if (const auto* u = std::get_if<ingest::undo>(&e)) {
      if (slots.erase(u->slot.value) == 0)
        faults.push_back("undone without delivery: " + std::to_string(u->slot.value));
    } else if (const auto* r = std::get_if<ingest::root>(&e)) {
      if (r->slot.value <= rooted) faults.push_back("the root fell back");
      rooted = r->slot.value;
    }
  }
};

struct cruelty {
  std::uint16_t endpoints = 3;
  double loss = 0.1, duplicate = 0.1, fork = 0.1, skip = 0.15, fetch_fails = 0.2, dead_notice = 0.5;
  std::int64_t jitter_ms = 900, lag_ms = 0; // lag: of the last endpoint
  double lies = 0;                          // share of slots the last endpoint lies about
  bool fetch_works = true;
  bool cut = false; // one long loss on all endpoints in the middle
};

class fake_network {
public:
  fake_network(const cruelty& how, std::uint64_t seed, const ingest::merger_settings& settings,
               std::uint64_t first_slot = 1000)
      : how_(how), rng_(seed), merger(settings), next_slot_(first_slot), tip_(first_slot - 1) {}

  ports::random& rng() { return rng_; }

  /// Plays `slots` slots of 400 ms and then heals and waits until nothing moves.
  void run(std::uint32_t slots) {
    for (std::uint32_t i = 0; i < slots; ++i) {
      const bool cut = how_.cut && i > slots / 3 && i < slots / 2;
      make_slot(cut);
      advance(400);
    }
    how_.loss = how_.lies = how_.fetch_fails = 0;
    how_.duplicate = 0;
    how_.fork = how_.skip = 0;
    for (int i = 0; i < 20; ++i) { // the chain goes on undisturbed, so the head is proven by its children
      make_slot(false);
      advance(400);
    }
    for (int i = 0; i < 3000; ++i) advance(100);
  }

  /// Empty when everything was delivered exactly once or listed; else what is wrong.
  [[nodiscard]] std::vector<std::string> verdict() const {
    auto wrong = out.faults;
    const auto h = merger.health();
    const auto listed = [&](std::uint64_t s) {
      for (const auto& r : h.incomplete)
        if (s >= r.first.value && s <= r.last.value) return true;
      return false;
    };
    for (const auto& [slot, blocks] : chain) {
      if (slot <= h.complete_from.value || slot > h.complete_to.value || listed(slot)) continue;
      for (const auto& b : blocks) {
        if (!b.canonical) continue;
        const auto got = out.slots.find(slot);
        const std::size_t n = got == out.slots.end() ? 0 : got->second.size();
        if (n != b.transactions)
          wrong.push_back("slot " + std::to_string(slot) + ": " + std::to_string(n) + " of " +
                          std::to_string(b.transactions));
        for (std::uint32_t i = 0; i < b.transactions && got != out.slots.end(); ++i)
          if (!got->second.contains(made_up_signature(slot, i, b.version)))
            wrong.push_back("wrong content in slot " + std::to_string(slot));
      }
    }
    for (const auto& [slot, content] : out.slots) {
      if (content.empty() || slot > out.rooted || listed(slot)) continue;
      const auto at = chain.find(slot);
      bool canonical = false;
      if (at != chain.end())
        for (const auto& b : at->second) canonical |= b.canonical;
      if (!canonical) wrong.push_back("a lost block still counts in slot " + std::to_string(slot));
    }
    return wrong;
  }

  std::map<std::uint64_t, std::vector<chain_block>> chain;

private:
  struct event {
    std::int64_t at;
    std::uint64_t order;
    std::function<void(ingest::merger_effects&)> run;
    bool operator<(const event& o) const { return std::pair(at, order) < std::pair(o.at, o.order); }
  };

  frame_origin origin(std::uint16_t e, bool backfill = false) {
    return {endpoint_index{e}, stream_id{0}, steady_time_ns{now_ * 1'000'000}, {}, backfill, 0};
  }
  void at(std::int64_t ms, std::function<void(ingest::merger_effects&)> f) {
    events_.insert({ms, order_++, std::move(f)});
  }

  void make_slot(bool cut) {
    const auto slot = next_slot_++;
    if (rng_.chance(how_.skip)) return;
    chain_block b{.slot = slot,
                  .parent = tip_,
                  .transactions = static_cast<std::uint32_t>(rng_.below(5)),
                  .version = 0,
                  .parent_version = 0,
                  .canonical = true};
    if (rng_.chance(how_.fork)) {
      // A block that loses: its successor builds on the old tip again.
      b.canonical = false;
      b.version = 50;
    } else {
      tip_ = slot;
    }
    chain[slot].push_back(b);
    send(b, cut);
    if (!b.canonical && rng_.chance(how_.dead_notice))
      for (std::uint16_t e = 0; e < how_.endpoints; ++e)
        at(now_ + 1500 + static_cast<std::int64_t>(rng_.below(2000)), [this, e, slot](auto& fx) {
          merger.on_slot(origin(e), {slot_number{slot}, {}, slot_status::dead}, steady_time_ns{now_ * 1'000'000}, fx);
        });
    if (b.canonical && b.slot > 12)
      at(now_ + 32 * 400, [this, slot](auto& fx) {
        merger.on_slot(origin(0), {slot_number{slot}, {}, slot_status::finalized}, steady_time_ns{now_ * 1'000'000},
                       fx);
      });
  }
  void send(const chain_block& b, bool cut) {
    for (std::uint16_t e = 0; e < how_.endpoints; ++e) {
      const bool last = e + 1 == how_.endpoints;
      if (cut || rng_.chance(how_.loss)) continue;
      const std::uint32_t lie = last && b.canonical && rng_.chance(how_.lies) ? 100 : 0;
      const int copies = rng_.chance(how_.duplicate) ? 2 : 1;
      for (int c = 0; c < copies; ++c)
        at(now_ + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(how_.jitter_ms) + 1)) +
               (last ? how_.lag_ms : 0),
           [this, e, u = update_of(b, lie)](auto& fx) {
             merger.on_update(origin(e), u, steady_time_ns{now_ * 1'000'000}, fx);
           });
    }
  }
  void advance(std::int64_t ms) {
    const auto end = now_ + ms;
    while (!events_.empty() && events_.begin()->at <= end) {
      auto e = events_.extract(events_.begin());
      now_ = std::max(now_, e.value().at);
      ingest::merger_effects fx;
      e.value().run(fx);
      obey(fx);
    }
    now_ = end;
    ingest::merger_effects fx;
    merger.tick(steady_time_ns{now_ * 1'000'000}, fx);
    obey(fx);
  }
  void obey(const ingest::merger_effects& fx) {
    for (const auto& e : fx) {
      out.take(e);
      if (const auto* f = std::get_if<ingest::fetch>(&e)) answer(*f);
      if (const auto* l = std::get_if<ingest::list_slots>(&e)) answer(*l);
    }
  }
  void answer(const ingest::fetch& f) {
    ++fetches;
    const auto when = now_ + 50 + static_cast<std::int64_t>(rng_.below(400));
    std::uint16_t e = static_cast<std::uint16_t>(rng_.below(how_.endpoints));
    for (std::uint16_t i = 0; i < how_.endpoints && (f.avoid >> e & 1) != 0; ++i)
      e = static_cast<std::uint16_t>((e + 1) % how_.endpoints);
    const bool fails = !how_.fetch_works || rng_.chance(how_.fetch_fails);
    const auto fail = [this, s = f.slot](ingest::fetch_failure why) {
      return [this, s, why](auto& fx) { merger.on_fetch_failed(s, why, steady_time_ns{now_ * 1'000'000}, fx); };
    };
    if (fails) return at(when, fail(ingest::fetch_failure::failed));
    const auto found = chain.find(f.slot.value);
    if (found != chain.end())
      for (const auto& b : found->second)
        if (b.canonical) {
          const int copies = rng_.chance(how_.duplicate) ? 2 : 1;
          for (int c = 0; c < copies; ++c)
            at(when + c, [this, e, u = update_of(b)](auto& fx) {
              merger.on_update(origin(e, true), u, steady_time_ns{now_ * 1'000'000}, fx);
            });
          return;
        }
    at(when, fail(ingest::fetch_failure::skipped));
  }
  void answer(const ingest::list_slots& l) {
    const auto when = now_ + 50;
    if (!how_.fetch_works || rng_.chance(how_.fetch_fails))
      return at(when,
                [this, l](auto& fx) { merger.on_list_failed(l.first, l.last, steady_time_ns{now_ * 1'000'000}, fx); });
    std::vector<slot_number> found;
    for (auto i = chain.lower_bound(l.first.value); i != chain.end() && i->first <= l.last.value; ++i)
      for (const auto& b : i->second)
        if (b.canonical) found.emplace_back(i->first);
    at(when,
       [this, l, found](auto& fx) { merger.on_list(l.first, l.last, found, steady_time_ns{now_ * 1'000'000}, fx); });
  }

  cruelty how_;
  ports::random rng_;

public:
  ingest::stream_merger merger;
  sink out;
  std::uint64_t fetches{};

private:
  std::uint64_t next_slot_, tip_;
  std::int64_t now_{1};
  std::uint64_t order_{};
  std::set<event> events_;
};

} // namespace sett::test
