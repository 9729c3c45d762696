// What the decoders of trading venues share: a view of one Anchor instruction with its length checks, and the writing
// of swap, liquidity and pool events from the movements of tokens below it.
//
// Amounts come from the transfers that touch the pool's vaults, never from instruction arguments: those are limits. A
// venue's own event, where there is one, is the second witness; the vaults' balance changes are the third. Only when
// none of the witnesses that are there disagrees, and the balances are there, is a swap marked balances_agree.
//
// Pure; no allocation; views live as long as the transaction.
#pragma once

#include "actors/decode/decoder.hpp"
#include "actors/decode/layout.hpp"
#include "actors/decode/vault_swap.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sett::decode {

/// The discriminator of a name in a decoder's own list of layouts; a misspelt name does not compile.
template <std::size_t N>
consteval std::uint64_t discriminator_of(const layout_check (&layouts)[N], std::string_view name) {
  for (const auto& layout : layouts)
    if (layout.anchor_name == name) return layout.discriminator;
  throw "no such layout"; // pure-ok: consteval, stops the compiler
}

/// Instruction `position` of the transaction as an Anchor instruction: 8 bytes of discriminator, then arguments.
class anchor_instruction {
public:
  anchor_instruction(context& ctx, std::size_t position)
      : ctx_(ctx), position_(position), ix_(ctx.tx.instructions[position]), data_(ctx.tx.data(ix_)) {}

  [[nodiscard]] context& ctx() const { return ctx_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] const solana::executed_instruction& raw() const { return ix_; }
  [[nodiscard]] std::uint64_t tag() const { return discriminator(data_); }
  /// A cursor at the first argument.
  [[nodiscard]] byte_reader arguments() const { return byte_reader(data_.size() < 8 ? byte_span{} : data_.subspan(8)); }
  /// True when there are at least that many argument bytes and accounts; more are tolerated. Otherwise the instruction
  /// is named unknown.
  [[nodiscard]] bool require(std::size_t argument_bytes, std::size_t accounts) const {
    const bool enough = data_.size() >= 8 + argument_bytes && ix_.accounts.size() >= accounts;
    if (!enough) unknown();
    return enough;
  }
  /// Key index of an account; the caller has required it.
  [[nodiscard]] std::uint8_t key(std::size_t account) const { return ix_.accounts[account]; }
  [[nodiscard]] const address& account(std::size_t i) const { return ctx_.tx.key(ix_.accounts[i]); }
  /// The token program of an account is the old one: what is sent is what arrives.
  [[nodiscard]] bool is_plain_token(std::size_t token_program) const {
    return find_program(account(token_program)) == program_kind::spl_token;
  }
  [[nodiscard]] context::range children() const { return ctx_.children(position_); }
  /// The venue's event of that name: bytes after its discriminator, empty when there is none.
  [[nodiscard]] byte_span event(std::uint64_t event_tag, std::size_t nth = 0) const {
    return ctx_.event(position_, event_tag, nth);
  }
  /// Names this instruction as a layout nobody knows.
  void unknown() const { ctx_.unknown(ix_); }
  /// Ends a decoder's switch: an instruction, or an event the program reports to itself, whose discriminator stands in
  /// `layouts` is known and says nothing that becomes an event; any other is unknown.
  void known_or_unknown(std::span<const layout_check> layouts) const;

private:
  context& ctx_;
  std::size_t position_;
  const solana::executed_instruction& ix_;
  byte_span data_;
};

/// Positions in the instruction's account list. A mint at 0xff: ask the transaction about the vault. The trader's own
/// token accounts are given where they are the only ones that pay and are paid.
struct pool_accounts {
  static constexpr std::uint8_t none = 0xff;
  std::uint8_t pool{}, trader{}, vault_a{}, vault_b{};
  std::uint8_t mint_a{none}, mint_b{none};
  std::uint8_t pays{none}, is_paid{none};
};

/// What is known of a swap besides the flows.
struct swap_facts {
  std::optional<bool> a_in;                           // the trader gives token A; unset: taken from the flows
  std::optional<std::uint64_t> amount_in, amount_out; // what entered and left the vaults as the venue's event states it
  bool fee_known{}, fee_in_mint_in{};
  std::uint64_t fee{};
  pool_state after{}; // oriented A, B
};

/// Writes one swap. A swap whose amounts cannot be told is named unknown and yields nothing: false.
bool emit_swap(const anchor_instruction& ix, program_kind program, const pool_accounts& at, const swap_facts& facts);

struct pair_amounts {
  std::uint64_t a{}, b{};
};
/// Writes liquidity that moved between the vaults and others below the instruction; nothing when nothing moved.
/// `lp_amount` in units of lp_mint, or of liquidity where lp_mint is zero. `stated`: amounts from the venue's event,
/// for instructions that pay out fees along with the deposit.
void emit_liquidity(const anchor_instruction& ix, program_kind program, const pool_accounts& at,
                    event::liquidity_change change, std::uint64_t lp_amount, const address& lp_mint = {},
                    const std::optional<pair_amounts>& stated = {});

/// Writes pool_created with the first deposit from the vaults' flows (zero where there is none).
void emit_pool_created(const anchor_instruction& ix, program_kind program, const pool_accounts& at,
                       const address& lp_mint = {});

/// Writes a step of a launch; `mint` and `curve` are positions in the instruction's account list.
void emit_launch(const anchor_instruction& ix, program_kind program, event::launch_phase phase, std::size_t mint,
                 std::size_t curve, const address& creator = {}, const address& pool = {});

} // namespace sett::decode
