// What reaches the signer: frames of its socket, messages to sign, and messages that are put together from right and
// wrong instructions. What is approved sends nothing to a stranger, whatever the input.
#include "actors/signer/message_shape.hpp"
#include "actors/signer/signer_frames.hpp"
#include "messages/types/error.hpp"
#include "tests/actors/signer/made_messages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

using namespace sett;
using namespace sett::test;

const address once_account = *solana::create_with_seed(wallet, "0123456789abcdef", token_program);

std::expected<signer::order_summary, signer::refused> read(std::span<const std::uint8_t> message) {
  static const std::vector<address> destinations{cold_wallet};
  solana::transaction_view scratch;
  return signer::read_shape(
      message, {.wallet = wallet, .wsol_account = wsol_account, .destinations = destinations, .tip_accounts = {}},
      scratch);
}

/// Whether an instruction lets `a` decide or receive; written down apart from the signer's own reading. `opened`: the
/// message has `a` made a token account of the wallet, which the chain refuses when it is not.
bool sends_to(const solana::instruction& ix, const address& a, bool opened) {
  const auto holds = [&](std::initializer_list<std::size_t> places) {
    return std::ranges::any_of(places,
                               [&](std::size_t p) { return p < ix.accounts.size() && ix.accounts[p].key == a; });
  };
  const auto data_holds = [&](std::size_t at) {
    return ix.data.size() >= at + 32 &&
           std::equal(a.bytes.begin(), a.bytes.end(), ix.data.begin() + static_cast<std::ptrdiff_t>(at));
  };
  if (ix.program == ata_program) return holds({0, 2});
  if (ix.data.empty()) return false;
  if (ix.program == system_program)
    return (ix.data[0] == 2 && (holds({0}) || (holds({1}) && !opened))) ||
           (ix.data[0] == 3 && (holds({0}) || data_holds(4))) || (ix.data[0] == 4 && holds({2})) ||
           (ix.data[0] == 5 && holds({1, 4})) || (ix.data[0] == 6 && data_holds(4));
  if (ix.program == token_program || ix.program == token_2022_program)
    return (ix.data[0] == 9 && holds({1, 2})) || (ix.data[0] == 12 && (holds({3}) || (holds({2}) && !opened))) ||
           (ix.data[0] == 18 && data_holds(1)) || ix.data[0] == 3 || ix.data[0] == 4 || ix.data[0] == 6;
  if (ix.program == pump_program) return holds({6}) || (ix.data[0] == 0x66 && holds({5}) && !opened);
  if (ix.program == raydium_cpmm_program) return holds({0}) || (holds({5}) && !opened);
  if (ix.program == raydium_v4_program) { // with an order book: 17 accounts, 18 with the target orders
    const bool book = ix.data[0] == 9 || ix.data[0] == 0x0b;
    const std::size_t owner = !book ? 7 : ix.accounts.size() == 17 ? 16 : 17;
    return holds({owner}) || (holds({owner - 1}) && !opened);
  }
  if (ix.program == pump_swap_program) return holds({1}) || (holds({ix.data[0] == 0x33 ? 6U : 5U}) && !opened);
  if (ix.program == whirlpool_program) {
    const bool second = ix.data[0] == 0x2b, a_to_b = ix.data.size() > 41 && ix.data[41] != 0;
    const std::size_t user = second ? 3 : 1, first_coin = second ? 7 : 3, second_coin = second ? 9 : 5;
    return holds({user}) || (holds({a_to_b ? second_coin : first_coin}) && !opened);
  }
  return ix.program == stranger;
}
bool opens(const solana::instruction& ix, const address& a) {
  return (ix.program == ata_program && ix.accounts.size() > 2 && ix.accounts[1].key == a) ||
         (ix.program == token_program && !ix.data.empty() && ix.data[0] == 18 && ix.accounts[0].key == a);
}

instructions catalogue() {
  const auto theirs = solana::associated_token_address(cold_wallet, mint, token_program).key;
  return {unit_limit(100'000),
          unit_price(1000),
          create_ata(token_account, wallet, mint),
          create_ata(wsol_account, wallet, wsol),
          create_ata(theirs, cold_wallet, mint),
          pump_buy(5),
          pump_sell(5),
          cpmm_swap(wsol_account, token_account, wsol, mint, 5),
          cpmm_swap(token_account, wsol_account, mint, wsol, 5),
          transfer(wallet, jito_tip, 5),
          transfer(wallet, wsol_account, 5),
          transfer(wallet, cold_wallet, 5),
          sync_native(wsol_account),
          close(wsol_account),
          close(token_account),
          transfer_tokens(token_account, mint, theirs, 5),
          create_seeded(once_account, "0123456789abcdef", 2'039'280, 165, token_program),
          initialize_account(once_account, mint, wallet),
          initialize_account(once_account, wsol, wallet),
          advance_nonce(),
          call(token_program, {token_account, wallet}, joined({{6}, {2}, {1}, of(stranger)})),
          call(token_program, {token_account, stranger, wallet}, joined({{4}, le(5, 8)})),
          call(stranger, {wallet}, {1}),
          raydium_v4_swap(wsol_account, token_account, 5),
          raydium_v4_swap(token_account, wsol_account, 5, 17),
          raydium_v4_tagged(raydium_v4_swap(wsol_account, token_account, 5), 0x0b),
          raydium_v4_swap_v2(wsol_account, token_account, 5),
          raydium_v4_swap_v2(token_account, wsol_account, 5),
          raydium_v4_tagged(raydium_v4_swap_v2(token_account, wsol_account, 5), 0x11),
          pump_swap_trade("\x66\x06\x3d\x12\x01\xda\xeb\xea", token_account, wsol_account, mint, wsol, 5, 5),
          pump_swap_trade("\xc6\x2e\x15\x52\xb4\xd9\xe8\x70", token_account, wsol_account, mint, wsol, 5, 5),
          pump_swap_trade("\x33\xe6\x85\xa4\x01\x7f\x83\xad", token_account, wsol_account, mint, wsol, 5, 5),
          whirlpool_swap(wsol_account, token_account, 5, 5, true, true),
          whirlpool_swap(wsol_account, token_account, 5, 5, true, false),
          whirlpool_swap_v2(wsol_account, token_account, wsol, mint, 5, true),
          whirlpool_swap_v2(wsol_account, token_account, wsol, mint, 5, false)};
}

void put_together(std::span<const std::uint8_t> input) {
  static const auto all = catalogue();
  instructions chosen;
  while (input.size() >= 2 && chosen.size() < 10) {
    auto ix = all[input[0] % all.size()];
    if (const auto change = input[1]; change >= 0x80 && !ix.accounts.empty()) // a stranger in place of an account
      ix.accounts[(change & 0x3fU) % ix.accounts.size()].key = (change & 0x40U) ? stranger : cold_wallet;
    else if (change > 0 && ix.data.size() >= 33 && (change & 1U)) // or in the data
      std::ranges::copy(stranger.bytes, ix.data.begin() + (ix.program == system_program ? 4 : 1));
    else if (change > 0 && !ix.data.empty())
      ix.data[change % ix.data.size()] ^= static_cast<std::uint8_t>(1U << (change % 8));
    chosen.push_back(std::move(ix));
    input = input.subspan(2);
  }
  const auto message = message_of(chosen, venue_table());
  if (message.empty()) return;
  const auto got = read(message);
  if (!got) return;
  const auto refuses = [&](const address& a) {
    const bool opened = std::ranges::any_of(chosen, [&](const auto& ix) { return opens(ix, a); });
    for (const auto& ix : chosen) SETT_ASSERT(!sends_to(ix, a, opened));
  };
  refuses(stranger);
  for (std::size_t i = 0; i < chosen.size(); ++i) // nor to an account that is closed by then
    for (std::size_t j = i + 1; j < chosen.size(); ++j)
      SETT_ASSERT(!(chosen[i].program == token_program && !chosen[i].data.empty() && chosen[i].data[0] == 9 &&
                    chosen[j].program == system_program && !chosen[j].data.empty() && chosen[j].data[0] == 2 &&
                    chosen[i].accounts[0].key == chosen[j].accounts[1].key));
  if (got->kind == signer::shape::buy || got->kind == signer::shape::sell) refuses(cold_wallet);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span input(data + 1, size - 1);
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  switch (data[0] % 3) {
  case 0: {
    signer::frame_cutter cutter(signer::request_bytes_max);
    cutter.append(text);
    while (const auto frame = cutter.next()) {
      if (const auto request = signer::decode_request(*frame)) {
        signer::frame_cutter again(signer::request_bytes_max);
        again.append(signer::encode(*request));
        const auto back = again.next();
        SETT_ASSERT(!back || (signer::decode_request(*back) && signer::decode_request(*back)->id == request->id));
      }
      static_cast<void>(signer::decode_reply(*frame));
    }
    break;
  }
  case 1:
    if (const auto got = read(input)) SETT_ASSERT(got->kind < signer::shape::count_);
    break;
  default:
    put_together(input);
  }
  return 0;
}
