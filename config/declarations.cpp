#include "config/declarations.hpp"

#include "config/declaration_store.hpp"
#include "config/signer_declarations.hpp"
#include "config/trading_declarations.hpp"
#include "config/value_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace sett::config {
namespace {

constexpr std::int64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;

std::vector<declaration> make_plain() {
  using k = value_kind;
  constexpr auto live = setting_change::live;
  constexpr auto cluster = setting_scope::cluster;
  using S = settings;
  return {
      {.key = "node.name",
       .kind = k::text,
       .default_text = "sett",
       .example = "sett-1",
       .paragraph =
           "How this node is called in logs, metrics and by its peers: 1 to 15 of a-z, 0-9 and '-', and no other "
           "node's name.",
       .check = check_node_name,
       .store = in<&S::node, &node_settings::name>},
      {.key = "node.environment",
       .kind = k::text,
       .default_text = "paper",
       .choices = {"paper", "mainnet"},
       .example = "mainnet",
       .scope = cluster,
       .paragraph = "What the node is for. `sett status` shows it first, so that nobody mistakes one for the other. "
                    "The shipped files "
                    "config/paper.toml and config/mainnet.toml set it.",
       .store = in<&S::node, &node_settings::environment>},
      {.key = "node.data_dir",
       .kind = k::text,
       .default_text = "run/data",
       .example = "/var/lib/sett",
       .paragraph = "The folder that holds everything the node keeps: its store, its log files, its socket and its "
                    "lock. One running node per "
                    "folder: a second one refuses to start.",
       .check = check_present,
       .store = in<&S::node, &node_settings::data_dir>},
      {.key = "node.shutdown_grace_ms",
       .kind = k::integer,
       .default_text = "5000",
       .min = 100,
       .max = 120'000,
       .example = "10000",
       .paragraph = "How long an ordered stop may take after SIGTERM or SIGINT: streams are closed, entities write "
                    "their snapshots, the store is "
                    "flushed. After that the node ends anyway, with exit code 1.",
       .store = in<&S::node, &node_settings::shutdown_grace_ms>},

      {.key = "log.levels",
       .kind = k::text,
       .default_text = "info",
       .example = "info,ingest=debug",
       .change = live,
       .paragraph = "The least level that is written, for all areas and then for single ones. SETT_LOG sets the same; "
                    "`sett log level AREA "
                    "LEVEL` changes a running node.",
       .check = check_log_levels,
       .store = in<&S::log, &log_settings::levels>},
      {.key = "log.console",
       .kind = k::text,
       .default_text = "people",
       .choices = {"people", "json", "off"},
       .example = "json",
       .paragraph = "What goes to standard error: lines for people, JSON lines for a collector, or nothing.",
       .store = in<&S::log, &log_settings::console>},
      {.key = "log.colour",
       .kind = k::text,
       .default_text = "auto",
       .choices = {"auto", "always", "never"},
       .example = "never",
       .paragraph = "Colours on the console; auto means only on a terminal and when NO_COLOR is not set.",
       .store = in<&S::log, &log_settings::colour>},
      {.key = "log.file",
       .kind = k::flag,
       .default_text = "true",
       .example = "false",
       .paragraph = "Whether JSON lines are also written to sett.log in log.dir, a new file every day (UTC) and "
                    "whenever one is full.",
       .store = in<&S::log, &log_settings::file>},
      {.key = "log.dir",
       .kind = k::text,
       .default_text = "",
       .example = "/var/log/sett",
       .paragraph = "The folder of the log files; empty means log/ below node.data_dir.",
       .store = in<&S::log, &log_settings::dir>},
      {.key = "log.file_bytes_max",
       .kind = k::integer,
       .default_text = "67108864",
       .min = 64 * kib,
       .max = 4 * gib,
       .example = "16777216",
       .paragraph = "The size at which a log file is closed and a new one begun.",
       .store = in<&S::log, &log_settings::file_bytes_max>},
      {.key = "log.files_max",
       .kind = k::integer,
       .default_text = "14",
       .min = 1,
       .max = 1000,
       .example = "7",
       .paragraph = "How many log files are kept; the oldest is deleted.",
       .store = in<&S::log, &log_settings::files_max>},
      {.key = "log.ring_records_max",
       .kind = k::integer,
       .default_text = "8192",
       .min = 16,
       .max = 1'000'000,
       .example = "65536",
       .paragraph = "How many log records may wait for the writer. Callers never wait: a record that finds the ring "
                    "full goes to the spill file.",
       .store = in<&S::log, &log_settings::ring_records_max>},
      {.key = "log.spill_bytes_max",
       .kind = k::integer,
       .default_text = "16777216",
       .min = 0,
       .max = 4 * gib,
       .example = "0",
       .paragraph =
           "How large the spill file (sett.spill.log) may grow before records are shed. What is shed is counted in "
           "sett_log_records_shed_total. 0 means: shed at once.",
       .store = in<&S::log, &log_settings::spill_bytes_max>},
      {.key = "log.repeat_window_ms",
       .kind = k::integer,
       .default_text = "10000",
       .min = 0,
       .max = 3'600'000,
       .example = "60000",
       .paragraph = "The time over which repeats of one event are counted; see log.repeats_max. 0 writes everything.",
       .store = in<&S::log, &log_settings::repeat_window_ms>},
      {.key = "log.repeats_max",
       .kind = k::integer,
       .default_text = "20",
       .min = 1,
       .max = 1'000'000,
       .example = "5",
       .paragraph = "How often one event of one area is written per window; the rest is summed up in one line when the "
                    "window ends.",
       .store = in<&S::log, &log_settings::repeats_max>},

      {.key = "api.address",
       .kind = k::text,
       .default_text = "127.0.0.1",
       .example = "127.0.0.1",
       .paragraph = "Where /metrics, /livez and /readyz are served. Only loopback addresses are taken unless "
                    "api.remote_allowed says otherwise.",
       .check = check_present,
       .store = in<&S::api, &api_settings::address>},
      {.key = "api.port",
       .kind = k::integer,
       .default_text = "9464",
       .min = 0,
       .max = 65535,
       .example = "9464",
       .paragraph =
           "The port of the above; 0 takes any free one (the start line of the log and `sett status` say which).",
       .store = in<&S::api, &api_settings::port>},
      {.key = "api.remote_allowed",
       .kind = k::flag,
       .default_text = "false",
       .example = "true",
       .paragraph = "Allows api.address to be something else than loopback. There is no authentication on that port: "
                    "put it behind one.",
       .store = in<&S::api, &api_settings::remote_allowed>},
      {.key = "api.socket",
       .kind = k::text,
       .default_text = "",
       .example = "/run/sett/sett.sock",
       .paragraph = "The Unix socket of the command line, mode 0600; empty means sett.sock below node.data_dir. At "
                    "most 107 bytes.",
       .store = in<&S::api, &api_settings::socket>},
      {.key = "api.connections_max",
       .kind = k::integer,
       .default_text = "64",
       .min = 1,
       .max = 10'000,
       .example = "256",
       .paragraph = "How many connections each of the two servers holds at once; further ones are closed and counted.",
       .store = in<&S::api, &api_settings::connections_max>},
      {.key = "api.request_bytes_max",
       .kind = k::integer,
       .default_text = "65536",
       .min = 1 * kib,
       .max = 16 * mib,
       .example = "65536",
       .paragraph = "The largest request body; a larger one is answered with 413.",
       .store = in<&S::api, &api_settings::request_bytes_max>},
      {.key = "api.request_timeout_ms",
       .kind = k::integer,
       .default_text = "2000",
       .min = 10,
       .max = 60'000,
       .example = "5000",
       .paragraph = "How long a request may take, from its first byte to its answer. An actor that does not answer in "
                    "time gives 504.",
       .store = in<&S::api, &api_settings::request_timeout_ms>},

      {.key = "actors.threads_max",
       .kind = k::integer,
       .default_text = "0",
       .min = 0,
       .max = 1024,
       .example = "8",
       .paragraph = "Threads that run actors; 0 means one per core, at least two.",
       .store = in<&S::actors, &actors_settings::threads_max>},
      {.key = "store.cache_bytes",
       .kind = k::integer,
       .default_text = "67108864",
       .min = 1 * mib,
       .max = 1024 * gib,
       .example = "268435456",
       .paragraph = "Memory for the store's block cache.",
       .store = in<&S::store, &store_settings::cache_bytes>},
      {.key = "store.snapshot_interval_ms",
       .kind = k::integer,
       .default_text = "2000",
       .min = 100,
       .max = 3'600'000,
       .example = "5000",
       .paragraph = "How often changed tokens and wallets write their snapshot. What happened since is read again from "
                    "the chain after a crash.",
       .store = in<&S::store, &store_settings::snapshot_interval_ms>},

      {.key = "cluster.id",
       .kind = k::text,
       .default_text = "sett",
       .example = "sett-main",
       .scope = cluster,
       .paragraph = "The name of the cluster this node belongs to. A data folder of one cluster is refused by another.",
       .check = check_cluster_name,
       .store = in<&S::cluster, &cluster_settings::id>},
      {.key = "cluster.etcd",
       .kind = k::text,
       .default_text = "",
       .example = "10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379",
       .paragraph =
           "The etcd that decides who owns what, as HOST:PORT with commas. Empty: this node is a cluster of its "
           "own, decides alone and needs nothing else.",
       .check = check_host_ports,
       .store = in<&S::cluster, &cluster_settings::etcd>},
      {.key = "cluster.address",
       .kind = k::text,
       .default_text = "127.0.0.1",
       .example = "10.0.0.1",
       .paragraph = "The address at which this node listens for its peers and at which they reach it. Loopback unless "
                    "it is set; connections are encrypted and only trusted keys get in (`sett key node trust`).",
       .check = check_present,
       .store = in<&S::cluster, &cluster_settings::address>},
      {.key = "cluster.port",
       .kind = k::integer,
       .default_text = "0",
       .min = 0,
       .max = 65532,
       .example = "7400",
       .paragraph =
           "The first of four neighbouring ports for the peers: control, replication, commands, events. 0: any "
           "free ones, which the peers learn through etcd.",
       .store = in<&S::cluster, &cluster_settings::port>},
      {.key = "cluster.shards",
       .kind = k::integer,
       .default_text = "64",
       .min = 1,
       .max = 4096,
       .example = "64",
       .scope = cluster,
       .paragraph = "Into how many shards entities are divided. Fixed for the life of a cluster: a node with another "
                    "number is refused.",
       .store = in<&S::cluster, &cluster_settings::shards>},
      {.key = "cluster.replicas",
       .kind = k::integer,
       .default_text = "3",
       .min = 1,
       .max = 7,
       .example = "3",
       .scope = cluster,
       .paragraph = "How many nodes hold a copy of each shard, when there are so many.",
       .store = in<&S::cluster, &cluster_settings::replicas>},
      {.key = "cluster.min_isr",
       .kind = k::integer,
       .default_text = "2",
       .min = 1,
       .max = 7,
       .example = "2",
       .scope = cluster,
       .paragraph = "Fewer copies in sync than this, and a shard takes no commands and sends nothing until there are "
                    "enough again. A node that is a cluster of its own counts as 1.",
       .store = in<&S::cluster, &cluster_settings::min_isr>},
      {.key = "cluster.beat_ms",
       .kind = k::integer,
       .default_text = "100",
       .min = 10,
       .max = 10'000,
       .example = "100",
       .scope = cluster,
       .paragraph = "How often nodes tell each other that they live.",
       .store = in<&S::cluster, &cluster_settings::beat_ms>},
      {.key = "cluster.suspect_ms",
       .kind = k::integer,
       .default_text = "500",
       .min = 50,
       .max = 60'000,
       .example = "500",
       .scope = cluster,
       .paragraph =
           "A node that was not heard for so long is suspected, and others take over its shards. At least three "
           "beats.",
       .store = in<&S::cluster, &cluster_settings::suspect_ms>},
      {.key = "cluster.roles",
       .kind = k::text,
       .default_text = "ingest,compute,execution,gateway",
       .example = "ingest,compute",
       .paragraph = "What this node does: ingest reads the chain, compute and execution hold shards, gateway serves "
                    "people.",
       .check = check_roles,
       .store = in<&S::cluster, &cluster_settings::roles>},
      {.key = "cluster.weight",
       .kind = k::integer,
       .default_text = "100",
       .min = 1,
       .max = 10'000,
       .example = "200",
       .paragraph = "This node's capacity beside the others: one with 200 gets twice as many shards as one with 100.",
       .store = in<&S::cluster, &cluster_settings::weight>},
      {.key = "cluster.moves_max",
       .kind = k::integer,
       .default_text = "4",
       .min = 1,
       .max = 1024,
       .example = "4",
       .paragraph = "How many shards may be on the move at once when the cluster rebalances.",
       .store = in<&S::cluster, &cluster_settings::moves_max>},
      {.key = "cluster.repair_after_ms",
       .kind = k::integer,
       .default_text = "60000",
       .min = 0,
       .max = 86'400'000,
       .example = "60000",
       .paragraph = "How long a node may be down before its copies are made anew on others, where there are others.",
       .store = in<&S::cluster, &cluster_settings::repair_after_ms>},

      {.key = "fault.crash_point",
       .kind = k::text,
       .default_text = "",
       .example = "after_sync:20",
       .paragraph =
           "For drills only: the process kills itself at this point of the journal's store, NAME or NAME:N for "
           "the N-th time.",
       .store = in<&S::fault, &fault_settings::crash_point>},
      {.key = "fault.disk_file",
       .kind = k::text,
       .default_text = "",
       .example = "/tmp/drill/disk",
       .paragraph = "For drills only: a file whose one line says how the journal's disk fails at the moment: full, "
                    "read-only, write-error, sync-error or slow MILLISECONDS.",
       .store = in<&S::fault, &fault_settings::disk_file>},
      {.key = "fault.clock_offset_ms",
       .kind = k::integer,
       .default_text = "0",
       .min = -31'536'000'000,
       .max = 31'536'000'000,
       .example = "3600000",
       .paragraph = "For drills only: how far the node's wall clock is wrong. Its monotonic clock stays right.",
       .store = in<&S::fault, &fault_settings::clock_offset_ms>},

      {.key = "ingest.commitment",
       .kind = k::text,
       .default_text = "confirmed",
       .choices = {"processed", "confirmed"},
       .example = "processed",
       .scope = cluster,
       .paragraph =
           "The commitment that feeds tokens and wallets. processed is about a second earlier, and dead forks are "
           "undone; confirmed is "
           "almost never undone. Not every source of data knows processed: `sett endpoint plan` says which do.",
       .store = in<&S::ingest, &ingest_settings::commitment>},
      {.key = "ingest.dedup_slots_max",
       .kind = k::integer,
       .default_text = "512",
       .min = 32,
       .max = 100'000,
       .example = "512",
       .paragraph = "How many slots back a transaction is recognised as already seen.",
       .store = in<&S::ingest, &ingest_settings::dedup_slots_max>},
      {.key = "ingest.backfill_slots_max",
       .kind = k::integer,
       .default_text = "1000",
       .min = 0,
       .max = 1'400,
       .example = "1000",
       .paragraph =
           "The longest gap that is fetched again; a longer one is marked incomplete for all to see. Tokens and "
           "wallets keep that many slots open.",
       .store = in<&S::ingest, &ingest_settings::backfill_slots_max>},
      {.key = "ingest.backfill_in_flight_max",
       .kind = k::integer,
       .default_text = "4",
       .min = 1,
       .max = 64,
       .example = "4",
       .paragraph = "How many missing slots are fetched at the same time.",
       .store = in<&S::ingest, &ingest_settings::backfill_in_flight_max>},
      {.key = "ingest.backfill_tries_max",
       .kind = k::integer,
       .default_text = "6",
       .min = 1,
       .max = 20,
       .example = "3",
       .paragraph =
           "After so many failed fetches a missing slot is given up and marked incomplete for all to see. The pause "
           "between two grows from 1 to 8 seconds.",
       .store = in<&S::ingest, &ingest_settings::backfill_tries_max>},
      {.key = "ingest.silence_ms_max",
       .kind = k::integer,
       .default_text = "10000",
       .min = 500,
       .max = 600'000,
       .example = "5000",
       .paragraph = "A stream that says nothing for this long counts as lost and is opened again.",
       .store = in<&S::ingest, &ingest_settings::silence_ms_max>},

      {.key = "tokens.live_max",
       .kind = k::integer,
       .default_text = "200000",
       .min = 100,
       .max = 10'000'000,
       .example = "100000",
       .paragraph = "How many token actors may live at once. Beyond it the longest idle ones are put to rest in the "
                    "store first.",
       .store = in<&S::tokens, &tokens_settings::live_max>},
      {.key = "tokens.idle_passivate_s",
       .kind = k::integer,
       .default_text = "1800",
       .min = 1,
       .max = 604'800,
       .example = "600",
       .paragraph = "A token, or a tracked wallet, without an event for this long writes its snapshot and leaves "
                    "memory; its next event brings it back.",
       .store = in<&S::tokens, &tokens_settings::idle_passivate_s>},
      {.key = "wallets.tracked_max",
       .kind = k::integer,
       .default_text = "10000",
       .min = 1,
       .max = 1'000'000,
       .example = "1000",
       .paragraph = "How many wallets may be tracked, by [[wallet]] and `sett wallet track` together.",
       .store = in<&S::wallets, &wallets_settings::tracked_max>},

      {.key = "account.name",
       .kind = k::text,
       .default_text = "main",
       .example = "main",
       .scope = cluster,
       .paragraph =
           "The trading account's name: 1 to 15 of a-z, 0-9 and '-'. Another name is another account, with its "
           "own wallet and history.",
       .check = check_node_name,
       .store = in<&S::account, &account_settings::name>},
      {.key = "account.mode",
       .kind = k::text,
       .default_text = "paper",
       .choices = {"off", "paper"},
       .example = "off",
       .scope = cluster,
       .paragraph =
           "paper: trades are decided, signed by a key that holds nothing, journalled and replicated like real "
           "ones, and land on a chain of paper at the prices that the stream shows. off: no account.",
       .store = in<&S::account, &account_settings::mode>},
      {.key = "account.paper_balance_lamports",
       .kind = k::integer,
       .default_text = "10000000000",
       .min = 1,
       .max = 1'000'000'000'000'000,
       .example = "2000000000",
       .scope = cluster,
       .paragraph = "What a paper account begins with. Changed later it changes nothing.",
       .store = in<&S::account, &account_settings::paper_balance_lamports>},
      {.key = "account.slippage_bps",
       .kind = k::integer,
       .default_text = "500",
       .min = 0,
       .max = 10'000,
       .example = "300",
       .scope = cluster,
       .paragraph =
           "How much worse than the quote an order by hand may be filled, in 1/10,000. A sell that does not get "
           "through gives way by as much again at each further attempt.",
       .store = in<&S::account, &account_settings::slippage_bps>},
      {.key = "account.max_age_blocks",
       .kind = k::integer,
       .default_text = "32",
       .min = 1,
       .max = 150,
       .example = "16",
       .scope = cluster,
       .paragraph = "Within how many blocks a buy or a partial sale by hand dies if it has not landed. It names a "
                    "blockhash that is so much older: the stream must go 150 less so many blocks back.",
       .store = in<&S::account, &account_settings::max_age_blocks>},
      {.key = "account.sell_variants_max",
       .kind = k::integer,
       .default_text = "1",
       .min = 1,
       .max = 16,
       .example = "3",
       .scope = cluster,
       .paragraph = "How many different transactions that sell a whole position may be under way at once. They exclude "
                    "each other on the chain.",
       .store = in<&S::account, &account_settings::sell_variants_max>},
      {.key = "account.price_micro_lamports",
       .kind = k::integer,
       .default_text = "100000",
       .min = 0,
       .max = 100'000'000'000,
       .example = "500000",
       .scope = cluster,
       .paragraph = "The priority fee of an order by hand, per compute unit.",
       .store = in<&S::account, &account_settings::price_micro_lamports>},

      {.key = "endpoint.*.provider",
       .kind = k::text,
       .default_text = "generic",
       .choices = {"generic", "helius", "triton", "quicknode", "simnet"},
       .example = "helius",
       .paragraph = "Whose endpoint it is: decides which source plans exist and what they cost.",
       .store = of<&S::endpoints, &endpoint_settings::provider>},
      {.key = "endpoint.*.http",
       .kind = k::secret,
       .example = "https://rpc.example.com/?api-key=...",
       .paragraph = "The JSON-RPC address. It often holds a key, so it is shown nowhere; an endpoint is known by its "
                    "name. Keep it out of files with "
                    "SETT_ENDPOINT_<NAME>_HTTP.",
       .check = check_http_url,
       .store = of<&S::endpoints, &endpoint_settings::http>},
      {.key = "endpoint.*.ws",
       .kind = k::secret,
       .example = "wss://rpc.example.com/?api-key=...",
       .paragraph = "The WebSocket (PubSub) address.",
       .check = check_websocket_url,
       .store = of<&S::endpoints, &endpoint_settings::ws>},
      {.key = "endpoint.*.grpc",
       .kind = k::secret,
       .example = "https://grpc.example.com:443",
       .paragraph = "The Yellowstone gRPC address; http:// means without TLS.",
       .check = check_http_url,
       .store = of<&S::endpoints, &endpoint_settings::grpc>},
      {.key = "endpoint.*.token",
       .kind = k::secret,
       .example = "...",
       .paragraph = "The x-token sent with gRPC calls.",
       .check = check_token,
       .store = of<&S::endpoints, &endpoint_settings::token>},
      {.key = "endpoint.*.plan",
       .kind = k::text,
       .default_text = "auto",
       .choices = {"auto", "grpc", "transactions", "blocks", "slots", "logs", "none"},
       .example = "blocks",
       .paragraph = "Where the chain's transactions come from: grpc (Yellowstone), transactions "
                    "(transactionSubscribe), blocks (blockSubscribe), slots "
                    "(slotSubscribe, then getBlock), logs (logsSubscribe, then getTransaction), none (requests only). "
                    "auto takes the best that "
                    "the provider offers; `sett endpoint plan` shows the choice and its cost.",
       .store = of<&S::endpoints, &endpoint_settings::plan>},
      {.key = "endpoint.*.requests_per_s_max",
       .kind = k::integer,
       .default_text = "50",
       .min = 1,
       .max = 100'000,
       .example = "10",
       .paragraph = "How many requests per second the endpoint may get from this node on average.",
       .store = of<&S::endpoints, &endpoint_settings::requests_per_s_max>},
      {.key = "endpoint.*.burst_max",
       .kind = k::integer,
       .default_text = "50",
       .min = 1,
       .max = 100'000,
       .example = "20",
       .paragraph = "How many requests may go out at once after a quiet time.",
       .store = of<&S::endpoints, &endpoint_settings::burst_max>},
      {.key = "endpoint.*.in_flight_max",
       .kind = k::integer,
       .default_text = "16",
       .min = 1,
       .max = 1000,
       .example = "8",
       .paragraph = "How many requests may wait for their answer at the same time.",
       .store = of<&S::endpoints, &endpoint_settings::in_flight_max>},
      {.key = "endpoint.*.credits_per_month",
       .kind = k::integer,
       .default_text = "0",
       .min = 0,
       .max = 1'000'000'000'000,
       .example = "10000000",
       .paragraph = "The provider's monthly allowance; `sett endpoint plan` compares with it. 0 means none stated.",
       .store = of<&S::endpoints, &endpoint_settings::credits_per_month>},

      {.key = "wallet.*.address",
       .kind = k::text,
       .default_text = "",
       .example = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM",
       .paragraph = "The wallet to follow, in base58.",
       .check = check_wallet_address,
       .store = of<&S::tracked, &wallet_settings::address>},
  };
}

/// Areas together, items last.
std::vector<declaration> make() {
  auto all = make_plain();
  const auto items =
      std::find_if(all.begin(), all.end(), [](const auto& d) { return d.key.find(".*.") != std::string_view::npos; });
  auto trading = trading_declarations();
  const auto signing = signer_declarations();
  trading.insert(trading.end(), signing.begin(), signing.end());
  all.insert(items, trading.begin(), trading.end());
  auto strategies = strategy_declarations();
  all.insert(all.end(), strategies.begin(), strategies.end());
  for (const auto& more : {policy_declarations(), lane_declarations()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// Splits "endpoint.*.ws" into "endpoint" and "ws"; false for keys without an item.
bool split_pattern(std::string_view pattern, std::string_view& area, std::string_view& key) {
  const auto star = pattern.find(".*.");
  if (star == std::string_view::npos) return false;
  area = pattern.substr(0, star);
  key = pattern.substr(star + 3);
  return true;
}

} // namespace

std::span<const declaration> declarations() {
  static const std::vector<declaration> all = make();
  return all;
}

bool valid_item_name(std::string_view name) {
  if (name.empty() || name.size() > 32 || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

const declaration* find_declaration(std::string_view key, std::string* item) {
  if (item != nullptr) item->clear();
  const auto first = key.find('.');
  const auto last = key.rfind('.');
  for (const auto& d : declarations()) {
    std::string_view area, field;
    if (!split_pattern(d.key, area, field)) {
      if (d.key == key) return &d;
      continue;
    }
    if (first == last || first == std::string_view::npos) continue;
    if (key.substr(0, first) != area || key.substr(last + 1) != field) continue;
    const auto name = key.substr(first + 1, last - first - 1);
    if (name != "*" && !valid_item_name(name)) continue;
    if (item != nullptr) *item = name;
    return &d;
  }
  return nullptr;
}

std::string environment_name(std::string_view key) {
  std::string out = "SETT_";
  for (char c : key) out += c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string key_of_environment_name(std::string_view name) {
  for (const auto& d : declarations()) {
    std::string_view area, field;
    if (!split_pattern(d.key, area, field)) {
      if (environment_name(d.key).substr(5) == name) return std::string(d.key);
      continue;
    }
    const auto head = environment_name(area).substr(5) + "_";
    const auto tail = "_" + environment_name(field).substr(5);
    if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) continue;
    std::string item;
    for (char c : name.substr(head.size(), name.size() - head.size() - tail.size()))
      item += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (valid_item_name(item)) return fmt::format("{}.{}.{}", area, item, field);
  }
  return {};
}

std::string most_similar(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  if (word.size() > 128) return best; // quadratic; nobody mistypes that much
  for (const auto& candidate : candidates)
    if (const auto distance = edit_distance(word, candidate); distance < best_distance)
      best = candidate, best_distance = distance;
  return best;
}

std::string did_you_mean(std::string_view key) {
  const auto first = key.find('.');
  const auto last = key.rfind('.');
  std::vector<std::string> candidates;
  for (const auto& d : declarations()) {
    std::string_view area, field;
    if (!split_pattern(d.key, area, field)) {
      candidates.emplace_back(d.key);
    } else if (first != last) {
      const auto name = key.substr(first + 1, last - first - 1);
      if (name == "*" || valid_item_name(name)) candidates.push_back(fmt::format("{}.{}.{}", area, name, field));
    }
  }
  return most_similar(key, candidates);
}

std::string allowed_text(const declaration& d) {
  switch (d.kind) {
  case value_kind::flag:
    return "true or false";
  case value_kind::integer:
    return fmt::format("{}..{}", d.min, d.max);
  case value_kind::secret:
  case value_kind::text:
    break;
  }
  if (!d.choices.empty()) return fmt::format("one of: {}", fmt::join(d.choices, ", "));
  if (d.check != nullptr) // every check refuses a control character, so this is the rule's own sentence
    if (const char* allowed = d.check("\x01"); allowed != nullptr) return allowed;
  return "text";
}

} // namespace sett::config
