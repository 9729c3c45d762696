// The node's settings as plain typed values: what the composition root hands out. Names carry their unit. What each one
// means, its default and its bounds are said once, in declarations.cpp; nothing here has a default of its own.
#pragma once

#include "config/secret.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sett::config {

struct node_settings {
  std::string name;
  std::string environment;
  std::string data_dir;
  std::uint32_t shutdown_grace_ms{};
};

struct log_settings {
  std::string levels;
  std::string console; // people, json, off
  std::string colour;  // auto, always, never
  bool file{};
  std::string dir; // empty: <data_dir>/log
  std::uint64_t file_bytes_max{};
  std::uint32_t files_max{};
  std::uint32_t ring_records_max{};
  std::uint64_t spill_bytes_max{};
  std::uint32_t repeat_window_ms{};
  std::uint32_t repeats_max{};
};

struct api_settings {
  std::string address;
  std::uint16_t port{};
  bool remote_allowed{};
  std::string socket; // empty: <data_dir>/sett.sock
  std::uint32_t connections_max{};
  std::uint32_t request_bytes_max{};
  std::uint32_t request_timeout_ms{};
};

struct actors_settings {
  std::uint32_t threads_max{}; // 0: one per core, at least 2
};

struct store_settings {
  std::uint64_t cache_bytes{};
  std::uint32_t snapshot_interval_ms{};
};

struct ingest_settings {
  std::string commitment; // processed, confirmed
  std::uint32_t dedup_slots_max{};
  std::uint32_t backfill_slots_max{};
  std::uint32_t backfill_in_flight_max{};
  std::uint32_t backfill_tries_max{};
  std::uint32_t silence_ms_max{};
};

struct cluster_settings {
  std::string id;
  std::string etcd;     // "host:port,host:port"; empty: a cluster of this node alone
  std::string address;  // where peers reach this node
  std::uint16_t port{}; // of the first lane; 0: any free ones
  std::uint32_t shards{}, replicas{}, min_isr{};
  std::uint32_t beat_ms{}, suspect_ms{};
  std::string roles;
  std::uint32_t weight{};
  std::uint32_t moves_max{}, repair_after_ms{};
};

/// Faults that a drill plants; all empty and zero: none.
struct fault_settings {
  std::string crash_point, disk_file;
  std::int64_t clock_offset_ms{}; // of the wall clock alone
};

struct tokens_settings {
  std::uint32_t live_max{};
  std::uint32_t idle_passivate_s{}; // wallets too
};

struct wallets_settings {
  std::uint32_t tracked_max{};
};

/// The trading account; its limits are risk's.
struct account_settings {
  std::string name, mode; // mode: off, paper
  std::uint64_t paper_balance_lamports{};
  std::uint32_t slippage_bps{}, max_age_blocks{}, sell_variants_max{};
  std::uint64_t price_micro_lamports{};
};

/// One [[endpoint]]: a provider's doors to the chain. At least one of http, ws and grpc is set; ws and grpc streams
/// need http beside them to fetch what they missed.
struct endpoint_settings {
  std::string name;
  std::string provider;
  secret http, ws, grpc, token;
  std::string plan; // auto, grpc, transactions, blocks, slots, logs
  std::uint32_t requests_per_s_max{};
  std::uint32_t burst_max{};
  std::uint32_t in_flight_max{};
  std::uint64_t credits_per_month{};
};

/// One [[wallet]]: a wallet that is followed from the start on.
struct wallet_settings {
  std::string name;    // for people, and the item's key
  std::string address; // base58
};

/// What our trading may lose and hold at most. An entry whose measured value would be above a *_max is denied, so 0 is
/// the strictest value of each. bps: 1/10,000.
struct risk_settings {
  std::uint64_t trade_lamports_max{}, token_lamports_max{}, creator_lamports_max{}, strategy_lamports_max{},
      account_lamports_max{};
  std::uint64_t positions_max{}, strategy_positions_max{}, creator_positions_max{};
  std::uint64_t day_loss_lamports_max{}, strategy_day_loss_lamports_max{}, drawdown_bps_max{};
  std::uint64_t orders_per_minute_max{}, strategy_orders_per_minute_max{};
  std::uint64_t losses_in_row_max{}, loss_window_lamports_max{}, loss_window_s{};
  std::uint64_t slippage_bps_max{}, slippage_fills_max{}, failed_sends_max{}, failed_sends_window_s{};
  std::uint64_t pause_s{};
  std::uint64_t volatility_bps_max{}, data_age_ms_max{};
  bool incomplete_allowed{};
  std::uint64_t replicas_missing_max{}, slots_behind_max{}, skip_rate_bps_max{}, fee_p75_micro_lamports_max{};
  friend bool operator==(const risk_settings&, const risk_settings&) = default;
};

/// The exit plan of every position. Values of a position are compared with its cost, in bps.
struct exits_settings {
  std::uint64_t stop_bps{}, trailing_bps{}, trailing_arm_bps{}, volatility_stop_bps{};
  std::uint64_t take1_bps{}, take1_share_bps{}, take2_bps{}, take2_share_bps{}, take3_bps{}, take3_share_bps{};
  std::uint64_t hold_s_max{};
  std::uint64_t rug_liquidity_bps{}, stress_fall_bps{};
  std::uint64_t falling_bps{}, falling_tighten_bps{}, volatile_bps{}, volatile_widen_bps{};
  std::uint64_t peak_step_bps{};
  std::uint64_t escalate_slots{}, fee_start_micro_lamports{}, fee_max_micro_lamports{}, slippage_start_bps{},
      slippage_max_bps{}, alarm_attempts{};
  friend bool operator==(const exits_settings&, const exits_settings&) = default;
};

/// One [[strategy]].
struct strategy_settings {
  std::string name;
  std::string kind; // launch, graduation, copy
  bool paused{};
  std::string size_by; // fixed, volatility
  std::uint64_t size_lamports{}, size_min_lamports{}, volatility_loss_lamports{}, liquidity_share_bps{};
  std::uint64_t budget_lamports_max{}, positions_max{};
  std::uint64_t slippage_bps{}, cost_lamports_max{}, max_age_slots{};
  bool reentry{};
  std::uint64_t tax_bps_max{}, liquidity_lamports_min{}, creator_share_bps_max{}, creator_launches_max{},
      creator_rugs_max{}, bundled_bps_max{}, buyers_min{}, holders_min{}, chase_bps_max{};
  std::uint64_t wallet_trades_min{}, wallet_wins_bps_min{}, wallet_spend_lamports_min{};
  std::uint64_t stop_bps{}, trailing_bps{}, hold_s_max{}; // 0: as exits.* says
  friend bool operator==(const strategy_settings&, const strategy_settings&) = default;
};

/// The signer, as signerd and the nodes that ask it see it.
struct signer_settings {
  std::string socket, keys_dir, state_dir; // empty: below node.data_dir
  std::string passphrase_file;             // empty: asked for on the terminal
  std::uint32_t queue_max{}, connections_max{};
  std::uint32_t timeout_ms{};
};

/// One [[policy]]: what may be signed for the wallets of the group of its name. Lists are addresses with commas.
struct policy_settings {
  std::string name;
  std::string venues, mints, destinations, tip_accounts;
  std::uint64_t fee_lamports_max{}, tip_lamports_max{};
  std::uint64_t spend_lamports_max{}, spend_lamports_hour_max{}, spend_lamports_day_max{};
  std::uint64_t cost_lamports_hour_max{}, cost_lamports_day_max{};
  bool durable_nonce{};
};

/// One [[lane]]: a way for signed transactions to the chain.
struct lane_settings {
  std::string name;
  std::string kind; // rpc, jito
  secret url;
  std::uint32_t requests_per_s_max{}, burst_max{}, in_flight_max{}, timeout_ms{};
  std::string tip_accounts;
  std::uint64_t tip_lamports_min{};
};

struct settings {
  node_settings node;
  log_settings log;
  api_settings api;
  actors_settings actors;
  store_settings store;
  ingest_settings ingest;
  cluster_settings cluster;
  fault_settings fault;
  tokens_settings tokens;
  wallets_settings wallets;
  account_settings account;
  risk_settings risk;
  exits_settings exits;
  signer_settings signer;
  std::vector<endpoint_settings> endpoints;
  std::vector<wallet_settings> tracked;
  std::vector<strategy_settings> strategies;
  std::vector<policy_settings> policies;
  std::vector<lane_settings> lanes;

  [[nodiscard]] std::string log_dir() const { return log.dir.empty() ? node.data_dir + "/log" : log.dir; }
  [[nodiscard]] std::string socket_path() const {
    return api.socket.empty() ? node.data_dir + "/sett.sock" : api.socket;
  }
  [[nodiscard]] std::string signer_socket() const {
    return signer.socket.empty() ? node.data_dir + "/signer.sock" : signer.socket;
  }
  [[nodiscard]] std::string signer_keys_dir() const {
    return signer.keys_dir.empty() ? node.data_dir + "/keys" : signer.keys_dir;
  }
  [[nodiscard]] std::string signer_state_dir() const {
    return signer.state_dir.empty() ? node.data_dir + "/signer" : signer.state_dir;
  }
};

} // namespace sett::config
