// What makes damage and divergence of a journal visible: a checksum per entry, a chain over all entries, and a hash of
// the state. The journal's replicas and the store behind it compute them with the functions here and nowhere else.
//
// crc: CRC-32C over epoch, index, kind (little endian, 17 bytes) and payload. chain: SipHash-2-4 (Aumasson & Bernstein
// 2012; libsodium's crypto_shorthash) keyed with the previous entry's chain; equal chains at an index mean equal
// journals up to it. It guards against accidents, not against a node that lies: nodes trust each other's keys. state
// hash: the sum modulo 2^64 of one SipHash per (key, value), so it does not depend on order and changes by the changed
// entries only; an empty state has 0.
//
// Pure functions, thread-safe, never block.
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/types/cluster_ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sett::journal {

[[nodiscard]] std::uint32_t entry_crc(epoch_number epoch, journal_index index, ports::entry_kind kind,
                                      std::string_view payload);
[[nodiscard]] std::uint64_t entry_chain(std::uint64_t previous_chain, epoch_number epoch, journal_index index,
                                        ports::entry_kind kind, std::string_view payload);

/// The entry that follows `previous`, with its crc and chain.
[[nodiscard]] ports::journal_entry make_entry(const ports::journal_place& previous, epoch_number epoch,
                                              ports::entry_kind kind, std::string payload);

enum class entry_fault : std::uint8_t { none, wrong_index, wrong_epoch, wrong_crc, wrong_chain };
[[nodiscard]] std::string_view to_text(entry_fault fault);
/// Whether `entry` may follow `previous`: next index, no lower epoch, crc and chain as computed.
[[nodiscard]] entry_fault check_entry(const ports::journal_place& previous, const ports::journal_entry& entry);

[[nodiscard]] inline ports::journal_place place_of(const ports::journal_entry& e) {
  return {.epoch = e.epoch, .index = e.index, .chain = e.chain};
}

/// One key's part in a state hash; the state's hash is the sum of all parts, wrapping.
[[nodiscard]] std::uint64_t state_entry_hash(std::string_view key, std::string_view value);

} // namespace sett::journal
