#include "tools/simnet/programs.hpp"

#include "messages/solana/base58.hpp"

namespace sett::simnet::program_id {

using namespace solana::literals;

const address& system() {
  static const address id = "11111111111111111111111111111111"_address;
  return id;
}
const address& vote() {
  static const address id = "Vote111111111111111111111111111111111111111"_address;
  return id;
}
const address& spl_token() {
  static const address id = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"_address;
  return id;
}
const address& token_2022() {
  static const address id = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"_address;
  return id;
}
const address& associated_token() {
  static const address id = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"_address;
  return id;
}
const address& compute_budget() {
  static const address id = "ComputeBudget111111111111111111111111111111"_address;
  return id;
}
const address& metaplex_metadata() {
  static const address id = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s"_address;
  return id;
}
const address& pump() {
  static const address id = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"_address;
  return id;
}
const address& pump_amm() {
  static const address id = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA"_address;
  return id;
}
const address& pump_fees() {
  static const address id = "pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ"_address;
  return id;
}
const address& raydium_amm_v4() {
  static const address id = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"_address;
  return id;
}
const address& openbook() {
  static const address id = "srmqPvymJeFKQ4zGQed1GFppgkRHL9kaELCbyksJtPX"_address;
  return id;
}
const address& native_mint() {
  static const address id = "So11111111111111111111111111111111111111112"_address;
  return id;
}
const address& rent_sysvar() {
  static const address id = "SysvarRent111111111111111111111111111111111"_address;
  return id;
}
const address& native_loader() {
  static const address id = "NativeLoader1111111111111111111111111111111"_address;
  return id;
}
const address& bpf_loader() {
  static const address id = "BPFLoader2111111111111111111111111111111111"_address;
  return id;
}
const address& memo() {
  static const address id = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"_address;
  return id;
}
const address& memo_v1() {
  static const address id = "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo"_address;
  return id;
}
const address& lookup_table() {
  static const address id = "AddressLookupTab1e1111111111111111111111111"_address;
  return id;
}
const address& raydium_cpmm() {
  static const address id = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"_address;
  return id;
}
const address& whirlpool() {
  static const address id = "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc"_address;
  return id;
}
const address& incinerator() {
  static const address id = "1nc1nerator11111111111111111111111111111111"_address;
  return id;
}

} // namespace sett::simnet::program_id
