// jsonParsed shows the instructions of well-known programs as {"program": "spl-token", "parsed": {"type", "info"}}.
// This turns them back into account indexes and data bytes, so that one set of decoders serves every encoding. The
// names are those of Agave's transaction-status crate (parse_system.rs, parse_token.rs with its extensions,
// parse_associated_token.rs; v2.0, 2024-07), the layouts those of the programs.
//
// What the parsed form leaves out cannot come back: signers of a memo, accounts behind the documented ones (an old rent
// sysvar), and whether an associated account was created with empty data or with the byte 0 (empty is written).
// Programs and types without a layout here (vote, stake, loaders, lookup tables), and a parsed instruction that names
// an account which is no key of its transaction, keep empty data and accounts and are marked shown_parsed.
#pragma once

#include "messages/solana/executed_transaction.hpp"
#include "messages/solana/json_cursor.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sett::solana {

/// Scratch that is kept from instruction to instruction.
struct parsed_scratch {
  std::vector<std::uint8_t> data;
  std::vector<std::uint8_t> accounts;
};

/// `cursor` stands on an instruction object in jsonParsed form (with programId; its accounts and data as text, or
/// parsed). Fills program_index, accounts, data and stack_height of `ix` from the keys of `tx`, into its arena. Errors:
/// missing (no programId), out_of_range (a program that is no key, or a number too large), too_many, wrong_type.
bool encode_parsed_instruction(json_cursor cursor, const executed_transaction& tx, executed_instruction& ix,
                               parsed_scratch& scratch);

} // namespace sett::solana
