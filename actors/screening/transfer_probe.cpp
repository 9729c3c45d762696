#include "actors/screening/transfer_probe.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/program_address.hpp"
#include "messages/solana/rpc_request.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sett::screening {

namespace {

enum step : std::uint16_t { create_holder, create_witness, buy, sale, pass_on };

constexpr std::uint8_t create_idempotent = 1; // of the associated account program
constexpr std::uint8_t transfer_checked = 12; // of both token programs
constexpr std::uint32_t custom_insufficient_funds = 1;
constexpr std::uint64_t amount_min = 1000; // so that losses show in basis points

const address& associated_program() {
  static const auto key = *solana::parse_address("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
  return key;
}

solana::instruction create(const probe_request& r, const address& owner, const address& account) {
  return {associated_program(),
          {{r.payer, true, true},
           {account, false, true},
           {owner, false, false},
           {r.mint, false, false},
           {address{}, false, false}, // the system program
           {r.token_program, false, false}},
          {create_idempotent}};
}

solana::instruction move(const probe_request& r, const address& from, const address& to, const address& owner,
                         std::uint64_t amount) {
  solana::instruction ix{r.token_program,
                         {{from, false, true}, {r.mint, false, false}, {to, false, true}, {owner, true, false}},
                         std::vector<std::uint8_t>(10)};
  ix.accounts.insert(ix.accounts.end(), r.hook_accounts.begin(), r.hook_accounts.end());
  ix.data[0] = transfer_checked;
  venues::store(ix.data, 1, amount);
  ix.data[9] = r.decimals;
  return ix;
}

basis_points loss(std::uint64_t sent, std::uint64_t arrived) {
  if (arrived >= sent) return {};
  return basis_points{static_cast<std::uint32_t>(venues::uint128{sent - arrived} * 10'000 / sent)};
}

std::optional<std::uint64_t> balance(const std::optional<solana::rpc::account>& account) {
  if (!account) return std::nullopt;
  const auto amount = venues::token_balance(account->data);
  if (!amount) return std::nullopt;
  return amount->value;
}

} // namespace

result<transfer_probe> make_transfer_probe(const probe_request& r) {
  const auto arrives = r.amount.value - r.fee.of(r.amount.value);
  if (r.amount.value < amount_min || arrives < 2)
    return fail("probe", probe_errc::bad_amount,
                fmt::format("{} tokens, of which {} arrive, are too few to probe with", r.amount.value, arrives));
  const auto holder = solana::associated_token_address(r.holder, r.mint, r.token_program).key;
  const auto witness = solana::associated_token_address(r.witness, r.mint, r.token_program).key;
  transfer_probe p;
  p.accounts = {holder, witness};
  p.bought = r.amount;
  p.sold.value = arrives / 2;
  p.passed_on.value = arrives - p.sold.value;
  const std::array instructions{create(r, r.holder, holder), create(r, r.witness, witness),
                                move(r, r.pool_account, holder, r.pool_owner, p.bought.value),
                                move(r, holder, r.pool_account, r.holder, p.sold.value),
                                move(r, holder, witness, r.holder, p.passed_on.value)};
  const auto message = solana::build_message(
      {.payer = r.payer, .recent_blockhash = r.recent, .instructions = instructions, .tables = {}});
  if (!message) return fail("probe", probe_errc::too_large, message.error().message);
  solana::transaction_view view;
  if (const auto read = solana::parse_message(*message, view); !read)
    return fail("probe", probe_errc::too_large, read.error().message);
  auto wire = solana::attach_signatures(*message, std::vector<signature>(view.header.required_signatures));
  if (!wire) return fail("probe", probe_errc::too_large, wire.error().message);
  p.wire = *std::move(wire);
  return p;
}

std::string probe_text(std::uint64_t id, const transfer_probe& probe) {
  return solana::rpc::simulate_transaction(id, probe.wire,
                                           {.commitment = commitment::processed,
                                            .replace_blockhash = true,
                                            .verify_signatures = false,
                                            .inner_instructions = false,
                                            .accounts = probe.accounts});
}

result<probe_outcome> read_probe(const solana::rpc::simulation& answer, const transfer_probe& probe) {
  probe_outcome out;
  if (answer.err.failed) {
    const auto& e = answer.err;
    const bool no_funds = e.has_custom_code && e.custom_code == custom_insufficient_funds;
    // Creating accounts needs the payer's SOL, the buy the pool's tokens: without them the token was not asked.
    if (!e.is_instruction_error || (no_funds && e.instruction <= step::buy) || e.instruction > step::pass_on)
      return fail("probe", probe_errc::not_probed,
                  fmt::format("the simulation did not get to the token: {}",
                              e.is_instruction_error ? fmt::format("instruction {} lacks funds", e.instruction)
                                                     : "the transaction as a whole was refused"));
    out.buy_ok = e.instruction > step::buy;
    return out;
  }
  if (answer.accounts.size() != probe.accounts.size())
    return fail("probe", probe_errc::bad_answer, "the simulation's answer has other accounts than asked for");
  const auto held = balance(answer.accounts[0]), passed = balance(answer.accounts[1]);
  if (!held || !passed) return fail("probe", probe_errc::bad_answer, "the simulation's answer lacks a token account");
  out.buy_ok = out.sell_ok = true;
  out.buy_loss = loss(probe.bought.value, *held + probe.sold.value + probe.passed_on.value);
  out.sell_loss = loss(probe.passed_on.value, *passed);
  return out;
}

} // namespace sett::screening
