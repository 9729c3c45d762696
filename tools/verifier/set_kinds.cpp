#include "tools/verifier/set_kind.hpp"

#include <algorithm>
#include <array>

namespace sett::verifier {
namespace {

std::string_view type_of(const record& r) { return r.has("t") ? r.text("t") : std::string_view{}; }

template <class... Types>
bool has_type(const record& r, Types... types) {
  const auto t = type_of(r);
  return ((t == types) || ...);
}

bool is_replay_of(const record& r, std::string_view program, bool with_order_book = false) {
  return has_type(r, "seq") && r.text("program") == program && r.text("id").starts_with("v4ob") == with_order_book;
}

constexpr std::string_view raydium_v4 = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";

constexpr std::array kinds{
    set_kind{"base58_vectors", "text and bytes, valid and not", [](const record& r) { return has_type(r, "base58"); },
             make_base58_checker},
    set_kind{"pda_ata_vectors", "program-derived, associated token and with-seed addresses, points of the curve",
             [](const record& r) { return has_type(r, "ata", "pda", "pda_named", "create_with_seed", "on_curve"); },
             make_derivation_checker},
    set_kind{"tx_vectors", "transactions: fields, bytes, signatures, signing, building, size limit",
             [](const record& r) { return has_type(r, "tx"); }, make_transaction_checker},
    set_kind{"honeypot_mints", "mints and what became of their buyers",
             [](const record& r) { return has_type(r, "mint"); }, nullptr},
    set_kind{"pump_curve", "pump.fun swaps",
             [](const record& r) { return is_replay_of(r, "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"); }, nullptr},
    set_kind{"raydium_cpmm", "Raydium CPMM swaps",
             [](const record& r) { return is_replay_of(r, "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"); }, nullptr},
    set_kind{"raydium_v4", "Raydium AMM v4 swaps", [](const record& r) { return is_replay_of(r, raydium_v4); },
             nullptr},
    set_kind{"raydium_v4_orderbook", "Raydium AMM v4 swaps beside an order book",
             [](const record& r) { return is_replay_of(r, raydium_v4, true); }, nullptr},
    set_kind{"orca_whirlpool", "Orca Whirlpool swaps",
             [](const record& r) { return is_replay_of(r, "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc"); }, nullptr},
    set_kind{"raydium_clmm", "Raydium CLMM swaps",
             [](const record& r) { return is_replay_of(r, "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK"); }, nullptr},
    set_kind{"meteora_dlmm", "Meteora DLMM swaps",
             [](const record& r) { return is_replay_of(r, "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo"); }, nullptr},
    set_kind{"meteora_damm_v2", "Meteora DAMM v2 swaps",
             [](const record& r) { return is_replay_of(r, "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG"); }, nullptr},
    set_kind{"meteora_dbc", "Meteora dynamic bonding curve swaps",
             [](const record& r) { return is_replay_of(r, "dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN"); }, nullptr},
};

} // namespace

std::span<const set_kind> set_kinds() { return kinds; }

} // namespace sett::verifier
