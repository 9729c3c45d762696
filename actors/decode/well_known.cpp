#include "actors/decode/well_known.hpp"

#include "messages/solana/base58.hpp"

#include <algorithm>
#include <array>

namespace sett::decode {

using namespace solana::literals;

const mint_address& native_mint() {
  static const mint_address mint = "So11111111111111111111111111111111111111112"_address;
  return mint;
}

bool is_tip_account(const address& a) {
  static const std::array<address, 8> accounts{
      "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"_address, "HFqU5x63VTqvQss8hp11i4wVV8bD44PvwucfZ2bU7gRe"_address,
      "Cw8CFyM9FkoMi7K7Crf6HNQqf4uEMzpKw6QNghXLvLkY"_address, "ADaUMid9yfUytqMBgopwjb2DTLSokTSzL1zt6iGPaS49"_address,
      "DfXygSm4jCyNCybVYYK6DwvWqjKee8pbDmJGcLWNDXjh"_address, "ADuUkR4vqLUMWXxW9gh6D6L8pMSawimctcNZ5pGwDcEt"_address,
      "DttWaMuVvTiduZRnguLF7jNxTgiMBZ1hyAumKUiL2KRL"_address, "3AVi9Tg9Uo68tJfuvoKvqKNWKkC5wPdSSdeBnizKZ6jT"_address};
  return std::ranges::find(accounts, a) != accounts.end();
}

} // namespace sett::decode
