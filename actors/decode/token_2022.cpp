// Token-2022: the shared instructions, every extension (types 1 to 28), and the metadata and group interfaces that the
// program answers itself. Layout of an extension's instruction: tag byte, sub-tag byte, packed fields; an optional key
// is 32 bytes, zero meaning none. Layouts: solana-program/token-2022 interface/src/extension, read 2026-11.
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"
#include "actors/decode/token_base.hpp"

#include <array>

namespace sett::decode {

namespace {

constexpr auto kind = program_kind::token_2022;
using event::authority_kind;

// Interface instructions: the first eight bytes of sha256("spl_token_metadata_interface:<name>") and
// sha256("spl_token_group_interface:<name>").
enum class interface_tag : std::uint64_t {
  metadata_initialize = 0xd2e11ea258b84d8d,
  metadata_update_field = 0xdde9312db5cadcc8,
  metadata_remove_key = 0xea122038598d25b5,
  metadata_update_authority = 0xd7e4a6e45464567b,
  metadata_emit = 0xfaa6b4fa0d0cb846,
  group_initialize = 0x79716c2736330004,
  group_update_max_size = 0x6c25ab8ff81e126e,
  group_update_authority = 0xa1695801edddd8cb,
  group_initialize_member = 0x9820deb0dfed7486,
};

constexpr std::uint8_t no_sub_tag = 0xff;

/// Where a mint extension's initialisation keeps its authority.
enum class authority_form : std::uint8_t { none, optional_byte, key, key_or_zero, two_optional_bytes };

struct mint_extension {
  std::uint8_t tag, sub_tag; // no_sub_tag: the tag alone
  std::uint8_t type;         // ExtensionType
  authority_form form;
  authority_kind authority;
};
constexpr std::array mint_extension_table{
    mint_extension{25, no_sub_tag, 3, authority_form::optional_byte, authority_kind::close_mint},
    mint_extension{26, 0, 1, authority_form::two_optional_bytes, authority_kind::transfer_fee_config},
    mint_extension{27, 0, 4, authority_form::key_or_zero, authority_kind::confidential_transfer},
    mint_extension{28, 0, 6, authority_form::none, authority_kind::other},
    mint_extension{32, no_sub_tag, 9, authority_form::none, authority_kind::other},
    mint_extension{33, 0, 10, authority_form::key_or_zero, authority_kind::interest_rate},
    mint_extension{35, no_sub_tag, 12, authority_form::key, authority_kind::permanent_delegate},
    mint_extension{36, 0, 14, authority_form::key_or_zero, authority_kind::transfer_hook_program},
    mint_extension{37, 0, 16, authority_form::key_or_zero, authority_kind::confidential_transfer_fee},
    mint_extension{39, 0, 18, authority_form::key_or_zero, authority_kind::metadata_pointer},
    mint_extension{40, 0, 20, authority_form::key_or_zero, authority_kind::group_pointer},
    mint_extension{41, 0, 22, authority_form::key_or_zero, authority_kind::group_member_pointer},
    mint_extension{42, 0, 24, authority_form::none, authority_kind::other},
    mint_extension{43, 0, 25, authority_form::key_or_zero, authority_kind::scaled_ui_amount},
    mint_extension{44, 0, 26, authority_form::key, authority_kind::pause},
    mint_extension{46, 0, 28, authority_form::key, authority_kind::permissioned_burn},
};

/// The known sub-instructions of each extension tag, 0 = the tag has no sub-tag.
struct extension_tag {
  std::uint8_t tag, sub_tags;
};
constexpr std::array extension_tags{
    extension_tag{25, 0},  // mint close authority (3)
    extension_tag{26, 6},  // transfer fee (1, 2): initialize, transfer, withdraw from mint / accounts, harvest, set fee
    extension_tag{27, 15}, // confidential transfer (4, 5)
    extension_tag{28, 2},  // default account state (6)
    extension_tag{29, 0},  // reallocate
    extension_tag{30, 2},  // memo required on transfers (8)
    extension_tag{31, 0},  // create the native mint
    extension_tag{32, 0},  // non-transferable (9, 13)
    extension_tag{33, 2},  // interest bearing (10)
    extension_tag{34, 2},  // CPI guard (11)
    extension_tag{35, 0},  // permanent delegate (12)
    extension_tag{36, 2},  // transfer hook (14, 15)
    extension_tag{37, 6},  // confidential transfer fee (16, 17)
    extension_tag{38, 0},  // withdraw excess lamports
    extension_tag{39, 2},  // metadata pointer (18)
    extension_tag{40, 2},  // group pointer (20)
    extension_tag{41, 2},  // group member pointer (22)
    extension_tag{42, 6},  // confidential mint and burn (24)
    extension_tag{43, 2},  // scaled UI amount (25)
    extension_tag{44, 3},  // pausable (26, 27)
    extension_tag{46, 4},  // permissioned burn (28)
};

const mint_extension* initialised_extension(byte_span data) {
  for (const auto& e : mint_extension_table)
    if (!data.empty() && data[0] == e.tag && (e.sub_tag == no_sub_tag || (data.size() > 1 && data[1] == e.sub_tag)))
      return &e;
  return nullptr;
}

void authority_set(context& ctx, const solana::executed_instruction& ix, const address& account,
                   authority_kind authority, const address& value) {
  if (value.is_zero()) return;
  ctx.emit(ix, kind, event::authority_changed{account, authority, true, {}, value});
}

/// An extension's first authority, as an authority change from nobody. False: the data is too short.
bool decode_initialisation(context& ctx, const solana::executed_instruction& ix, const mint_extension& extension,
                           byte_reader in) {
  const auto optional = [&](byte_reader& r) { return r.boolean() ? r.address() : address{}; };
  address first, second;
  switch (extension.form) {
  case authority_form::none:
    break;
  case authority_form::key:
  case authority_form::key_or_zero:
    first = in.address();
    break;
  case authority_form::optional_byte:
    first = optional(in);
    break;
  case authority_form::two_optional_bytes:
    first = optional(in);
    second = optional(in);
    break;
  }
  if (!in.ok() || ix.accounts.empty()) return false;
  authority_set(ctx, ix, ctx.tx.account(ix, 0), extension.authority, first);
  authority_set(ctx, ix, ctx.tx.account(ix, 0), authority_kind::withheld_withdraw, second);
  return true;
}

bool decode_extension(context& ctx, std::size_t position, byte_span data) {
  const auto& ix = ctx.tx.instructions[position];
  const extension_tag* known = nullptr;
  for (const auto& e : extension_tags)
    if (e.tag == data[0]) known = &e;
  if (known == nullptr) return false;
  if (known->sub_tags > 0 && (data.size() < 2 || data[1] >= known->sub_tags)) return false;
  const bool moves_tokens = (data[0] == 26 && data[1] == 1) || (data[0] == 46 && (data[1] == 1 || data[1] == 2));
  if (moves_tokens) {
    if (ctx.index.moves({position, position + 1}).empty()) return false;
    emit_token_moves(ctx, position, kind);
    return true;
  }
  if (const auto* extension = initialised_extension(data))
    return decode_initialisation(ctx, ix, *extension,
                                 byte_reader(data.subspan(extension->sub_tag == no_sub_tag ? 1 : 2)));
  return true;
}

bool decode_interface(context& ctx, std::size_t position, byte_span data) {
  const auto& ix = ctx.tx.instructions[position];
  const auto key = [&](std::size_t i) -> const address& { return ctx.tx.account(ix, i); };
  const std::size_t accounts = ix.accounts.size();
  byte_reader in(data.subspan(8));
  switch (static_cast<interface_tag>(discriminator(data))) {
  case interface_tag::metadata_initialize: {
    const auto name = in.string(), symbol = in.string(), uri = in.string();
    if (!in.ok() || accounts < 4) return false;
    event::metadata created{.account = key(0),
                            .mint = key(2),
                            .update_authority = key(1),
                            .is_mutable = !key(1).is_zero(),
                            .created = true,
                            .name = {},
                            .symbol = {},
                            .uri = {}};
    created.name = ctx.out.add_text(name);
    created.symbol = ctx.out.add_text(symbol);
    created.uri = ctx.out.add_text(uri);
    ctx.emit(ix, kind, created);
    return true;
  }
  case interface_tag::metadata_update_field: {
    const auto field = in.u8(); // 0 name, 1 symbol, 2 URI, 3 a key of its own
    if (field == 3) static_cast<void>(in.string());
    const auto value = in.string();
    if (!in.ok() || field > 3 || accounts < 2) return false;
    // The program keeps the metadata in the mint itself where it answers this interface.
    event::metadata updated{.account = key(0),
                            .mint = key(0),
                            .update_authority = key(1),
                            .is_mutable = true,
                            .created = false,
                            .name = {},
                            .symbol = {},
                            .uri = {}};
    if (field == 0) updated.name = ctx.out.add_text(value);
    if (field == 1) updated.symbol = ctx.out.add_text(value);
    if (field == 2) updated.uri = ctx.out.add_text(value);
    ctx.emit(ix, kind, updated);
    return true;
  }
  case interface_tag::metadata_update_authority: {
    const auto authority = in.address();
    if (!in.ok() || accounts < 2) return false;
    ctx.emit(
        ix, kind,
        event::authority_changed{key(0), authority_kind::metadata_update, !authority.is_zero(), key(1), authority});
    return true;
  }
  case interface_tag::metadata_remove_key:
  case interface_tag::metadata_emit:
  case interface_tag::group_initialize:
  case interface_tag::group_update_max_size:
  case interface_tag::group_update_authority:
  case interface_tag::group_initialize_member:
    return true;
  }
  return false;
}

void decode(context& ctx, std::size_t position) {
  const auto& ix = ctx.tx.instructions[position];
  const auto data = ctx.data(position);
  const auto base = decode_token_base(ctx, position, kind);
  if (base == token_result::done) return;
  if (base == token_result::bad_layout || data.empty()) return ctx.unknown(ix);
  const bool known =
      decode_extension(ctx, position, data) || (data.size() >= 8 && decode_interface(ctx, position, data));
  if (!known) ctx.unknown(ix);
}

} // namespace

std::uint32_t mint_extensions(const context& ctx, std::uint8_t mint_key) {
  constexpr std::uint8_t token_metadata = 19, token_group = 21, token_group_member = 23;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < ctx.tx.instructions.size(); ++i) {
    const auto& ix = ctx.tx.instructions[i];
    if (ctx.index.kind(i) != kind || ix.accounts.empty() || ix.accounts[0] != mint_key) continue;
    const auto data = ctx.data(i);
    if (const auto* extension = initialised_extension(data)) bits |= 1U << extension->type;
    if (data.size() < 8) continue;
    const auto tag = static_cast<interface_tag>(discriminator(data));
    if (tag == interface_tag::metadata_initialize) bits |= 1U << token_metadata;
    if (tag == interface_tag::group_initialize) bits |= 1U << token_group;
    if (tag == interface_tag::group_initialize_member) bits |= 1U << token_group_member;
  }
  return bits;
}

const program_decoder token_2022_decoder{.kind = kind,
                                         .name = "token_2022",
                                         .address = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
                                         .decode = decode,
                                         .layouts = {}};

} // namespace sett::decode
