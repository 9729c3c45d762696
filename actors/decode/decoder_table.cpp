#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"
#include "messages/types/error.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace sett::decode {

namespace {

struct table {
  std::vector<program_decoder> all;
  std::array<std::uint16_t, static_cast<std::size_t>(program_kind::count_)> by_kind{}; // 1 + position, 0 = none
  // Perfect hashes over the first sixteen characters / bytes of the address: the multiplier is searched at start so
  // that no two programs share a slot. A slot holds 1 + position in `all`.
  static constexpr unsigned slot_bits = 10;
  std::uint64_t text_multiplier{}, byte_multiplier{};
  std::array<std::uint8_t, std::size_t{1} << slot_bits> text_slots{}, byte_slots{};
  std::vector<address> addresses;

  // Both of the first two words: the loaders share one, the native programs the other.
  static std::uint64_t mix(const void* sixteen_bytes) {
    std::array<std::uint64_t, 2> w{};
    std::memcpy(w.data(), sixteen_bytes, sizeof(w));
    return w[0] * 0x9e3779b97f4a7c15ULL ^ w[1];
  }
  static std::uint64_t text_word(std::string_view text) { return mix(text.data()); }
  static std::uint64_t byte_word(const address& a) { return mix(a.bytes.data()); }
  static std::size_t slot(std::uint64_t word, std::uint64_t multiplier) {
    return static_cast<std::size_t>((word * multiplier) >> (64 - slot_bits));
  }
  template <class Words, class Slots>
  static std::uint64_t search(const Words& words, Slots& slots) {
    std::uint64_t multiplier = 0x9e3779b97f4a7c15ULL;
    for (int attempt = 0; attempt < 100000;
         ++attempt, multiplier = multiplier * 6364136223846793005ULL + 1442695040888963407ULL) {
      slots.fill(0);
      bool perfect = true;
      for (std::size_t i = 0; i < words.size() && perfect; ++i) {
        auto& s = slots[slot(words[i], multiplier | 1U)];
        perfect = s == 0;
        s = static_cast<std::uint8_t>(i + 1);
      }
      if (perfect) return multiplier | 1U;
    }
    SETT_ASSERT(false && "two programs share the hashed part of their addresses");
    return 0;
  }

  table();
};

// Addresses: program ids on mainnet-beta; the venues' as their IDLs name them, the rest as the runtime and the
// explorers do.
table::table() {
  const auto known = [](program_kind kind, std::string_view name, std::string_view id) {
    return program_decoder{.kind = kind, .name = name, .address = id, .decode = nullptr, .layouts = {}};
  };
  using enum program_kind;
  all = {
      system_decoder,
      spl_token_decoder,
      token_2022_decoder,
      associated_token_decoder,
      compute_budget_decoder,
      known(memo, "memo", "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
      known(memo, "memo_v1", "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"),
      known(address_lookup_table, "address_lookup_table", "AddressLookupTab1e1111111111111111111111111"),
      known(stake, "stake", "Stake11111111111111111111111111111111111111"),
      known(vote, "vote", "Vote111111111111111111111111111111111111111"),
      metaplex_metadata_decoder,
      pump_decoder,
      pump_amm_decoder,
      known(pump_fees, "pump_fees", "pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ"),
      raydium_amm_v4_decoder,
      raydium_cpmm_decoder,
      raydium_clmm_decoder,
      raydium_launchlab_decoder,
      orca_whirlpool_decoder,
      meteora_dlmm_decoder,
      known(meteora_damm_v1, "meteora_damm_v1", "Eo7WjKq67rjJQSZxS6z3YkapzY3eMj6Xy8X5EQVn5UaB"),
      meteora_damm_v2_decoder,
      meteora_dbc_decoder,
      jupiter_v6_decoder,
      known(jupiter_dca, "jupiter_dca", "DCA265Vj8a9CEuX1eb1LWRnDT7uK6q1xMipnNyatn23M"),
      known(openbook_v2, "openbook_v2", "opnb2LAfJYbRMAHHvqjCwQxanZn7ReEHp1k81EohpZb"),
      known(serum_v3, "serum_v3", "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"),
      known(serum_v3, "openbook_v1", "srmqPvymJeFKQ4zGQed1GFppgkRHL9kaELCbyksJtPX"), // the same code redeployed
      known(lifinity_v2, "lifinity_v2", "2wT8Yq49kHgDzXuPxZSaeLaH1qbmGXtEyPy64bL7aD3c"),
      known(phoenix, "phoenix", "PhoeNiXZ8ByJGLkxNfZRnkUfjvmuYqLR89jjFHGqdXY"),
      known(moonshot, "moonshot", "MoonCVVNZFSYkqNXP6bxHLPL6QQJiMagDL3qcqUQTrG"),
      known(saber, "saber", "SSwpkEEcbUqx4vtoEByFjSkhKdCT862DNVb52nZg1UZ"),
      known(fluxbeam, "fluxbeam", "FLUXubRmkEi2q6K3Y9kBPg9248ggaZVsoSFhtJHSrm1X"),
      known(okx_dex, "okx_dex", "6m2CDdhRgxpH4WjvdzxAYbGxwdGUz5MziiL5jek2kBma"),
      known(bpf_loader, "bpf_loader", "BPFLoader2111111111111111111111111111111111"),
      known(bpf_loader_upgradeable, "bpf_loader_upgradeable", "BPFLoaderUpgradeab1e11111111111111111111111"),
      known(loader_v4, "loader_v4", "LoaderV411111111111111111111111111111111111"),
      known(config, "config", "Config1111111111111111111111111111111111111"),
      known(ed25519_precompile, "ed25519_precompile", "Ed25519SigVerify111111111111111111111111111"),
      known(secp256k1_precompile, "secp256k1_precompile", "KeccakSecp256k11111111111111111111111111111"),
      known(secp256r1_precompile, "secp256r1_precompile", "Secp256r1SigVerify1111111111111111111111111"),
  };
  SETT_ASSERT(std::ranges::is_sorted(all, {}, &program_decoder::kind));
  SETT_ASSERT(all.size() < 255);
  std::vector<std::uint64_t> texts, bytes;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& kind_position = by_kind[static_cast<std::size_t>(all[i].kind)];
    if (kind_position == 0) kind_position = static_cast<std::uint16_t>(i + 1);
    const solana::lazy_address id(all[i].address);
    SETT_ASSERT(!id.invalid());
    addresses.push_back(id.get());
    texts.push_back(text_word(all[i].address));
    bytes.push_back(byte_word(id.get()));
  }
  text_multiplier = search(texts, text_slots);
  byte_multiplier = search(bytes, byte_slots);
}

const table& the_table() {
  static const table t;
  return t;
}

} // namespace

std::span<const program_decoder> programs() { return the_table().all; }

const program_decoder& program(program_kind kind) {
  const auto& t = the_table();
  const auto position = t.by_kind[static_cast<std::size_t>(kind)];
  SETT_ASSERT(position != 0);
  return t.all[position - 1U];
}

program_kind find_program(const address& program_id) {
  const auto& t = the_table();
  const auto position = t.byte_slots[table::slot(table::byte_word(program_id), t.byte_multiplier)];
  if (position == 0 || t.addresses[position - 1U] != program_id) return program_kind::unknown;
  return t.all[position - 1U].kind;
}

program_kind find_program(std::string_view base58) {
  if (base58.size() < 32) return program_kind::unknown;
  const auto& t = the_table();
  const auto position = t.text_slots[table::slot(table::text_word(base58), t.text_multiplier)];
  if (position == 0 || t.all[position - 1U].address != base58) return program_kind::unknown;
  return t.all[position - 1U].kind;
}

} // namespace sett::decode
