// The beginning and the end of a bonding curve: create (SPL Token, Metaplex metadata), create_v2 (Token-2022 with its
// own metadata) and migrate, which moves what is left into a PumpSwap pool and burns the pool tokens.
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/pump_accounts.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <algorithm>

namespace sett::simnet {

using namespace pump_at;

namespace {

void create_account(invocation& c, const address& payer, const address& created, std::uint64_t space,
                    std::uint64_t rent_of, const address& owner, bool derived) {
  c.call(program_id::system(), {{payer, true, true}, {created, true, true}},
         byte_writer().u32(0).u64(rent_exempt_minimum(rent_of)).u64(space).id(owner).bytes,
         derived ? std::vector<address>{created} : std::vector<address>{});
}

void create_associated(invocation& c, const address& payer, const address& account, const address& owner,
                       const address& mint, const address& token_program, bool idempotent = false) {
  c.call(program_id::associated_token(),
         {{payer, true, true},
          {account, true, false},
          {owner, false, false},
          {mint, false, false},
          {program_id::system(), false, false},
          {token_program, false, false}},
         std::vector<std::uint8_t>{static_cast<std::uint8_t>(idempotent ? 1 : 0)});
}

} // namespace

void pump_create(invocation& c, bool v2, const std::string& name, const std::string& symbol, const std::string& uri,
                 const address& creator) {
  need_count(c, v2 ? 16 : 14);
  const std::size_t user_at = v2 ? 5 : 7, event_at = v2 ? 14 : 12;
  need_account(c, 4, c.program(), global_tag);
  need_anchor_signer(c, 0);
  need_anchor_signer(c, user_at);
  if (name.size() > 32) fail_custom(6043);
  if (symbol.size() > 13) fail_custom(6044);
  if (uri.size() > 200) fail_custom(6045);
  const auto mint = c.key(0), authority = c.key(1), curve = c.key(2), holding = c.key(3), user = c.key(user_at);
  const auto& token_program = v2 ? program_id::token_2022() : program_id::spl_token();
  need_key(c, 1, derive({solana::seed("mint-authority")}, c.program()).key, anchor_error::constraint_seeds);
  need_key(c, 2, derive({solana::seed("bonding-curve"), solana::seed(mint)}, c.program()).key,
           anchor_error::constraint_seeds);
  need_key(c, 3, solana::associated_token_address(curve, mint, token_program).key, anchor_error::constraint_seeds);
  const auto& global = c.at(4).data;
  const auto virtual_token = load<std::uint64_t>(global, global_initial_virtual_token),
             virtual_sol = load<std::uint64_t>(global, global_initial_virtual_sol),
             real_token = load<std::uint64_t>(global, global_initial_real_token),
             supply = load<std::uint64_t>(global, global_supply);

  const std::uint64_t mint_space = v2 ? extensions_at + 4 + 64 : mint_size;
  create_account(c, user, mint, mint_space, mint_space, token_program, false);
  if (v2) // MetadataPointer: the metadata stand in the mint itself
    c.call(token_program, {{mint, true, false}}, byte_writer().u8(39).u8(0).id(authority).id(mint).bytes);
  c.call(token_program, {{mint, true, false}}, byte_writer().u8(20).u8(6).id(authority).u8(0).bytes);
  create_account(c, user, curve, curve_account_size, curve_account_size, c.program(), true);
  create_associated(c, user, holding, curve, mint, token_program);
  if (v2) {
    const auto metadata_space = 4 + 32 + 32 + 4 + name.size() + 4 + symbol.size() + 4 + uri.size() + 4;
    c.call(program_id::system(), {{user, true, true}, {mint, true, false}},
           byte_writer()
               .u32(2)
               .u64(rent_exempt_minimum(mint_space + metadata_space) - rent_exempt_minimum(mint_space))
               .bytes);
    c.call(token_program,
           {{mint, true, false}, {authority, false, false}, {mint, false, false}, {authority, false, true}},
           byte_writer().tag(0xd2e11ea258b84d8d).text(name).text(symbol).text(uri).bytes, {authority});
    c.call(token_program, {{mint, true, false}, {authority, false, true}},
           byte_writer().tag(0xd7e4a6e45464567b).id(address{}).bytes, {authority});
  } else {
    c.call(program_id::metaplex_metadata(),
           {{c.key(6), true, false},
            {mint, false, false},
            {authority, false, true},
            {user, true, true},
            {authority, false, true},
            {program_id::system(), false, false}},
           byte_writer().u8(33).text(name).text(symbol).text(uri).u16(0).u8(0).u8(0).u8(0).flag(false).u8(0).bytes,
           {authority});
  }
  c.call(token_program, {{mint, true, false}, {holding, true, false}, {authority, false, true}},
         byte_writer().u8(7).u64(supply).bytes, {authority});
  c.call(token_program, {{mint, true, false}, {authority, false, true}}, byte_writer().u8(6).u8(0).u8(0).bytes,
         {authority});

  const auto bytes = byte_writer()
                         .tag(curve_tag)
                         .u64(virtual_token)
                         .u64(virtual_sol)
                         .u64(real_token)
                         .u64(0)
                         .u64(supply)
                         .flag(false)
                         .id(creator)
                         .bytes;
  std::copy(bytes.begin(), bytes.end(), c.write(2).begin());
  byte_writer e;
  e.tag(create_event_tag)
      .text(name)
      .text(symbol)
      .text(uri)
      .id(mint)
      .id(curve)
      .id(user)
      .id(creator)
      .i64(c.clock().unix_time)
      .u64(virtual_token)
      .u64(virtual_sol)
      .u64(real_token)
      .u64(supply)
      .id(token_program)
      .flag(false)
      .flag(false)
      .id(address{})
      .u64(virtual_sol)
      .u64(0)
      .flag(false);
  c.log_data(e.bytes);
  c.emit_event(c.key(event_at), e.bytes);
}

void pump_migrate(invocation& c) {
  need_count(c, 25);
  need_account(c, 0, c.program(), global_tag);
  need_account(c, 3, c.program(), curve_tag);
  need_anchor_signer(c, 5);
  const auto& global = c.at(0).data;
  need_key(c, 1, load_key(global, global_withdraw_authority), anchor_error::constraint_has_one);
  const auto mint = c.key(2), curve = c.key(3), user = c.key(5), pool = c.key(9), authority = c.key(10),
             base_holding = c.key(11), quote_holding = c.key(12), lp_mint = c.key(15), lp_holding = c.key(16);
  need_key(c, 3, derive({solana::seed("bonding-curve"), solana::seed(mint)}, c.program()).key,
           anchor_error::constraint_seeds);
  need_key(c, 10, derive({solana::seed("pool-authority"), solana::seed(mint)}, c.program()).key,
           anchor_error::constraint_seeds);
  if (c.at(3).data[curve_complete_flag] == 0) fail_custom(6006);
  const auto sol = load<std::uint64_t>(c.at(3).data, curve_real_sol);
  if (sol == 0) fail_custom(6081);
  const auto token_program = c.at(2).owner;
  const auto& wrapped = program_id::native_mint();
  const auto migration_fee = load<std::uint64_t>(global, global_migration_fee);
  const auto tokens = load<std::uint64_t>(c.at(4).data, holding_at::amount);
  const auto creator = load_key(c.at(3).data, curve_creator);
  const auto into_pool = sub(sol, migration_fee);

  create_associated(c, user, base_holding, authority, mint, token_program, true);
  create_associated(c, user, quote_holding, authority, wrapped, program_id::spl_token(), true);
  const auto decimals = read_mint_decimals(c.at(2).data).value_or(6);
  c.call(token_program,
         {{c.key(4), true, false}, {mint, false, false}, {base_holding, true, false}, {curve, false, true}},
         byte_writer().u8(12).u64(tokens).u8(decimals).bytes, {curve});
  c.move_lamports(3, 12, into_pool);
  c.call(program_id::spl_token(), {{quote_holding, true, false}}, byte_writer().u8(17).bytes);
  // The fee pays for the pool's accounts; what is left goes to the authority of withdrawals.
  c.move_lamports(3, 10, migration_fee);
  c.call(program_id::pump_amm(),
         {{pool, true, false},
          {c.key(13), false, false},
          {authority, true, true},
          {mint, false, false},
          {wrapped, false, false},
          {lp_mint, true, false},
          {base_holding, true, false},
          {quote_holding, true, false},
          {lp_holding, true, false},
          {c.key(17), true, false},
          {c.key(18), true, false},
          {program_id::system(), false, false},
          {program_id::token_2022(), false, false},
          {token_program, false, false},
          {program_id::spl_token(), false, false},
          {program_id::associated_token(), false, false},
          {c.key(21), false, false},
          {program_id::pump_amm(), false, false}},
         byte_writer().tag(0xe992d18ecf6840bc).u16(0).u64(tokens).u64(into_pool).id(creator).flag(false).bytes,
         {authority});
  const auto lp = load<std::uint64_t>(c.at(16).data, holding_at::amount);
  c.call(program_id::token_2022(), {{lp_holding, true, false}, {lp_mint, true, false}, {authority, false, true}},
         byte_writer().u8(8).u64(lp).bytes, {authority});
  const auto left = c.at(10).lamports;
  if (left != 0)
    c.call(program_id::system(), {{authority, true, true}, {c.key(1), true, false}},
           byte_writer().u32(2).u64(left).bytes, {authority});
  auto& data = c.write(3);
  for (const auto at : {curve_virtual_token, curve_virtual_sol, curve_real_token, curve_real_sol})
    store<std::uint64_t>(data, at, 0);
  byte_writer e;
  e.tag(migration_event_tag)
      .id(user)
      .id(mint)
      .u64(tokens)
      .u64(into_pool)
      .u64(migration_fee)
      .id(curve)
      .i64(c.clock().unix_time)
      .id(pool)
      .id(address{});
  c.log_data(e.bytes);
  c.emit_event(c.key(22), e.bytes);
}

// metadata, mint, mint authority, payer, update authority, system program; CreateMetadataAccountV3 only.
void run_metaplex(invocation& c) {
  c.consume(20'000);
  input_reader in(c.data);
  if (in.take<std::uint8_t>() != 33) fail_with("InvalidInstructionData");
  c.log("IX: Create Metadata Accounts v3");
  const auto name = in.text<std::uint32_t>(), symbol = in.text<std::uint32_t>(), uri = in.text<std::uint32_t>();
  c.need_signer(2);
  c.need_signer(3);
  constexpr std::uint64_t size = 607, fee = 10'000'000; // token-metadata 1.13: MAX_METADATA_LEN, CREATE_FEE
  const auto metadata = derive(
      {solana::seed("metadata"), solana::seed(program_id::metaplex_metadata()), solana::seed(c.key(1))}, c.program());
  if (metadata.key != c.key(0)) fail_custom(5); // InvalidMetadataKey
  c.call(program_id::system(), {{c.key(3), true, true}, {metadata.key, true, false}},
         byte_writer().u32(2).u64(rent_exempt_minimum(size) + fee).bytes);
  c.log("Allocate space for the account");
  c.call(program_id::system(), {{metadata.key, true, true}}, byte_writer().u32(8).u64(size).bytes, {metadata.key});
  c.log("Assign the account to the owning program");
  c.call(program_id::system(), {{metadata.key, true, true}}, byte_writer().u32(1).id(c.program()).bytes,
         {metadata.key});
  // Key::MetadataV1, update authority, mint, data of fixed widths (32, 10, 200), fee, no creators, ...
  const auto padded = [](std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), '\0');
    return text;
  };
  const auto bytes = byte_writer()
                         .u8(4)
                         .id(c.key(4))
                         .id(c.key(1))
                         .text(padded(name, 32))
                         .text(padded(symbol, 10))
                         .text(padded(uri, 200))
                         .u16(0)
                         .u8(0)
                         .flag(false)
                         .flag(false)
                         .bytes;
  std::copy(bytes.begin(), bytes.end(), c.write(0).begin());
}

} // namespace sett::simnet
