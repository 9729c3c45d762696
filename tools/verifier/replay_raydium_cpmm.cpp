// Raydium CPMM: swap_base_input and swap_base_output; a transfer fee changed by its authority in between.
#include "actors/venues/raydium_cpmm.hpp"
#include "messages/solana/base58.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

using namespace venues;
namespace cpmm = venues::raydium_cpmm;

constexpr std::uint64_t base_input_tag = 0xde331ec4da5abe8f, base_output_tag = 0xadb44aa35662d937;
constexpr std::uint32_t constraint_raw = 2003, constraint_address = 2012, discriminator_mismatch = 3002,
                        not_initialized = 3012, invalid_vault = 6006;

constexpr std::array pool_fields{
    byte_field{"status", 329, 1},         byte_field{"protocol_fees_0", 341, 8}, byte_field{"protocol_fees_1", 349, 8},
    byte_field{"fund_fees_0", 357, 8},    byte_field{"fund_fees_1", 365, 8},     byte_field{"open_time", 373, 8},
    byte_field{"creator_fee_on", 389, 2}, byte_field{"creator_fees_0", 397, 8},  byte_field{"creator_fees_1", 405, 8},
};
constexpr std::array fee_mint_fields{byte_field{"transfer_fees", 166 + 4 + 72, 36}};

const address& token_2022() {
  static const auto key = *solana::parse_address("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
  return key;
}

result<void> read_side(cpmm::pool_side& side, const replay_account& vault, const replay_account& mint) {
  const auto balance = token_balance(vault.data);
  if (!balance) return std::unexpected(balance.error());
  side.vault = balance->value;
  side.is_token_2022 = mint.owner == token_2022();
  const auto fees = read_transfer_fees(mint.data);
  if (!fees) return std::unexpected(fees.error());
  side.fees = *fees;
  return {};
}

} // namespace

replay_outcome execute_raydium_cpmm(replay_world& world, const replay_instruction& ix) {
  if (ix.program == token_2022()) return execute_token_instruction(world, ix);
  if (ix.data.size() < 24) return refuse(fault::invalid_instruction_data);
  const auto tag = load<std::uint64_t>(ix.data, 0);
  if (tag != base_input_tag && tag != base_output_tag) return refuse(101);
  if (ix.accounts.size() < 13) return refuse(3005);
  const bool exact_in = tag == base_input_tag;
  const auto first = load<std::uint64_t>(ix.data, 8), second = load<std::uint64_t>(ix.data, 16);
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };
  const auto user_in = key(4), user_out = key(5), vault_in = key(6), vault_out = key(7), mint_in = key(10),
             mint_out = key(11);

  const auto* config = world.find(key(2));
  auto* pool = world.find(key(3));
  for (const std::size_t i : {4U, 5U, 6U, 7U, 10U, 11U})
    if (world.find(key(i)) == nullptr) return refuse(not_initialized);
  if (config == nullptr || pool == nullptr) return refuse(not_initialized);
  const auto rates = cpmm::read_config(config->data);
  auto s = cpmm::read_pool(pool->data);
  if (!rates || !s) return refuse(discriminator_mismatch);
  if (load_address(pool->data, 8) != key(2)) return refuse(constraint_address);
  const auto vault_0 = load_address(pool->data, 72), vault_1 = load_address(pool->data, 104);
  for (const auto& vault : {vault_in, vault_out})
    if (vault != vault_0 && vault != vault_1) return refuse(constraint_raw);
  if (load_address(world.find(vault_in)->data, 0) != mint_in ||
      load_address(world.find(vault_out)->data, 0) != mint_out)
    return refuse(constraint_address);

  if (vault_in == vault_out) return refuse(invalid_vault);
  const bool forward = vault_in == vault_0;
  s->rate = *rates;
  if (!read_side(forward ? s->a : s->b, *world.find(vault_in), *world.find(mint_in)) ||
      !read_side(forward ? s->b : s->a, *world.find(vault_out), *world.find(mint_out)))
    return refuse(fault::invalid_account_data);

  const auto d = forward ? direction::a_to_b : direction::b_to_a;
  const auto q = exact_in ? cpmm::quote_exact_in(*s, d, token_amount{first}, world.now)
                          : cpmm::quote_exact_out(*s, d, token_amount{second}, world.now);
  if (!q) return std::unexpected(q.error());
  if (exact_in ? q->got.value < second : q->gave.value > first) return refuse(cpmm::exceeded_slippage);

  if (auto moved = transfer_tokens(world, key(8), user_in, &mint_in, vault_in, q->gave.value); !moved) return moved;
  if (auto moved = transfer_tokens(world, key(9), vault_out, &mint_out, user_out, q->amount_out.value); !moved)
    return moved;
  cpmm::write_pool(pool->data, cpmm::apply(*s, d, *q));
  return {};
}

std::span<const byte_field> fields_of_raydium_cpmm(std::string_view name, const replay_account& account) {
  if (name == "pool") return pool_fields;
  if (name.starts_with("mint") && account.owner == token_2022())
    if (const auto place = find_extension(account.data, 1); place && place->offset == 170) return fee_mint_fields;
  return {};
}

} // namespace sett::verifier
