// signerd: the process that holds the keys. Opens the wallets, listens on a Unix socket, gives up the network, signs
// what its policies allow until a signal ends it.
//
// Exit codes: 0 stopped in order, 1 could not start, 2 wrong arguments or settings.
#include "actors/signer/signing_desk.hpp"
#include "actors/signer/wallet_folder_io.hpp"
#include "config/shipped.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/signerd/hardening_io.hpp"
#include "nodes/signerd/policy_settings.hpp"
#include "nodes/signerd/signer_server_io.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace sett;

constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2;
constexpr std::size_t book_bytes_max = 64U * 1024;

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (const auto equals = text.find('='); equals != std::string::npos)
      out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

unix_seconds wall_now() {
  return unix_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

template <class... Arguments>
int failed(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  fmt::print(stderr, "signerd: {}\n", fmt::format(text, std::forward<Arguments>(arguments)...));
  return exit_failed;
}

std::string book_path(const std::string& folder, const address& wallet) {
  return folder + "/" + solana::to_base58(wallet) + ".book";
}

/// Puts every wallet of the folder onto the desk. What it cost to open them is wiped when it returns.
result<std::size_t> open_wallets(const config::settings& s, signer::signing_desk& desk) {
  const auto files = signer::wallet_folder(s.signer_keys_dir()).all();
  if (!files) return std::unexpected(files.error());
  if (files->size() > 128)
    return fail(signer::area, signer::signer_errc::io, "there are more than 128 wallets; use a second signer");
  std::size_t with_key = 0;
  for (const auto& f : *files) with_key += f.key.has_value();
  if (with_key == 0)
    return fail(signer::area, signer::signer_errc::not_found,
                "there is no wallet with a key in " + s.signer_keys_dir() + "; make one with `sett wallet new NAME`");
  const auto passphrase = signer::ask_passphrase(s.signer.passphrase_file, "Passphrase of the wallets: ", false);
  if (!passphrase) return std::unexpected(passphrase.error());
  for (const auto& f : *files) {
    if (!f.key) {
      if (auto ok = desk.add(f, nullptr, {}); !ok) return std::unexpected(ok.error());
      continue;
    }
    signer::wallet_book book;
    const auto text = signer::read_small_file(book_path(s.signer_state_dir(), f.address), book_bytes_max);
    if (text) {
      const auto read = signer::parse_wallet_book(f.address, *text);
      if (!read)
        return fail(signer::area, signer::signer_errc::bad_state,
                    book_path(s.signer_state_dir(), f.address) + ": " + read.error().message);
      book = *read;
      if (const auto ok = signer::check_clock(book, wall_now()); !ok)
        return fail(signer::area, signer::signer_errc::bad_clock,
                    book_path(s.signer_state_dir(), f.address) + ": " + ok.error().message);
    } else if (text.error().code != static_cast<std::uint16_t>(signer::signer_errc::not_found)) {
      return std::unexpected(text.error());
    }
    const auto seed = signer::open(f, passphrase->text());
    if (!seed) return std::unexpected(seed.error());
    if (auto ok = desk.add(f, &*seed, book); !ok) return std::unexpected(ok.error());
  }
  return with_key;
}

int run(const config::settings& s) {
  auto policies = signerd::policies_of(s);
  if (!policies) return failed("{}", policies.error().message);
  const auto state = s.signer_state_dir();
  for (const auto& folder : {s.node.data_dir, state})
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return failed("cannot make {}: {}", folder, std::strerror(errno));
  // Two signers with one state would each count half.
  const int lock = ::open((state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return failed("another signer uses {}; stop it, or give signer.state_dir", state);

  signer::signing_desk desk(std::move(*policies), [&](const address& wallet, const std::string& text) {
    const auto stored = signer::replace_small_file(state, book_path(state, wallet), text);
    if (!stored) fmt::print(stderr, "signerd: the signer's sums cannot be stored: {}\n", stored.error().message);
    return stored.has_value();
  });
  const auto wallets = open_wallets(s, desk);
  if (!wallets) return failed("{}", wallets.error().message);

  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int stop = ::signalfd(-1, &signals, SFD_CLOEXEC);
  if (stop < 0) return failed("cannot wait for signals: {}", std::strerror(errno));

  signerd::signer_server server(
      {.socket = s.signer_socket(), .queue_max = s.signer.queue_max, .connections_max = s.signer.connections_max});
  if (const auto ok = server.listen(); !ok) return failed("{}", ok.error().message);
  if (const auto ok = signerd::give_up_network(); !ok) return failed("{}", ok.error().message);
  fmt::print(stderr, "signerd: {} wallet{} open, listening on {}\n", *wallets, *wallets == 1 ? "" : "s",
             s.signer_socket());
  for (const auto& w : desk.status(wall_now()))
    fmt::print(stderr, "signerd: wallet {} ({}) {}{}{}\n", w.name, w.group, solana::to_base58(w.address),
               w.watch_only ? ", watch-only"
               : w.retired  ? ", retired"
                            : "",
               w.halted ? fmt::format(", halted ({})", w.halt_number) : "");
  const auto did = server.run(desk, wall_now, stop);
  const bool stored = desk.store_all();
  fmt::print(
      stderr,
      "signerd: stopped; {} signed, {} refused, {} of them overloaded, {} connections closed for nonsense, {} for "
      "newer ones\n",
      did.signed_, did.refused, did.overloaded, did.broken, did.displaced);
  return stored ? exit_ok : exit_failed;
}

} // namespace

int main(int argc, char** argv) {
  if (const auto ok = signerd::protect_process(); !ok) return failed("{}", ok.error().message);
  CLI::App app{"signerd: holds the keys of the trading wallets and signs what its own policy allows, nothing else.\n"
               "It has no network; nodes ask it over a Unix socket that only their user can open."};
  config::sources from;
  bool check = false;
  app.add_option("--config", from.files, "Settings file (TOML); may be given several times, later ones win")
      ->type_name("FILE");
  app.add_option("--environment", from.environment, "paper (default) or mainnet")->envname("SETT_ENVIRONMENT");
  app.add_option("--set", from.arguments, "One setting, stronger than files and variables")->type_name("KEY=VALUE");
  app.add_flag("--check-config", check, "Check settings and policies, print every fault and end");
  app.set_version_flag("--version", std::string("signerd ") + SETT_VERSION);
  app.footer(
      "First steps:\n"
      "  sett wallet new main --group trading     makes a wallet and prints its address; fund it later\n"
      "  in signer.toml: [[policy]]\n"
      "                  name = \"trading\"         the group whose wallets it is for\n"
      "                  spend_lamports_max = 50000000\n"
      "                  destinations = \"ADDRESS\"  where money may be withdrawn to\n"
      "  signerd --config signer.toml             asks for the passphrase, then signs\n"
      "  sett signer status                       wallets, what they spent, what is halted\n\n"
      "The passphrase comes from the terminal, or from a file with mode 0600 (signer.passphrase_file), never from an\n"
      "argument or a variable. `sett config explain policy.NAME.spend_lamports_hour_max` explains a limit.\n\n"
      "A message is refused with its reason unless it is exactly one of: buy, sell, wrap, unwrap, opening or closing\n"
      "token accounts, withdrawal to a listed destination, making, advancing or closing a nonce.\n\n"
      "Exit codes: 0 stopped in order, 1 could not start, 2 wrong arguments or settings.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e); // --help, --version
    fmt::print(stderr, "signerd: {}\n`signerd --help` shows what it takes, with examples.\n", e.what());
    return exit_usage;
  }
  from.variables = process_environment();
  const auto settings = config::load(from);
  if (!settings.ok()) {
    for (const auto& fault : settings.faults) fmt::print(stderr, "signerd: {}\n", fault.text());
    return exit_usage;
  }
  if (check) {
    const auto policies = signerd::policies_of(settings.value);
    if (!policies) return failed("{}", policies.error().message), exit_usage;
    fmt::print("settings are fine: {} polic{}\n", policies->size(), policies->size() == 1 ? "y" : "ies");
    return exit_ok;
  }
  std::signal(SIGPIPE, SIG_IGN);
  return run(settings.value);
}
