#include "tools/sett/event_json.hpp"

#include "actors/decode/decoder.hpp"
#include "messages/solana/base58.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace sett::tools {

namespace {

constexpr std::array<std::string_view, std::variant_size_v<event_payload>> type_names{
    "swap",   "trade",   "transfer", "mint_created", "metadata", "authority_changed", "pool_created", "liquidity",
    "launch", "account", "tip",      "priority_fee", "failed"};

constexpr std::array<std::string_view, 21> authority_names{"mint_tokens",
                                                           "freeze_account",
                                                           "account_owner",
                                                           "close_account",
                                                           "transfer_fee_config",
                                                           "withheld_withdraw",
                                                           "close_mint",
                                                           "interest_rate",
                                                           "permanent_delegate",
                                                           "confidential_transfer",
                                                           "transfer_hook_program",
                                                           "confidential_transfer_fee",
                                                           "metadata_pointer",
                                                           "group_pointer",
                                                           "group_member_pointer",
                                                           "scaled_ui_amount",
                                                           "pause",
                                                           "permissioned_burn",
                                                           "metadata_update",
                                                           "pool_creator",
                                                           "other"};

// Token-2022's ExtensionType by number.
constexpr std::array<std::string_view, 29> extension_names{"uninitialized",
                                                           "transfer_fee_config",
                                                           "transfer_fee_amount",
                                                           "mint_close_authority",
                                                           "confidential_transfer_mint",
                                                           "confidential_transfer_account",
                                                           "default_account_state",
                                                           "immutable_owner",
                                                           "memo_transfer",
                                                           "non_transferable",
                                                           "interest_bearing",
                                                           "cpi_guard",
                                                           "permanent_delegate",
                                                           "non_transferable_account",
                                                           "transfer_hook",
                                                           "transfer_hook_account",
                                                           "confidential_transfer_fee_config",
                                                           "confidential_transfer_fee_amount",
                                                           "metadata_pointer",
                                                           "token_metadata",
                                                           "group_pointer",
                                                           "token_group",
                                                           "group_member_pointer",
                                                           "token_group_member",
                                                           "confidential_mint_burn",
                                                           "scaled_ui_amount",
                                                           "pausable",
                                                           "pausable_account",
                                                           "permissioned_burn"};

__extension__ typedef unsigned __int128 wide_number;

std::string decimal(std::uint64_t high, std::uint64_t low) {
  auto n = static_cast<wide_number>(high) << 64 | low;
  if (n == 0) return "0";
  std::string digits;
  for (; n != 0; n /= 10) digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(n % 10)));
  return digits;
}

/// The length of the UTF-8 character at the front, 0 when it is none.
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  const auto tail = [&](std::size_t n) {
    for (std::size_t i = 1; i < n; ++i)
      if ((byte(i) & 0xc0U) != 0x80U) return false;
    return true;
  };
  const unsigned a = byte(0), b = byte(1);
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return tail(2) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) return tail(3) && !(a == 0xe0 && b < 0xa0) && !(a == 0xed && b >= 0xa0) ? 3 : 0;
  if (a >= 0xf0 && a <= 0xf4) return tail(4) && !(a == 0xf0 && b < 0x90) && !(a == 0xf4 && b >= 0x90) ? 4 : 0;
  return 0;
}

/// Writes the fields of one line.
class line {
public:
  explicit line(std::string& out) : out_(out) { out_ += '{'; }
  void close() { out_ += "}\n"; }

  void text(std::string_view name, std::string_view value) {
    key(name);
    out_ += '"';
    while (!value.empty()) {
      const auto n = utf8_length(value);
      const char c = value.front();
      if (n == 0)
        out_ += "\\ufffd"; // text on chain is anybody's: what is no UTF-8 becomes the replacement character
      else if (c == '"' || c == '\\')
        (out_ += '\\') += c;
      else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(c));
      else
        out_ += value.substr(0, n);
      value.remove_prefix(n == 0 ? 1 : n);
    }
    out_ += '"';
  }
  void id(std::string_view name, const address& a) { key(name), quoted(solana::to_base58(a)); }
  /// An address that may be missing: left out when all zeros.
  void id_if(std::string_view name, const address& a) {
    if (!a.is_zero()) id(name, a);
  }
  void amount(std::string_view name, std::uint64_t n) { key(name), quoted(fmt::format_int(n).str()); }
  void number(std::string_view name, std::uint64_t n) { key(name), out_ += fmt::format_int(n).str(); }
  void flag(std::string_view name, bool b) { key(name), out_ += b ? "true" : "false"; }
  void plain(std::string_view name, std::string_view value) { key(name), quoted(value); }
  void raw(std::string_view name, std::string_view value) { key(name), out_ += value; }

private:
  void key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    quoted(name);
    out_ += ':';
  }
  void quoted(std::string_view s) { ((out_ += '"') += s) += '"'; }
  std::string& out_;
};

void write_place(line& l, const event_transaction& tx, instruction_path path) {
  l.number("slot", tx.slot.value);
  l.plain("signature", solana::to_base58(tx.signature));
  if (tx.index != event_transaction::unknown_index) l.number("index", tx.index);
  if (path.inner < 0)
    l.plain("path", fmt::format_int(path.outer).str());
  else
    l.plain("path", fmt::format("{}.{}", path.outer, path.inner));
}

std::string_view program_name(program_kind kind) {
  return kind == program_kind::unknown ? std::string_view{"unknown"} : decode::program(kind).name;
}

void write_state(line& l, const pool_state& s) {
  switch (s.kind) {
  case pool_state_kind::none:
    return;
  case pool_state_kind::reserves:
    l.plain("state", "reserves");
    l.amount("base_reserve", s.a);
    l.amount("quote_reserve", s.b);
    return;
  case pool_state_kind::sqrt_price_x64:
    l.plain("state", "sqrt_price_x64");
    l.plain("sqrt_price_x64", decimal(s.b, s.a));
    l.amount("liquidity_low", s.c);
    return;
  case pool_state_kind::active_bin:
    l.plain("state", "active_bin");
    l.raw("active_bin", fmt::format_int(static_cast<std::int64_t>(s.a)).str());
    return;
  }
}

struct payload_writer {
  line& l;
  const event_batch& batch;

  void operator()(const event::swap& e) const {
    l.id("pool", e.pool);
    l.id("trader", e.trader);
    l.id("mint_in", e.mint_in);
    l.amount("amount_in", e.amount_in.value);
    l.id("mint_out", e.mint_out);
    l.amount("amount_out", e.amount_out.value);
    l.amount("gave", e.gave.value);
    l.amount("got", e.got.value);
    if (e.fee_known) {
      l.amount("fee", e.fee.value);
      l.id("fee_mint", e.fee_in_mint_in ? e.mint_in : e.mint_out);
    }
    l.flag("balances_agree", e.balances_agree);
    l.plain("base", e.base_is_mint_in ? "mint_in" : "mint_out");
    write_state(l, e.after);
  }
  void operator()(const event::trade& e) const {
    l.id("trader", e.trader);
    l.id("mint_in", e.mint_in);
    l.amount("amount_in", e.amount_in.value);
    l.id("mint_out", e.mint_out);
    l.amount("amount_out", e.amount_out.value);
    l.number("legs", e.leg_count);
  }
  void operator()(const event::transfer& e) const {
    l.id("mint", e.mint);
    l.id_if("from", e.from);
    l.id_if("to", e.to);
    l.id_if("from_account", e.from_account);
    l.id_if("to_account", e.to_account);
    l.amount("amount", e.amount.value);
    if (e.withheld.value != 0) l.amount("withheld", e.withheld.value);
  }
  void operator()(const event::mint_created& e) const {
    l.id("mint", e.mint);
    l.number("decimals", e.decimals);
    if (e.has_mint_authority) l.id("mint_authority", e.mint_authority);
    if (e.has_freeze_authority) l.id("freeze_authority", e.freeze_authority);
    l.plain("token_program", program_name(e.token_program));
    std::string names = "[";
    for (std::size_t n = 0; n < extension_names.size(); ++n)
      if ((e.extensions >> n & 1U) != 0)
        names += fmt::format("{}\"{}\"", names.size() > 1 ? "," : "", extension_names[n]);
    l.raw("extensions", names + "]");
  }
  void operator()(const event::metadata& e) const {
    l.id("account", e.account);
    l.id_if("mint", e.mint);
    l.id_if("update_authority", e.update_authority);
    l.flag("mutable", e.is_mutable);
    l.flag("created", e.created);
    for (const auto& [name, value] : {std::pair{"name", e.name}, {"symbol", e.symbol}, {"uri", e.uri}})
      if (e.created || value.length > 0) l.text(name, batch.view(value));
  }
  void operator()(const event::authority_changed& e) const {
    l.id("account", e.account);
    const auto kind = static_cast<std::size_t>(e.kind);
    l.plain("authority", kind < authority_names.size() ? authority_names[kind] : "other");
    l.id_if("old", e.old_authority);
    if (e.has_new) l.id("new", e.new_authority);
  }
  void operator()(const event::pool_created& e) const {
    l.id("pool", e.pool);
    l.id("base_mint", e.base_mint);
    l.id("quote_mint", e.quote_mint);
    l.amount("base_amount", e.base_amount.value);
    l.amount("quote_amount", e.quote_amount.value);
    l.id_if("creator", e.creator);
    l.id_if("lp_mint", e.lp_mint);
  }
  void operator()(const event::liquidity& e) const {
    constexpr std::array<std::string_view, 4> changes{"added", "removed", "burned", "locked"};
    l.plain("change", changes[static_cast<std::size_t>(e.change)]);
    l.id_if("pool", e.pool);
    l.id_if("base_mint", e.base_mint);
    l.id_if("quote_mint", e.quote_mint);
    l.amount("base_amount", e.base_amount.value);
    l.amount("quote_amount", e.quote_amount.value);
    l.id_if("lp_mint", e.lp_mint);
    l.amount("lp_amount", e.lp_amount.value);
    l.id_if("provider", e.provider);
  }
  void operator()(const event::launch& e) const {
    constexpr std::array<std::string_view, 3> phases{"created", "completed", "migrated"};
    l.plain("phase", phases[static_cast<std::size_t>(e.phase)]);
    l.id("mint", e.mint);
    l.id("curve", e.curve);
    l.id_if("creator", e.creator);
    l.id_if("pool", e.pool);
  }
  void operator()(const event::account& e) const {
    l.plain("change", e.change == event::account_change::created ? "created" : "closed");
    l.id("account", e.account);
    l.id("owner", e.owner);
    l.id_if("mint", e.mint);
    l.amount("lamports", e.balance.value);
  }
  void operator()(const event::tip& e) const {
    l.id("from", e.from);
    l.id("to", e.to);
    l.amount("lamports", e.amount.value);
  }
  void operator()(const event::priority_fee& e) const {
    l.amount("price_micro_lamports", e.price_micro_lamports);
    if (e.unit_limit != 0) l.number("unit_limit", e.unit_limit);
    l.amount("lamports", e.total.value);
  }
  void operator()(const event::failed& e) const {
    l.number("instruction", e.instruction);
    if (e.has_custom_code) l.number("custom_code", e.custom_code);
  }
};

} // namespace

std::string_view type_name(const event_payload& payload) { return type_names[payload.index()]; }

void append_event_json(std::string& out, const event_batch& batch, const chain_event& event) {
  line l(out);
  l.plain("type", type_name(event.payload));
  write_place(l, batch.transactions[event.transaction], event.path);
  l.plain("program", program_name(event.program));
  std::visit(payload_writer{l, batch}, event.payload);
  l.close();
}

void append_unknown_json(std::string& out, const event_batch& batch, const unknown_layout& unknown) {
  line l(out);
  l.plain("type", "unknown");
  write_place(l, batch.transactions[unknown.transaction], unknown.path);
  l.plain("program", program_name(decode::find_program(unknown.program)));
  l.id("program_id", unknown.program);
  l.plain("discriminator", fmt::format("{:016x}", unknown.discriminator));
  l.number("length", unknown.data_length);
  l.close();
}

} // namespace sett::tools
