// The few rules of the System and token programs that swaps lean on.
#include "actors/venues/token.hpp"
#include "messages/solana/base58.hpp"
#include "tools/verifier/replay.hpp"

namespace sett::verifier {

namespace {

using venues::fault;
using venues::refuse;

// Errors of the token programs (spl-token error.rs, 2024).
constexpr std::uint32_t insufficient_funds = 1, mint_mismatch = 3, account_frozen = 17;

const address& spl_token() {
  static const auto key = *solana::parse_address("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
  return key;
}
const address& token_2022() {
  static const auto key = *solana::parse_address("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
  return key;
}

constexpr std::size_t amount_at = 64, state_at = 108, native_at = 109;
constexpr std::uint8_t frozen = 2;

} // namespace

bool holds_tokens(const replay_account& a) {
  if (a.owner == spl_token()) return a.data.size() == 165;
  return a.owner == token_2022() && (a.data.size() == 165 || (a.data.size() > 165 && a.data[165] == 2));
}

replay_outcome transfer_tokens(replay_world& world, const address& token_program, const address& from,
                               const address* mint, const address& to, std::uint64_t amount) {
  auto* source = world.find(from);
  auto* destination = world.find(to);
  if (source == nullptr || destination == nullptr) return refuse(fault::invalid_account_data);
  // SPL Token knows a foreign account by its size alone, Token-2022 asks whose it is.
  if (token_program == token_2022() && (source->owner != token_program || destination->owner != token_program))
    return refuse(fault::incorrect_program_id);
  if (source->data.size() < 165 || destination->data.size() < 165 ||
      (token_program == spl_token() && (source->data.size() != 165 || destination->data.size() != 165)))
    return refuse(fault::invalid_account_data);
  if (source->data[state_at] == frozen || destination->data[state_at] == frozen) return refuse(account_frozen);
  const auto has = venues::load<std::uint64_t>(source->data, amount_at);
  if (has < amount) return refuse(insufficient_funds);
  const auto source_mint = venues::load_address(source->data, 0);
  if (source_mint != venues::load_address(destination->data, 0)) return refuse(mint_mismatch);
  if (mint != nullptr && *mint != source_mint) return refuse(mint_mismatch);
  std::uint64_t withheld = 0;
  if (token_program == token_2022())
    if (const auto* mint_account = world.find(source_mint)) {
      const auto fees = venues::read_transfer_fees(mint_account->data);
      if (!fees) return refuse(fault::invalid_account_data);
      withheld = fees->at(world.now.epoch).of(amount);
    }
  if (source == destination) return {};
  const auto arrives = venues::load<std::uint64_t>(destination->data, amount_at);
  const auto total = venues::checked_add(arrives, amount - withheld);
  if (!total) return refuse(14); // Overflow
  venues::store(source->data, amount_at, has - amount);
  venues::store(destination->data, amount_at, *total);
  if (venues::load<std::uint32_t>(source->data, native_at) == 1) {
    source->lamports -= amount;
    destination->lamports += amount;
  }
  return {};
}

replay_outcome transfer_lamports(replay_world& world, const address& from, const address& to, std::uint64_t amount) {
  auto* source = world.find(from);
  if (source == nullptr || source->lamports < amount) return refuse(1);
  source->lamports -= amount;
  world.accounts[to].lamports += amount;
  return {};
}

replay_outcome execute_token_instruction(replay_world& world, const replay_instruction& ix) {
  // TransferFeeExtension (26), SetTransferFee (5): rate u16, maximum u64; acts two epochs later.
  if (ix.program != token_2022() || ix.data.size() != 12 || ix.data[0] != 26 || ix.data[1] != 5)
    return refuse(fault::invalid_instruction_data);
  const auto* mint_meta = account_at(ix, 0);
  auto* mint = mint_meta == nullptr ? nullptr : world.find(mint_meta->key);
  if (mint == nullptr) return refuse(fault::not_enough_account_keys);
  const auto place = venues::find_extension(mint->data, 1);
  if (!place || place->length < 108) return refuse(fault::invalid_account_data);
  const std::size_t older = place->offset + 72, newer = place->offset + 90;
  if (venues::load<std::uint64_t>(mint->data, newer) <= world.now.epoch)
    std::copy_n(mint->data.begin() + static_cast<std::ptrdiff_t>(newer), 18,
                mint->data.begin() + static_cast<std::ptrdiff_t>(older));
  venues::store(mint->data, newer, world.now.epoch + 2);
  venues::store(mint->data, newer + 8, venues::load<std::uint64_t>(ix.data, 4));
  venues::store(mint->data, newer + 16, venues::load<std::uint16_t>(ix.data, 2));
  return {};
}

} // namespace sett::verifier
