// A search of the shipped state machine, not of a model of it: every order of signing, journalling, sending, landing,
// forking, crashing, taking over, restoring and lying within small bounds, breadth first, so that a story is a shortest
// one. decide, apply, may_send and the finalized chain are the real ones, run on real states; only the chain, the
// providers, the journal and the signer around them are small fakes. What must hold is checked here, outside the logic,
// from what is true on the fake chain.
//
// One wallet, one mint. A buy costs 4 and brings 2 tokens, each token sells for 3, each transaction costs 1. Blocks
// hold one transaction; up to `depth` blocks are not finalized, and there is at most one competing branch.
#pragma once

#include "actors/execution/account_impl.hpp"
#include "tests/actors/execution/account_fixture.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace sett::execution::test {

enum property : std::uint32_t {
  T1 = 1,      // two transactions of one intent landed
  T1b = 2,     // an attempt was signed while an older one of the intent could land or has landed
  T2 = 4,      // a transaction of ours on the chain that the journal does not know
  T3 = 8,      // the books are not what the chain says
  T4 = 16,     // sent before it was durable
  T5 = 32,     // more exposure than allowed
  T7 = 64,     // an entry signed after the halt, or sent by who knows of it
  T8 = 128,    // stuck: without new faults an intent does not come to its end
  FRESH = 256, // an entry for an old event, or landed later than its age allows
  all_properties = 511
};
inline std::string to_text_of(std::uint32_t p) {
  constexpr std::array names{"T1", "T1b", "T2", "T3", "T4", "T5", "T7", "T8", "FRESH"};
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    if ((p >> i & 1U) != 0) out += (out.empty() ? "" : " ") + std::string(names.at(i));
  return out;
}

/// What is around the state machine and can be broken as well.
struct host_rules {
  bool durable_before_send = true;
  bool signer_keeps_halt = true;
  bool cause_is_the_event = true; // off: the slot is in the cause
};

enum plan_kind : std::uint8_t { entry, reentry, exit_all, exit_part, plan_kinds };

struct search_bounds {
  const char* name;
  std::uint8_t plans; // bit per plan_kind
  int lifetime = 2, age = 1, horizon = 4, depth = 2, transactions = 2, variants = 2;
  int crashes = 0, gaps = 0, rare = 0, restores = 0, forks = 0, halts = 0;
  int holding = 0;    // tokens at the beginning
  bool zombie = true; // a crashed leader may be only paused and send what it holds, at any time
  bool below_min_isr = false;
  bool filtered = false;     // the stream may lack a transaction of a block
  bool pool = true;          // a provider may answer from two machines
  bool once_account = false; // the chain refuses a second success of an entry
  bool no_buy_lost = false;
  bool notes = false; // first sends are journalled
  bool reentry_other_strategy = false;
  std::uint64_t exposure_max = 1'000;
};

constexpr std::uint8_t base_height = 10;
constexpr std::size_t tx_max = 4, depth_max = 3, heights_max = 32;

// Plain bytes without padding: compared and hashed as memory.
struct world {
  std::uint32_t state{}, pending{}, zombie_state{}; // of the machine's table; pending: appended, not yet durable
  std::uint32_t streamed{},
      filtered{}; // finalized heights that this leader's stream delivered; without its transaction
  std::int16_t wallet{};
  std::int8_t tokens{};
  std::uint8_t fin{base_height}, conf{}, n_a{}, n_b{}, fork_at{};
  std::array<std::uint8_t, depth_max> a{}, b{}; // block: transaction + 1 | 8 failed | 16 second of its height
  std::array<std::uint8_t, heights_max> hist{}; // finalized blocks by height - base
  std::array<std::uint8_t, tx_max> plan{}, amount{}, last_valid{}, fresh_by{},
      result{};                         // result: 1 ok, 2 failed, finalized
  std::uint8_t made{}, net{}, zombie{}; // bit masks of transactions: in the network, held by a deposed leader
  std::uint8_t up{1}, halted{}, signer_halted{}, adopted{}, zlive{};
  std::uint8_t crashes{}, gaps{}, rare{}, restores{}, forks{}, epoch{1};
  friend bool operator==(const world& x, const world& y) { return std::memcmp(&x, &y, sizeof(world)) == 0; }
};
static_assert(std::has_unique_object_representations_v<world>);

struct step {
  const char* what;
  int tx = -1;
  int arg = -1;
};

template <class Rules>
class account_search {
public:
  account_search(const search_bounds& k, const host_rules& host) : k_(k), host_(host) {
    account_state s;
    account_limits l;
    l.spend_max = lamports(4);
    l.exposure_max = lamports(k.exposure_max);
    l.entries_open_max = 4;
    l.variants_max = static_cast<std::uint16_t>(k.variants);
    l.lifetime_blocks = static_cast<std::uint32_t>(k.lifetime);
    l.max_age_blocks_max = static_cast<std::uint32_t>(k.age);
    intern({});
    auto id = intern(s);
    id = after(id, command::set_limits{l});
    id = after(id, command::take_over{epoch_number(1), command::why_now::failover, {}, false, {}});
    id = after(id, command::book_external{id_of<signature>(200), id_of<mint_address>(7), 100, k.holding, {}});
    first_.state = initial_ = id;
    first_.wallet = 100;
    first_.tokens = static_cast<std::int8_t>(k.holding);
    first_.streamed = 1;
    SETT_ASSERT(id != 0);
  }

  struct found {
    std::uint32_t broken{};
    std::string story;
    std::size_t worlds{}, states{}, steps{};
    bool complete{};
    std::size_t settled{}; // states in which an intent has settled
  };

  found run(std::uint32_t watch, std::size_t worlds_max) {
    found out;
    insert(first_, 0);
    for (std::uint32_t i = 0; i < all_.size(); ++i) {
      const world w = all_[i];
      // Every world comes to such a one by the chain's own steps, so that the end need not be tried from elsewhere.
      if ((watch & (T8 | T3)) != 0 && w.n_a == 0 && w.n_b == 0)
        if (const auto bad = quiet_end(w) & watch; bad != 0) return told(out, bad, i, nullptr, {});
      bool stop = false;
      expand(w, [&](world n, step s, std::uint32_t bad) {
        if (stop) return;
        tidy(n);
        bad |= check(n);
        ++out.steps;
        if ((bad & watch) != 0) {
          stop = true;
          told(out, bad & watch, i, &n, s);
          return;
        }
        insert(n, i);
      });
      if (stop) return out;
      if (all_.size() > worlds_max) return told(out, 0, i, nullptr, {});
    }
    out.complete = true;
    return told(out, 0, 0, nullptr, {});
  }

private:
  using machine = basic_account<Rules>;
  static bool bit(unsigned mask, std::size_t i) { return (mask >> i & 1U) != 0; }
  static std::uint8_t only(std::size_t i) { return static_cast<std::uint8_t>(1U << i); }
  template <class T>
  static void set(T& mask, std::size_t i) {
    mask = static_cast<T>(mask | (1U << i));
  }
  template <class T>
  static void clear(T& mask, std::size_t i) {
    mask = static_cast<T>(mask & ~(1U << i));
  }

  // --- the machine's states, each kept once
  std::uint32_t intern(const account_state& s) {
    const auto [at, fresh] = by_bytes_.try_emplace(encode(s), static_cast<std::uint32_t>(states_.size()));
    if (fresh) states_.push_back(s);
    return at->second;
  }
  /// 0: refused. The decision is pure, so it is taken once per state and command.
  std::uint32_t after(std::uint32_t id, const account_command& c) {
    auto key = encode(c);
    key.append(reinterpret_cast<const char*>(&id), sizeof id);
    const auto known = decided_.find(key);
    if (known != decided_.end()) return known->second;
    std::uint32_t next = 0;
    if (const auto d = machine::decide(states_[id], c)) {
      auto s = states_[id];
      for (const auto& e : d->events) execution::apply(s, e);
      SETT_ASSERT(s.misfits == 0);
      next = intern(s);
    }
    decided_.emplace(std::move(key), next);
    return next;
  }
  const account_state& state(const world& w) const { return states_[w.state]; }

  // --- names
  static plan_kind plan_of(const world& w, std::size_t t) { return static_cast<plan_kind>(w.plan.at(t)); }
  static bool is_buy(plan_kind p) { return p == entry || p == reentry; }
  static signature signature_of(std::size_t t) { return id_of<signature>(static_cast<std::uint8_t>(t + 1)); }
  chain_view view(const world& w) const {
    return {.tip = block_height(tip(w)),
            .confirmed = block_height(static_cast<std::uint64_t>(w.fin) + w.conf),
            .finalized = block_height(w.fin)};
  }
  static std::uint64_t tip(const world& w) { return static_cast<std::uint64_t>(w.fin) + w.n_a; }
  static blockhash hash_of(std::uint64_t height, std::uint8_t content) {
    blockhash h;
    h.bytes[0] = static_cast<std::uint8_t>(height);
    h.bytes[1] = content;
    h.bytes[2] = 1;
    return h;
  }
  chain_point finalized_at(const world& w, std::uint64_t height) const {
    return {block_height(height), hash_of(height, w.hist.at(height - base_height))};
  }
  command::open_intent request_of(const world& w, plan_kind p, std::uint8_t cause = 0) const {
    command::open_intent c;
    c.account = id_of<address>(9);
    c.strategy = strategy_id(p == reentry && k_.reentry_other_strategy ? 2 : 1);
    c.mint = id_of<mint_address>(7);
    c.kind = is_buy(p) ? intent_kind::entry : p == exit_all ? intent_kind::full_exit : intent_kind::part_exit;
    c.cause = id_of<cause_id>(static_cast<std::uint8_t>(cause != 0 ? cause : p + 1));
    c.event_height = block_height(p == reentry ? base_height + 1U : base_height);
    c.max_age_blocks = static_cast<std::uint32_t>(k_.age);
    c.live = tip(w) <= base_height + static_cast<std::uint64_t>(k_.age) || p != entry;
    c.reentry = p == reentry;
    c.spend_max = lamports(is_buy(p) ? 4 : 0);
    c.cost_max = lamports(1);
    c.amount = token_amount(p == exit_part ? 1 : 0);
    c.tokens_max = token_amount(is_buy(p) ? 2 : 0);
    c.tokens_seen = token_amount(static_cast<std::uint64_t>(tokens_at(w, w.conf)));
    c.chain = view(w);
    return c;
  }
  plan_kind plan_of(const intent& i) const {
    for (const auto p : {entry, reentry, exit_all, exit_part})
      if (i.cause.bytes[0] == p + 1) return p;
    return entry; // the entry's event under another cause
  }
  /// f(intent, attempt, transaction) for every attempt that the journal holds as open.
  template <class F>
  void each_open(const account_state& s, F&& f) const {
    for (const auto& [id, i] : s.open)
      for (const auto& a : i.attempts)
        if (!is_over(a.state)) f(i, a, static_cast<std::size_t>(a.signature.bytes[0] - 1));
  }
  bool open_in(const account_state& s, std::size_t t) const {
    bool open = false;
    each_open(s, [&](const intent&, const attempt&, std::size_t of) { open = open || of == t; });
    return open;
  }

  // --- the chain
  int delta(const world& w, std::size_t t) const {
    return is_buy(plan_of(w, t)) ? 2 : -static_cast<int>(w.amount.at(t));
  }
  struct branch {
    unsigned on{}, ok{};
    int tokens{};
  };
  void put(const world& w, branch& v, std::uint8_t block) const {
    if ((block & 7U) == 0) return;
    const std::size_t t = (block & 7U) - 1;
    v.on |= 1U << t;
    if ((block & 8U) == 0) {
      v.ok |= 1U << t;
      v.tokens += delta(w, t);
    }
  }
  branch at(const world& w, bool on_b, int upto) const {
    branch v;
    v.tokens = w.tokens;
    for (std::size_t t = 0; t < w.made; ++t) {
      if (w.result.at(t) != 0) v.on |= 1U << t;
      if (w.result.at(t) == 1) v.ok |= 1U << t;
    }
    for (int i = 0; i < upto; ++i)
      put(w, v,
          on_b && i >= w.fork_at ? w.b.at(static_cast<std::size_t>(i - w.fork_at))
                                 : w.a.at(static_cast<std::size_t>(i)));
    return v;
  }
  int tokens_at(const world& w, int upto) const { return at(w, false, upto).tokens; }
  bool could_land(const world& w, std::size_t t) const {
    return w.result.at(t) == 0 && w.fin < w.last_valid.at(t) && (bit(w.net | w.zombie, t) || open_in(state(w), t));
  }
  transaction_outcome outcome(const world& w, std::size_t t, bool ok) const {
    const auto d = ok ? delta(w, t) : 0;
    const int paid = !ok ? -1 : d > 0 ? -5 : -3 * d - 1;
    return outcome_of(ok, 100, static_cast<std::uint64_t>(100 + paid), 10, static_cast<std::uint64_t>(10 + d));
  }

  template <class F>
  void next_blocks(const world& w, bool on_b, F&& f) const {
    const int length = on_b ? w.fork_at + w.n_b : w.n_a;
    const auto height = static_cast<int>(w.fin) + length + 1;
    const auto v = at(w, on_b, length);
    const auto mark = static_cast<std::uint8_t>(on_b ? 16 : 0);
    f(mark, step{on_b ? "empty block on fork B" : "empty block", -1, height}, 0U);
    for (std::size_t t = 0; t < w.made; ++t) {
      if (!bit(w.net, t) || bit(v.on, t) || height > w.last_valid.at(t)) continue;
      const std::uint32_t bad = is_buy(plan_of(w, t)) && height > w.fresh_by.at(t) ? FRESH : 0U;
      bool fits = v.tokens + delta(w, t) >= 0;
      for (std::size_t o = 0; k_.once_account && o < w.made; ++o)
        if (is_buy(plan_of(w, t)) && bit(v.ok, o) && w.plan.at(o) == w.plan.at(t)) fits = false;
      const auto code = static_cast<std::uint8_t>(t + 1);
      if (fits)
        f(static_cast<std::uint8_t>(code | mark), step{on_b ? "lands on fork B" : "lands", static_cast<int>(t), height},
          bad);
      f(static_cast<std::uint8_t>(code | 8U | mark),
        step{on_b ? "lands failed on fork B" : "lands failed", static_cast<int>(t), height}, 0U);
    }
  }
  static void drop_b(world& n) {
    n.n_b = n.fork_at = 0;
    n.b = {};
  }
  world finalize(const world& w, bool streamed, bool filtered) const {
    world n = w;
    const auto block = w.a[0];
    n.tokens = static_cast<std::int8_t>(at(w, false, 1).tokens);
    if ((block & 7U) != 0) {
      const std::size_t t = (block & 7U) - 1;
      const bool ok = (block & 8U) == 0;
      n.result.at(t) = ok ? 1 : 2;
      const auto o = outcome(w, t, ok);
      n.wallet = static_cast<std::int16_t>(n.wallet + static_cast<int>(o.lamports_after.value) - 100);
    }
    n.fin = static_cast<std::uint8_t>(w.fin + 1);
    const auto place = static_cast<std::size_t>(n.fin - base_height);
    n.hist.at(place) = block;
    if (streamed && w.up != 0) set(n.streamed, place);
    if (filtered) set(n.filtered, place);
    --n.conf;
    --n.n_a;
    n.a = {w.a[1], w.a[2], 0};
    if (n.n_b != 0) --n.fork_at;
    return n;
  }
  template <class G>
  void chain(const world& w, G&& go) {
    if (w.n_a < k_.depth && tip(w) < base_height + static_cast<std::uint64_t>(k_.horizon))
      next_blocks(w, false, [&](std::uint8_t c, step s, std::uint32_t bad) {
        world n = w;
        n.a.at(n.n_a++) = c;
        go(n, s, bad);
      });
    if (w.n_b != 0 && w.fork_at + w.n_b < k_.depth && w.fin + w.fork_at + w.n_b < base_height + k_.horizon)
      next_blocks(w, true, [&](std::uint8_t c, step s, std::uint32_t bad) {
        world n = w;
        n.b.at(n.n_b++) = c;
        go(n, s, bad);
      });
    if (w.n_b == 0 && w.forks < k_.forks)
      for (auto from = w.conf; from < w.n_a; ++from) {
        world f = w;
        f.fork_at = from;
        ++f.forks;
        next_blocks(f, true, [&](std::uint8_t c, step s, std::uint32_t bad) {
          world n = f;
          n.b[0] = c;
          n.n_b = 1;
          go(n, s, bad);
        });
      }
    if (w.n_b != 0) {
      world n = w;
      drop_b(n);
      go(n, step{"fork B dies"}, 0U);
      if (w.conf <= w.fork_at) {
        n = w;
        n.a = {};
        for (std::size_t i = 0; i < w.fork_at; ++i) n.a.at(i) = w.a.at(i);
        for (std::size_t i = 0; i < w.n_b; ++i) n.a.at(i + w.fork_at) = w.b.at(i);
        n.n_a = static_cast<std::uint8_t>(w.fork_at + w.n_b);
        drop_b(n);
        go(n, step{"fork A dies, B lives"}, 0U);
      }
    }
    if (w.conf < w.n_a) {
      world n = w;
      ++n.conf;
      go(n, step{"confirmed", -1, w.fin + w.conf + 1}, 0U);
    }
    if (w.conf != 0 && w.rare < k_.rare) {
      world n = w;
      --n.conf;
      ++n.rare;
      go(n, step{"a confirmed block loses its confirmation"}, 0U);
    }
    if (w.conf != 0 && (w.n_b == 0 || w.fork_at != 0)) {
      go(finalize(w, true, false), step{"finalized", -1, w.fin + 1}, 0U);
      if (w.up != 0 && w.gaps < k_.gaps) {
        auto n = finalize(w, false, false);
        ++n.gaps;
        go(n, step{"finalized, the stream has a gap", -1, w.fin + 1}, 0U);
      }
      if (w.up != 0 && k_.filtered && (w.a[0] & 7U) != 0)
        go(finalize(w, true, true), step{"finalized, the stream lacks its transaction", -1, w.fin + 1}, 0U);
    }
  }

  // --- crashes and what may follow
  template <class G>
  void faults(const world& w, G&& go) {
    if (w.up != 0 && w.crashes < k_.crashes)
      for (int paused = 0; paused <= (k_.zombie ? 1 : 0); ++paused) {
        world n = w;
        ++n.crashes;
        n.up = 0;
        n.streamed = n.filtered = 0;
        if (n.pending != 0) {
          n.pending = 0;
          const auto t = static_cast<std::size_t>(n.made - 1);
          // Unsent bytes of a dead leader are nowhere.
          if (!bit(n.net, t) && n.result.at(t) == 0) forget_last(n);
        }
        if (paused != 0) {
          each_open(state(w), [&](const intent&, const attempt&, std::size_t t) { set(n.zombie, t); });
          if (k_.below_min_isr) n.zombie_state = w.state;
        }
        go(n, step{paused != 0 ? "the leader is paused and deposed, still alive" : "the leader crashes"}, 0U);
        if (k_.below_min_isr && paused != 0 && w.pending == 0) unreplicated_sell(n, true, go);
      }
    for (std::size_t t = 0; t < w.made; ++t)
      if (bit(w.zombie, t) && !bit(w.net, t)) {
        world n = w;
        set(n.net, t);
        go(n, step{"the deposed leader sends", static_cast<int>(t)}, 0U);
      }
    if (k_.below_min_isr && w.zombie_state != 0 && w.zlive == 0) unreplicated_sell(w, false, go);
    if (w.up == 0) {
      world n = w;
      n.up = 1;
      ++n.epoch;
      n.streamed = 1U << static_cast<unsigned>(n.fin - base_height);
      n.state = after(
          w.state, command::take_over{epoch_number(n.epoch),
                                      k_.below_min_isr ? command::why_now::below_min_isr : command::why_now::failover,
                                      block_height(tip(w)), false, view(w)});
      SETT_ASSERT(n.state != 0);
      go(n, step{"a new leader takes over"}, 0U);
      if (w.restores < k_.restores) {
        ++n.restores;
        n.zombie = 0; // old nodes are fenced off
        n.zombie_state = 0;
        n.state = after(initial_, command::take_over{epoch_number(n.epoch), command::why_now::restored,
                                                     block_height(tip(w)), k_.no_buy_lost, view(w)});
        go(n, step{"the journal is restored from an old backup"}, 0U);
      }
    }
  }
  static void forget_last(world& n) {
    --n.made;
    n.plan.at(n.made) = n.amount.at(n.made) = n.last_valid.at(n.made) = n.fresh_by.at(n.made) = 0;
  }
  /// A leader that believes itself alone signs a full sell at local fsync: nobody else hears of it. `in_time`: its read
  /// of the record was true; else it is stale.
  template <class G>
  void unreplicated_sell(const world& w, bool in_time, G&& go) {
    if (w.made >= tx_max || static_cast<int>(w.made) >= k_.transactions) return;
    const auto& s = states_[w.zombie_state];
    for (const auto& [id, i] : s.open) {
      if (i.kind != intent_kind::full_exit) continue;
      auto c = request_to_attach(w, i, false);
      c.unreplicated =
          command::unreplicated_grounds{s.epoch, true, block_height(c.blockhash_height.value + (in_time ? 1U : 0U))};
      if (after(w.zombie_state, c) == 0) continue;
      world n = w;
      note_made(n, i, c);
      n.zlive = 1;
      set(n.zombie, static_cast<std::size_t>(n.made - 1));
      go(n,
         step{in_time ? "has signed an unreplicated sell" : "the deposed leader signs an unreplicated sell", n.made - 1,
              static_cast<int>(c.amount.value)},
         0U);
    }
  }

  // --- the leader
  command::attach_signed request_to_attach(const world& w, const intent& i, bool young) const {
    command::attach_signed c;
    c.id = i.id;
    c.number = attempt_number(static_cast<std::uint16_t>(i.attempts_made + 1));
    c.signature = signature_of(w.made);
    c.bytes = "t";
    c.chain = view(w);
    const auto confirmed = c.chain.confirmed.value;
    const bool aged = i.kind != intent_kind::full_exit && !young;
    c.blockhash_height = block_height(
        aged ? confirmed + static_cast<std::uint64_t>(k_.age) - static_cast<std::uint64_t>(k_.lifetime) : confirmed);
    c.anchor = finalized_at(w, w.fin);
    c.amount = c.tokens_confirmed = token_amount(static_cast<std::uint64_t>(tokens_at(w, w.conf)));
    return c;
  }
  void note_made(world& n, const intent& i, const command::attach_signed& c) const {
    const auto t = static_cast<std::size_t>(n.made++);
    n.plan.at(t) = plan_of(i);
    n.amount.at(t) = static_cast<std::uint8_t>(i.kind == intent_kind::full_exit ? c.amount.value : i.amount.value);
    n.last_valid.at(t) = static_cast<std::uint8_t>(c.blockhash_height.value + static_cast<std::uint64_t>(k_.lifetime));
    n.fresh_by.at(t) = static_cast<std::uint8_t>(c.chain.confirmed.value + static_cast<std::uint64_t>(k_.age));
  }
  template <class G>
  void leader(const world& w, G&& go) {
    if (w.pending != 0) {
      world n = w;
      n.state = w.pending;
      n.pending = 0;
      go(n, step{"durable", w.made - 1}, 0U);
      if (!host_.durable_before_send && !bit(w.net, static_cast<std::size_t>(w.made - 1))) {
        n = w;
        set(n.net, static_cast<std::size_t>(w.made - 1));
        go(n, step{"sent", w.made - 1}, T4);
      }
    } else {
      decisions(w, go);
    }
    each_open(state(w), [&](const intent& i, const attempt& a, std::size_t t) {
      if (!bit(w.net, t) && machine::may_send(state(w), i.id, a.number, view(w)) && could_land(w, t)) {
        world n = w;
        set(n.net, t);
        go(n, step{"sent", static_cast<int>(t)}, is_buy(plan_of(w, t)) && w.halted != 0 ? T7 : 0U);
      }
    });
  }
  template <class G>
  void decide_to(const world& w, const account_command& c, step s, G&& go, std::uint32_t bad = 0) {
    const auto id = after(w.state, c);
    if (id == 0 || id == w.state) return;
    world n = w;
    n.state = id;
    go(n, s, bad);
  }
  template <class G>
  void decisions(const world& w, G&& go) {
    const auto& s = state(w);
    for (const auto p : {entry, reentry, exit_all, exit_part}) {
      if (!bit(k_.plans, p)) continue;
      open(w, p, 0, go);
      // The event has landed again at another slot after a fork.
      if (p == entry && !host_.cause_is_the_event && w.forks != 0) open(w, p, 99, go);
    }
    for (const auto& [id, i] : s.open)
      for (const bool young : {false, true}) sign(w, i, young, go);
    each_open(s, [&](const intent& i, const attempt& a, std::size_t t) {
      evidence_of(w, a, t, [&](const evidence& e, const char* what) {
        // What proves nothing is refused: asking judge first only saves time.
        if (judge<Rules>(a, e).found != finding::nothing)
          decide_to(w, command::observe{i.id, a.number, e}, step{what, static_cast<int>(t)}, go);
      });
      if (bit(w.net, t)) {
        decide_to(w, command::note_lane_reply{i.id, a.number, true},
                  step{"rejected by a lane (it went out)", static_cast<int>(t)}, go);
        if (k_.notes)
          decide_to(w, command::note_send{i.id, a.number}, step{"first send journalled", static_cast<int>(t)}, go);
      }
    });
    for (const auto& [id, i] : s.open)
      if (!i.attempts.empty()) decide_to(w, command::cancel{id}, step{"canceled"}, go);
    decide_to(w, command::tick{view(w)}, step{"tick"}, go);
    if (k_.halts != 0 && w.halted == 0)
      decide_to(w, command::halt{}, step{"halted"}, [&](world n, step x, std::uint32_t bad) {
        n.halted = n.signer_halted = 1;
        go(n, x, bad);
      });
    if (s.quarantine_until.value != 0) {
      command::end_quarantine c{block_height(w.fin), true, {}};
      for (std::size_t t = 0; t < w.made; ++t)
        if (w.result.at(t) != 0)
          c.history.push_back({signature_of(t), id_of<mint_address>(7), outcome(w, t, w.result.at(t) == 1)});
      decide_to(w, c, step{"the quarantine ends, the history is read in"}, [&](world n, step x, std::uint32_t bad) {
        n.adopted = 1;
        go(n, x, bad);
      });
    }
  }
  template <class G>
  void open(const world& w, plan_kind p, std::uint8_t cause, G&& go) {
    const auto& s = state(w);
    const auto c = request_of(w, p, cause);
    const auto next = after(w.state, c);
    if (next == 0 || states_[next].open.size() == s.open.size()) return; // a denial leads nowhere
    world n = w;
    n.state = next;
    constexpr std::array names{"entry accepted", "re-entry accepted", "full exit accepted", "part exit accepted"};
    go(n, step{names.at(p)}, 0U);
  }
  template <class G>
  void sign(const world& w, const intent& i, bool young, G&& go) {
    if (w.made >= tx_max || static_cast<int>(w.made) >= k_.transactions) return;
    const bool buy = i.kind == intent_kind::entry;
    if (young && i.kind == intent_kind::full_exit) return;
    if (buy && w.signer_halted != 0 && host_.signer_keeps_halt) return;
    const auto c = request_to_attach(w, i, young);
    const auto next = after(w.state, c);
    if (next == 0) return;
    world n = w;
    note_made(n, i, c);
    n.pending = next;
    std::uint32_t bad = buy && w.halted != 0 ? T7 : 0U;
    if (plan_of(i) == entry && tip(w) > base_height + static_cast<std::uint64_t>(k_.age)) bad |= FRESH;
    if (i.kind != intent_kind::full_exit)
      for (std::size_t o = 0; o < w.made; ++o)
        if (w.plan.at(o) == n.plan.at(w.made) && (could_land(w, o) || w.result.at(o) == 1)) bad |= T1b;
    go(n, step{"signed", w.made, n.amount.at(w.made)}, bad);
  }

  // --- what the leader may come to hold for evidence, true and false
  template <class F>
  void evidence_of(const world& w, const attempt& a, std::size_t t, F&& f) const {
    const auto content = [&](bool ok) { return static_cast<std::uint8_t>(t + 1 + (ok ? 0 : 8)); };
    const auto sighting = [&](commitment c, std::uint64_t height, std::uint8_t block) {
      return stream_sighting{.commitment = c,
                             .height = block_height(height),
                             .block = hash_of(height, block),
                             .outcome = outcome(w, t, (block & 8U) == 0)};
    };
    for (int on_b = 0; on_b < 2; ++on_b) {
      const int from = on_b != 0 ? w.fork_at : 0, length = on_b != 0 ? w.n_b : w.n_a;
      for (int i = 0; i < length; ++i) {
        const auto block = on_b != 0 ? w.b.at(static_cast<std::size_t>(i)) : w.a.at(static_cast<std::size_t>(i));
        if ((block & 7U) != t + 1) continue;
        const auto height = static_cast<std::uint64_t>(w.fin + 1 + i + from);
        const bool confirmed = on_b == 0 && i < w.conf;
        f(sighting(confirmed ? commitment::confirmed : commitment::processed, height, block),
          confirmed ? "seen confirmed" : "seen processed");
      }
    }
    std::uint64_t landed = 0;
    basic_finalized_chain<Rules> stream;
    for (std::uint64_t h = base_height; h <= w.fin; ++h) {
      const auto place = static_cast<std::size_t>(h - base_height);
      const auto block = w.hist.at(place);
      const bool here = (block & 7U) == t + 1;
      if (here) landed = h;
      if (!bit(w.streamed, place)) continue;
      const bool lacks = bit(w.filtered, place);
      finalized_block b{.at = finalized_at(w, h),
                        .parent = h == base_height ? blockhash{} : finalized_at(w, h - 1).hash,
                        .transactions = (block & 7U) != 0 ? 1U : 0U,
                        .transactions_seen = (block & 7U) != 0 && !lacks ? 1U : 0U};
      stream.extend(b, here && !lacks ? std::vector{signature_of(t)} : std::vector<signature>{});
      if (here && !lacks) f(sighting(commitment::finalized, h, block), "seen finalized");
    }
    if (a.seen_at.value >= base_height && a.seen_at.value <= w.fin)
      f(fork_death{finalized_at(w, a.seen_at.value)}, "its block is dead");
    if (const auto gone = stream.absence(a.signature, a.anchor)) f(*gone, "linked finalized blocks do not hold it");
    if (!stream.blocks().empty() && !stream.seen().contains(a.signature))
      f(linked_absence{stream.blocks().front(), stream.blocks().back().height},
        "the finalized blocks that this leader has do not hold it");

    const bool ok = w.result.at(t) == 1;
    const auto told = [&](std::uint16_t provider, std::uint64_t height) {
      auto n = not_found(provider, height);
      if (landed != 0 && landed <= height) {
        n.found = true;
        n.commitment = commitment::finalized;
        n.height = block_height(landed);
        n.block = hash_of(landed, w.hist.at(landed - base_height));
        n.outcome = outcome(w, t, ok);
      }
      return n;
    };
    const auto claim = [&](std::uint16_t provider, bool success) {
      auto n = not_found(provider, 250);
      n.found = true;
      n.commitment = commitment::finalized;
      n.height = block_height(a.last_valid);
      n.block = hash_of(a.last_valid.value, content(success));
      n.outcome = outcome(w, t, success);
      return n;
    };
    constexpr std::uint16_t honest = 1, other = 2, liar = 3;
    // Blocks below the oldest anchor are forgotten, and with them where an ended attempt landed; an open one is above.
    f(two_testimonies{told(honest, w.fin), told(other, w.fin)},
      landed != 0 ? "two providers found it" : "two providers past its height do not find it");
    const auto behind = std::min<std::uint64_t>(w.fin, a.last_valid.value);
    f(two_testimonies{told(honest, behind), not_found(liar, behind)}, "a lagging and a lying provider do not find it");
    f(two_testimonies{not_found(liar, 250), not_found(liar, 250)}, "one lying provider does not find it");
    for (const bool success : {true, false})
      f(two_testimonies{claim(liar, success), claim(liar, success)},
        success ? "one lying provider says landed" : "one lying provider says failed");
    auto early = not_found(honest, w.fin);
    early.height_read_first = false;
    f(two_testimonies{early, not_found(liar, 250)}, "the history was asked before the height was read");
    if (k_.pool) {
      auto pool = not_found(honest, w.fin);
      pool.history_from = machine_id(88);
      f(two_testimonies{pool, not_found(liar, 250)}, "height and history come from two machines");
    }
  }

  template <class G>
  void expand(const world& w, G&& go) {
    chain(w, go);
    faults(w, go);
    if (w.up != 0) leader(w, go);
  }

  // --- what no later step can tell apart is made the same
  void tidy(world& n) const {
    for (std::size_t t = 0; t < n.made; ++t)
      if (n.result.at(t) != 0 || n.fin >= n.last_valid.at(t)) {
        clear(n.net, t);
        clear(n.zombie, t);
      }
    std::uint64_t lowest = n.fin;
    const auto see = [&](const account_state& s) {
      each_open(
          s, [&](const intent&, const attempt& a, std::size_t) { lowest = std::min(lowest, a.anchor.height.value); });
    };
    see(state(n));
    if (n.pending != 0) see(states_[n.pending]);
    if (n.zlive != 0) n.zombie_state = 0;
    for (std::uint64_t h = base_height; h < lowest; ++h) {
      const auto place = static_cast<std::size_t>(h - base_height);
      n.hist.at(place) = 0;
      clear(n.streamed, place);
      clear(n.filtered, place);
    }
  }

  // --- what must hold
  std::uint32_t check(const world& w) const {
    std::uint32_t bad = 0;
    const auto& s = state(w);
    std::array<int, plan_kinds> landed{};
    for (std::size_t t = 0; t < w.made; ++t) {
      if (w.result.at(t) == 1 && ++landed.at(w.plan.at(t)) > 1) bad |= T1;
      const auto known = s.knows(signature_of(t)) || (w.pending != 0 && t + 1 == w.made);
      if (w.result.at(t) != 0 && !known && w.up != 0 && s.quarantine_until.value == 0) bad |= T2;
      if (w.result.at(t) != 0)
        for (const auto& [id, i] : s.open)
          for (const auto& a : i.attempts)
            if (a.signature == signature_of(t) &&
                ((a.state == attempt_state::expired) || (a.state == attempt_state::settled && w.result.at(t) != 1) ||
                 (a.state == attempt_state::failed && w.result.at(t) != 2)))
              bad |= T3;
    }
    if (w.adopted == 0 && w.restores == 0 && s.exposure() > s.limits.exposure_max) bad |= T5;
    return bad;
  }
  /// Without further faults or signing the leader alone must bring everything to an end, and the books to the chain's.
  /// Worlds that differ only in the faults used end alike, so each is tried once.
  std::uint32_t quiet_end(world w) {
    if (w.n_b != 0) drop_b(w);
    w.crashes = w.gaps = w.rare = w.restores = w.forks = 0;
    w.zombie = w.net = 0;
    w.zombie_state = 0;
    const auto key = hash(w);
    const auto known = quiet_.find(key);
    if (known != quiet_.end()) return known->second;
    const auto bad = quiet_run(w);
    quiet_.emplace(key, bad);
    return bad;
  }
  std::uint32_t quiet_run(world w) {
    if (w.up == 0)
      faults(w, [&, done = false](const world& n, const step& s, std::uint32_t) mutable {
        if (!done && s.what[0] == 'a' && n.up != 0) {
          w = n;
          done = true;
        }
      });
    if (w.pending != 0) {
      w.state = w.pending;
      w.pending = 0;
    }
    for (int round = 0; round < 2 * k_.lifetime + 3; ++round) {
      while (w.conf < w.n_a) ++w.conf;
      while (w.conf != 0 && w.fin + 1 < base_height + static_cast<int>(heights_max)) w = finalize(w, true, false);
      bool moved = true;
      while (moved) {
        moved = false;
        const auto take = [&](const account_command& c) {
          const auto id = after(w.state, c);
          if (id == 0 || id == w.state) return false;
          w.state = id;
          return moved = true;
        };
        const auto& s = state(w);
        const auto wanted = machine::duties(s, view(w));
        each_open(s, [&](const intent& i, const attempt& a, std::size_t t) {
          const bool asked = std::any_of(wanted.begin(), wanted.end(), [&](const account_effect& e) {
            const auto* l = std::get_if<effect::look_for>(&e);
            return l != nullptr && l->id == i.id && l->number == a.number;
          });
          evidence_of(w, a, t, [&](const evidence& e, const char* what) {
            const std::string_view of(what);
            const bool honest =
                of.starts_with("seen") || of.starts_with("two") || of.starts_with("linked") || of.starts_with("its");
            if (honest && asked && !moved && judge<Rules>(a, e).found != finding::nothing)
              take(command::observe{i.id, a.number, e});
          });
        });
        if (!moved && s.quarantine_until.value != 0) {
          command::end_quarantine c{block_height(w.fin), true, {}};
          for (std::size_t t = 0; t < w.made; ++t)
            if (w.result.at(t) != 0)
              c.history.push_back({signature_of(t), id_of<mint_address>(7), outcome(w, t, w.result.at(t) == 1)});
          take(c);
        }
        if (!moved) take(command::tick{view(w)});
      }
      w.n_a = 1;
      w.a = {};
      if (w.fin + 1 >= base_height + static_cast<int>(heights_max)) break;
    }
    const auto& s = state(w);
    std::uint32_t bad = 0;
    each_open(s, [&](const intent&, const attempt&, std::size_t) { bad |= T8; });
    for (const auto& [id, i] : s.open)
      if (i.kind == intent_kind::entry || (!i.attempts.empty() && i.kind == intent_kind::part_exit) || w.tokens == 0)
        bad |= T8;
    if (s.quarantine_until.value != 0) bad |= T8;
    if (bad == 0 &&
        !reconcile(s.books, {.slot = {},
                             .wallet = lamports(static_cast<std::uint64_t>(w.wallet)),
                             .rent = {},
                             .tokens = {{id_of<mint_address>(7), token_amount(static_cast<std::uint64_t>(w.tokens))}}})
             .empty())
      bad |= T3;
    return bad;
  }

  // --- the search
  static std::uint64_t hash(const world& w) {
    const auto* p = reinterpret_cast<const unsigned char*>(&w);
    std::uint64_t h = 0x9e3779b97f4a7c15ULL;
    for (std::size_t i = 0; i < sizeof(world); i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p + i, std::min<std::size_t>(8, sizeof(world) - i));
      h = (h ^ word) * 0xff51afd7ed558ccdULL;
      h ^= h >> 32U;
    }
    return h;
  }
  void insert(const world& w, std::uint32_t from) {
    if (all_.size() * 2 >= table_.size()) {
      table_.assign(std::max<std::size_t>(1U << 16U, table_.size() * 2), 0);
      for (std::uint32_t i = 0; i < all_.size(); ++i) place(all_[i]) = i + 1;
    }
    auto& at = place(w);
    if (at != 0) return;
    all_.push_back(w);
    from_.push_back(from);
    at = static_cast<std::uint32_t>(all_.size());
  }
  std::uint32_t& place(const world& w) {
    auto h = hash(w) & (table_.size() - 1);
    while (table_[h] != 0 && !(all_[table_[h] - 1] == w)) h = (h + 1) & (table_.size() - 1);
    return table_[h];
  }
  found told(found& out, std::uint32_t bad, std::uint32_t i, const world* last, step s) {
    out.broken = bad;
    out.worlds = all_.size();
    out.states = states_.size();
    for (const auto& one : states_)
      out.settled += std::any_of(one.closed.begin(), one.closed.end(),
                                 [](const closed_intent& c) { return c.end == intent_state::settled; })
                         ? 1U
                         : 0U;
    if (bad == 0) return out;
    std::vector<std::uint32_t> path{i};
    while (path.back() != 0) path.push_back(from_[path.back()]);
    const auto say = [&](const step& x, const world& n) {
      constexpr std::array plans{"B", "R", "S", "P"};
      if (x.tx >= 0 && x.tx < n.made) {
        int number = 1;
        for (int o = 0; o < x.tx; ++o)
          number += n.plan.at(static_cast<std::size_t>(o)) == n.plan.at(static_cast<std::size_t>(x.tx)) ? 1 : 0;
        out.story += plans.at(n.plan.at(static_cast<std::size_t>(x.tx))) + std::to_string(number) + " ";
      }
      out.story += x.what;
      if (x.arg >= 0) out.story += " [" + std::to_string(x.arg) + "]";
      out.story += "; ";
    };
    for (std::size_t j = path.size() - 1; j > 0; --j) {
      bool done = false;
      expand(all_[path[j]], [&](world n, step x, std::uint32_t) {
        tidy(n);
        if (!done && n == all_[path[j - 1]]) {
          say(x, n);
          done = true;
        }
      });
    }
    if (last != nullptr) say(s, *last);
    out.story += to_text_of(bad);
    return out;
  }

  search_bounds k_;
  host_rules host_;
  std::deque<account_state> states_; // stable: steps hold references while new ones come
  std::unordered_map<std::string, std::uint32_t> by_bytes_, decided_;
  std::unordered_map<std::uint64_t, std::uint32_t> quiet_;
  std::uint32_t initial_{};
  world first_;
  std::vector<world> all_;
  std::vector<std::uint32_t> from_, table_;
};

} // namespace sett::execution::test
