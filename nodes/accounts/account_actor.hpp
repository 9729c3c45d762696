// The shell of one trading account on one node: follows the node's stream, and while this node leads the account's
// shard, carries out what the account wants done, through the ports of trading. Which steps there are is decided by
// actors/execution (duties, may_send), which of them begin now by driver.hpp; here they are only carried out, and what
// comes back becomes a command to the entity. Any node's actor may be asked for a quote; orders and views are answered
// by the leader's.
//
// It holds nothing that a new leader would miss: killed at any moment, another one takes over from the journal. Before
// each send the leadership and the account's own permission are asked again. Nothing blocks; the mailbox is bounded,
// and updates of the chain that are refused are a gap like any other.
#pragma once

#include "actors/execution/account.hpp"
#include "actors/execution/order_log.hpp"
#include "actors/supervision/bounded_actor.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/trading.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "nodes/accounts/chain_tracker.hpp"
#include "nodes/accounts/driver.hpp"
#include "nodes/api/request.hpp"
#include "nodes/entities/command_router.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sett::accounts {

/// The node's view of the chain; written by the actor, read by the ports on other threads.
class shared_chain {
public:
  template <class F>
  auto with(F f) {
    const std::scoped_lock lock(mutex_);
    return f(tracker_);
  }

private:
  std::mutex mutex_;
  chain_tracker tracker_;
};

/// Who leads the account's shard, as this node knows.
struct leadership {
  bool here{}; // and serves
  epoch_number epoch;
  std::uint32_t data_loss{};
};

struct account_metrics {
  ports::counter *signed_total{}, *sends{}, *sends_refused{}, *evidence{}, *steps_failed{}, *orders{}, *denied{};
  ports::gauge *leads{}, *open_orders{}, *positions{}, *wallet_lamports{}, *realised_lamports{};
  static account_metrics make(ports::metrics_registry& registry);
};

struct account_setup {
  std::string name; // the entity's id
  std::string mode; // "paper"
  address wallet;
  execution::account_limits limits;
  lamports opening_balance; // paper: booked once, when the account begins
  std::uint32_t slippage_bps{};
  std::uint32_t max_age_blocks{};
  ports::fee_choice fees;
  bool stream_confirmed{}; // the stream carries confirmed blocks
  std::int64_t command_within_ns{5'000'000'000};
  /// Of commands that the API asked for: below its own bound, so that what became of them is what the user reads.
  std::int64_t ask_within_ns{800'000'000};
  std::function<leadership()> leading; // thread-safe
  /// The shard's replica on this node; invalid: none.
  std::function<caf::actor()> shard;
  /// A command to the account; `done` on any thread.
  std::function<void(std::string, std::int64_t, std::function<void(const entities::command_answer&)>)> submit;
  std::shared_ptr<shared_chain> chain;
  std::shared_ptr<const ports::transaction_builder> builder;
  std::shared_ptr<ports::signer> signer;
  std::vector<std::shared_ptr<ports::trade_lane>> lanes;
  std::vector<std::shared_ptr<ports::evidence_source>> evidence;
  /// The wallet's tokens of a mint at confirmed, and its lamports and rent.
  struct balances {
    lamports wallet, rent;
    token_amount tokens;
  };
  std::function<void(const mint_address&, std::function<void(result<balances>)>)> balance;
  /// A mint's pool as the node that keeps the token knows it, for what was quiet since this node came up; empty: none.
  std::function<void(const mint_address&, std::function<void(std::optional<execution::paper_pool>)>)> pool_elsewhere;
  /// The chain begins to know the wallet (paper); ends with true when it does.
  std::function<void(std::function<void(bool)>)> fund;
  std::string node_name;
  ports::area_log log;
  account_metrics metrics;
};

/// Who leads has changed.
struct account_leader_changed {};
/// A question of the control API; the paths are those of messages/protocol/control.hpp.
struct account_question {
  api::request request;
  api::reply reply;
};
/// Something to be done on the actor's turn.
class account_actor;
struct account_task {
  std::shared_ptr<const std::function<void(account_actor&)>> run;
};
struct account_tick {};

class account_actor : public supervision::bounded_actor {
public:
  account_actor(caf::actor_config& cfg, supervision::cell_ptr cell, std::shared_ptr<const account_setup> setup);
  caf::behavior make_behavior() override;

private:
  [[nodiscard]] steady_time_ns now() { return steady_time_ns{now_ns()}; }
  /// A callback for any thread that runs `f` here, unless the actor has ended by then.
  template <class F>
  auto here(F f);
  /// Runs `then` here once the mint's pool is known, or is known to be unknown.
  void with_pool(const mint_address& mint, std::function<void(account_actor&)> then);
  void refresh();
  void took_state(std::string bytes);
  void act();
  [[nodiscard]] bool prepare(const leadership& lead, const execution::chain_view& chain);
  void submit(execution::account_command c, std::function<void(account_actor&, const entities::command_answer&)> then);
  void submit(execution::account_command c, std::int64_t within_ns,
              std::function<void(account_actor&, const entities::command_answer&)> then);
  /// Runs `then` once the state was read again, or cannot be (no record then). Until then nothing is sent.
  void after_read(std::function<void(account_actor&)> then);
  void was_read(bool ok);
  void begin(const execution::account_effect& e);
  void end(const execution::account_effect& e, bool ok, std::string_view why = {});

  void sign(const execution::effect::ask_signature& e);
  void build(const execution::effect::ask_signature& e, token_amount held);
  void attach_bytes(const execution::effect::ask_signature& e, const std::vector<std::uint8_t>& message,
                    const ports::sign_answer& a, execution::command::attach_signed c);
  void send_out(const execution::effect::send& e);
  void look(const execution::effect::look_for& e);
  void found(const execution::effect::look_for& e, const std::vector<testimony>& told);

  void answer(const account_question& q);
  void open_order(const api::request& r, const api::reply& reply);
  void open(const execution::command::open_intent& c, const api::reply& reply);
  void sell(const api::request& r, const mint_address& mint, const api::reply& reply);
  void change(execution::account_command c, std::string said, const api::reply& reply);
  void count();

  std::shared_ptr<const account_setup> setup_;
  driver driver_;
  std::optional<execution::account_record> record_; // as last read; only while this node leads
  leadership lead_;
  std::set<mint_address> asked_pools_; // of what is held: asked for once a leadership
  bool reading_{}, read_again_{};
  lone_step preparing_, ticking_;
  // Of what an operator changed: how many commands were answered, and how many of them the state that was read has.
  std::uint64_t changes_{}, changes_being_read_{}, changes_read_{};
  std::vector<std::function<void(account_actor&)>> waiting_; // for the state to be read; as many as changes not read
  bool quarantine_told_{};
  std::string blocked_; // why nothing is done now; empty: something may be
};

} // namespace sett::accounts

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::accounts::account_leader_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::accounts::account_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::accounts::account_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::accounts::account_tick)
