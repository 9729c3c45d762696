#include "nodes/journal/entry_hash.hpp"

#include "messages/types/crc32c.hpp"

#include <sodium/crypto_shorthash_siphash24.h>

#include <array>
#include <cstring>

namespace sett::journal {

namespace {

void put(char* at, std::uint64_t v) {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<char>(v >> (8 * i));
}

std::uint64_t siphash(std::uint64_t key, std::uint64_t domain, std::string_view bytes) {
  std::array<char, 16> k{};
  put(k.data(), key);
  put(k.data() + 8, domain);
  std::array<unsigned char, 8> out{};
  crypto_shorthash_siphash24(out.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                             reinterpret_cast<const unsigned char*>(k.data()));
  std::uint64_t h = 0;
  for (std::size_t i = 8; i-- > 0;) h = (h << 8) | out[i];
  return h;
}

// Tells the uses of the hash apart; frozen, as the results lie on disk.
constexpr std::uint64_t payload_domain = 0x7365747470617931;
constexpr std::uint64_t entry_domain = 0x73657474656e7431;
constexpr std::uint64_t key_domain = 0x736574746b657931;
constexpr std::uint64_t value_domain = 0x7365747476616c31;

std::array<char, 17> head(epoch_number epoch, journal_index index, ports::entry_kind kind) {
  std::array<char, 17> h{};
  put(h.data(), epoch.value);
  put(h.data() + 8, index.value);
  h[16] = static_cast<char>(kind);
  return h;
}

} // namespace

std::uint32_t entry_crc(epoch_number epoch, journal_index index, ports::entry_kind kind, std::string_view payload) {
  const auto h = head(epoch, index, kind);
  return crc32c(payload, crc32c({h.data(), h.size()}));
}

std::uint64_t entry_chain(std::uint64_t previous_chain, epoch_number epoch, journal_index index, ports::entry_kind kind,
                          std::string_view payload) {
  std::array<char, 25> whole{};
  const auto h = head(epoch, index, kind);
  std::memcpy(whole.data(), h.data(), h.size());
  put(whole.data() + h.size(), siphash(previous_chain, payload_domain, payload));
  return siphash(previous_chain, entry_domain, {whole.data(), whole.size()});
}

ports::journal_entry make_entry(const ports::journal_place& previous, epoch_number epoch, ports::entry_kind kind,
                                std::string payload) {
  ports::journal_entry e{.epoch = epoch, .index = journal_index(previous.index.value + 1), .kind = kind, .payload = {}};
  e.crc = entry_crc(e.epoch, e.index, kind, payload);
  e.chain = entry_chain(previous.chain, e.epoch, e.index, kind, payload);
  e.payload = std::move(payload);
  return e;
}

std::string_view to_text(entry_fault fault) {
  switch (fault) {
  case entry_fault::none:
    return "none";
  case entry_fault::wrong_index:
    return "wrong index";
  case entry_fault::wrong_epoch:
    return "wrong epoch";
  case entry_fault::wrong_crc:
    return "wrong checksum";
  case entry_fault::wrong_chain:
    return "wrong chain";
  }
  return "unknown";
}

entry_fault check_entry(const ports::journal_place& previous, const ports::journal_entry& entry) {
  if (entry.index.value != previous.index.value + 1) return entry_fault::wrong_index;
  if (entry.epoch < previous.epoch) return entry_fault::wrong_epoch;
  if (entry.crc != entry_crc(entry.epoch, entry.index, entry.kind, entry.payload)) return entry_fault::wrong_crc;
  if (entry.chain != entry_chain(previous.chain, entry.epoch, entry.index, entry.kind, entry.payload))
    return entry_fault::wrong_chain;
  return entry_fault::none;
}

std::uint64_t state_entry_hash(std::string_view key, std::string_view value) {
  return siphash(siphash(0, key_domain, key), value_domain, value);
}

} // namespace sett::journal
