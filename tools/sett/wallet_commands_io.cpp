#include "tools/sett/wallet_commands_io.hpp"

#include "actors/signer/signer_error.hpp"
#include "actors/signer/signer_frames.hpp"
#include "actors/signer/wallet_folder_io.hpp"
#include "messages/solana/base58.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <ostream>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace sett::tools {

namespace {

namespace json = boost::json;
namespace control = protocol::control;

constexpr std::size_t import_bytes_max = 1024;

/// The settings; nullopt: said why not.
std::optional<config::settings> settings_of(const command_context& c) {
  auto r = config::load(c.settings);
  if (r.ok()) return std::move(r.value);
  for (const auto& f : r.faults) c.err << "sett: " << f.text() << "\n";
  return std::nullopt;
}

result<signer::secret_memory> passphrase(const config::settings& s, bool confirm) {
  return signer::ask_passphrase(s.signer.passphrase_file, "Passphrase of the wallets: ", confirm);
}

/// Wallets share one passphrase: signerd asks for one. The first wallet's is new, later ones must open the others.
result<signer::secret_memory> shared_passphrase(const config::settings& s) {
  const auto files = signer::wallet_folder(s.signer_keys_dir()).all();
  if (!files) return std::unexpected(files.error());
  const auto other = std::ranges::find_if(*files, [](const auto& w) { return w.key.has_value(); });
  auto out = passphrase(s, other == files->end());
  if (!out || other == files->end()) return out;
  if (const auto opened = signer::open(*other, out->text()); !opened) return std::unexpected(opened.error());
  return out;
}

bool checked(const command_context& c, const wallet_options& o) {
  for (const auto& name : {o.name, o.group})
    if (!signer::valid_wallet_name(name)) {
      report(c, exit_usage, fmt::format("{} is no name: 1 to 32 of a-z, 0-9 and -, a letter first", name));
      return false;
    }
  return true;
}

int put_address(const command_context& c, const signer::wallet_file& w, std::string_view hint) {
  const auto text = solana::to_base58(w.address);
  if (c.form == output_form::json)
    c.out << json::serialize(json::object{{"name", w.name}, {"group", w.group}, {"address", text}}) << "\n";
  else
    c.out << text << "\n";
  c.err << hint << "\n";
  return exit_ok;
}

int store_new(const command_context& c, const config::settings& s, signer::wallet_file w,
              const signer::secret_memory& seed, std::string_view hint) {
  const auto key = std::span<const std::uint8_t, signer::seed_bytes>(seed.bytes());
  w.address = signer::address_of(key);
  const auto pass = shared_passphrase(s);
  if (!pass) return report(c, pass.error());
  if (const auto ok = signer::seal_fresh(w, key, pass->text()); !ok) return report(c, ok.error());
  if (const auto ok = signer::wallet_folder(s.signer_keys_dir()).create(w); !ok) return report(c, ok.error());
  return put_address(c, w, hint);
}

constexpr std::string_view keep_copy = "Keep a copy of its file, and of the passphrase apart: without both its money "
                                       "is lost. signerd knows it after a restart.";

result<signer::signer_answer> call_signer(const command_context& c, const config::settings& s, signer::signer_ask ask) {
  const auto path = s.signer_socket();
  const auto failed = [&](std::string_view what) {
    return fail(signer::area, signer::signer_errc::unreachable,
                fmt::format("the signer's socket {} {}: {}; is signerd running?", path, what, std::strerror(errno)));
  };
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof to.sun_path) return errno = ENAMETOOLONG, failed("cannot be opened");
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("cannot be opened");
  struct closer {
    int fd;
    ~closer() { ::close(fd); }
  } const close_it{fd};
  const timeval limit{static_cast<time_t>(c.timeout_ms / 1000), static_cast<suseconds_t>(c.timeout_ms % 1000 * 1000)};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return failed("cannot be opened");
  const auto frame = signer::encode(signer::signer_request{.id = 1, .ask = std::move(ask)});
  if (::send(fd, frame.data(), frame.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(frame.size()))
    return failed("takes nothing");
  signer::frame_cutter cutter(signer::reply_bytes_max);
  std::array<char, 16 * 1024> part{};
  for (;;) {
    if (const auto reply = cutter.next()) {
      auto got = signer::decode_reply(*reply);
      if (!got) return std::unexpected(got.error());
      return std::move(got->answer);
    }
    const auto n = ::recv(fd, part.data(), part.size(), 0);
    if (n <= 0 || cutter.broken()) return failed("gives no answer");
    cutter.append({part.data(), static_cast<std::size_t>(n)});
  }
}

int signer_failed(const command_context& c, const error& e) {
  report(c, e);
  return e.code == static_cast<std::uint16_t>(signer::signer_errc::unreachable) ? exit_unreachable : exit_failed;
}

result<std::vector<signer::wallet_status>> signer_status(const command_context& c, const config::settings& s) {
  auto got = call_signer(c, s, signer::status_ask{});
  if (!got) return std::unexpected(got.error());
  if (auto* all = std::get_if<std::vector<signer::wallet_status>>(&*got)) return std::move(*all);
  return fail(signer::area, signer::signer_errc::bad_frame, "the signer answered something else");
}

/// Halts or resumes a wallet given by name or address.
int change_halt(const command_context& c, const wallet_options& o, bool halt) {
  const auto s = settings_of(c);
  if (!s) return exit_failed;
  const auto all = signer_status(c, *s);
  if (!all) return signer_failed(c, all.error());
  const auto w = std::ranges::find_if(
      *all, [&](const auto& one) { return one.name == o.name || solana::to_base58(one.address) == o.name; });
  if (w == all->end()) return report(c, exit_failed, fmt::format("the signer has no wallet {}", o.name));
  if (!halt && !w->halted) return report(c, exit_failed, fmt::format("wallet {} is not halted", w->name));
  const auto number = o.number > 0 ? o.number : w->halt_number + (halt && !w->halted ? 1 : 0);
  const auto got = call_signer(c, *s,
                               halt ? signer::signer_ask(signer::halt_ask{w->address, number})
                                    : signer::signer_ask(signer::resume_ask{w->address, number}));
  if (!got) return signer_failed(c, got.error());
  const auto* answer = std::get_if<signer::halt_answer>(&*got);
  if (answer == nullptr || !answer->stored)
    return report(c, exit_failed,
                  halt ? fmt::format("wallet {} is halted, but that could not be stored: see signerd's output", w->name)
                       : fmt::format("wallet {} stays halted: halt {} is in force", w->name, w->halt_number));
  if (halt)
    c.out << fmt::format("wallet {} is halted ({}): only sells and ways home are signed\n", w->name, answer->number);
  else
    c.out << fmt::format("wallet {} is not halted any more\n", w->name);
  return exit_ok;
}

} // namespace

int wallet_new_command(const command_context& c, const wallet_options& o) {
  if (!checked(c, o)) return exit_usage;
  const auto s = settings_of(c);
  if (!s) return exit_failed;
  auto seed = signer::secret_memory::make(signer::seed_bytes);
  if (!seed) return report(c, seed.error());
  signer::randomise(seed->bytes());
  return store_new(c, *s, {.name = o.name, .group = o.group, .address = {}, .origin = "new"}, *seed, keep_copy);
}

int wallet_import_command(const command_context& c, const wallet_options& o) {
  if (!checked(c, o)) return exit_usage;
  const auto s = settings_of(c);
  if (!s) return exit_failed;
  signer::wallet_file w{.name = o.name, .group = o.group, .address = {}, .origin = "watch"};
  if (!o.watch.empty()) {
    const auto address = solana::parse_address(o.watch);
    if (!address) return report(c, exit_usage, "what is to be watched is no address");
    w.address = *address;
    if (const auto ok = signer::wallet_folder(s->signer_keys_dir()).create(w); !ok) return report(c, ok.error());
    return put_address(c, w, "Nobody can sign with it here.");
  }
  const auto text = o.file.empty() ? signer::ask_secret(o.words ? "Words: " : "Key: ")
                                   : signer::read_secret_file(o.file, import_bytes_max);
  if (!text) return report(c, text.error());
  if (!o.words) {
    const auto seed = signer::import_key(text->text());
    if (!seed) return report(c, seed.error());
    w.origin = text->text().find('[') != std::string_view::npos ? "solana-cli" : "base58";
    return store_new(c, *s, std::move(w), *seed, keep_copy);
  }
  const auto path = o.path.empty() ? std::string(signer::default_path) : o.path;
  const auto steps = signer::parse_path(path);
  if (!steps) return report(c, steps.error());
  const auto seed = signer::seed_of(text->text(), "");
  if (!seed) return report(c, seed.error());
  auto node = signer::derive(seed->bytes(), *steps);
  if (!node) return report(c, node.error());
  node->shrink(signer::seed_bytes);
  w.origin = "words " + path;
  return store_new(c, *s, std::move(w), *node, keep_copy);
}

int wallet_own_command(const command_context& c) {
  const auto s = settings_of(c);
  if (!s) return exit_failed;
  const auto all = signer::wallet_folder(s->signer_keys_dir()).all();
  if (!all) return report(c, all.error());
  json::array rows;
  for (const auto& w : *all)
    rows.push_back(json::object{{"name", w.name},
                                {"group", w.group},
                                {"address", solana::to_base58(w.address)},
                                {"origin", w.origin},
                                {"state", w.successor ? "retired"
                                          : w.key     ? "active"
                                                      : "watch-only"}});
  constexpr control::column columns[] = {{"name", "NAME"},
                                         {"group", "GROUP"},
                                         {"address", "ADDRESS"},
                                         {"state", "STATE"},
                                         {"origin", "ORIGIN", control::form::text, true}};
  c.out << render_rows(rows, columns, c.table());
  return exit_ok;
}

int wallet_rotate_command(const command_context& c, const wallet_options& o) {
  const auto s = settings_of(c);
  if (!s) return exit_failed;
  const signer::wallet_folder folder(s->signer_keys_dir());
  auto old = folder.load(o.name);
  if (!old) return report(c, old.error());
  if (!old->key || old->successor) return report(c, exit_failed, fmt::format("wallet {} has no key in use", o.name));
  const auto pass = passphrase(*s, false);
  if (!pass) return report(c, pass.error());
  const auto seed = signer::open(*old, pass->text());
  if (!seed) return report(c, seed.error());
  const auto pending = o.name + "-new";
  if (!signer::valid_wallet_name(pending))
    return report(c, exit_failed, "the wallet's name is too long to add -new and -old");
  // First the new key under a name of its own, then the old one as retired, then the new one under the wallet's name:
  // whatever happens in between, both keys stay on the disk, and the same command goes on.
  const auto waiting = folder.load(pending);
  if (!waiting && waiting.error().code != static_cast<std::uint16_t>(signer::signer_errc::not_found))
    return report(c, waiting.error());
  if (waiting && (waiting->origin != signer::rotation_origin || !waiting->key))
    return report(c, exit_failed, fmt::format("there is another wallet {}; give it another name first", pending));
  auto fresh = waiting ? signer::open(*waiting, pass->text()) : signer::secret_memory::make(signer::seed_bytes);
  if (!fresh) return report(c, fresh.error());
  if (!waiting) signer::randomise(fresh->bytes());
  const auto fresh_key = std::span<const std::uint8_t, signer::seed_bytes>(fresh->bytes());
  signer::wallet_file next{.name = pending,
                           .group = old->group,
                           .address = signer::address_of(fresh_key),
                           .origin = std::string(signer::rotation_origin)};
  const auto stopped = [&](const error& e) {
    c.err << "sett: the wallet is not replaced yet; no key is lost, and the same command goes on\n";
    return report(c, e);
  };
  if (!waiting) {
    if (const auto ok = signer::seal_fresh(next, fresh_key, pass->text()); !ok) return report(c, ok.error());
    if (const auto ok = folder.create(next); !ok) return report(c, ok.error());
  }
  if (old->address == next.address) { // all but this was done
    if (const auto ok = folder.remove(pending); !ok) return stopped(ok.error());
    return put_address(c, *old, "The wallet was replaced before; nothing is left of it but its retired key.");
  }
  old->successor = next.address;
  const auto old_key = std::span<const std::uint8_t, signer::seed_bytes>(seed->bytes());
  for (int n = 1;; ++n) {
    old->name = n == 1 ? o.name + "-old" : fmt::format("{}-old{}", o.name, n);
    if (!signer::valid_wallet_name(old->name))
      return report(c, exit_failed, "the wallet's name is too long to add -old");
    if (const auto there = folder.load(old->name);
        there && there->address == old->address && there->successor == old->successor)
      break;
    if (const auto ok = signer::seal_fresh(*old, old_key, pass->text()); !ok) return stopped(ok.error());
    const auto made = folder.create(*old);
    if (made) break;
    if (made.error().code != static_cast<std::uint16_t>(signer::signer_errc::exists)) return stopped(made.error());
  }
  next.name = o.name;
  next.origin = "new";
  if (const auto ok = signer::seal_fresh(next, fresh_key, pass->text()); !ok) return stopped(ok.error());
  if (const auto ok = folder.replace(next); !ok) return stopped(ok.error());
  if (const auto ok = folder.remove(pending); !ok) return stopped(ok.error());
  return put_address(c, next,
                     fmt::format("The old key is {} and only sells, and withdraws to the new one. Restart signerd, "
                                 "close its positions, withdraw the rest.",
                                 old->name));
}

int wallet_passphrase_command(const command_context& c, const wallet_options& o) {
  const auto s = settings_of(c);
  if (!s) return exit_failed;
  const signer::wallet_folder folder(s->signer_keys_dir());
  auto all = folder.all();
  if (!all) return report(c, all.error());
  const auto old = passphrase(*s, false);
  if (!old) return report(c, old.error());
  const auto next = signer::ask_passphrase(o.new_passphrase_file, "New passphrase: ", true);
  if (!next) return report(c, next.error());
  std::size_t changed = 0;
  std::erase_if(*all, [](const auto& w) { return !w.key; });
  for (auto& w : *all) { // all of them open before any is changed
    const auto seed = signer::open(w, old->text());
    if (!seed) return report(c, seed.error());
    if (const auto ok =
            signer::seal_fresh(w, std::span<const std::uint8_t, signer::seed_bytes>(seed->bytes()), next->text());
        !ok)
      return report(c, ok.error());
  }
  for (const auto& w : *all) {
    if (const auto ok = folder.replace(w); !ok) {
      c.err << fmt::format("sett: {} of {} wallets have the new passphrase, the others the old one\n", changed,
                           all->size());
      return report(c, ok.error());
    }
    ++changed;
  }
  c.out << fmt::format("{} wallets have the new passphrase\n", changed);
  return exit_ok;
}

int signer_status_command(const command_context& c) {
  const auto s = settings_of(c);
  if (!s) return exit_failed;
  const auto all = signer_status(c, *s);
  if (!all) return signer_failed(c, all.error());
  json::array rows;
  bool halted = false;
  for (const auto& w : *all) {
    halted |= w.halted;
    rows.push_back(json::object{{"name", w.name},
                                {"group", w.group},
                                {"address", solana::to_base58(w.address)},
                                {"state", w.watch_only ? "watch-only"
                                          : w.retired  ? "retired"
                                                       : "active"},
                                {"halted", w.halted},
                                {"halt_number", w.halt_number},
                                {"spend_hour_lamports", w.spend_hour.value},
                                {"spend_hour_lamports_max", w.spend_hour_max.value},
                                {"spend_day_lamports", w.spend_day.value},
                                {"spend_day_lamports_max", w.spend_day_max.value},
                                {"cost_hour_lamports", w.cost_hour.value},
                                {"cost_hour_lamports_max", w.cost_hour_max.value},
                                {"cost_day_lamports", w.cost_day.value},
                                {"cost_day_lamports_max", w.cost_day_max.value}});
  }
  using control::form;
  constexpr control::column columns[] = {{"name", "NAME"},
                                         {"group", "GROUP"},
                                         {"address", "ADDRESS", form::address},
                                         {"state", "STATE"},
                                         {"halted", "HALTED", form::yes_no},
                                         {"spend_hour_lamports", "HOUR SOL", form::sol},
                                         {"spend_hour_lamports_max", "OF", form::sol},
                                         {"spend_day_lamports", "DAY SOL", form::sol},
                                         {"spend_day_lamports_max", "OF", form::sol},
                                         {"cost_hour_lamports", "COST/H SOL", form::sol, true},
                                         {"cost_hour_lamports_max", "OF", form::sol, true},
                                         {"cost_day_lamports", "COST/D SOL", form::sol, true},
                                         {"cost_day_lamports_max", "OF", form::sol, true},
                                         {"halt_number", "HALT", form::count, true}};
  c.out << render_rows(rows, columns, c.table());
  return halted ? exit_degraded : exit_ok;
}

int signer_halt_command(const command_context& c, const wallet_options& o) { return change_halt(c, o, true); }
int signer_resume_command(const command_context& c, const wallet_options& o) { return change_halt(c, o, false); }

} // namespace sett::tools
