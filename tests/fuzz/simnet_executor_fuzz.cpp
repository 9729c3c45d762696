// Wire bytes into the executor: whatever is sent, the chain lives on, and no lamport appears or vanishes but as a fee.
// The first byte chooses: raw bytes as a packet, or instructions over accounts that exist, signed.
#include "tools/simnet/market.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/composer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace sett;
using namespace sett::simnet;

struct world {
  world() {
    options.deeds_per_slot = 10;
    options.launches_per_slot = 0.5;
    options.honeypot_share = 0.4;
    market people(options);
    people.open(chain);
    blockhash hash;
    for (std::uint64_t slot = 1; slot <= 40; ++slot) {
      hash.bytes[0] = static_cast<std::uint8_t>(slot);
      chain.begin_block({slot_number{slot}, slot, 1'790'000'000 + static_cast<std::int64_t>(slot)},
                        chain.newest_hash());
      for (auto& made : people.act(chain, chain.clock(), {})) static_cast<void>(chain.execute(made.transaction));
      chain.finish_block(hash);
    }
    chain.begin_block({slot_number{41}, 41, 1'790'000'041}, chain.newest_hash());
    for (const auto& [key, a] : chain.accounts().all()) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
  }
  market_options options;
  validator chain;
  std::vector<address> keys;
  key_pair payer = derive_key_pair(1, "trader", 0), second = derive_key_pair(1, "creator", 0);
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static world w;
  if (size < 2) return 0;
  if (data[0] % 4 == 0) {
    if (const auto read = validator::read({data + 1, size - 1})) static_cast<void>(w.chain.simulate(*read, {}));
    return 0;
  }
  // count of accounts, program, then per account two bytes: which one, and what it may do; the rest is input
  const address programs[] = {program_id::system(),           program_id::spl_token(), program_id::token_2022(),
                              program_id::associated_token(), program_id::pump(),      program_id::pump_amm(),
                              program_id::raydium_cpmm(),     program_id::whirlpool(), program_id::memo(),
                              program_id::metaplex_metadata()};
  instruction ix;
  ix.program = programs[data[0] / 4 % std::size(programs)];
  const std::size_t count = data[1] % 30;
  std::size_t at = 2;
  for (std::size_t i = 0; i < count && at + 2 < size; ++i, at += 3) {
    const auto flags = data[at + 2];
    const auto key = (flags & 4) != 0   ? w.payer.key
                     : (flags & 8) != 0 ? w.second.key
                                        : w.keys[(data[at] + 256u * data[at + 1]) % w.keys.size()];
    ix.accounts.push_back({key, (flags & 1) != 0, (flags & 2) != 0 && (key == w.payer.key || key == w.second.key)});
  }
  ix.data.assign(data + std::min(at, size), data + size);
  const instruction list[] = {ix};
  const key_pair* signers[] = {&w.payer, &w.second};
  static_cast<void>(w.chain.simulate(compose(list, signers, w.chain.newest_hash()), {}));
  return 0;
}
