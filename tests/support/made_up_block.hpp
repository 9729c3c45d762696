// JSON of made-up blocks with system transfers: enough for sockets, stream decoding and merging. Everything follows
// from the slot and a version, so two readers of the same slot see the same block and another version is another fork.
#pragma once

#include "messages/solana/base58.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace sett::test {

template <class Id>
Id made_up_id(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0) {
  Id id;
  std::uint64_t x = a * 0x9e3779b97f4a7c15ULL ^ b * 0xff51afd7ed558ccdULL ^ (c + 1) * 0xc4ceb9fe1a85ec53ULL;
  for (std::size_t i = 0; i < Id::size; i += 8) {
    x ^= x >> 31;
    x *= 0x94d049bb133111ebULL;
    std::memcpy(id.bytes.data() + i, &x, 8);
  }
  return id;
}
inline signature made_up_signature(std::uint64_t slot, std::uint32_t index, std::uint32_t version = 0) {
  return made_up_id<signature>(slot, index, version);
}
inline blockhash made_up_hash(std::uint64_t slot, std::uint32_t version = 0) {
  return made_up_id<blockhash>(slot, 77, version);
}

template <class Id>
std::string base58_of(const Id& id) {
  return *solana::base58::encode(id.bytes);
}

/// One transaction object: a transfer of `index + 1` lamports from a made-up wallet to another.
inline std::string made_up_transaction(std::uint64_t slot, std::uint32_t index, std::uint32_t version = 0) {
  const auto from = base58_of(made_up_id<address>(index, 1)), to = base58_of(made_up_id<address>(index, 2));
  std::array<std::uint8_t, 12> data{2, 0, 0, 0};
  const std::uint64_t amount = index + 1;
  std::memcpy(data.data() + 4, &amount, 8);
  return R"({"transaction":{"signatures":[")" + base58_of(made_up_signature(slot, index, version)) +
         R"("],"message":{"header":{"numRequiredSignatures":1,"numReadonlySignedAccounts":0,"numReadonlyUnsignedAccounts":1},"accountKeys":[")" +
         from + R"(",")" + to + R"(","11111111111111111111111111111111"],"recentBlockhash":")" +
         base58_of(made_up_hash(slot - 1)) + R"(","instructions":[{"programIdIndex":2,"accounts":[0,1],"data":")" +
         *solana::base58::encode(data) +
         R"(","stackHeight":null}]}},"meta":{"err":null,"status":{"Ok":null},"fee":5000,"preBalances":[1000000000,0,1],"postBalances":[)" +
         std::to_string(1000000000 - 5000 - amount) + "," + std::to_string(amount) +
         R"(,1],"innerInstructions":[],"logMessages":[],"preTokenBalances":[],"postTokenBalances":[],"loadedAddresses":{"writable":[],"readonly":[]},"computeUnitsConsumed":150},"version":"legacy"})";
}
/// getBlock's result.
inline std::string made_up_block(std::uint64_t slot, std::uint64_t parent, std::uint32_t transactions,
                                 std::uint32_t version = 0) {
  std::string text = R"({"previousBlockhash":")" + base58_of(made_up_hash(parent)) + R"(","blockhash":")" +
                     base58_of(made_up_hash(slot, version)) + R"(","parentSlot":)" + std::to_string(parent) +
                     R"(,"blockTime":)" + std::to_string(1'700'000'000 + slot / 2) + R"(,"blockHeight":)" +
                     std::to_string(slot / 2) + R"(,"transactions":[)";
  for (std::uint32_t i = 0; i < transactions; ++i) text += (i ? "," : "") + made_up_transaction(slot, i, version);
  return text + "]}";
}
inline std::string block_notification(std::uint64_t slot, std::uint64_t parent, std::uint32_t transactions,
                                      std::uint32_t version = 0) {
  return R"({"jsonrpc":"2.0","method":"blockNotification","params":{"result":{"context":{"slot":)" +
         std::to_string(slot) + R"(},"value":{"slot":)" + std::to_string(slot) + R"(,"err":null,"block":)" +
         made_up_block(slot, parent, transactions, version) + R"(}},"subscription":7}})";
}
inline std::string slot_notification(std::uint64_t slot, std::uint64_t parent, std::uint64_t root) {
  return R"({"jsonrpc":"2.0","method":"slotNotification","params":{"result":{"parent":)" + std::to_string(parent) +
         R"(,"root":)" + std::to_string(root) + R"(,"slot":)" + std::to_string(slot) + R"(},"subscription":5}})";
}

} // namespace sett::test
