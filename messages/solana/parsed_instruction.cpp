#include "messages/solana/parsed_instruction.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace sett::solana {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t max_accounts = 256;
constexpr std::size_t max_data = 16 * 1024;
constexpr std::size_t max_fields = 32;

/// How one kind of instruction lies in bytes.
///   accounts: names in `info`, in order. "a|b": the first one present. "name+": the authority, which may be given as
///     "multisigName" with the list "signers" behind it. "name*": a list.
///   data: the bytes `tag`, then "kind:name" parts; "a.b" is a field of a field.
///     u8 u16 i16 u32 u64: little endian, from a number or its text; key: 32 bytes; option: 1 and 32 bytes, or 0;
///     nonzero: 32 bytes, zeros when absent; seed: length as u64 and text; text: length as u32 and text; rest: the text
///     alone; authority, state, extensions: names of enumerations; count: number of elements of a list as u8
struct layout {
  std::string_view type;
  std::string_view tag;
  std::string_view accounts;
  std::string_view data;
};

// System program, bincode: tag as u32.
constexpr layout system_layouts[] = {
    {"createAccount", "\0\0\0\0"sv, "source newAccount", "u64:lamports u64:space key:owner"},
    {"assign", "\1\0\0\0"sv, "account", "key:owner"},
    {"transfer", "\2\0\0\0"sv, "source destination", "u64:lamports"},
    {"createAccountWithSeed", "\3\0\0\0"sv, "source newAccount", "key:base seed:seed u64:lamports u64:space key:owner"},
    {"advanceNonce", "\4\0\0\0"sv, "nonceAccount recentBlockhashesSysvar nonceAuthority", ""},
    {"withdrawFromNonce", "\5\0\0\0"sv, "nonceAccount destination recentBlockhashesSysvar rentSysvar nonceAuthority",
     "u64:lamports"},
    {"initializeNonce", "\6\0\0\0"sv, "nonceAccount recentBlockhashesSysvar rentSysvar", "key:nonceAuthority"},
    {"authorizeNonce", "\7\0\0\0"sv, "nonceAccount nonceAuthority", "key:newAuthorized"},
    {"allocate", "\10\0\0\0"sv, "account", "u64:space"},
    {"allocateWithSeed", "\11\0\0\0"sv, "account base", "key:base seed:seed u64:space key:owner"},
    {"assignWithSeed", "\12\0\0\0"sv, "account base", "key:base seed:seed key:owner"},
    {"transferWithSeed", "\13\0\0\0"sv, "source sourceBase destination",
     "u64:lamports seed:sourceSeed key:sourceOwner"},
    {"upgradeNonce", "\14\0\0\0"sv, "nonceAccount", ""},
};

// SPL Token and Token-2022: one tag byte, extensions a second one; the metadata interface 8 bytes.
constexpr layout token_layouts[] = {
    {"initializeMint", "\0"sv, "mint rentSysvar", "u8:decimals key:mintAuthority option:freezeAuthority"},
    {"initializeAccount", "\1"sv, "account mint owner rentSysvar", ""},
    {"initializeMultisig", "\2"sv, "multisig rentSysvar signers*", "u8:m"},
    {"transfer", "\3"sv, "source destination authority+", "u64:amount"},
    {"approve", "\4"sv, "source delegate owner+", "u64:amount"},
    {"revoke", "\5"sv, "source owner+", ""},
    {"setAuthority", "\6"sv, "mint|account|source authority+", "authority:authorityType option:newAuthority"},
    {"mintTo", "\7"sv, "mint account mintAuthority+", "u64:amount"},
    {"burn", "\10"sv, "account mint authority+", "u64:amount"},
    {"closeAccount", "\11"sv, "account destination owner+", ""},
    {"freezeAccount", "\12"sv, "account mint freezeAuthority+", ""},
    {"thawAccount", "\13"sv, "account mint freezeAuthority+", ""},
    {"transferChecked", "\14"sv, "source mint destination authority+",
     "u64:tokenAmount.amount u8:tokenAmount.decimals"},
    {"approveChecked", "\15"sv, "source mint delegate owner+", "u64:tokenAmount.amount u8:tokenAmount.decimals"},
    {"mintToChecked", "\16"sv, "mint account mintAuthority+", "u64:tokenAmount.amount u8:tokenAmount.decimals"},
    {"burnChecked", "\17"sv, "account mint authority+", "u64:tokenAmount.amount u8:tokenAmount.decimals"},
    {"initializeAccount2", "\20"sv, "account mint rentSysvar", "key:owner"},
    {"syncNative", "\21"sv, "account", ""},
    {"initializeAccount3", "\22"sv, "account mint", "key:owner"},
    {"initializeMultisig2", "\23"sv, "multisig signers*", "u8:m"},
    {"initializeMint2", "\24"sv, "mint", "u8:decimals key:mintAuthority option:freezeAuthority"},
    {"getAccountDataSize", "\25"sv, "mint", "extensions:extensionTypes"},
    {"initializeImmutableOwner", "\26"sv, "account", ""},
    {"amountToUiAmount", "\27"sv, "mint", "u64:amount"},
    {"uiAmountToAmount", "\30"sv, "mint", "rest:uiAmount"},
    {"initializeMintCloseAuthority", "\31"sv, "mint", "option:newAuthority"},
    {"initializeTransferFeeConfig", "\32\0"sv, "mint",
     "option:transferFeeConfigAuthority option:withdrawWithheldAuthority u16:transferFeeBasisPoints u64:maximumFee"},
    {"transferCheckedWithFee", "\32\1"sv, "source mint destination authority+",
     "u64:tokenAmount.amount u8:tokenAmount.decimals u64:feeAmount.amount"},
    {"withdrawWithheldTokensFromMint", "\32\2"sv, "mint feeRecipient withdrawWithheldAuthority+", ""},
    {"withdrawWithheldTokensFromAccounts", "\32\3"sv, "mint feeRecipient withdrawWithheldAuthority+ sourceAccounts*",
     "count:sourceAccounts"},
    {"harvestWithheldTokensToMint", "\32\4"sv, "mint sourceAccounts*", ""},
    {"setTransferFee", "\32\5"sv, "mint transferFeeConfigAuthority+", "u16:transferFeeBasisPoints u64:maximumFee"},
    {"initializeDefaultAccountState", "\34\0"sv, "mint", "state:accountState"},
    {"updateDefaultAccountState", "\34\1"sv, "mint freezeAuthority+", "state:accountState"},
    {"reallocate", "\35"sv, "account payer systemProgram owner+", "extensions:extensionTypes"},
    {"enableRequiredMemoTransfers", "\36\0"sv, "account owner+", ""},
    {"disableRequiredMemoTransfers", "\36\1"sv, "account owner+", ""},
    {"createNativeMint", "\37"sv, "payer nativeMint systemProgram", ""},
    {"initializeNonTransferableMint", "\40"sv, "mint", ""},
    {"initializeInterestBearingConfig", "\41\0"sv, "mint", "nonzero:rateAuthority i16:rate"},
    {"updateInterestBearingConfigRate", "\41\1"sv, "mint rateAuthority+", "i16:newRate"},
    {"enableCpiGuard", "\42\0"sv, "account owner+", ""},
    {"disableCpiGuard", "\42\1"sv, "account owner+", ""},
    {"initializePermanentDelegate", "\43"sv, "mint", "key:delegate"},
    {"initializeTransferHook", "\44\0"sv, "mint", "nonzero:authority nonzero:programId"},
    {"updateTransferHook", "\44\1"sv, "mint authority+", "nonzero:programId"},
    {"withdrawExcessLamports", "\46"sv, "source destination authority+", ""},
    {"initializeMetadataPointer", "\47\0"sv, "mint", "nonzero:authority nonzero:metadataAddress"},
    {"updateMetadataPointer", "\47\1"sv, "mint authority+", "nonzero:metadataAddress"},
    {"initializeGroupPointer", "\50\0"sv, "mint", "nonzero:authority nonzero:groupAddress"},
    {"updateGroupPointer", "\50\1"sv, "mint authority+", "nonzero:groupAddress"},
    {"initializeGroupMemberPointer", "\51\0"sv, "mint", "nonzero:authority nonzero:memberAddress"},
    {"updateGroupMemberPointer", "\51\1"sv, "mint authority+", "nonzero:memberAddress"},
    {"initializeTokenMetadata", "\xd2\xe1\x1e\xa2\x58\xb8\x4d\x8d"sv, "metadata updateAuthority mint mintAuthority",
     "text:name text:symbol text:uri"},
    {"updateTokenMetadataAuthority", "\xd7\xe4\xa6\xe4\x54\x64\x56\x7b"sv, "metadata updateAuthority",
     "nonzero:newAuthority"},
};

constexpr layout associated_token_layouts[] = {
    {"create", "", "source account wallet mint systemProgram tokenProgram", ""},
    {"createIdempotent", "\1"sv, "source account wallet mint systemProgram tokenProgram", ""},
    {"recoverNested", "\2"sv, "nestedSource nestedMint destination nestedOwner ownerMint wallet tokenProgram", ""},
};

// AuthorityType, AccountState and ExtensionType of Token-2022 (interface crate 1.0, 2025), by position.
constexpr std::string_view authority_types[] = {"mintTokens",
                                                "freezeAccount",
                                                "accountOwner",
                                                "closeAccount",
                                                "transferFeeConfig",
                                                "withheldWithdraw",
                                                "closeMint",
                                                "interestRate",
                                                "permanentDelegate",
                                                "confidentialTransferMint",
                                                "transferHookProgramId",
                                                "confidentialTransferFeeConfig",
                                                "metadataPointer",
                                                "groupPointer",
                                                "groupMemberPointer",
                                                "scaledUiAmount",
                                                "pause"};
constexpr std::string_view account_states[] = {"uninitialized", "initialized", "frozen"};
constexpr std::string_view extension_types[] = {"uninitialized",
                                                "transferFeeConfig",
                                                "transferFeeAmount",
                                                "mintCloseAuthority",
                                                "confidentialTransferMint",
                                                "confidentialTransferAccount",
                                                "defaultAccountState",
                                                "immutableOwner",
                                                "memoTransfer",
                                                "nonTransferable",
                                                "interestBearingConfig",
                                                "cpiGuard",
                                                "permanentDelegate",
                                                "nonTransferableAccount",
                                                "transferHook",
                                                "transferHookAccount",
                                                "confidentialTransferFeeConfig",
                                                "confidentialTransferFeeAmount",
                                                "metadataPointer",
                                                "tokenMetadata",
                                                "groupPointer",
                                                "tokenGroup",
                                                "groupMemberPointer",
                                                "tokenGroupMember",
                                                "confidentialMintBurn",
                                                "scaledUiAmountConfig",
                                                "pausableConfig",
                                                "pausableAccount"};

std::span<const layout> layouts_of(std::string_view program) {
  if (program == "system") return system_layouts;
  if (program == "spl-token" || program == "spl-token-2022") return token_layouts;
  if (program == "spl-associated-token-account") return associated_token_layouts;
  return {};
}

std::string_view take(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return part;
}

class encoder {
public:
  encoder(json_cursor cursor, const executed_transaction& tx, executed_instruction& ix, parsed_scratch& scratch)
      : c_(cursor), tx_(tx), ix_(ix), scratch_(scratch) {
    scratch_.data.clear();
    scratch_.accounts.clear();
  }

  bool run() {
    std::string_view program, program_id;
    const std::uint32_t* parsed = nullptr;
    const std::uint32_t* accounts = nullptr;
    const json_cursor start = c_;
    const bool ok = c_.object([&](std::string_view key) {
      if (is(key, "program")) return c_.string(program);
      if (is(key, "programId")) return c_.string(program_id);
      if (is(key, "data") && c_.at() == '"') return c_.string(ix_.data_base58);
      if (is(key, "stackHeight") && !c_.is_null()) return c_.number(ix_.stack_height);
      if (is(key, "parsed")) parsed = c_.token();
      if (is(key, "accounts")) accounts = c_.token();
      return c_.skip();
    });
    if (!ok) return false;
    if (program_id.empty()) return start.fail(reader_errc::missing, "an instruction without a program");
    if (!index_of(program_id, ix_.program_index))
      return start.fail(reader_errc::out_of_range, "a program that is no key");
    if (parsed != nullptr) {
      c_.to(parsed);
      if (!parsed_form(program)) return false;
      if (foreign_account_) ix_.shown_parsed = ix_.decoded = true;
      if (ix_.shown_parsed) return true;
      ix_.data_bytes = keep(scratch_.data);
      ix_.decoded = true;
    } else if (accounts != nullptr) {
      c_.to(accounts);
      if (!c_.array([&] { return add_account(); })) return false;
      if (foreign_account_)
        return start.fail(reader_errc::out_of_range, "an account that is no key of the transaction");
    }
    ix_.accounts = keep(scratch_.accounts);
    return true;
  }

private:
  struct field {
    std::string_view name;
    const std::uint32_t* token;
  };

  bool parsed_form(std::string_view program) {
    if (program == "spl-memo" && c_.at() == '"') return put_text(0);
    std::string_view type;
    const std::uint32_t* info = nullptr;
    if (c_.at() == '{') {
      const bool ok = c_.object([&](std::string_view key) {
        if (is(key, "type") && c_.at() == '"') return c_.string(type);
        if (is(key, "info") && c_.at() == '{') info = c_.token();
        return c_.skip();
      });
      if (!ok) return false;
    }
    const auto known = layouts_of(program);
    const auto found = std::ranges::find(known, type, &layout::type);
    if (info == nullptr || found == known.end()) {
      ix_.shown_parsed = true;
      ix_.decoded = true;
      return true;
    }
    c_.to(info);
    field_count_ = 0;
    const bool ok = c_.object([&](std::string_view key) {
      if (field_count_ < max_fields) fields_[field_count_++] = {key, c_.token()};
      return c_.skip();
    });
    return ok && encode_accounts(found->accounts) && encode_data(*found);
  }

  [[nodiscard]] const std::uint32_t* find(std::string_view name) const {
    for (std::size_t i = 0; i < field_count_; ++i)
      if (fields_[i].name == name) return fields_[i].token;
    return nullptr;
  }

  bool encode_accounts(std::string_view names) {
    while (!names.empty()) {
      std::string_view name = take(names, ' ');
      const char kind = name.back();
      if (kind == '+' || kind == '*') name.remove_suffix(1);
      const std::uint32_t* token = nullptr;
      for (auto rest = name; token == nullptr && !rest.empty();) token = find(take(rest, '|'));
      const std::uint32_t* signers = nullptr;
      if (kind == '+' && token == nullptr) {
        std::array<char, 64> multisig{};
        std::memcpy(multisig.data(), "multisig", 8);
        std::memcpy(multisig.data() + 8, name.data(), name.size());
        multisig[8] = static_cast<char>(multisig[8] - 'a' + 'A');
        token = find({multisig.data(), name.size() + 8});
        signers = find("signers");
      }
      if (token == nullptr) return c_.fail(reader_errc::missing, "a parsed instruction lacks one of its accounts");
      c_.to(token);
      const bool ok = kind == '*' ? c_.array([&] { return add_account(); }) : add_account();
      if (!ok) return false;
      if (signers != nullptr) {
        c_.to(signers);
        if (!c_.array([&] { return add_account(); })) return false;
      }
    }
    return true;
  }

  bool encode_data(const layout& l) {
    put(l.tag);
    std::string_view parts = l.data;
    while (!parts.empty()) {
      std::string_view name = take(parts, ' ');
      const std::string_view kind = take(name, ':');
      const std::string_view outer = take(name, '.');
      const std::uint32_t* token = find(outer);
      if (token != nullptr && !name.empty()) {
        c_.to(token);
        token = nullptr;
        const bool ok = c_.object([&](std::string_view key) {
          if (key == name) token = c_.token();
          return c_.skip();
        });
        if (!ok) return false;
      }
      if (token != nullptr) {
        c_.to(token);
        if (c_.is_null()) token = nullptr;
      }
      if (!put_part(kind, token != nullptr)) return false;
    }
    return true;
  }

  bool put_part(std::string_view kind, bool present) {
    if (kind == "option" || kind == "nonzero") {
      if (kind == "option") scratch_.data.push_back(present ? 1 : 0);
      if (present) return put_key();
      if (kind == "nonzero") scratch_.data.insert(scratch_.data.end(), 32, 0);
      return true;
    }
    if (kind == "extensions") return !present || put_extensions();
    if (!present) return c_.fail(reader_errc::missing, "a parsed instruction lacks one of its fields");
    if (kind == "u8") return put_number(1);
    if (kind == "u16") return put_number(2);
    if (kind == "i16") return put_signed();
    if (kind == "u32") return put_number(4);
    if (kind == "u64") return put_number(8);
    if (kind == "key") return put_key();
    if (kind == "seed") return put_text(8);
    if (kind == "text") return put_text(4);
    if (kind == "rest") return put_text(0);
    if (kind == "authority") return put_name(authority_types, 1);
    if (kind == "state") return put_name(account_states, 1);
    SETT_ASSERT(kind == "count");
    std::uint8_t count = 0;
    if (!c_.array([&] { return ++count, c_.skip(); })) return false;
    scratch_.data.push_back(count);
    return true;
  }

  void put(std::string_view bytes) { scratch_.data.insert(scratch_.data.end(), bytes.begin(), bytes.end()); }
  void put_little_endian(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) scratch_.data.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  bool put_number(std::size_t width) {
    std::uint64_t value = 0;
    const json_cursor start = c_;
    if (!c_.quantity(value)) return false;
    if (width < 8 && value >> (8 * width) != 0) return start.fail(reader_errc::out_of_range, "the number is too large");
    put_little_endian(value, width);
    return true;
  }
  bool put_signed() {
    std::int64_t value = 0;
    const json_cursor start = c_;
    if (!c_.i64(value)) return false;
    if (value < INT16_MIN || value > INT16_MAX) return start.fail(reader_errc::out_of_range, "the number is too large");
    put_little_endian(static_cast<std::uint64_t>(value), 2);
    return true;
  }
  bool put_key() {
    std::string_view text;
    const json_cursor start = c_;
    if (!c_.string(text)) return false;
    address key;
    if (!base58::decode_32(text, key.bytes)) return start.fail(reader_errc::bad_encoding, "not an address");
    scratch_.data.insert(scratch_.data.end(), key.bytes.begin(), key.bytes.end());
    return true;
  }
  bool put_text(std::size_t length_width) {
    std::string_view text;
    const json_cursor start = c_;
    if (!c_.string(text)) return false;
    if (text.size() > max_data) return start.fail(reader_errc::too_many, "text longer than any instruction");
    const std::size_t at = scratch_.data.size();
    const std::size_t begin = at + length_width;
    scratch_.data.resize(begin + text.size());
    const std::size_t length = json_unescape(text, scratch_.data.data() + begin);
    scratch_.data.resize(begin + length);
    for (std::size_t i = 0; i < length_width; ++i)
      scratch_.data[at + i] = static_cast<std::uint8_t>(std::uint64_t{length} >> (8 * i));
    return true;
  }
  bool put_name(std::span<const std::string_view> names, std::size_t width) {
    std::string_view name;
    const json_cursor start = c_;
    if (!c_.string(name)) return false;
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return start.fail(reader_errc::out_of_range, "a name that is not known here");
    put_little_endian(static_cast<std::uint64_t>(found - names.begin()), width);
    return true;
  }
  bool put_extensions() {
    return c_.array([&] {
      if (scratch_.data.size() > max_data) return c_.fail(reader_errc::too_many, "too many extension types");
      return put_name(extension_types, 2);
    });
  }

  bool add_account() {
    std::string_view text;
    const json_cursor start = c_;
    if (!c_.string(text)) return false;
    std::uint8_t index = 0;
    if (!index_of(text, index)) { // made-up examples do that: the instruction cannot be used, the others can
      foreign_account_ = true;
      return true;
    }
    if (scratch_.accounts.size() == max_accounts) return start.fail(reader_errc::too_many, "more than 256 accounts");
    scratch_.accounts.push_back(index);
    return true;
  }
  bool index_of(std::string_view text, std::uint8_t& index) const {
    for (std::size_t i = 0; i < tx_.keys.size() && i < 256; ++i)
      if (tx_.keys[i].text() == text) return index = static_cast<std::uint8_t>(i), true;
    return false;
  }
  [[nodiscard]] std::span<const std::uint8_t> keep(const std::vector<std::uint8_t>& bytes) const {
    const auto room = tx_.allocate(bytes.size());
    std::ranges::copy(bytes, room.begin());
    return room;
  }

  json_cursor c_;
  const executed_transaction& tx_;
  executed_instruction& ix_;
  parsed_scratch& scratch_;
  std::array<field, max_fields> fields_{};
  std::size_t field_count_{};
  bool foreign_account_{};
};

} // namespace

bool encode_parsed_instruction(json_cursor cursor, const executed_transaction& tx, executed_instruction& ix,
                               parsed_scratch& scratch) {
  return encoder(cursor, tx, ix, scratch).run();
}

} // namespace sett::solana
