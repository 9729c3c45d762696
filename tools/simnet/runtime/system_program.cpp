// The system program: lamports, new accounts, durable nonces. Rules and error numbers from agave's
// programs/system/src/{system_processor,system_instruction}.rs (2.x).
#include "messages/solana/program_address.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/bytes_io.hpp"

#include <fmt/format.h>

namespace sett::simnet {

namespace {

enum : std::uint32_t {
  account_already_in_use = 0,
  result_with_negative_lamports = 1,
  invalid_program_id = 2,
  invalid_account_data_length = 3,
  max_seed_length_exceeded = 4,
  address_with_seed_mismatch = 5,
  nonce_blockhash_not_expired = 7,
};
constexpr std::uint64_t data_length_max = 10u << 20;
constexpr std::size_t nonce_size = 80;
// Versions::Current, then State: 0 uninitialised, 1 initialised with authority, nonce and fee.
constexpr std::size_t nonce_state_at = 4, nonce_authority_at = 8, nonce_value_at = 40, nonce_fee_at = 72;

void transfer(invocation& c, std::size_t from, std::size_t to, std::uint64_t amount) {
  if (!c.at(from).data.empty()) fail_with("InvalidArgument");
  if (c.at(from).lamports < amount) {
    c.log_plain(fmt::format("Transfer: insufficient lamports {}, need {}", c.at(from).lamports, amount));
    fail_custom(result_with_negative_lamports);
  }
  c.move_lamports(from, to, amount);
}

/// `signer`: who has to sign for the account, itself or the base of its seed.
void allocate(invocation& c, std::size_t i, const address& signer, std::uint64_t space) {
  if (!c.signed_by(signer)) fail_with("MissingRequiredSignature");
  if (!c.at(i).data.empty() || c.at(i).owner != program_id::system()) fail_custom(account_already_in_use);
  if (space > data_length_max) fail_custom(invalid_account_data_length);
  c.write(i).resize(space);
}

void assign(invocation& c, std::size_t i, const address& signer, const address& owner) {
  if (c.at(i).owner == owner) return;
  if (!c.signed_by(signer)) fail_with("MissingRequiredSignature");
  c.assign(i, owner);
}

void check_seed(const address& expected, const address& base, const std::string& seed, const address& owner) {
  const auto derived = solana::create_with_seed(base, seed, owner);
  if (!derived) fail_custom(max_seed_length_exceeded);
  if (*derived != expected) fail_custom(address_with_seed_mismatch);
}

void create(invocation& c, const address& signer, std::uint64_t lamports, std::uint64_t space, const address& owner) {
  c.need_signer(0);
  if (c.at(1).lamports > 0) {
    c.log_plain("Create Account: account already in use");
    fail_custom(account_already_in_use);
  }
  allocate(c, 1, signer, space);
  // The new account is funded while it still belongs to this program.
  transfer(c, 0, 1, lamports);
  assign(c, 1, signer, owner);
}

void need_nonce_account(invocation& c, std::size_t i) {
  if (c.at(i).owner != program_id::system()) fail_with("InvalidAccountOwner");
  if (!c.is_writable(i)) fail_with("InvalidArgument");
  if (c.at(i).data.size() != nonce_size) fail_with("InvalidAccountData");
}

bool initialized(const invocation& c, std::size_t i) { return load<std::uint32_t>(c.at(i).data, nonce_state_at) == 1; }

void advance_nonce(invocation& c) {
  need_nonce_account(c, 0);
  if (!initialized(c, 0)) fail_with("InvalidAccountData");
  if (!c.signed_by(load_key(c.at(0).data, nonce_authority_at))) fail_with("MissingRequiredSignature");
  if (load<blockhash>(c.at(0).data, nonce_value_at) == c.durable_nonce()) fail_custom(nonce_blockhash_not_expired);
  store(c.write(0), nonce_value_at, c.durable_nonce());
}

void withdraw_nonce(invocation& c, std::uint64_t amount) {
  need_nonce_account(c, 0);
  auto signer = c.key(0);
  const auto held = c.at(0).lamports;
  if (initialized(c, 0)) {
    signer = load_key(c.at(0).data, nonce_authority_at);
    if (amount == held) {
      if (load<blockhash>(c.at(0).data, nonce_value_at) == c.durable_nonce()) fail_custom(nonce_blockhash_not_expired);
    } else if (amount > held || held - amount < rent_exempt_minimum(nonce_size)) {
      fail_with("InsufficientFunds");
    }
  } else if (amount > held) {
    fail_with("InsufficientFunds");
  }
  if (!c.signed_by(signer)) fail_with("MissingRequiredSignature");
  if (amount == held && initialized(c, 0)) store<std::uint32_t>(c.write(0), nonce_state_at, 0);
  c.move_lamports(0, 1, amount);
}

void initialize_nonce(invocation& c, const address& authority) {
  need_nonce_account(c, 0);
  if (initialized(c, 0)) fail_with("InvalidAccountData");
  if (c.at(0).lamports < rent_exempt_minimum(nonce_size)) fail_with("InsufficientFunds");
  auto& data = c.write(0);
  store<std::uint32_t>(data, 0, 1);
  store<std::uint32_t>(data, nonce_state_at, 1);
  store(data, nonce_authority_at, authority);
  store(data, nonce_value_at, c.durable_nonce());
  store<std::uint64_t>(data, nonce_fee_at, 5000);
}

void authorize_nonce(invocation& c, const address& authority) {
  need_nonce_account(c, 0);
  if (!initialized(c, 0)) fail_with("InvalidAccountData");
  if (!c.signed_by(load_key(c.at(0).data, nonce_authority_at))) fail_with("MissingRequiredSignature");
  store(c.write(0), nonce_authority_at, authority);
}

} // namespace

void run_system(invocation& c) {
  c.consume(150);
  input_reader in(c.data);
  switch (in.take<std::uint32_t>()) {
  case 0: { // CreateAccount
    const auto lamports = in.take<std::uint64_t>(), space = in.take<std::uint64_t>();
    const auto owner = in.key();
    return create(c, c.key(1), lamports, space, owner);
  }
  case 1: // Assign
    return assign(c, 0, c.key(0), in.key());
  case 2: // Transfer
    c.need_signer(0);
    return transfer(c, 0, 1, in.take<std::uint64_t>());
  case 3: { // CreateAccountWithSeed
    const auto base = in.key();
    const auto seed = in.text<std::uint64_t>();
    const auto lamports = in.take<std::uint64_t>(), space = in.take<std::uint64_t>();
    const auto owner = in.key();
    check_seed(c.key(1), base, seed, owner);
    return create(c, base, lamports, space, owner);
  }
  case 4:
    return advance_nonce(c);
  case 5:
    return withdraw_nonce(c, in.take<std::uint64_t>());
  case 6:
    return initialize_nonce(c, in.key());
  case 7:
    return authorize_nonce(c, in.key());
  case 8: // Allocate
    return allocate(c, 0, c.key(0), in.take<std::uint64_t>());
  case 9: { // AllocateWithSeed
    const auto base = in.key();
    const auto seed = in.text<std::uint64_t>();
    const auto space = in.take<std::uint64_t>();
    const auto owner = in.key();
    check_seed(c.key(0), base, seed, owner);
    allocate(c, 0, base, space);
    return assign(c, 0, base, owner);
  }
  case 10: { // AssignWithSeed
    const auto base = in.key();
    const auto seed = in.text<std::uint64_t>();
    const auto owner = in.key();
    check_seed(c.key(0), base, seed, owner);
    return assign(c, 0, base, owner);
  }
  case 11: { // TransferWithSeed: accounts from, base, to
    const auto amount = in.take<std::uint64_t>();
    const auto seed = in.text<std::uint64_t>();
    const auto owner = in.key();
    c.need_signer(1);
    check_seed(c.key(0), c.key(1), seed, owner);
    return transfer(c, 0, 2, amount);
  }
  default:
    fail_with("InvalidInstructionData");
  }
}

} // namespace sett::simnet
