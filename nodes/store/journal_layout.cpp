#include "nodes/store/journal_layout.hpp"

#include "messages/types/crc32c.hpp"
#include "nodes/journal/entry_hash.hpp"

#include <fmt/format.h>

#include <cstring>
#include <type_traits>

namespace sett::store {

namespace {

using ports::journal_store_errc;

template <class T>
void put(std::string& to, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to.push_back(static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xffU));
}
void put_big(std::string& to, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) to.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
}

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[at + i])) << (8 * i);
  return static_cast<T>(value);
}

/// Takes numbers from the front; too few bytes leave zeros and a mark.
struct cursor {
  std::string_view bytes;
  bool short_of{};

  template <class T>
  T take() {
    if (bytes.size() < sizeof(T)) {
      short_of = true;
      bytes = {};
      return T{};
    }
    const auto value = number_at<T>(bytes, 0);
    bytes.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view take_text() {
    const auto size = take<std::uint16_t>();
    if (bytes.size() < size) {
      short_of = true;
      return {};
    }
    const auto text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return text;
  }
  ports::journal_place take_place() {
    ports::journal_place p;
    p.epoch = epoch_number{take<std::uint64_t>()};
    p.index = journal_index{take<std::uint64_t>()};
    p.chain = take<std::uint64_t>();
    return p;
  }
  [[nodiscard]] bool done() const { return !short_of && bytes.empty(); }
};

void put_text(std::string& to, std::string_view text) {
  SETT_ASSERT(text.size() <= 0xffff);
  put(to, static_cast<std::uint16_t>(text.size()));
  to.append(text);
}
void put_place(std::string& to, const ports::journal_place& p) {
  put(to, p.epoch.value);
  put(to, p.index.value);
  put(to, p.chain);
}

std::string sealed(std::string bytes) {
  put(bytes, crc32c(bytes));
  return bytes;
}
result<std::string_view> unsealed(std::string_view what, std::string_view value) {
  if (value.size() < 4) return corrupt(fmt::format("{} of {} bytes is too short", what, value.size()));
  const auto body = value.substr(0, value.size() - 4);
  const auto stored = number_at<std::uint32_t>(value, body.size());
  if (const auto found = crc32c(body); found != stored)
    return corrupt(fmt::format("{}: crc expected {:08x}, found {:08x}", what, stored, found));
  return body;
}

std::string shard_key(shard_id shard, char part) {
  std::string key = shard_prefix(shard);
  key.push_back(part);
  return key;
}

} // namespace

std::unexpected<error> corrupt(std::string message) {
  return fail("journal_store", journal_store_errc::corrupt, std::move(message));
}

std::string facts_key() { return "nfacts"; }
std::string group_key() { return "ngroup"; }
std::string shard_prefix(shard_id shard) {
  std::string key = "s";
  put_big(key, shard.value, 2);
  return key;
}
std::string meta_key(shard_id shard) { return shard_key(shard, 'm'); }
std::string log_prefix(shard_id shard) { return shard_key(shard, 'l'); }
std::string log_key(shard_id shard, journal_index index) {
  std::string key = log_prefix(shard);
  put_big(key, index.value, 8);
  return key;
}
std::string states_prefix(shard_id shard) { return shard_key(shard, 'g'); }
std::string state_prefix(shard_id shard, std::uint64_t generation) {
  std::string key = states_prefix(shard);
  put_big(key, generation, 8);
  return key;
}
std::string after_prefix(std::string prefix) {
  while (!prefix.empty()) {
    if (prefix.back() != '\xff') {
      prefix.back() = static_cast<char>(static_cast<std::uint8_t>(prefix.back()) + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}
std::optional<shard_id> shard_of(std::string_view key) {
  if (key.size() < 4 || key[0] != 's') return std::nullopt;
  return shard_id{
      static_cast<std::uint16_t>((static_cast<std::uint8_t>(key[1]) << 8) | static_cast<std::uint8_t>(key[2]))};
}
std::optional<std::uint64_t> number_after(std::string_view key, std::size_t prefix_size) {
  if (key.size() < prefix_size + 8) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = (number << 8) | static_cast<std::uint8_t>(key[prefix_size + i]);
  return number;
}

std::string encode(std::uint64_t number) {
  std::string out;
  put(out, number);
  return sealed(std::move(out));
}
result<std::uint64_t> decode_number(std::string_view value) {
  const auto body = unsealed("a number", value);
  if (!body) return std::unexpected(body.error());
  cursor c{*body};
  const auto n = c.take<std::uint64_t>();
  if (!c.done()) return corrupt("a number of a wrong size");
  return n;
}

std::string encode(const ports::node_facts& f) {
  std::string out;
  put_text(out, f.cluster);
  put_text(out, f.node.view());
  put(out, f.incarnation.value);
  put(out, static_cast<std::uint8_t>(f.intact ? 1 : 0));
  put(out, f.shard_count);
  put(out, f.hash_version);
  return sealed(std::move(out));
}
result<ports::node_facts> decode_facts(std::string_view value) {
  const auto body = unsealed("the node's facts", value);
  if (!body) return std::unexpected(body.error());
  cursor c{*body};
  ports::node_facts f;
  f.cluster = c.take_text();
  const auto name = c.take_text();
  f.incarnation = incarnation_number{c.take<std::uint64_t>()};
  f.intact = c.take<std::uint8_t>() == 1;
  f.shard_count = c.take<std::uint32_t>();
  f.hash_version = c.take<std::uint32_t>();
  const auto node = node_id::parse(name);
  if (!c.done() || (!node && !name.empty())) return corrupt("the node's facts are not as this build writes them");
  f.node = node.value_or(node_id{});
  return f;
}

std::string encode(const ports::shard_meta& m) {
  std::string out;
  put(out, m.promised.value);
  put(out, m.born.value);
  put_place(out, m.cut);
  put_place(out, m.applied);
  put(out, m.state_hash);
  put(out, m.generation);
  put(out, m.data_loss);
  return sealed(std::move(out));
}
result<ports::shard_meta> decode_meta(std::string_view value) {
  const auto body = unsealed("a shard's meta", value);
  if (!body) return std::unexpected(body.error());
  cursor c{*body};
  ports::shard_meta m;
  m.promised = epoch_number{c.take<std::uint64_t>()};
  m.born = incarnation_number{c.take<std::uint64_t>()};
  m.cut = c.take_place();
  m.applied = c.take_place();
  m.state_hash = c.take<std::uint64_t>();
  m.generation = c.take<std::uint64_t>();
  m.data_loss = c.take<std::uint32_t>();
  if (!c.done()) return corrupt("a shard's meta is not as this build writes it");
  return m;
}

std::string encode(const ports::journal_entry& e) {
  std::string out;
  out.reserve(21 + e.payload.size());
  put(out, e.epoch.value);
  put(out, static_cast<std::uint8_t>(e.kind));
  put(out, e.crc);
  put(out, e.chain);
  out.append(e.payload);
  return out;
}
result<ports::journal_entry> decode_entry(journal_index index, std::string_view value) {
  cursor c{value};
  ports::journal_entry e;
  e.index = index;
  e.epoch = epoch_number{c.take<std::uint64_t>()};
  const auto kind = c.take<std::uint8_t>();
  e.crc = c.take<std::uint32_t>();
  e.chain = c.take<std::uint64_t>();
  if (c.short_of) return corrupt(fmt::format("entry {}: {} bytes are too few", index.value, value.size()));
  if (kind < static_cast<std::uint8_t>(ports::entry_kind::epoch_start) ||
      kind > static_cast<std::uint8_t>(ports::entry_kind::checkpoint))
    return corrupt(fmt::format("entry {}: kind {} does not exist", index.value, kind));
  e.kind = static_cast<ports::entry_kind>(kind);
  e.payload = c.bytes;
  return e;
}

void append_record(std::string& stream, std::string_view key, std::string_view value) {
  put(stream, static_cast<std::uint32_t>(key.size()));
  put(stream, static_cast<std::uint32_t>(value.size()));
  stream.append(key).append(value);
}
std::string seal_chunk(std::string_view part) {
  std::string out;
  out.reserve(4 + part.size());
  put(out, crc32c(part));
  out.append(part);
  return out;
}

result<void> chunk_reader::feed(std::string_view chunk,
                                const std::function<result<void>(std::string_view, std::string_view)>& record) {
  if (chunk.size() < 4) return corrupt(fmt::format("a chunk of {} bytes is too short", chunk.size()));
  const auto stored = number_at<std::uint32_t>(chunk, 0);
  chunk.remove_prefix(4);
  if (const auto found = crc32c(chunk); found != stored)
    return corrupt(fmt::format("a chunk's crc: expected {:08x}, found {:08x}", stored, found));
  bytes_ += chunk.size();
  std::string_view bytes = chunk;
  if (!rest_.empty()) {
    rest_.append(chunk);
    bytes = rest_;
  }
  while (bytes.size() >= 8) {
    const std::size_t key_size = number_at<std::uint32_t>(bytes, 0), value_size = number_at<std::uint32_t>(bytes, 4);
    if (key_size > state_key_size_max || value_size > state_value_size_max)
      return corrupt(fmt::format("a record with a key of {} and a value of {} bytes", key_size, value_size));
    if (bytes.size() < 8 + key_size + value_size) break;
    const auto key = bytes.substr(8, key_size);
    if (any_ && key <= last_key_) return corrupt("a snapshot's keys are out of order");
    if (auto r = record(key, bytes.substr(8 + key_size, value_size)); !r) return r;
    any_ = true;
    last_key_ = key;
    bytes.remove_prefix(8 + key_size + value_size);
  }
  rest_ = std::string(bytes);
  return {};
}

result<void> log_checker::next(const ports::journal_entry& e) {
  const auto place = fmt::format("shard {}, index {}", shard_.value, e.index.value);
  if (e.index.value != at_.index.value + 1)
    return corrupt(
        fmt::format("shard {}: index expected {}, found {}: a hole", shard_.value, at_.index.value + 1, e.index.value));
  if (e.epoch < at_.epoch)
    return corrupt(fmt::format("{}: epoch expected at least {}, found {}", place, at_.epoch.value, e.epoch.value));
  if (const auto crc = journal::entry_crc(e.epoch, e.index, e.kind, e.payload); crc != e.crc)
    return corrupt(fmt::format("{}: crc expected {:08x}, found {:08x}", place, e.crc, crc));
  if (const auto chain = journal::entry_chain(at_.chain, e.epoch, e.index, e.kind, e.payload); chain != e.chain)
    return corrupt(fmt::format("{}: chain expected {:016x}, found {:016x}", place, e.chain, chain));
  at_ = {e.epoch, e.index, e.chain};
  return {};
}

result<void> check_meta(shard_id shard, const ports::shard_meta& m, journal_index end) {
  if (m.applied.index < m.cut.index)
    return corrupt(fmt::format("shard {}: the state is at {}, below the cut at {}", shard.value, m.applied.index.value,
                               m.cut.index.value));
  if (end < m.applied.index)
    return corrupt(fmt::format("shard {}: the log ends at {}, below the state at {}", shard.value, end.value,
                               m.applied.index.value));
  return {};
}

result<void> check_state_hash(shard_id shard, const ports::shard_meta& m, std::uint64_t found) {
  if (found == m.state_hash) return {};
  return corrupt(fmt::format("shard {}, state at index {}: hash expected {:016x}, found {:016x}", shard.value,
                             m.applied.index.value, m.state_hash, found));
}

} // namespace sett::store
