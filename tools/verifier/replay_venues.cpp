#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

constexpr auto raydium_v4 = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";

// A venue without functions is known but not verified.
constexpr std::array venues_known{
    replay_venue{"pump_curve", "pump.fun swaps", "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", "", execute_pump_curve,
                 fields_of_pump_curve},
    replay_venue{"raydium_cpmm", "Raydium CPMM swaps", "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C", "",
                 execute_raydium_cpmm, fields_of_raydium_cpmm},
    replay_venue{"raydium_v4", "Raydium AMM v4 swaps", raydium_v4, "!market", execute_raydium_amm_v4,
                 fields_of_raydium_amm_v4},
    replay_venue{"raydium_v4_orderbook", "Raydium AMM v4 swaps beside an order book", raydium_v4, "market",
                 execute_raydium_amm_v4, fields_of_raydium_amm_v4},
    replay_venue{"orca_whirlpool", "Orca Whirlpool swaps", "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc", "",
                 execute_orca_whirlpool, fields_of_orca_whirlpool},
    replay_venue{"raydium_clmm", "Raydium CLMM swaps", "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK", "",
                 execute_raydium_clmm, fields_of_raydium_clmm},
    replay_venue{"meteora_dlmm", "Meteora DLMM swaps", "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo", "",
                 execute_meteora_dlmm, fields_of_meteora_dlmm, part_of_meteora_dlmm},
    replay_venue{"meteora_damm_v2", "Meteora DAMM v2 swaps", "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG", "",
                 execute_meteora_damm_v2, fields_of_meteora_damm_v2},
    replay_venue{"meteora_dbc", "Meteora dynamic bonding curve swaps", "dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN",
                 "", execute_meteora_dbc, fields_of_meteora_dbc},
};

} // namespace

std::span<const replay_venue> replay_venues() { return venues_known; }

} // namespace sett::verifier
