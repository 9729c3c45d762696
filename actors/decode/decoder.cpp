#include "actors/decode/decoder.hpp"

#include "actors/decode/trade.hpp"
#include "actors/decode/venues.hpp"
#include "messages/solana/encoding.hpp"

#include <algorithm>

namespace sett::decode {

namespace {

bool is_event_call(const context& ctx, std::size_t i) { return discriminator(ctx.data(i)) == event_cpi_prefix; }

/// "Program <id> invoke [n]": n, else 0.
struct invocation {
  std::string_view program;
  unsigned depth{};
};
invocation parse_invoke(std::string_view line) {
  constexpr std::string_view head = "Program ", middle = " invoke [";
  if (!line.starts_with(head)) return {};
  const auto at = line.find(' ', head.size());
  if (at == std::string_view::npos || !line.substr(at).starts_with(middle)) return {};
  unsigned depth = 0;
  for (const char c : line.substr(at + middle.size())) {
    if (c < '0' || c > '9') break;
    if (depth < 1000) depth = depth * 10 + static_cast<unsigned>(c - '0');
  }
  return {line.substr(head.size(), at - head.size()), depth};
}
/// "Program <id> success" or "Program <id> failed: ...": the end of an invocation.
bool is_return(std::string_view line) {
  constexpr std::string_view head = "Program ";
  if (!line.starts_with(head)) return false;
  const auto at = line.find(' ', head.size());
  // "Program log: ..." and "Program data: ..." have a colon before the blank.
  if (at == std::string_view::npos || at == head.size() || line[at - 1] == ':') return false;
  const auto rest = line.substr(at);
  return rest == " success" || rest.starts_with(" failed");
}

} // namespace

void context::unknown(const solana::executed_instruction& ix) {
  const auto bytes = tx.data(ix);
  const auto program_kind_of = index.kind(static_cast<std::size_t>(&ix - tx.instructions.data()));
  // Native programs have a tag of one byte (token) or four; Anchor programs eight bytes.
  const bool native =
      program_kind_of == program_kind::spl_token || program_kind_of == program_kind::token_2022 ||
      program_kind_of == program_kind::raydium_amm_v4 || program_kind_of == program_kind::compute_budget ||
      program_kind_of == program_kind::metaplex_metadata || program_kind_of == program_kind::associated_token;
  const std::uint64_t d =
      native ? std::uint64_t{bytes.empty() ? std::uint8_t{0} : bytes[0]} << 56 : discriminator(bytes);
  out.unknown.push_back({transaction, ix.path, tx.key(ix.program_index), d, static_cast<std::uint32_t>(bytes.size())});
  ++unknown_count;
}

instruction_range context::children(std::size_t i) const {
  const auto& all = tx.instructions;
  const auto& parent = all[i];
  std::size_t end = i + 1;
  const auto same_outer = [&] {
    return end < all.size() && all[end].path.inner >= 0 && all[end].path.outer == parent.path.outer;
  };
  if (parent.path.inner < 0) {
    while (same_outer()) ++end;
  } else if (parent.stack_height > 0) {
    while (same_outer() && all[end].stack_height > parent.stack_height) ++end;
  } else {
    while (same_outer() && (!is_venue(index.kind(end)) ||
                            (all[end].program_index == parent.program_index && is_event_call(*this, end))))
      ++end;
  }
  return {i + 1, end};
}

byte_span context::event(std::size_t i, std::uint64_t event_discriminator, std::size_t nth) const {
  const auto& parent = tx.instructions[i];
  const auto inside = children(i);
  std::size_t seen = 0;
  for (std::size_t k = inside.begin; k < inside.end; ++k) {
    if (tx.instructions[k].program_index != parent.program_index) continue;
    const auto bytes = data(k);
    if (bytes.size() < 16 || discriminator(bytes) != event_cpi_prefix ||
        discriminator(bytes.subspan(8)) != event_discriminator)
      continue;
    if (seen++ == nth) return bytes.subspan(16);
  }
  if (seen > 0) return {};
  for (std::size_t line = 0;; ++line) {
    const auto text = log_line(i, "Program data: ", line);
    if (text.empty()) return {};
    const auto bytes = base64(text);
    if (bytes.size() < 8 || discriminator(bytes) != event_discriminator) continue;
    if (seen++ == nth) return bytes.subspan(8);
  }
}

std::string_view context::log_line(std::size_t i, std::string_view prefix, std::size_t nth) const {
  const auto& logs = tx.logs();
  if (logs.empty()) return {};
  const auto& ix = tx.instructions[i];
  std::string_view id = tx.keys[ix.program_index].text();
  if (id.empty()) id = program(index.kind(i)).address;
  // The n-th invocation in the logs is the program's n-th instruction in execution order. Without inner instructions
  // only the top-level ones can be counted.
  std::size_t wanted = 0;
  for (std::size_t k = 0; k < i; ++k) wanted += tx.instructions[k].program_index == ix.program_index ? 1U : 0U;
  auto line = logs.begin();
  unsigned depth = 0;
  for (; line != logs.end(); ++line) {
    if (line->size() < id.size() + 8 || line->substr(8, id.size()) != id) continue;
    const auto call = parse_invoke(*line);
    if (call.depth == 0 || call.program != id || (!tx.has_inner && call.depth != 1)) continue;
    if (wanted-- == 0) {
      depth = call.depth;
      break;
    }
  }
  if (line == logs.end()) return {};
  unsigned current = depth;
  for (++line; line != logs.end(); ++line) {
    if (current == depth && line->starts_with(prefix)) {
      if (nth-- == 0) return line->substr(prefix.size());
      continue;
    }
    if (const auto call = parse_invoke(*line); call.depth != 0)
      current = call.depth;
    else if (is_return(*line) && current-- == depth)
      return {};
  }
  return {};
}

byte_span context::base64(std::string_view text) const {
  const auto room = tx.allocate(solana::base64_max_decoded_size(text.size()));
  const auto size = solana::base64_decode(text, room);
  return size ? byte_span{room.first(*size)} : byte_span{};
}

namespace {

constexpr std::uint64_t base_fee_per_signature = 5000; // lamports; Solana's fee structure since genesis

/// What a transaction asked of the compute budget, and how many signatures it pays for.
void emit_priority_fee(context& ctx) {
  const auto& tx = ctx.tx;
  std::uint64_t signatures = tx.required_signatures;
  const solana::executed_instruction* place = nullptr;
  event::priority_fee fee;
  for (std::size_t i = 0; i < tx.instructions.size(); ++i) {
    const auto kind = ctx.index.kind(i);
    if (kind == program_kind::ed25519_precompile || kind == program_kind::secp256k1_precompile ||
        kind == program_kind::secp256r1_precompile) {
      const auto bytes = ctx.data(i);
      if (!bytes.empty()) signatures += bytes[0]; // the first byte counts the signatures to verify
      continue;
    }
    if (kind != program_kind::compute_budget) continue;
    byte_reader in(ctx.data(i));
    const std::uint8_t tag = in.u8();
    if (tag == 0) { // RequestUnitsDeprecated { units u32, additional_fee u32 }, until 2023
      const std::uint32_t units = in.u32();
      if (!in.ok()) continue;
      fee.unit_limit = units;
      place = &tx.instructions[i];
    } else if (tag == 2) { // SetComputeUnitLimit
      const std::uint32_t units = in.u32();
      if (in.ok()) fee.unit_limit = units;
    } else if (tag == 3) { // SetComputeUnitPrice
      const std::uint64_t price = in.u64();
      if (!in.ok()) continue;
      fee.price_micro_lamports = price;
      place = &tx.instructions[i];
    }
  }
  if (place == nullptr) return;
  const std::uint64_t base = signatures * base_fee_per_signature;
  fee.total.value = tx.fee.value > base ? tx.fee.value - base : 0;
  ctx.emit(*place, program_kind::compute_budget, fee);
}

/// Account and program indexes of every instruction lie inside the key list, and paths ascend.
bool well_formed(const solana::executed_transaction& tx) {
  if (tx.keys.empty() || tx.keys.size() > 256) return false;
  for (const auto& ix : tx.instructions) {
    if (ix.program_index >= tx.keys.size()) return false;
    for (const auto a : ix.accounts)
      if (a >= tx.keys.size()) return false;
  }
  for (const auto* balances : {&tx.pre_tokens, &tx.post_tokens})
    for (const auto& b : *balances)
      if (b.account_index >= tx.keys.size()) return false;
  return true;
}

} // namespace

void decode_transaction(const solana::executed_transaction& tx, event_batch& out, decode_statistics& stats) {
  ++stats.transactions;
  if (tx.is_vote) {
    ++stats.votes;
    return;
  }
  if (!well_formed(tx)) {
    ++stats.malformed;
    return;
  }
  if (!tx.has_meta) {
    ++stats.without_meta;
    return;
  }
  // Reused so that the steady state allocates nothing; holds nothing from one transaction to the next.
  thread_local transaction_index index;
  index.build(tx);

  const std::size_t first_event = out.events.size(), first_unknown = out.unknown.size();
  context ctx(tx, index, out, static_cast<std::uint32_t>(out.transactions.size()));
  stats.instructions += tx.instructions.size();
  if (tx.err.failed) {
    ++stats.failed;
    emit_priority_fee(ctx);
    solana::executed_instruction place;
    place.path.outer = tx.err.is_instruction_error ? tx.err.instruction : std::uint16_t{0};
    ctx.emit(place, program_kind::unknown,
             event::failed{tx.err.instruction, tx.err.has_custom_code, tx.err.custom_code});
  } else {
    emit_priority_fee(ctx);
    for (std::size_t i = 0; i < tx.instructions.size(); ++i) {
      const auto kind = index.kind(i);
      if (kind == program_kind::unknown) {
        ++stats.unknown_programs;
        continue;
      }
      const auto decode = program(kind).decode;
      if (decode == nullptr) {
        ++stats.known_not_decoded;
        continue;
      }
      if (!tx.has_inner && is_venue(kind)) {
        ++stats.without_inner;
        continue;
      }
      const auto unknown_before = ctx.unknown_count;
      decode(ctx, i);
      if (ctx.unknown_count == unknown_before) ++stats.decoded;
    }
    stats.swaps += emit_trades(ctx, first_event);
  }
  stats.unknown_layouts += out.unknown.size() - first_unknown;
  stats.events += out.events.size() - first_event;
  if (out.events.size() == first_event && out.unknown.size() == first_unknown) return;
  out.transactions.push_back({.slot = tx.slot,
                              .index = tx.index,
                              .signature = tx.first_signature(),
                              .fee_payer = tx.key(0),
                              .fee = tx.fee,
                              .failed = tx.err.failed});
}

} // namespace sett::decode
