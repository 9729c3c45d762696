// The consensus store of a simulated cluster: linearizable state in one process and one thread, in virtual time, with
// etcd's faults drawn from a seed. What it promises is ports::consensus_store; what it does beyond that is what
// etcd 3.4 has been seen to do.
//
// Each node talks through a client of its own (client()), so that a node can be cut off from the store alone. All
// callbacks come through the scheduler, never from inside a call. A client that is closed (its node died) gets no
// callback any more, but what it sent may still execute.
#pragma once

#include "messages/ports/consensus_store.hpp"
#include "messages/ports/random.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sett::sim {

/// Chances are per operation, times in ns of virtual time. All zero: a store without faults.
struct consensus_faults {
  double not_sent{};            // a call is refused and surely never executes
  double lost_never{};          // unknown_outcome, never executed
  double lost_executed{};       // unknown_outcome, executed
  double lost_late{};           // unknown_outcome, executed after up to late_ns_max if its compares still hold
  double read_failed{};         // get or list: unavailable
  double slow{};                // an answer takes up to slow_ns_max
  double watch_gap{};           // a batch of changes is left out
  double watch_duplicate{};     // a batch comes twice
  double watch_end{};           // the watch ends instead of the batch
  double watch_stale{};         // a batch comes late, up to slow_ns_max
  double revoked_though_kept{}; // a keep-alive succeeds, yet the lease is revoked soon after
  double kept_though_revoked{}; // a keep-alive of a lease that is gone says that it succeeded
  std::int64_t answer_ns_min{200'000}, answer_ns_max{3'000'000};
  std::int64_t slow_ns_max{400'000'000}, late_ns_max{3'000'000'000};
};

/// How often each happened.
struct consensus_counts {
  std::uint64_t calls{}, executed{}, refused_by_compare{}, not_sent{}, lost_never{}, lost_executed{}, lost_late{},
      late_executed{}, read_failed{}, slow{}, watch_gap{}, watch_duplicate{}, watch_end{}, watch_stale{},
      revoked_though_kept{}, kept_though_revoked{}, leases_expired{}, leader_changes{}, quorum_losses{}, compactions{};
};

class simulated_consensus {
public:
  /// Runs fn after delay_ns of virtual time; events of equal time run in the order they were given.
  using scheduler = std::function<void(std::int64_t delay_ns, std::function<void()> fn)>;

  simulated_consensus(scheduler at, ports::random rng);
  ~simulated_consensus();
  simulated_consensus(const simulated_consensus&) = delete;
  simulated_consensus& operator=(const simulated_consensus&) = delete;

  /// A node's way to the store. Outlived by *this; `name` is for stories.
  [[nodiscard]] std::unique_ptr<ports::consensus_store> client(std::string name);
  /// Cuts a node's client off from the store, or lets it through again. What it sends meanwhile is lost either never
  /// executed (requests cut) or after execution (answers cut), as the caller says.
  enum class cut : std::uint8_t { none, requests, answers };
  void set_cut(const std::string& name, cut how);

  /// The client's next transaction executes after this time, if its compares still hold; its outcome stays unknown.
  void lose_answer(const std::string& name, std::int64_t executes_after_ns);

  void set_faults(const consensus_faults& faults);
  /// A new leader: calls under way end as lost, watches end, leases get their whole time again.
  void change_leader();
  /// Nothing executes and nothing answers for this long; calls meanwhile end as lost after their deadline.
  void lose_quorum(std::int64_t ns);
  /// Forgets the history: watches that are behind end, watches from before end at once.
  void compact();

  [[nodiscard]] const consensus_counts& counts() const;
  // For invariants: the truth, without a call.
  [[nodiscard]] std::uint64_t revision() const;
  [[nodiscard]] const std::map<std::string, ports::consensus_value>& truth() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace sett::sim
