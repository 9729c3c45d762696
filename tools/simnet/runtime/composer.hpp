// Makes signed transactions out of instructions, legacy or v0 with lookup tables, within a packet: for the market's
// population and for tests. Keys are in order of first use within each class of privilege, the payer first. Pure.
#pragma once

#include "tools/simnet/bank.hpp"
#include "tools/simnet/runtime/validator.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sett::simnet {

struct instruction {
  address program;
  std::vector<account_meta> accounts;
  std::vector<std::uint8_t> data;
};

struct lookup_table_content {
  address key;
  std::vector<address> addresses;
};

/// `signers`: the payer first; every account that an instruction names as signer has to be among them. With `table` the
/// message is v0. The result may exceed a packet: the caller looks at wire.size().
[[nodiscard]] chain_transaction compose(std::span<const instruction> instructions,
                                        std::span<const key_pair* const> signers, const blockhash& recent,
                                        const lookup_table_content* table = nullptr);

} // namespace sett::simnet
