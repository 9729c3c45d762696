#include "actors/building/native_instructions.hpp"

#include "actors/building/programs.hpp"
#include "messages/solana/program_address.hpp"

namespace sett::building {
namespace {

// Tags: one byte in the compute budget, token and associated token programs, four in the system program.
constexpr std::uint8_t compute_limit = 2, compute_price = 3, loaded_bytes = 4;
constexpr std::uint32_t transfer = 2, create_with_seed_tag = 3, advance_nonce_tag = 4;
constexpr std::uint8_t close_account = 9, initialize_account_3 = 18, create_idempotent = 1;

} // namespace

instruction set_compute_unit_limit(std::uint32_t units) {
  return {programs().compute_budget, {}, data_writer().number(compute_limit).number(units).take()};
}
instruction set_compute_unit_price(std::uint64_t micro_lamports) {
  return {programs().compute_budget, {}, data_writer().number(compute_price).number(micro_lamports).take()};
}
instruction set_loaded_accounts_bytes_max(std::uint32_t bytes) {
  return {programs().compute_budget, {}, data_writer().number(loaded_bytes).number(bytes).take()};
}

instruction transfer_lamports(const address& from, const address& to, sett::lamports amount) {
  return {programs().system, {pays(from), writes(to)}, data_writer().number(transfer).number(amount.value).take()};
}

instruction create_account_with_seed(const address& base, const address& created, std::string_view seed,
                                     sett::lamports amount, std::uint64_t bytes, const address& owner) {
  SETT_ASSERT(seed.size() <= solana::max_seed_bytes);
  data_writer data;
  data.number(create_with_seed_tag).raw(base.bytes).number(std::uint64_t{seed.size()}).raw(solana::seed(seed));
  data.number(amount.value).number(bytes).raw(owner.bytes);
  return {programs().system, {pays(base), writes(created)}, data.take()}; // the base is the payer, so it stands once
}

instruction advance_nonce(const address& nonce, const address& authority) {
  return {programs().system,
          {writes(nonce), reads(programs().recent_blockhashes_sysvar), signs(authority)},
          data_writer().number(advance_nonce_tag).take()};
}

instruction initialize_token_account(const address& account, const address& mint, const address& owner,
                                     const address& token_program) {
  return {token_program,
          {writes(account), reads(mint)},
          data_writer().number(initialize_account_3).raw(owner.bytes).take()};
}

instruction close_token_account(const address& account, const address& to, const address& owner,
                                const address& token_program) {
  return {token_program, {writes(account), writes(to), signs(owner)}, data_writer().number(close_account).take()};
}

instruction create_associated_account(const address& payer, const address& account, const address& owner,
                                      const address& mint, const address& token_program) {
  return {programs().associated_token,
          {pays(payer), writes(account), reads(owner), reads(mint), reads(programs().system), reads(token_program)},
          data_writer().number(create_idempotent).take()};
}

} // namespace sett::building
