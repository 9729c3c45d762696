#include "tools/sett/command_context.hpp"

#include <csignal>
#include <ctime>
#include <ostream>
#include <sstream>
#include <thread>

namespace sett::tools {
namespace {
volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }
} // namespace

table_options command_context::table() const {
  return {.form = form, .colours = colours, .now_s = static_cast<std::int64_t>(std::time(nullptr))};
}

std::string command_context::socket_path() const {
  return socket.empty() ? config::load(settings).value.socket_path() : socket;
}

int report(const command_context& c, const error& e) {
  c.err << "sett: " << e.message << "\n";
  const auto is = [&](client_errc code) { return e.area == "node" && e.code == static_cast<std::uint16_t>(code); };
  if (is(client_errc::unanswered)) return exit_unreachable;
  if (!is(client_errc::unreachable)) return exit_failed;
  if (c.socket.empty() && !config::load(c.settings).ok())
    c.err << "sett: the settings have faults, so the node may be looked for in the wrong place; see `sett config "
             "check`\n";
  return exit_unreachable;
}

int report(const command_context& c, int code, std::string_view what) {
  c.err << "sett: " << what << "\n";
  return code;
}

int repeated(const command_context& c, const std::function<int(std::ostream&)>& once) {
  if (c.watch_s <= 0) return once(c.out);
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  while (interrupted == 0) {
    std::ostringstream page;
    const int code = once(page);
    if (code != exit_ok && code != exit_degraded) return code;
    // Home, the new page with each line's rest erased, then everything below: no flicker.
    if (c.terminal) {
      std::string text = page.str();
      for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 4) text.insert(at, "\x1b[K");
      c.out << "\x1b[H" << text << "\x1b[J" << std::flush;
    } else {
      const bool for_people = c.form == output_form::table || c.form == output_form::wide;
      c.out << page.str() << (for_people ? "\n" : "") << std::flush;
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(c.watch_s);
    while (interrupted == 0 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return exit_ok;
}

} // namespace sett::tools
