// One line per program that has a decoder; each is defined in the source file of its name.
#pragma once

#include "actors/decode/decoder.hpp"

namespace sett::decode {

extern const program_decoder system_decoder;
extern const program_decoder spl_token_decoder;
extern const program_decoder token_2022_decoder;
extern const program_decoder associated_token_decoder;
extern const program_decoder compute_budget_decoder;
extern const program_decoder metaplex_metadata_decoder;
extern const program_decoder pump_decoder;
extern const program_decoder pump_amm_decoder;
extern const program_decoder raydium_amm_v4_decoder;
extern const program_decoder raydium_cpmm_decoder;
extern const program_decoder raydium_clmm_decoder;
extern const program_decoder raydium_launchlab_decoder;
extern const program_decoder orca_whirlpool_decoder;
extern const program_decoder meteora_dlmm_decoder;
extern const program_decoder meteora_damm_v2_decoder;
extern const program_decoder meteora_dbc_decoder;
extern const program_decoder jupiter_v6_decoder;

} // namespace sett::decode
