// Programs of a few lines: compute budget (its instructions are read before a transaction runs), memo, and the
// associated token program (spl-associated-token-account 6.x).
#include "messages/solana/program_address.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/bytes_io.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <fmt/format.h>

#include <string>

namespace sett::simnet {

void run_compute_budget(invocation& c) { c.consume(150); }

void run_memo(invocation& c) {
  c.consume(5000 + 100 * c.data.size());
  for (std::size_t i = 0; i < c.count(); ++i) c.need_signer(i);
  const std::string text(c.data.begin(), c.data.end());
  // Memo has to be UTF-8; what is shown is a debug form, which differs from the text in quotes and escapes only.
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t n = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (n == 0 || i + n > text.size()) fail_with("InvalidInstructionData");
    for (std::size_t k = 1; k < n; ++k)
      if ((static_cast<std::uint8_t>(text[i + k]) & 0xc0) != 0x80) fail_with("InvalidInstructionData");
    i += n;
  }
  c.log(fmt::format("Memo (len {}): \"{}\"", text.size(), text));
}

namespace {

// payer, associated account, wallet, mint, system program, token program
void create_associated(invocation& c, bool idempotent) {
  c.log(idempotent ? "CreateIdempotent" : "Create");
  const auto& wallet = c.key(2);
  const auto& mint = c.key(3);
  const auto token_program = c.key(5);
  const auto expected = solana::associated_token_address(wallet, mint, token_program).key;
  if (expected != c.key(1)) {
    c.log("Error: Associated address does not match seed derivation");
    fail_with("InvalidSeeds");
  }
  if (idempotent && c.at(1).owner == token_program) {
    const auto view = read_token_account(c.at(1).data);
    if (!view) fail_with("InvalidAccountData");
    if (view->owner != wallet) fail_custom(0); // InvalidOwner
    if (view->mint != mint) fail_with("InvalidAccountData");
    return;
  }
  if (c.at(1).owner != program_id::system()) fail_with("IllegalOwner");
  // GetAccountDataSize for an account with an immutable owner
  c.call(token_program, {{mint, false, false}}, byte_writer().u8(21).u16(7).bytes);
  const auto space = token_account_size_for(token_program, c.at(3).data);
  const auto needed = rent_exempt_minimum(space);
  const auto held = c.at(1).lamports;
  if (held == 0) {
    c.call(program_id::system(), {{c.key(0), true, true}, {expected, true, true}},
           byte_writer().u32(0).u64(needed).u64(space).id(token_program).bytes, {expected});
  } else {
    if (held < needed)
      c.call(program_id::system(), {{c.key(0), true, true}, {expected, true, false}},
             byte_writer().u32(2).u64(needed - held).bytes);
    c.call(program_id::system(), {{expected, true, true}}, byte_writer().u32(8).u64(space).bytes, {expected});
    c.call(program_id::system(), {{expected, true, true}}, byte_writer().u32(1).id(token_program).bytes, {expected});
  }
  c.log("Initialize the associated token account");
  c.call(token_program, {{expected, true, false}}, byte_writer().u8(22).bytes);
  c.call(token_program, {{expected, true, false}, {mint, false, false}}, byte_writer().u8(18).id(wallet).bytes);
}

} // namespace

void run_associated_token(invocation& c) {
  c.consume(12'000);
  const std::uint8_t tag = c.data.empty() ? std::uint8_t{0} : c.data[0];
  if (tag > 1) fail_with("InvalidInstructionData"); // RecoverNested is not simulated
  create_associated(c, tag == 1);
}

} // namespace sett::simnet
