// Metaplex token metadata: what a token is called and who may change it. A native program with a one-byte tag; the
// arguments are borsh (metaplex-foundation/mpl-token-metadata, IDL of 2025).
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"

#include <optional>

namespace sett::decode {

namespace {

constexpr auto kind = program_kind::metaplex_metadata;

enum tag : std::uint8_t {
  create_metadata_account = 0,
  update_metadata_account = 1,
  update_metadata_account_v2 = 15,
  create_metadata_account_v2 = 16,
  create_metadata_account_v3 = 33,
  create = 42,
  update = 50,
  last_known = 57, // CloseAccounts
};

/// Data and DataV2 begin alike.
struct asset_text {
  std::string_view name, symbol, uri;
};

/// Texts are padded with zeros by some clients, to the size the account keeps.
std::string_view unpadded(std::string_view s) {
  while (!s.empty() && s.back() == '\0') s.remove_suffix(1);
  return s;
}

asset_text read_text(byte_reader& in) {
  asset_text t;
  t.name = unpadded(in.string());
  t.symbol = unpadded(in.string());
  t.uri = unpadded(in.string());
  return t;
}

void skip_creators(byte_reader& in) {
  in.skip(2); // seller fee, basis points
  if (in.boolean()) {
    const std::size_t creators = in.u32();
    in.skip(creators * (32 + 1 + 1));
  }
}

void skip_collection_and_uses(byte_reader& in) {
  if (in.boolean()) in.skip(1 + 32);
  if (in.boolean()) in.skip(1 + 8 + 8);
}

void emit(context& ctx, const solana::executed_instruction& ix, event::metadata metadata, const asset_text& text) {
  metadata.name = ctx.out.add_text(text.name);
  metadata.symbol = ctx.out.add_text(text.symbol);
  metadata.uri = ctx.out.add_text(text.uri);
  ctx.emit(ix, kind, metadata);
}

bool decode_create_account(context& ctx, const solana::executed_instruction& ix, byte_reader in, bool with_collection) {
  const auto text = read_text(in);
  skip_creators(in);
  if (with_collection) skip_collection_and_uses(in);
  const bool is_mutable = in.boolean();
  if (!in.ok() || ix.accounts.size() < 5) return false;
  event::metadata created;
  created.account = ctx.tx.account(ix, 0);
  created.mint = ctx.tx.account(ix, 1);
  created.update_authority = ctx.tx.account(ix, 4);
  created.is_mutable = is_mutable;
  created.created = true;
  emit(ctx, ix, created, text);
  return true;
}

bool decode_create(context& ctx, const solana::executed_instruction& ix, byte_reader in) {
  const auto version = in.u8();
  const auto text = read_text(in);
  skip_creators(in);
  in.skip(1); // primary sale happened
  const bool is_mutable = in.boolean();
  if (!in.ok() || version != 0 || ix.accounts.size() < 6) return false;
  event::metadata created;
  created.account = ctx.tx.account(ix, 0);
  created.mint = ctx.tx.account(ix, 2);
  created.update_authority = ctx.tx.account(ix, 5);
  created.is_mutable = is_mutable;
  created.created = true;
  emit(ctx, ix, created, text);
  return true;
}

/// What an update names; the rest stays as it is.
struct changes {
  std::optional<asset_text> text;
  std::optional<address> authority;
  std::optional<bool> is_mutable;
};

void emit_changes(context& ctx, const solana::executed_instruction& ix, const changes& c, const address& account,
                  const mint_address& mint, const address& authority) {
  if (c.text || c.is_mutable) {
    event::metadata updated;
    updated.account = account;
    updated.mint = mint;
    updated.update_authority = authority;
    updated.is_mutable = c.is_mutable.value_or(true); // an immutable one refuses updates
    emit(ctx, ix, updated, c.text.value_or(asset_text{}));
  }
  if (c.authority)
    ctx.emit(ix, kind,
             event::authority_changed{account, event::authority_kind::metadata_update, true, authority, *c.authority});
}

bool decode_update_account(context& ctx, const solana::executed_instruction& ix, byte_reader in, bool v2) {
  changes c;
  if (in.boolean()) {
    c.text = read_text(in);
    skip_creators(in);
    if (v2) skip_collection_and_uses(in);
  }
  if (in.boolean()) c.authority = in.address();
  if (in.boolean()) in.skip(1); // primary sale happened
  if (v2 && in.boolean()) c.is_mutable = in.boolean();
  if (!in.ok() || ix.accounts.size() < 2) return false;
  // The mint is not among the accounts: whoever saw the creation knows it by the metadata account.
  emit_changes(ctx, ix, c, ctx.tx.account(ix, 0), {}, ctx.tx.account(ix, 1));
  return true;
}

bool decode_update(context& ctx, const solana::executed_instruction& ix, byte_reader in) {
  enum role : std::uint8_t {
    v1,
    as_update_authority,
    as_item_authority_delegate,
    as_collection_delegate,
    as_data_delegate,
    as_rules_delegate,
    as_item_data_delegate,
    as_collection_item_delegate,
    as_item_rules_delegate,
    roles
  };
  const auto who = in.u8();
  changes c;
  const bool whole = who == v1 || who == as_update_authority;
  if (whole || who == as_item_authority_delegate) {
    if (in.boolean()) c.authority = in.address();
  }
  if (whole || who == as_data_delegate || who == as_item_data_delegate) {
    if (in.boolean()) {
      c.text = read_text(in);
      skip_creators(in);
    }
  }
  if (whole || who == as_item_authority_delegate) {
    if (in.boolean()) in.skip(1); // primary sale happened
    if (in.boolean()) c.is_mutable = in.boolean();
  }
  if (!in.ok() || who >= roles || ix.accounts.size() < 5) return false;
  emit_changes(ctx, ix, c, ctx.tx.account(ix, 4), ctx.tx.account(ix, 3), ctx.tx.account(ix, 0));
  return true;
}

void decode(context& ctx, std::size_t position) {
  const auto& ix = ctx.tx.instructions[position];
  const auto data = ctx.data(position);
  if (data.empty()) return ctx.unknown(ix);
  const byte_reader in(data.subspan(1));
  bool known = true;
  switch (data[0]) {
  case create_metadata_account:
    known = decode_create_account(ctx, ix, in, false);
    break;
  case create_metadata_account_v2:
  case create_metadata_account_v3:
    known = decode_create_account(ctx, ix, in, true);
    break;
  case create:
    known = decode_create(ctx, ix, in);
    break;
  case update_metadata_account:
    known = decode_update_account(ctx, ix, in, false);
    break;
  case update_metadata_account_v2:
    known = decode_update_account(ctx, ix, in, true);
    break;
  case update:
    known = decode_update(ctx, ix, in);
    break;
  default:
    known = data[0] <= last_known; // editions, collections, delegates: they change no fungible token
  }
  if (!known) ctx.unknown(ix);
}

} // namespace

const program_decoder metaplex_metadata_decoder{.kind = kind,
                                                .name = "metaplex_metadata",
                                                .address = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s",
                                                .decode = decode,
                                                .layouts = {}};

} // namespace sett::decode
