// sett: the command line. One grammar: a noun, then a verb. Everything that needs a node asks it over its Unix socket.
//
// Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 the node is unreachable, 4 it works but something is degraded.
#include "config/declarations.hpp"
#include "messages/protocol/control.hpp"
#include "messages/types/cluster_ids.hpp"
#include "nodes/api/request.hpp"
#include "tools/sett/account_commands.hpp"
#include "tools/sett/cluster_commands.hpp"
#include "tools/sett/command_context.hpp"
#include "tools/sett/completion.hpp"
#include "tools/sett/config_commands.hpp"
#include "tools/sett/decode_command.hpp"
#include "tools/sett/doctor_io.hpp"
#include "tools/sett/endpoint_commands_io.hpp"
#include "tools/sett/journal_commands_io.hpp"
#include "tools/sett/key_commands.hpp"
#include "tools/sett/node_commands.hpp"
#include "tools/sett/up_command_io.hpp"
#include "tools/sett/wallet_commands_io.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace sett::tools;
namespace control = sett::protocol::control;
using sett::api::percent_encode;

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (const auto equals = text.find('='); equals != std::string::npos)
      out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

/// The words of the command line and what they were set to; the commands read it after parsing.
struct command_line {
  CLI::App app{"sett: looks into a running node of Sett, and more. A noun, then a verb: sett token ls.", "sett"};
  command_context context{.out = std::cout, .err = std::cerr, .settings = {}};
  std::string colour{"auto"};
  std::string form{"table"};
  int code{exit_ok};

  // Values of single commands.
  std::string key, key2, text, sort;
  std::uint32_t limit{}, shard{};
  bool flag{};
  decode_options decode;
  record_options record;
  journal_options journal;
  up_options up;
  order_options order;
  wallet_options own;

  CLI::App* noun(const std::string& name, const std::string& about) {
    auto* n = app.add_subcommand(name, about);
    n->require_subcommand(1);
    n->fallthrough();
    n->footer("`sett " + name + " VERB --help` shows a verb's options and examples.");
    return n;
  }
  CLI::App* verb(CLI::App* of, const std::string& name, const std::string& about, std::function<int()> run,
                 const std::string& examples) {
    auto* v = of->add_subcommand(name, about);
    v->fallthrough();
    v->footer("Examples:\n" + examples);
    v->callback([this, run = std::move(run)] { run_ = run; });
    return v;
  }
  int run() { return run_ ? run_() : exit_usage; }

private:
  std::function<int()> run_; // runs after parsing, so that options behind the verb count
};

void add_globals(command_line& c) {
  c.app.require_subcommand(1);
  c.app.fallthrough();
  c.app.set_version_flag("--version", std::string("sett ") + SETT_VERSION);
  c.app.add_option("-o,--output", c.form, "table, wide (more columns), json (exact figures) or csv")
      ->check(CLI::IsMember({"table", "wide", "json", "csv"}));
  c.app
      .add_option("--watch", c.context.watch_s, "Show it again every SECONDS (2 when no number is given) until Ctrl-C")
      ->expected(0, 1)
      ->default_str("2")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0));
  c.app.add_option("--socket", c.context.socket, "The node's Unix socket; default: what the settings say")
      ->envname("SETT_SOCKET")
      ->type_name("PATH");
  c.app.add_option("--node", c.context.node, "Ask this node of the cluster, through the one behind the socket")
      ->type_name("NAME")
      ->check([](const std::string& name) {
        return sett::node_id::parse(name) ? std::string() : name + " is no node's name: 1 to 15 of a-z, 0-9 and -";
      });
  c.app.add_option("--timeout-ms", c.context.timeout_ms, "How long to wait for the node")
      ->check(CLI::Range(1U, 600'000U));
  c.app.add_option("--config", c.context.settings.files, "Settings file (TOML), as for settd")->type_name("FILE");
  c.app.add_option("--environment", c.context.settings.environment, "paper (default) or mainnet")
      ->envname("SETT_ENVIRONMENT");
  c.app.add_option("--set", c.context.settings.arguments, "One setting, as for settd")->type_name("KEY=VALUE");
  c.app.add_option("--colour", c.colour, "auto (on a terminal, unless NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  c.app.footer("Examples:\n  sett status                     is all well? streams, tokens, events per second, what is "
               "degraded and why\n"
               "  sett token ls --sort volume     the busiest tokens\n  sett token show MINT            pools, holders "
               "and what happened\n"
               "  sett --watch wallet ls          follow the tracked wallets\n  sett decode block.json          events "
               "of a recorded block\n"
               "  sett cluster status             nodes, shards, what is being moved\n  sett --node n2 status          "
               " another node "
               "of the cluster, through this one\n"
               "  sett doctor                     what is wrong with my setup, and what to do\n\n"
               "Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 the node is unreachable, 4 something is degraded.\n`sett "
               "NOUN --help` shows the verbs, `sett NOUN VERB --help` their options with examples.");
}

/// Our own wallets are files, which signerd opens; the signer is asked over its own socket.
void add_own_wallets(command_line& c, CLI::App* wallet) {
  auto& ctx = c.context;
  const std::string where =
      "\n\nWorks on the wallet files in signer.keys_dir (--config, --set, SETT_*), without a node. The passphrase is "
      "asked for, or read from signer.passphrase_file; nothing secret is printed.";
  const auto name_of = [&c](CLI::App* v) {
    v->add_option("name", c.own.name, "1 to 32 of a-z, 0-9 and -")->required();
    v->add_option("--group", c.own.group, "Whose [[policy]] it is under")->capture_default_str();
  };
  name_of(c.verb(
      wallet, "new", "Make a wallet of our own and print its address", [&] { return wallet_new_command(ctx, c.own); },
      "  sett wallet new main\n  sett wallet new second --group small" + where));
  auto* import = c.verb(
      wallet, "import", "Take over a key, or an address to watch", [&] { return wallet_import_command(ctx, c.own); },
      "  sett wallet import main --file id.json             Solana CLI's, or base58\n"
      "  sett wallet import main --words                    typed at the terminal\n"
      "  sett wallet import cold --watch ADDRESS" +
          where);
  name_of(import);
  import->add_option("--file", c.own.file, "Read it from this file (mode 0600)")->type_name("FILE");
  import->add_flag("--words", c.own.words, "It is 12 to 24 words (BIP-0039)");
  import->add_option("--path", c.own.path, "Where below the words; m/44'/501'/0'/0' when not given");
  import->add_option("--watch", c.own.watch, "Only this address, without a key")->type_name("ADDRESS");
  c.verb(
      wallet, "own", "List our own wallets", [&] { return wallet_own_command(ctx); },
      "  sett wallet own\n  sett wallet own -o wide" + where);
  c.verb(
       wallet, "rotate", "A new key under the same name; the old one only sells, and withdraws to it",
       [&] { return wallet_rotate_command(ctx, c.own); }, "  sett wallet rotate main" + where)
      ->add_option("name", c.own.name, "The wallet's name")
      ->required();
  c.verb(
       wallet, "passphrase", "Put all our wallets under another passphrase",
       [&] { return wallet_passphrase_command(ctx, c.own); },
       "  sett wallet passphrase\n  sett wallet passphrase --new-file new-passphrase" + where)
      ->add_option("--new-file", c.own.new_passphrase_file, "Read the new one from this file (mode 0600)")
      ->type_name("FILE");

  auto* signer = c.noun("signer", "The process that holds the keys of our wallets");
  const std::string socket = "\n\nAsks signerd over signer.socket; exit code 3 when it does not run.";
  c.verb(
      signer, "status", "Its wallets, what they spent, what is halted", [&] { return signer_status_command(ctx); },
      "  sett signer status\n  sett signer status -o wide" + socket);
  c.verb(
       signer, "halt", "Sign only sells and ways home for a wallet from now on",
       [&] { return signer_halt_command(ctx, c.own); }, "  sett signer halt main" + socket)
      ->add_option("wallet", c.own.name, "Its name or address")
      ->required();
  auto* resume = c.verb(
      signer, "resume", "End a halt, also one that a restored journal does not know",
      [&] { return signer_resume_command(ctx, c.own); },
      "  sett signer resume main\n  sett signer resume main --number 4" + socket);
  resume->add_option("wallet", c.own.name, "Its name or address")->required();
  resume->add_option("--number", c.own.number, "Of the halt that is meant; default: the one in force");
}

void add_nouns(command_line& c) {
  auto& ctx = c.context;
  const auto path = [](std::string_view p) { return std::string(p); };

  auto* status =
      c.app.add_subcommand("status", "Is all well? Mode, streams, tokens, events per second, what is degraded and why");
  status->fallthrough();
  status->footer("Examples:\n  sett status\n  sett status --watch 1\n  sett status -o json | jq .degraded\n\nExit code "
                 "4 when something is degraded.");

  auto* token = c.noun("token", "Tokens the node has seen");
  auto* ls = c.verb(
      token, "ls", "List tokens",
      [&] {
        return list_command(
            ctx,
            fmt::format("{}?limit={}&sort={}&text={}", control::tokens_path, c.limit, c.sort, percent_encode(c.text)),
            control::token_columns);
      },
      "  sett token ls\n  sett token ls --sort volume --limit 10\n  sett token ls --text pepe -o csv\n  sett token ls "
      "--watch");
  c.limit = 50;
  c.sort = "activity";
  ls->add_option("--limit", c.limit, "At most this many")->check(CLI::Range(1U, 100'000U));
  std::vector<std::string> orders;
  for (const auto& o : control::token_orders) orders.emplace_back(o.word);
  ls->add_option("--sort", c.sort, fmt::format("One of {}", fmt::join(orders, ", ")))->check(CLI::IsMember(orders));
  ls->add_option("--text", c.text, "Only tokens with this in their name or symbol");
  c.verb(
       token, "show", "One token: pools, candles, holders, what happened",
       [&] { return token_show_command(ctx, percent_encode(c.key)); },
       "  sett token show So11111111111111111111111111111111111111112\n  sett token show MINT -o json | jq .series")
      ->add_option("mint", c.key, "The token's mint address")
      ->required();

  auto* opportunity = c.noun("opportunity", "What a strategy may want to look at: new tokens and pools, liquidity");
  c.verb(
       opportunity, "tail", "The last ones as they came, one line each",
       [&] { return opportunity_tail_command(ctx, c.flag); },
       "  sett opportunity tail\n  sett opportunity tail --follow -o json | jq 'select(.kind==\"pool_created\")'\n\n"
       "The node also writes them to opportunities/opportunities.ndjson in its data folder.")
      ->add_flag("-f,--follow", c.flag, "Go on with what comes");

  auto* wallet = c.noun("wallet", "Tracked wallets, and our own");
  c.verb(
      wallet, "ls", "List tracked wallets",
      [&] { return list_command(ctx, path(control::wallets_path), control::wallet_columns); },
      "  sett wallet ls\n  sett wallet ls -o json");
  c.verb(
       wallet, "show", "One wallet: holdings and trades",
       [&] { return wallet_show_command(ctx, percent_encode(c.key)); }, "  sett wallet show WALLET")
      ->add_option("wallet", c.key, "The wallet's address")
      ->required();
  c.verb(
      wallet, "balance", "What the trading account's wallet has, and what of it is free",
      [&] { return balance_command(ctx); }, "  sett wallet balance\n  sett wallet balance -o json");
  auto* track = c.verb(
      wallet, "track", "Follow a wallet from now on",
      [&] {
        return change_command(
            ctx, "POST",
            fmt::format("{}/{}?label={}", control::wallets_path, percent_encode(c.key), percent_encode(c.text)),
            "tracked from now on", "it is tracked already");
      },
      "  sett wallet track WALLET --label whale");
  track->add_option("wallet", c.key, "The wallet's address")->required();
  track->add_option("--label", c.text, "A name for people");
  c.verb(
       wallet, "untrack", "Stop following a wallet",
       [&] {
         return change_command(ctx, "DELETE", fmt::format("{}/{}", control::wallets_path, percent_encode(c.key)),
                               "not tracked any more", "it was not tracked");
       },
       "  sett wallet untrack WALLET")
      ->add_option("wallet", c.key, "The wallet's address")
      ->required();

  add_own_wallets(c, wallet);

  auto* endpoint = c.noun("endpoint", "Providers the node reads the chain from");
  c.verb(
      endpoint, "ls", "List endpoints with their health",
      [&] { return list_command(ctx, path(control::endpoints_path), control::endpoint_columns); },
      "  sett endpoint ls\n  sett endpoint ls --watch 1");
  c.verb(
       endpoint, "show", "One endpoint in full",
       [&] { return show_command(ctx, fmt::format("{}/{}", control::endpoints_path, percent_encode(c.key))); },
       "  sett endpoint show main")
      ->add_option("name", c.key, "Its name in the settings")
      ->required();
  c.verb(
      endpoint, "plan", "The ways to read the chain, and what they cost",
      [&] { return list_command(ctx, path(control::plans_path), control::plan_columns); }, "  sett endpoint plan");
  c.verb(
       endpoint, "test", "Ask an endpoint something harmless, now", [&] { return endpoint_test_command(ctx, c.key); },
       "  sett endpoint test main\n  SETT_ENDPOINT_X_HTTP=https://... sett endpoint test x\n\n"
       "Uses the settings given here (--config, SETT_*), from this machine, without a node.")
      ->add_option("name", c.key, "Its name in the settings")
      ->required();

  auto* actor = c.noun("actor", "The node's actors");
  auto* actors = c.verb(
      actor, "ls", "List actors",
      [&] {
        return list_command(
            ctx,
            fmt::format("{}?prefix={}&sort={}&limit={}", control::actors_path, percent_encode(c.key), c.key2, c.limit),
            control::actor_columns);
      },
      "  sett actor ls\n  sett actor ls /node/tokens --sort depth --limit 10\n  sett actor ls --sort restarts");
  c.key2 = "path";
  actors->add_option("prefix", c.key, "Only paths that begin with this");
  actors->add_option("--sort", c.key2, "path, depth, head_age, restarts or handled")
      ->check(CLI::IsMember({"path", "depth", "head_age", "restarts", "handled"}));
  actors->add_option("--limit", c.limit, "At most this many")->check(CLI::Range(1U, 100'000U));
  c.verb(
       actor, "show", "One actor, with the messages that crashed it",
       [&] { return show_command(ctx, fmt::format("{}?path={}", control::actor_path, percent_encode(c.key))); },
       "  sett actor show /node/router")
      ->add_option("path", c.key, "Its path")
      ->required();
  c.verb(
       actor, "restart", "End an actor; its supervisor starts it again",
       [&] {
         return change_command(ctx, "POST",
                               fmt::format("{}?path={}", control::actor_restart_path, percent_encode(c.key)),
                               "it is being restarted");
       },
       "  sett actor restart /node/gateway")
      ->add_option("path", c.key, "Its path")
      ->required();

  auto* config = c.noun("config", "Settings");
  auto* show = c.verb(
      config, "show", "Every setting, its value and where that comes from",
      [&] { return config_show_command(ctx, c.key, c.flag); },
      "  sett config show\n  sett --config my.toml config show log\n  sett config show --running");
  show->add_option("prefix", c.key, "Only this area or key");
  show->add_flag("--running", c.flag, "What the running node works with");
  c.verb(
       config, "explain", "What a setting means and takes", [&] { return config_explain_command(ctx, c.key); },
       "  sett config explain log.levels\n  sett config explain endpoint")
      ->add_option("key", c.key, "A setting, an area or a SETT_* variable")
      ->required();
  c.verb(
      config, "check", "Check the settings and list every fault", [&] { return config_check_command(ctx); },
      "  sett --config my.toml config check");
  c.verb(
      config, "defaults", "Print a documented file with all defaults", [&] { return config_defaults_command(ctx); },
      "  sett config defaults > my.toml");

  auto* journal = c.noun("journal", "A journal's folder, read where it lies, without a node");
  auto* verify = c.verb(
      journal, "verify", "Check every crc, chain, hole, meta and state hash",
      [&] { return journal_verify_command(ctx, c.journal); },
      "  sett journal verify DATA/journal\n  sett journal verify DATA --shard 3 -o json\n\nExit code 1 when there is a "
      "fault.");
  auto* dump = c.verb(
      journal, "dump", "Show the entries", [&] { return journal_dump_command(ctx, c.journal); },
      "  sett journal dump DATA/journal --shard 3\n  sett journal dump DATA -o json --limit 100000");
  for (auto* v : {verify, dump}) {
    v->add_option("folder", c.journal.folder, "The journal's folder, or the data folder above it")->required();
    v->add_option("--shard", c.journal.shard, "Only this shard");
  }
  dump->add_option("--limit", c.journal.limit, "At most this many entries");

  auto* log = c.noun("log", "The node's log");
  auto* level = c.verb(
      log, "level", "Show the levels, or change one in the running node",
      [&] {
        if (c.key.empty()) return log_levels_command(ctx);
        return change_command(
            ctx, "POST",
            fmt::format("{}?area={}&level={}", control::log_levels_path, percent_encode(c.key), percent_encode(c.key2)),
            fmt::format("{} now writes {} and above", c.key, c.key2));
      },
      "  sett log level\n  sett log level ingest debug\n  sett log level '*' warn");
  level->add_option("area", c.key, "An area, or * for all that have no level of their own");
  auto* to = level->add_option("level", c.text, "trace, debug, info, warn, error or off")
                 ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  to->each([&c](const std::string& v) { c.key2 = v; });
  c.verb(
       log, "tail", "The last lines", [&] { return log_tail_command(ctx, c.flag); },
       "  sett log tail\n  sett log tail --follow\n  sett log tail -o json | jq 'select(.level==\"warn\")'")
      ->add_flag("-f,--follow", c.flag, "Go on with what comes");
}

void add_account(command_line& c) {
  auto& ctx = c.context;
  const auto word = [&](const char* name, const char* about, const char* examples) {
    auto* v = c.app.add_subcommand(name, about);
    v->fallthrough();
    v->footer(std::string("Examples:\n") + examples);
    return v;
  };
  const auto order = [&](CLI::App* v) {
    v->add_option("mint", c.order.mint, "The token's mint address")->required();
    return v;
  };
  const auto ordered = [&](CLI::App* v) {
    v->add_option("--max-age-blocks", c.order.max_age_blocks, "It dies within so many blocks if it has not landed")
        ->check(CLI::Range(1, 150));
    v->add_option("--key", c.order.key, "Names the order: the same key twice is one order");
    v->add_flag("--wait", c.order.wait, "Until it has ended; exit code 1 unless it settled");
  };
  auto* buy = order(word("buy", "Buy a token with the trading account",
                         "  sett buy MINT --sol 0.05\n  sett buy MINT --sol 0.05 --slippage-bps 300 --wait"));
  buy->add_option("--sol", c.order.sol, "How much to spend, all fees of the venue in it")->required()->type_name("SOL");
  buy->add_option("--slippage-bps", c.order.slippage_bps, "How much worse than the quote it may be filled, in 1/10,000")
      ->check(CLI::Range(0, 10'000));
  ordered(buy);
  auto* sell =
      order(word("sell", "Sell a position, or a part of it", "  sett sell MINT\n  sett sell MINT --percent 50"));
  sell->add_option("--percent", c.order.percent, "How much of it")->check(CLI::Range(1U, 100U));
  ordered(sell);
  auto* quote = order(word("quote", "What a buy or a sale would give now",
                           "  sett quote MINT --sol 0.05\n  sett quote MINT              what is held of it"));
  quote->add_option("--sol", c.order.sol, "A buy for so much")->type_name("SOL");
  quote->add_option("--percent", c.order.percent, "Without --sol: how much of the position is sold")
      ->check(CLI::Range(1U, 100U));
  word("pnl", "Profit and loss by strategy", "  sett pnl\n  sett pnl -o csv");
  word("halt", "Buy nothing any more; sells go on", "  sett halt");
  word("resume", "Let the account buy again", "  sett resume");
  order(word("cancel", "Withdraw an order before anything of it was signed", "  sett cancel ORDER"))
      ->get_option("mint")
      ->description("The order's number, or its beginning");

  auto* orders = c.noun("order", "What was ordered, and what became of it");
  auto* ls = c.verb(
      orders, "ls", "List orders, newest first", [&] { return order_list_command(ctx, c.flag, c.limit); },
      "  sett order ls\n  sett order ls --open\n  sett order ls -o wide");
  ls->add_flag("--open", c.flag, "Only those that are not over");
  ls->add_option("--limit", c.limit, "At most this many")->check(CLI::Range(1U, 100'000U));
  c.verb(
       orders, "show", "One order's whole story, with times and reasons",
       [&] { return order_show_command(ctx, c.key); }, "  sett order show 3827a6f9\n  sett order show ORDER --watch 1")
      ->add_option("order", c.key, "Its number, or the beginning of it")
      ->required();
  auto* positions = c.noun("position", "What the trading account holds");
  c.verb(
      positions, "ls", "List positions at what they could be sold for now", [&] { return position_list_command(ctx); },
      "  sett position ls\n  sett position ls --watch 1");
  const auto minted = [&](CLI::App* v) { v->add_option("mint", c.order.mint, "The token's mint address")->required(); };
  minted(c.verb(
      positions, "show", "One position with its orders", [&] { return position_show_command(ctx, c.order.mint); },
      "  sett position show MINT"));
  auto* close = c.verb(
      positions, "close", "Sell all of it", [&] { return sell_command(ctx, c.order); },
      "  sett position close MINT --wait");
  minted(close);
  ordered(close);
}

void add_cluster(command_line& c) {
  auto& ctx = c.context;
  auto* node = c.noun("node", "The nodes of the cluster");
  c.verb(
      node, "ls", "Who there is, who is down, who leads and holds how many shards",
      [&] { return list_command(ctx, std::string(control::nodes_path), control::node_columns); },
      "  sett node ls\n  sett node ls -o wide\n  sett node ls --watch 1");
  const auto named = [&](CLI::App* v) { v->add_option("node", c.key, "Its name")->required(); };
  named(c.verb(
      node, "show", "One node in full, with its shards", [&] { return node_show_command(ctx, c.key); },
      "  sett node show n2"));
  auto* drain = c.verb(
      node, "drain", "Have a node give away what it leads and holds, before it is stopped for long",
      [&] { return node_drain_command(ctx, c.key, true, c.flag); },
      "  sett node drain n2 --wait && ssh n2 systemctl stop settd\n\nA node that is only restarted needs no drain: it "
      "hands over what it leads when it is stopped.");
  named(drain);
  drain->add_flag("--wait", c.flag, "Until it is empty, or holds only what no other node can take");
  auto* undrain = c.verb(
      node, "undrain", "Let a node take shards again", [&] { return node_drain_command(ctx, c.key, false, c.flag); },
      "  sett node undrain n2 --wait");
  named(undrain);
  undrain->add_flag("--wait", c.flag, "Until it has its part again");

  auto* shard = c.noun("shard", "Shards: who leads them, who has copies");
  c.verb(
      shard, "ls", "Every shard with its leader and its in-sync replicas",
      [&] { return list_command(ctx, std::string(control::shards_path), control::shard_columns); },
      "  sett shard ls\n  sett shard ls -o json | jq '.rows[] | select(.isr | length < 3)'");
  const auto numbered = [&](CLI::App* v) {
    v->add_option("shard", c.shard, "Its number")->required()->check(CLI::Range(0U, 65'535U));
  };
  numbered(c.verb(
      shard, "show", "One shard as its leader sees it: journal, followers, alarms",
      [&] { return shard_show_command(ctx, c.shard); },
      "  sett shard show 7\n  sett --node n3 shard show 7     as the replica on n3 sees it"));
  auto* move = c.verb(
      shard, "move", "Hand a shard to another node that has an in-sync replica",
      [&] { return shard_move_command(ctx, c.shard, c.key2); },
      "  sett shard move 7 --to n2\n\nRebalancing may move it back; `sett cluster rebalance off` keeps it there.");
  numbered(move);
  // Options share their values with other verbs: this one must not keep another's default.
  move->add_option("--to", c.text, "The node that shall lead it")
      ->required()
      ->type_name("NODE")
      ->each([&c](const std::string& v) { c.key2 = v; })
      ->check([](const std::string& name) {
        return sett::node_id::parse(name) ? std::string() : name + " is no node's name: 1 to 15 of a-z, 0-9 and -";
      });
  auto* recover = c.verb(
      shard, "recover", "Go on with the replica that is left, giving up what only the others had",
      [&] { return shard_recover_command(ctx, c.shard, c.flag); },
      "  sett shard recover 7 --accept-loss\n  sett --node n3 shard recover 7 --accept-loss     with the replica on "
      "n3\n\n"
      "The last resort: a shard that waits for a lost replica serves again when that node comes back, with nothing "
      "lost.");
  numbered(recover);
  recover->add_flag("--accept-loss", c.flag, "What the replica does not have is given up, for good");

  auto* cluster = c.noun("cluster", "The cluster as a whole");
  c.verb(
      cluster, "status", "Is it whole? Nodes, shards, what is being moved", [&] { return cluster_status_command(ctx); },
      "  sett cluster status\n  sett cluster status --watch 1\n\nExit code 4 when a node is down or a shard lacks "
      "something.");
  c.verb(
       cluster, "rebalance", "Whether shards move by themselves", [&] { return cluster_rebalance_command(ctx, c.key); },
       "  sett cluster rebalance rollout     before nodes are restarted one after the other\n  sett cluster rebalance "
       "on\n\non: shards move to where they belong; off: only lost replicas are replaced and drains are served; "
       "rollout: "
       "drains only.")
      ->add_option("mode", c.key, "on, off or rollout")
      ->required()
      ->check(CLI::IsMember({"on", "off", "rollout"}));
}

void add_keys(command_line& c) {
  auto& ctx = c.context;
  auto* key = c.noun("key", "Keys");
  auto* node = key->add_subcommand("node", "The key by which other nodes know this one, and whom this node trusts");
  node->require_subcommand(1);
  node->fallthrough();
  const std::string where = "\n\nWorks on the files in node.data_dir (--config, --set, SETT_*), without a node.";
  const std::string followed = where + " A node that runs follows within seconds.";
  c.verb(
      node, "new", "Make this node's key and print the public one", [&] { return key_node_new_command(ctx); },
      "  sett key node new\n  sett --set node.data_dir=run/n2 key node new" + where);
  c.verb(
      node, "show", "The public key and whom this node trusts", [&] { return key_node_show_command(ctx); },
      "  sett key node show\n  sett key node show -o json | jq -r .public_key" + where);
  auto* trust = c.verb(
      node, "trust", "Let a node in by its public key",
      [&] { return key_node_trust_command(ctx, c.key, c.key2, c.flag); },
      "  sett key node trust n2 KEY\n  sett key node trust --remove n2 OLD_KEY" + followed);
  trust->add_option("name", c.key, "The node's name")->required();
  // Options share their values with other verbs: this one must not keep another's default.
  trust->add_option("public-key", c.text, "40 characters, from `sett key node new` on that node")
      ->required()
      ->each([&c](const std::string& v) { c.key2 = v; });
  trust->add_flag("--remove", c.flag, "Trust this key no longer");
  c.verb(
       node, "rotate", "Make the key to come; with --finish it replaces the one in use",
       [&] { return key_node_rotate_command(ctx, c.flag); },
       "  sett key node rotate\n  sett key node rotate --finish\n\nIn between, every other node has to trust the new "
       "key." +
           followed)
      ->add_flag("--finish", c.flag, "Every other node trusts the new key: use it");
}

void add_rest(command_line& c) {
  auto* decode =
      c.app.add_subcommand("decode", "Decode recorded transactions or blocks to events, one JSON object per line");
  decode->fallthrough();
  decode
      ->add_option("file", c.decode.files,
                   "Files of getTransaction, getBlock, notifications, wire bytes or `sett record`; - is standard input")
      ->required();
  decode->add_flag("--summary", c.decode.summary, "A table of counts instead of lines");
  decode->add_option("--slot", c.decode.slot, "The slot, where a document does not say it")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 62));
  decode->footer("Examples:\n  sett decode block.json\n  sett decode --summary *.json\n  curl -s ... | sett decode -");

  auto* record =
      c.app.add_subcommand("record", "Write what an endpoint's stream carries, frame by frame; simnet plays it back");
  record->fallthrough();
  record->add_option("file", c.record.file, "Where to; - is standard output")->required();
  record->add_option("--endpoint", c.record.endpoint, "Its name in the settings; needed when there are several");
  record->add_option("--seconds", c.record.seconds, "Stop after this time; 0: Ctrl-C")->check(CLI::Range(0.0, 1e7));
  record->add_option("--frames", c.record.frames_max, "Stop after this many received frames; 0: never")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 62));
  record->footer("Examples:\n  sett --config my.toml record stream.jsonl --seconds 60\n  sett record - --endpoint main "
                 "--frames 100 | head -2\n\n"
                 "Uses the settings given here (--config, SETT_*), without a node. No address is written.");

  auto* doctor =
      c.app.add_subcommand("doctor", "Check settings, node, endpoints, disk, clock and limits, and say what to do");
  doctor->fallthrough();
  doctor->footer("Examples:\n  sett doctor\n  sett --config my.toml doctor\n\nExit codes: 0 all well, 4 something to "
                 "look at, 1 something is wrong.");

  auto* up = c.app.add_subcommand("up", "Run a cluster on this machine until Ctrl-C: etcd, nodes, and what ends is "
                                        "started again");
  up->add_option("--nodes", c.up.nodes, "How many")->check(CLI::Range(1U, 15U));
  up->add_option("--dir", c.up.folder, "Where keys, data and logs live; a later `up` goes on with them")
      ->type_name("DIR");
  up->add_option("--etcd", c.up.etcd, "A consensus store that runs already; may be given several times")
      ->type_name("HOST:PORT")
      ->expected(1)
      ->take_all();
  up->add_option("settings", c.up.settings, "Behind --: what every settd is given as well")->type_name("-- ARGUMENT");
  up->footer("Examples:\n  sett up\n  sett up --nodes 5 --dir /var/tmp/five\n  sett up -- --config my.toml --set "
             "cluster.shards=16\n  sett up --etcd 10.0.0.1:2379 --etcd 10.0.0.2:2379\n\n"
             "A node's log is DIR/nX/log/sett.log, its socket DIR/nX/sett.sock. `sett down` stops it from elsewhere.");

  auto* down = c.app.add_subcommand("down", "Stop the cluster that `sett up` runs in a folder");
  down->add_option("--dir", c.up.folder, "Its folder")->type_name("DIR");
  down->add_flag("--wipe", c.flag, "Remove its keys, data and logs, for good");
  down->footer("Examples:\n  sett down\n  sett down --dir /var/tmp/five --wipe");

  auto* completion = c.app.add_subcommand("completion", "Print a completion script");
  completion->add_option("shell", c.key, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  completion->footer("Examples:\n  source <(sett completion bash)\n  source <(sett completion zsh)");
}

int run(command_line& c) {
  const auto chosen = [&](const char* name) { return c.app.got_subcommand(name); };
  if (chosen("status")) return status_command(c.context);
  if (chosen("buy")) return buy_command(c.context, c.order);
  if (chosen("sell")) return sell_command(c.context, c.order);
  if (chosen("quote")) return quote_command(c.context, c.order);
  if (chosen("pnl")) return pnl_command(c.context);
  if (chosen("halt")) return halt_command(c.context, true);
  if (chosen("resume")) return halt_command(c.context, false);
  if (chosen("cancel")) return order_cancel_command(c.context, c.order.mint);
  if (chosen("decode")) return run_decode(c.decode, std::cin, std::cout, std::cerr);
  if (chosen("record")) return record_command(c.context, c.record);
  if (chosen("up")) return up_command(c.context, c.up);
  if (chosen("down")) return down_command(c.context, c.up.folder, c.flag);
  if (chosen("doctor")) return doctor_command(c.context);
  if (chosen("completion")) {
    std::cout << (c.key == "bash" ? bash_completion(c.app) : zsh_completion(c.app));
    return exit_ok;
  }
  return c.run();
}

/// What is wrong with the command line: the words of the parser, unless a word that no command has, or the lack of
/// one, says more. One line, then where help is.
void explain(const CLI::App& app, int argc, char** argv, std::string_view fault) {
  const auto* at = &app;
  std::string path = app.get_name();
  for (int i = 1; i < argc && !at->get_subcommands(nullptr).empty(); ++i) {
    const std::string word(argv[i]);
    if (word.starts_with("-")) break; // its value cannot be told from a word
    const CLI::App* next = nullptr;
    std::vector<std::string> names;
    for (const auto* sub : at->get_subcommands(nullptr)) {
      names.push_back(sub->get_name());
      if (sub->get_name() == word) next = sub;
    }
    if (next == nullptr) {
      const auto similar = sett::config::most_similar(word, names);
      std::cerr << fmt::format("sett: there is no \"{}\"; {}\n", word,
                               similar.empty() ? fmt::format("one of: {}", fmt::join(names, ", "))
                                               : fmt::format("did you mean {}?", similar));
      return;
    }
    at = next;
    path += " " + word;
  }
  if (at->get_subcommands().empty() && !at->get_subcommands(nullptr).empty() && fault.starts_with("A subcommand")) {
    std::vector<std::string> names;
    for (const auto* sub : at->get_subcommands(nullptr)) names.push_back(sub->get_name());
    std::cerr << fmt::format("{}: say what to look at or do: {}\n", path, fmt::join(names, ", "));
  } else {
    std::cerr << fmt::format("{}: {}\n", path, fault);
  }
  std::cerr << fmt::format("`{} --help` shows what it takes, with examples.\n", path);
}

} // namespace

int main(int argc, char** argv) {
  command_line c;
  add_globals(c);
  add_nouns(c);
  add_account(c);
  add_cluster(c);
  add_keys(c);
  add_rest(c);
  try {
    c.app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return c.app.exit(e); // --help, --version
    explain(c.app, argc, argv, e.what());
    return exit_usage;
  }
  const std::map<std::string, output_form> forms{{"table", output_form::table},
                                                 {"wide", output_form::wide},
                                                 {"json", output_form::json},
                                                 {"csv", output_form::csv}};
  c.context.form = forms.at(c.form);
  c.context.terminal = ::isatty(STDOUT_FILENO) == 1;
  c.context.colours =
      c.colour == "always" || (c.colour == "auto" && c.context.terminal && std::getenv("NO_COLOR") == nullptr);
  c.context.settings.variables = process_environment();
  const int code = run(c);
  std::cout.flush();
  return std::cout ? code : exit_failed;
}
