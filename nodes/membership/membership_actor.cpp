#include "nodes/membership/membership_actor.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace sett::membership {
namespace {
constexpr std::int64_t ms = 1'000'000;
/// A turn of the actor, run as a message: answers of the store, timers, changes of verdicts.
struct membership_turn {
  std::function<void()> run;
};
} // namespace
} // namespace sett::membership

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::membership::membership_turn)

namespace sett::membership {

using ports::consensus_errc;

namespace {
bool is(const error& e, consensus_errc code) { return e.code == static_cast<std::uint16_t>(code); }
} // namespace

/// Everything of one life of the actor. Callbacks of ports hold it weakly and come back as turns.
struct membership_actor::work : std::enable_shared_from_this<membership_actor::work> {
  enum class stage : std::uint8_t { joining, registering, member, leaving, ended };

  work(caf::actor me, std::shared_ptr<const membership_setup> with)
      : mine(caf::actor_cast<caf::actor_addr>(me)), setup(std::move(with)), rng(setup->chance) {
    token = rng.next();
    cluster = setup->cluster;
    self = setup->self;
    intent = setup->stored_intent;
    auto& m = *setup->metrics;
    lists_failed =
        &m.counter_of("sett_membership_lists_failed_total", "Lists of members that the store did not answer.");
    registrations = &m.counter_of("sett_membership_registrations_total", "Times this node registered itself.");
    leases_lost = &m.counter_of("sett_membership_leases_lost_total", "Leases that were gone before their time.");
    known = &m.gauge_of("sett_membership_members_known", "Members that are listed or heard, this node too.");
  }

  caf::actor_addr mine;
  std::shared_ptr<const membership_setup> setup;
  ports::random rng;
  ports::counter *lists_failed, *registrations, *leases_lost;
  ports::gauge* known;

  stage now{stage::joining};
  cluster_record cluster;
  std::uint64_t cluster_revision{};
  member_record self;
  incarnation_number intent;
  std::uint64_t token{}, lease{}, node_revision{}, registered_at{};
  bool told_registered{}, intact{}, dirty{}, listing{}, list_again{}, keeping{}, settling{};
  std::int64_t pause_ms{}, answered_ns{}, kept_ns{}, listed_ns{};
  std::uint64_t view_version{};
  std::map<node_id, member_state> others;
  ports::watch_id watching{ports::watch_id::none};
  bool watch_stands{};
  std::optional<rebalance_mode> wanted_mode;

  // --- turns
  void post(std::function<void()> run) const {
    if (const auto to = caf::actor_cast<caf::actor>(mine)) caf::anon_send(to, membership_turn{std::move(run)});
  }
  /// A callback for a port: its answer becomes a turn of this life.
  template <class T, class Handler>
  std::function<void(result<T>)> then(Handler handler) {
    return [weak = weak_from_this(), handler](result<T> r) {
      const auto w = weak.lock();
      if (!w) return;
      w->post([weak, handler, r = std::move(r)]() mutable {
        const auto self_ = weak.lock();
        if (!self_ || self_->now == stage::ended) return;
        if (r || is(r.error(), consensus_errc::no_lease)) self_->answered_ns = self_->time_ns();
        handler(*self_, std::move(r));
      });
    };
  }
  void after(std::int64_t delay_ms, void (work::*next)()) {
    static_cast<void>(setup->timer->start(delay_ms * ms, [weak = weak_from_this(), next] {
      const auto w = weak.lock();
      if (!w) return;
      w->post([weak, next] {
        const auto self_ = weak.lock();
        if (self_ && self_->now != stage::ended) ((*self_).*next)();
      });
    }));
  }
  /// Again after a pause that doubles, with jitter.
  void retry(void (work::*next)()) {
    const auto& s = setup->settings;
    pause_ms = std::clamp(2 * pause_ms, s.retry_ms_min, s.retry_ms_max);
    after(pause_ms / 2 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(pause_ms))), next);
  }
  [[nodiscard]] std::int64_t time_ns() const { return setup->clock->steady_now().value; }
  void end(const error& why) {
    if (now == stage::ended) return;
    now = stage::ended;
    setup->beats->stop();
    setup->log.error("membership-ended", why.message);
    if (setup->on_ended) setup->on_ended(why);
  }

  // --- joining
  void join() {
    setup->store->get(std::string(cluster_key), then<std::optional<ports::consensus_value>>([](work& w, auto r) {
                        if (!r) return w.retry(&work::join);
                        if (!*r)
                          return w.setup->store->commit(
                              create_cluster(w.setup->cluster),
                              w.then<ports::consensus_outcome>([](work& v, const auto&) { v.retry(&work::join); }));
                        if (!w.take_cluster(**r)) return;
                        w.pause_ms = 0;
                        w.now = stage::registering;
                        w.read_own();
                      }));
  }
  /// False: this node must end.
  bool take_cluster(const ports::consensus_value& v) {
    const auto stored = decode_cluster_record(v.value);
    if (!stored) return end(stored.error()), false;
    if (const auto fits = may_join(setup->cluster, *stored); !fits) return end(fits.error()), false;
    if (v.revision < cluster_revision) return true;
    cluster_revision = v.revision;
    if (!(cluster == *stored)) changed();
    cluster = *stored;
    return true;
  }

  // --- registering
  void read_own() {
    setup->store->get(start_key(self.node), then<std::optional<ports::consensus_value>>([](work& w, auto start) {
                        if (!start) return w.retry(&work::read_own);
                        w.setup->store->get(node_key(w.self.node), w.then<std::optional<ports::consensus_value>>(
                                                                       [start = *start](work& v, auto node) {
                                                                         if (!node) return v.retry(&work::read_own);
                                                                         v.have_own({start, *node});
                                                                       }));
                      }));
  }
  void have_own(const registration_view& view) {
    if (self.incarnation.value != 0) {
      const auto owner = owner_of_start({self.incarnation, token}, view.start);
      if (!owner) return end(owner.error());
      if (*owner == start_owner::superseded) return superseded();
      if (*owner == start_owner::ours) {
        // A lost answer was a success, or the lease went: the incarnation stands, the key may have to come back.
        if (view.node && view.node->lease == lease && lease != 0) return registered(view.node->revision);
        return with_lease(view);
      }
      if (told_registered) return with_lease(view); // somebody erased the start key: put it back as it was
    }
    const auto whole = intent_is_intact(self.node, intent, view);
    if (!whole) return end(whole.error());
    if (self.incarnation.value == 0) intact = *whole;
    const auto next = next_incarnation(self.node, intent, view);
    if (!next) return end(next.error());
    self.incarnation = intent = *next;
    setup->sync_intent(*next, intact, then<void>([view](work& w, const auto& r) {
      if (!r) return w.end(r.error()); // an fsync is never tried again
      w.with_lease(view);
    }));
  }
  void with_lease(const registration_view& view) {
    setup->store->grant(setup->settings.lease_s, then<std::uint64_t>([view](work& w, const auto& granted) {
                          if (!granted) return w.retry(&work::read_own);
                          w.lease = *granted;
                          w.kept_ns = w.time_ns();
                          w.setup->store->commit(
                              register_member(w.self, w.token, view, w.lease),
                              w.then<ports::consensus_outcome>([](work& v, const auto& r) {
                                if (r && r->executed) {
                                  v.own_written = v.self;
                                  return v.registered(r->revision);
                                }
                                v.retry(&work::read_own); // refused or unknown: what stands there says which
                              }));
                        }));
  }
  void registered(std::uint64_t revision) {
    registrations->add();
    node_revision = registered_at = revision;
    pause_ms = 0;
    now = stage::member;
    if (!std::exchange(told_registered, true)) {
      setup->log.info("member-registered", "this node is a member", {{"member", to_text(self.who())}});
      if (setup->on_registered) setup->on_registered(self.who(), intact);
      setup->beats->start(self.who(), [weak = weak_from_this()] {
        if (const auto w = weak.lock())
          w->post([weak] {
            if (const auto v = weak.lock()) v->changed();
          });
      });
      answered_ns = time_ns();
      tick();
    }
    changed();
    list();
  }
  void superseded() {
    end({"membership", static_cast<std::uint16_t>(membership_errc::superseded),
         "another process runs as node " + std::string(self.node.view()) + "; this one, the older, ends"});
  }

  // --- a member
  /// Once per beat: moves the progress that the peers see, and does what is due.
  void tick() {
    if (now == stage::leaving) return;
    setup->beats->progress();
    const auto t = time_ns();
    const auto& s = setup->settings;
    if (now == stage::member) {
      if (!keeping && t - kept_ns >= s.lease_s * 1'000 * ms / 3) keep();
      if (t - listed_ns >= s.list_ms * ms) list();
      if (!watch_stands) watch();
    }
    if (was_reachable != reachable()) changed();
    flush();
    after(s.detection.beat_ms, &work::tick);
  }
  void keep() {
    keeping = true;
    setup->store->keep_alive(lease, then<void>([](work& w, const auto& r) {
                               w.keeping = false;
                               if (r) {
                                 w.kept_ns = w.time_ns();
                               } else if (is(r.error(), consensus_errc::no_lease)) {
                                 w.lost_key();
                               } else {
                                 // Again at the next third of a second, not at the next third of the lease.
                                 w.kept_ns = w.time_ns() - (w.setup->settings.lease_s * 1'000 / 3 - 300) * ms;
                               }
                             }));
  }
  /// Our key or its lease is gone: register again under the same incarnation.
  void lost_key() {
    if (now != stage::member) return;
    leases_lost->add();
    setup->log.warn("key-lost", "this node's key is gone from the store; it registers again");
    now = stage::registering;
    lease = 0;
    read_own();
  }
  void watch() {
    watch_stands = true;
    watching = setup->store->watch(std::string(nodes_prefix), last_revision,
                                   [weak = weak_from_this()](const ports::consensus_changes& c) {
                                     const auto w = weak.lock();
                                     if (!w) return;
                                     w->post([weak, ended = c.ended] {
                                       const auto v = weak.lock();
                                       if (!v || v->now == stage::ended) return;
                                       if (ended) v->watch_stands = false;
                                       v->list(); // a watch is a hint: the list tells
                                     });
                                   });
  }
  void list() {
    if (listing) {
      list_again = true;
      return;
    }
    listing = true;
    listed_ns = time_ns();
    setup->store->list("/", then<ports::consensus_listing>([](work& w, auto r) {
                         w.listing = false;
                         if (!r) {
                           w.lists_failed->add();
                           return;
                         }
                         w.have_list(*r);
                         if (std::exchange(w.list_again, false)) w.list();
                       }));
  }
  void have_list(const ports::consensus_listing& all) {
    if (all.revision < last_revision) return;
    last_revision = all.revision;
    for (auto& [id, m] : others) m.listed = false;
    bool own_key = false;
    for (const auto& v : all.values) {
      if (v.key == cluster_key) {
        if (!take_cluster(v)) return;
      } else if (v.key == start_key(self.node)) {
        const auto owner = owner_of_start({self.incarnation, token}, v);
        if (owner && *owner == start_owner::superseded) return superseded();
      } else if (const auto id = node_of_key(v.key)) {
        if (*id == self.node) {
          own_key = v.lease == lease;
          node_revision = v.revision;
          // What stands there counts, not what was last answered: a lost answer may belong to an executed change.
          if (const auto record = decode_member_record(*id, v.value); own_key && record) own_written = *record;
          continue;
        }
        auto record = decode_member_record(*id, v.value);
        if (!record) {
          setup->log.warn("member-unreadable", "a member's record cannot be read", {{"fault", record.error().message}});
          continue;
        }
        auto& m = others[*id];
        if (!(m.record == *record)) {
          m.record = std::move(*record);
          changed();
        }
        m.listed = true;
      }
    }
    if (!own_key && now == stage::member && all.revision >= registered_at) lost_key();
    forget();
    set_peers();
    settle_wishes();
  }
  /// Who is not listed stays as long as it is heard: with the store gone and back, nobody disappears.
  void forget() {
    const auto seen = setup->beats->verdicts();
    const auto before = others.size();
    std::erase_if(others, [&](const auto& entry) {
      if (entry.second.listed) return false;
      const auto v =
          std::find_if(seen.begin(), seen.end(), [&](const verdict& x) { return x.who == entry.second.record.who(); });
      return v == seen.end() || v->state == condition::silent || v->state == condition::leaving;
    });
    if (others.size() == before) return;
    setup->log.info("members-forgotten", "members that are neither listed nor heard are forgotten",
                    {{"forgotten", before - others.size()}, {"others", others.size()}});
    changed();
  }
  void set_peers() {
    std::vector<member> all;
    for (const auto& [id, m] : others) all.push_back(m.record.who());
    if (all == peers) return;
    peers = all;
    changed();
    flush(); // the network learns of the members before the first beat to them
    setup->beats->set_members(std::move(all));
  }
  std::vector<member> peers;
  std::uint64_t last_revision{};
  bool was_reachable{};

  // --- the view
  [[nodiscard]] bool reachable() const { return time_ns() - answered_ns < 3 * setup->settings.list_ms * ms; }
  void changed() {
    if (std::exchange(dirty, true)) return;
    post([weak = weak_from_this()] {
      if (const auto w = weak.lock()) w->flush();
    });
  }
  void flush() {
    if (!std::exchange(dirty, false) || !told_registered || now == stage::ended) return;
    membership_view view;
    view.version = ++view_version;
    view.cluster = cluster;
    view.self = self;
    view.registered = now == stage::member;
    view.store_reachable = was_reachable = reachable();
    view.own_health = setup->beats->own_health();
    const auto seen = setup->beats->verdicts();
    for (auto& [id, m] : others) {
      const auto v = std::find_if(seen.begin(), seen.end(), [&](const verdict& x) { return x.who == m.record.who(); });
      const bool was_down = m.seen.down;
      if (v != seen.end())
        m.seen = *v;
      else
        m.seen = {m.record.who()};
      if (m.seen.down != was_down)
        setup->log.warn(m.seen.down ? "member-down" : "member-back",
                        m.seen.down ? "a member is taken for down" : "a member is heard again",
                        {{"member", to_text(m.record.who())}, {"silence_ms", m.seen.silence_ms}});
      view.others.push_back(m);
    }
    known->set(static_cast<double>(view.others.size() + 1));
    if (setup->on_view) setup->on_view(view);
  }

  // --- wishes of operators
  void settle_wishes() {
    if (settling || now != stage::member) return;
    if (wanted_mode && cluster.mode == *wanted_mode) wanted_mode.reset();
    ports::consensus_transaction t;
    if (wanted_mode && cluster_revision != 0) {
      auto next = cluster;
      next.mode = *wanted_mode;
      t = {{{std::string(cluster_key), cluster_revision}}, {{std::string(cluster_key), encode(next), 0}}, {}};
    } else if (own_written != self && node_revision != 0) {
      const auto key = node_key(self.node);
      t = {{{key, node_revision}}, {{key, encode(self), lease}}, {}};
    } else {
      return;
    }
    settling = true;
    const bool own = !wanted_mode;
    setup->store->commit(std::move(t), then<ports::consensus_outcome>([own, record = self](work& w, const auto& r) {
                           w.settling = false;
                           if (own && r && r->executed) w.own_written = record;
                           w.list(); // whatever came of it, the list tells, and what is still wanted is tried again
                         }));
  }
  member_record own_written;

  template <class Change>
  void change_own(const Change& change) {
    if (own_written.node.empty()) own_written = self;
    change(self);
    changed();
    settle_wishes();
  }
  void leave() {
    if (now == stage::ended || now == stage::leaving) return;
    now = stage::leaving;
    setup->beats->leave();
    if (watching != ports::watch_id::none) setup->store->cancel(watching);
    if (lease == 0) return gone();
    setup->store->revoke(lease, then<void>([](work& w, const auto&) { w.gone(); }));
  }
  void gone() {
    now = stage::ended;
    setup->beats->stop();
    if (const auto to = caf::actor_cast<caf::actor>(mine)) caf::anon_send_exit(to, caf::exit_reason::normal);
  }
};

membership_actor::membership_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                                   std::shared_ptr<const membership_setup> setup)
    : bounded_actor(cfg, std::move(cell)), setup_(std::move(setup)) {}

membership_actor::~membership_actor() = default;

/// At its end, not at its destruction: others may hold on to a dead actor for longer than the store lives.
bool membership_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  if (work_) {
    work_->now = work::stage::ended;
    if (work_->watching != ports::watch_id::none) setup_->store->cancel(work_->watching);
    work_.reset();
  }
  return bounded_actor::cleanup(std::move(reason), host);
}

caf::behavior membership_actor::make_behavior() {
  work_ = std::make_shared<work>(caf::actor_cast<caf::actor>(this), setup_);
  work_->join();
  return {
      [](const membership_turn& turn) { turn.run(); },
      [this](set_rebalance_mode wish) {
        work_->wanted_mode = wish.mode;
        work_->settle_wishes();
      },
      [this](set_draining wish) { work_->change_own([&](member_record& own) { own.draining = wish.draining; }); },
      [this](const set_address& now) {
        work_->change_own([&](member_record& own) {
          own.port = now.port;
          own.public_key = now.public_key;
        });
      },
      [this](leave_cluster) { work_->leave(); },
  };
}

} // namespace sett::membership
