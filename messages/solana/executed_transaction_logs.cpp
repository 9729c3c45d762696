// Log lines come out of JSON as they were written, because few decoders read them. Escapes are rare in them (quotes
// inside a message, line ends), so one search over the whole text settles most transactions.
#include "messages/solana/executed_transaction.hpp"
#include "messages/solana/json_text.hpp"

#include <cstring>

namespace sett::solana {
void executed_transaction::unescape_logs() const {
  const bool any = std::memchr(escaped_logs.data(), '\\', escaped_logs.size()) != nullptr;
  escaped_logs = {};
  if (!any) return;
  for (auto& line : log_lines) {
    if (line.find('\\') == std::string_view::npos) continue;
    const auto room = allocate(line.size());
    line = {reinterpret_cast<const char*>(room.data()), json_unescape(line, room.data())};
  }
}

} // namespace sett::solana
