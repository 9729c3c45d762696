#include "messages/solana/transaction.hpp"

#include "messages/solana/short_vec.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

namespace sett::solana {
namespace {

constexpr std::uint8_t version_bit = 0x80;
constexpr std::uint8_t v1_prefix = version_bit | 1;

// Bits of a v1 config mask (SIMD-0385). The priority fee takes two slots of four bytes, so both its bits are set or
// none.
constexpr std::uint32_t config_priority_fee = 0b11;
constexpr std::uint32_t config_compute_unit_limit = 1U << 2;
constexpr std::uint32_t config_loaded_accounts_bytes = 1U << 3;
constexpr std::uint32_t config_heap_bytes = 1U << 4;
constexpr std::uint32_t config_known = 0b11111;
constexpr std::uint32_t heap_bytes_min = 32 * 1024, heap_bytes_max = 256 * 1024, heap_bytes_step = 1024;

/// Reads forward and remembers the first fault; after one every read yields zeros and empty spans, so that callers need
/// only ask at places where they would loop or index.
class cursor {
public:
  explicit cursor(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return fault_.code == 0; }
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::unexpected<error> fault() const { return std::unexpected(fault_); }

  void refuse(transaction_errc code, std::size_t offset, std::string what) {
    if (ok())
      fault_ = {"transaction", static_cast<std::uint16_t>(code), fmt::format("{} at byte offset {}", what, offset)};
  }

  std::span<const std::uint8_t> bytes(std::size_t n, const char* what) {
    if (!ok()) return {};
    if (left() < n) {
      refuse(transaction_errc::truncated, at_, fmt::format("{} needs {} bytes, {} are left", what, n, left()));
      return {};
    }
    const auto taken = bytes_.subspan(at_, n);
    at_ += n;
    return taken;
  }
  std::uint8_t byte(const char* what) {
    const auto taken = bytes(1, what);
    return taken.empty() ? std::uint8_t{0} : taken[0];
  }
  std::uint64_t little_endian(std::size_t n, const char* what) {
    std::uint64_t value = 0;
    std::size_t shift = 0;
    for (const std::uint8_t b : bytes(n, what)) value |= static_cast<std::uint64_t>(b) << (8 * shift++);
    return value;
  }
  std::uint16_t short_length(const char* what) {
    if (!ok()) return 0;
    const auto length = read_short_length(bytes_.subspan(at_));
    if (!length) {
      switch (length.error()) {
      case short_length_fault::truncated:
        refuse(transaction_errc::truncated, at_, fmt::format("the number of {} is cut off", what));
        break;
      case short_length_fault::alias:
        refuse(transaction_errc::bad_length, at_, fmt::format("the number of {} is not in its shortest form", what));
        break;
      case short_length_fault::overflow:
        refuse(transaction_errc::bad_length, at_, fmt::format("the number of {} is above 65535", what));
        break;
      }
      return 0;
    }
    at_ += length->size;
    return length->value;
  }

private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_{};
  error fault_; // code 0: none yet
};

void read_header(cursor& in, message_header& header) {
  const std::size_t at = in.offset();
  header.required_signatures = in.byte("header");
  header.readonly_signed = in.byte("header");
  header.readonly_unsigned = in.byte("header");
  if (in.ok() && header.readonly_signed >= header.required_signatures)
    in.refuse(transaction_errc::bad_header, at,
              fmt::format("{} of {} signers are read-only, the fee payer must be writable", header.readonly_signed,
                          header.required_signatures));
}

void check_header(cursor& in, const transaction_view& v, std::size_t at) {
  const std::size_t needed = std::size_t{v.header.required_signatures} + v.header.readonly_unsigned;
  if (in.ok() && needed > v.static_key_count())
    in.refuse(transaction_errc::bad_header, at,
              fmt::format("the header speaks of {} keys, there are {}", needed, v.static_key_count()));
}

void read_blockhash(cursor& in, transaction_view& v) {
  std::ranges::copy(in.bytes(blockhash::size, "blockhash"), v.recent_blockhash.bytes.begin());
}

void check_instruction(cursor& in, const transaction_view& v, const instruction_view& ix, std::size_t number,
                       std::size_t at) {
  if (!in.ok()) return;
  if (ix.program_index == 0 || ix.program_index >= v.static_key_count())
    return in.refuse(transaction_errc::bad_index, at,
                     fmt::format("the program of instruction {} is key {} of {} static ones", number, ix.program_index,
                                 v.static_key_count()));
  const std::size_t keys = v.total_key_count();
  for (const std::uint8_t index : ix.accounts)
    if (index >= keys)
      return in.refuse(transaction_errc::bad_index, at,
                       fmt::format("instruction {} names key {} of {}", number, index, keys));
}

/// The body of a legacy or v0 message, after the version byte.
void read_classic_message(cursor& in, transaction_view& v) {
  const std::size_t header_at = in.offset();
  read_header(in, v.header);
  const std::size_t key_count = in.short_length("keys");
  if (key_count > max_keys)
    in.refuse(transaction_errc::too_many, in.offset(), fmt::format("{} keys, at most {}", key_count, max_keys));
  v.keys = in.bytes(key_count * address::size, "keys");
  check_header(in, v, header_at);
  read_blockhash(in, v);

  const std::size_t instructions_at = in.offset();
  const std::size_t instruction_count = in.short_length("instructions");
  // An instruction takes three bytes at least; refusing here bounds the vector by the input's size.
  if (in.ok() && instruction_count * 3 > in.left())
    in.refuse(transaction_errc::truncated, instructions_at,
              fmt::format("{} instructions do not fit into {} bytes", instruction_count, in.left()));
  for (std::size_t i = 0; in.ok() && i < instruction_count; ++i) {
    instruction_view ix;
    ix.program_index = in.byte("program index");
    ix.accounts = in.bytes(in.short_length("accounts"), "accounts");
    ix.data = in.bytes(in.short_length("data bytes"), "instruction data");
    v.instructions.push_back(ix);
  }

  if (v.version == transaction_version::v0) {
    const std::size_t lookups_at = in.offset();
    const std::size_t lookup_count = in.short_length("lookups");
    if (in.ok() && lookup_count * (address::size + 2) > in.left())
      in.refuse(transaction_errc::truncated, lookups_at,
                fmt::format("{} lookups do not fit into {} bytes", lookup_count, in.left()));
    for (std::size_t i = 0; in.ok() && i < lookup_count; ++i) {
      const std::size_t at = in.offset();
      lookup_view lookup;
      std::ranges::copy(in.bytes(address::size, "lookup table"), lookup.table.bytes.begin());
      lookup.writable = in.bytes(in.short_length("writable lookups"), "writable lookups");
      lookup.readonly = in.bytes(in.short_length("read-only lookups"), "read-only lookups");
      if (in.ok() && lookup.writable.empty() && lookup.readonly.empty())
        in.refuse(transaction_errc::bad_index, at, fmt::format("lookup {} loads no key", i));
      v.loaded_writable_count += lookup.writable.size();
      v.loaded_readonly_count += lookup.readonly.size();
      v.lookups.push_back(lookup);
    }
    if (v.total_key_count() > max_keys)
      in.refuse(transaction_errc::too_many, lookups_at,
                fmt::format("{} keys in all, at most {}", v.total_key_count(), max_keys));
  }
  for (std::size_t i = 0; in.ok() && i < v.instructions.size(); ++i)
    check_instruction(in, v, v.instructions[i], i, instructions_at);
}

void read_config(cursor& in, std::uint32_t mask, transaction_config& config) {
  if ((mask & config_priority_fee) != 0) config.priority_fee = lamports(in.little_endian(8, "config values"));
  const auto value = [&](std::uint32_t bit, std::optional<std::uint32_t>& field) {
    if ((mask & bit) != 0) field = static_cast<std::uint32_t>(in.little_endian(4, "config values"));
  };
  value(config_compute_unit_limit, config.compute_unit_limit);
  value(config_loaded_accounts_bytes, config.loaded_accounts_bytes_max);
  const std::size_t heap_at = in.offset();
  value(config_heap_bytes, config.heap_bytes);
  if (in.ok() && config.heap_bytes &&
      (*config.heap_bytes < heap_bytes_min || *config.heap_bytes > heap_bytes_max ||
       *config.heap_bytes % heap_bytes_step != 0))
    in.refuse(transaction_errc::bad_config, heap_at,
              fmt::format("a heap of {} bytes is not a multiple of 1024 from 32768 to 262144", *config.heap_bytes));
}

/// The body of a v1 message, after the version byte.
void read_v1_message(cursor& in, transaction_view& v) {
  const std::size_t header_at = in.offset();
  read_header(in, v.header);
  if (v.header.required_signatures > max_v1_signatures)
    in.refuse(transaction_errc::too_many, header_at,
              fmt::format("{} signatures, at most {}", v.header.required_signatures, max_v1_signatures));
  const std::size_t mask_at = in.offset();
  const auto mask = static_cast<std::uint32_t>(in.little_endian(4, "config mask"));
  const std::uint32_t fee_bits = mask & config_priority_fee;
  if ((mask & ~config_known) != 0 || (fee_bits != 0 && fee_bits != config_priority_fee))
    in.refuse(transaction_errc::bad_config, mask_at,
              fmt::format("config mask 0x{:08x} has an unknown or a half-set field", mask));
  read_blockhash(in, v);
  const std::size_t counts_at = in.offset();
  const std::size_t instruction_count = in.byte("number of instructions");
  const std::size_t key_count = in.byte("number of keys");
  if (instruction_count > max_v1_instructions || key_count > max_v1_keys)
    in.refuse(transaction_errc::too_many, counts_at,
              fmt::format("{} instructions and {} keys, at most {} and {}", instruction_count, key_count,
                          max_v1_instructions, max_v1_keys));
  const std::size_t keys_at = in.offset();
  v.keys = in.bytes(key_count * address::size, "keys");
  check_header(in, v, header_at);
  for (std::size_t i = 1; in.ok() && i < v.static_key_count(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (std::ranges::equal(v.keys.subspan(i * address::size, address::size),
                             v.keys.subspan(k * address::size, address::size)))
        in.refuse(transaction_errc::duplicate_key, keys_at + i * address::size,
                  fmt::format("keys {} and {} are the same", k, i));
  read_config(in, mask, v.config);

  const std::size_t headers_at = in.offset();
  const auto headers = in.bytes(instruction_count * 4, "instruction headers");
  for (std::size_t i = 0; in.ok() && i < instruction_count; ++i) {
    const auto head = headers.subspan(4 * i, 4);
    instruction_view ix;
    ix.program_index = head[0];
    ix.accounts = in.bytes(head[1], "accounts");
    ix.data = in.bytes(static_cast<std::size_t>(head[2] | head[3] << 8), "instruction data");
    check_instruction(in, v, ix, i, headers_at + 4 * i);
    v.instructions.push_back(ix);
  }
}

void start(transaction_view& v) {
  v.version = transaction_version::legacy;
  v.header = {};
  v.signatures = v.message = v.keys = {};
  v.config = {};
  v.instructions.clear();
  v.lookups.clear();
  v.loaded_writable_count = v.loaded_readonly_count = 0;
}

/// From the version byte on. The header's first byte is the legacy format's first byte: below 128, so no version bit.
void read_message(cursor& in, std::span<const std::uint8_t> rest, transaction_view& v) {
  if (rest.empty()) return in.refuse(transaction_errc::truncated, in.offset(), "the message is missing");
  if ((rest[0] & version_bit) == 0) return read_classic_message(in, v);
  const std::size_t at = in.offset();
  switch (in.byte("version")) {
  case version_bit:
    v.version = transaction_version::v0;
    return read_classic_message(in, v);
  case v1_prefix:
    v.version = transaction_version::v1;
    return read_v1_message(in, v);
  default:
    return in.refuse(transaction_errc::bad_version, at, fmt::format("version {} is not known", rest[0] & 0x7f));
  }
}

void check_size(cursor& in, std::size_t size, std::size_t limit) {
  if (size > limit)
    in.refuse(transaction_errc::too_large, limit,
              fmt::format("{} bytes, at most {} are allowed: the limit is", size, limit));
}

void check_end(cursor& in) {
  if (in.ok() && in.left() != 0)
    in.refuse(transaction_errc::trailing_bytes, in.offset(), fmt::format("{} bytes too many", in.left()));
}

result<void> finish(const cursor& in) {
  if (!in.ok()) return in.fault();
  return {};
}

void append(std::vector<std::uint8_t>& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_little_endian(std::vector<std::uint8_t>& out, std::uint64_t value, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_sized(std::vector<std::uint8_t>& out, std::span<const std::uint8_t> bytes) {
  SETT_ASSERT(bytes.size() <= 0xffff);
  write_short_length(static_cast<std::uint16_t>(bytes.size()), out);
  append(out, bytes);
}

void append_header(std::vector<std::uint8_t>& out, const message_header& h) {
  append(out, std::array{h.required_signatures, h.readonly_signed, h.readonly_unsigned});
}

void append_v1(std::vector<std::uint8_t>& out, const transaction_view& v) {
  SETT_ASSERT(v.instructions.size() <= max_v1_instructions && v.static_key_count() <= max_v1_keys && v.lookups.empty());
  out.push_back(v1_prefix);
  append_header(out, v.header);
  append_little_endian(out,
                       (v.config.priority_fee ? config_priority_fee : 0) |
                           (v.config.compute_unit_limit ? config_compute_unit_limit : 0) |
                           (v.config.loaded_accounts_bytes_max ? config_loaded_accounts_bytes : 0) |
                           (v.config.heap_bytes ? config_heap_bytes : 0),
                       4);
  append(out, v.recent_blockhash.bytes);
  out.push_back(static_cast<std::uint8_t>(v.instructions.size()));
  out.push_back(static_cast<std::uint8_t>(v.static_key_count()));
  append(out, v.keys);
  if (v.config.priority_fee) append_little_endian(out, v.config.priority_fee->value, 8);
  for (const auto& value : {v.config.compute_unit_limit, v.config.loaded_accounts_bytes_max, v.config.heap_bytes})
    if (value) append_little_endian(out, *value, 4);
  for (const auto& ix : v.instructions) {
    SETT_ASSERT(ix.accounts.size() <= 0xff && ix.data.size() <= 0xffff);
    out.push_back(ix.program_index);
    out.push_back(static_cast<std::uint8_t>(ix.accounts.size()));
    append_little_endian(out, ix.data.size(), 2);
  }
  for (const auto& ix : v.instructions) {
    append(out, ix.accounts);
    append(out, ix.data);
  }
}

void append_message(std::vector<std::uint8_t>& out, const transaction_view& v) {
  if (v.version == transaction_version::v1) return append_v1(out, v);
  SETT_ASSERT(v.static_key_count() <= max_keys && v.instructions.size() <= 0xffff && v.lookups.size() <= 0xffff);
  if (v.version == transaction_version::v0) out.push_back(version_bit);
  append_header(out, v.header);
  write_short_length(static_cast<std::uint16_t>(v.static_key_count()), out);
  append(out, v.keys);
  append(out, v.recent_blockhash.bytes);
  write_short_length(static_cast<std::uint16_t>(v.instructions.size()), out);
  for (const auto& ix : v.instructions) {
    out.push_back(ix.program_index);
    append_sized(out, ix.accounts);
    append_sized(out, ix.data);
  }
  if (v.version == transaction_version::legacy) return;
  write_short_length(static_cast<std::uint16_t>(v.lookups.size()), out);
  for (const auto& lookup : v.lookups) {
    append(out, lookup.table.bytes);
    append_sized(out, lookup.writable);
    append_sized(out, lookup.readonly);
  }
}

} // namespace

result<void> parse_transaction(std::span<const std::uint8_t> wire, transaction_view& out) {
  start(out);
  cursor in(wire);
  if (!wire.empty() &&
      wire[0] == v1_prefix) { // as a number of signatures it would be 129 or more, far above any packet's
    check_size(in, wire.size(), max_v1_transaction_bytes);
    read_message(in, wire, out);
    out.message = wire.first(in.ok() ? in.offset() : 0);
    out.signatures = in.bytes(std::size_t{out.header.required_signatures} * signature::size, "signatures");
    check_end(in);
    return finish(in);
  }
  check_size(in, wire.size(), max_transaction_bytes);
  const std::size_t signature_count = in.short_length("signatures");
  out.signatures = in.bytes(signature_count * signature::size, "signatures");
  const std::size_t message_at = in.offset();
  if (!in.ok()) return finish(in);
  out.message = wire.subspan(message_at);
  read_message(in, out.message, out);
  if (in.ok() && out.version == transaction_version::v1)
    in.refuse(transaction_errc::bad_version, message_at, "a v1 message has its signatures after it, not before it");
  if (in.ok() && signature_count != out.header.required_signatures)
    in.refuse(transaction_errc::signature_count, 0,
              fmt::format("{} signatures for {} signers", signature_count, out.header.required_signatures));
  check_end(in);
  return finish(in);
}

result<void> parse_message(std::span<const std::uint8_t> message, transaction_view& out) {
  start(out);
  cursor in(message);
  out.message = message;
  check_size(in, message.size(), max_v1_transaction_bytes);
  read_message(in, message, out);
  check_end(in);
  if (in.ok()) {
    const std::size_t signed_size = message.size() + std::size_t{out.header.required_signatures} * signature::size;
    if (out.version == transaction_version::v1)
      check_size(in, signed_size, max_v1_transaction_bytes);
    else
      check_size(in, signed_size + 1, max_transaction_bytes); // fewer than 128 signatures: their number is one byte
  }
  return finish(in);
}

std::vector<std::uint8_t> serialise_message(const transaction_view& view) {
  std::vector<std::uint8_t> out;
  append_message(out, view);
  return out;
}

std::vector<std::uint8_t> serialise_transaction(const transaction_view& view) {
  std::vector<std::uint8_t> out;
  if (view.version == transaction_version::v1) {
    append_message(out, view);
    append(out, view.signatures);
  } else {
    SETT_ASSERT(view.signature_count() <= 0xffff);
    write_short_length(static_cast<std::uint16_t>(view.signature_count()), out);
    append(out, view.signatures);
    append_message(out, view);
  }
  return out;
}

} // namespace sett::solana
