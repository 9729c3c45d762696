// Burned liquidity, told from burns. No venue has an instruction for it: whoever burns liquidity burns LP tokens (or
// sends them where nobody has a key), often long after the pool was made. This keeps the LP mints of the pools it has
// seen created or funded and derives event::liquidity{burned} from
//   - an SPL burn of a known LP mint,
//   - a transfer of a known LP mint to the incinerator or to the zero address (the system program),
// unless the same top-level instruction also removed liquidity from that pool: a withdrawal burns LP tokens too, in
// exchange for what it takes out.
//
// Bound: mints_max LP mints, the one learned first goes, counted. A burn that is delivered before its pool was (a slot
// that came late, a pool made before the node listened) is not derived. Pure; not thread-safe.
#pragma once

#include "messages/types/block_update.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sett::market {

/// Incinerator (solana-program sdk incinerator::id, 2026-11): what is sent there is destroyed.
[[nodiscard]] const address& incinerator_address();

struct lp_pool {
  address pool;
  mint_address base_mint, quote_mint;
  program_kind venue{program_kind::unknown};
  slot_number learned;
};

class lp_burns {
public:
  static constexpr std::size_t mints_max = 100'000;
  explicit lp_burns(std::size_t limit = mints_max) : limit_(limit) {}

  struct learned_mint {
    mint_address lp_mint;
    bool forgotten{}; // there was no place left: its record may go
  };
  struct burn {
    std::size_t behind{}; // position of the transfer it was told from
    chain_event event;
  };
  /// Learns the batch's LP mints, then appends the burns in it, in order. `learned` gets what changed.
  void derive(const event_batch& batch, slot_number slot, std::vector<burn>& burns, std::vector<learned_mint>& learned);

  /// Takes what was stored; oldest first.
  void restore(const mint_address& lp_mint, const lp_pool& pool);
  [[nodiscard]] const lp_pool* find(const mint_address& lp_mint) const;
  [[nodiscard]] std::size_t size() const { return pools_.size(); }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

private:
  void learn(const mint_address& lp_mint, const lp_pool& pool, std::vector<learned_mint>& learned);

  std::size_t limit_;
  std::unordered_map<mint_address, lp_pool> pools_;
  std::deque<mint_address> order_; // as learned
  std::uint64_t forgotten_{};
};

/// An LP mint's pool as it is stored, kind lp_mint_kind, id the LP mint: version byte, venue byte, slot (8 bytes little
/// endian), pool, base mint, quote mint.
inline constexpr std::string_view lp_mint_kind = "lp_mint";
[[nodiscard]] std::string encode_lp_pool(const lp_pool& pool);
/// Nothing when the form is another.
[[nodiscard]] std::optional<lp_pool> decode_lp_pool(std::string_view bytes);

/// Puts each burn behind its transfer.
void insert_burns(event_batch& batch, const std::vector<lp_burns::burn>& burns);

/// The update with the burns in it among its events; the update itself when there are none.
[[nodiscard]] block_update_ptr with_burns(lp_burns& known, block_update_ptr update,
                                          std::vector<lp_burns::learned_mint>& learned);

} // namespace sett::market
