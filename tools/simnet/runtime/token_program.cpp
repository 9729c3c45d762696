// SPL Token and Token-2022, whose rules differ where a mint has extensions: transfer fee, default state, permanent
// delegate, non-transferable, pausable, transfer hook (the hook itself is not run: a transfer that needs one is
// refused), close authority. Rules and error numbers from spl-token 4 to 8, p-token and spl-token-2022 8 (2024 to
// 2026). Left out: multisignature authorities, confidential transfers, interest, CPI guard, groups.
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/bytes_io.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace sett::simnet {

namespace {

enum : std::uint32_t {
  not_rent_exempt = 0,
  insufficient_funds = 1,
  invalid_mint = 2,
  mint_mismatch = 3,
  owner_mismatch = 4,
  fixed_supply = 5,
  already_in_use = 6,
  native_not_supported = 10,
  non_native_has_balance = 11,
  invalid_instruction = 12,
  invalid_state = 13,
  overflow = 14,
  authority_type_not_supported = 15,
  mint_cannot_freeze = 16,
  account_frozen = 17,
  mint_decimals_mismatch = 18,
  non_native_not_supported = 19,
  mint_has_supply = 28,
  no_authority_exists = 29,
  transfer_fee_exceeds_maximum = 30,
  mint_required_for_transfer = 31,
  fee_mismatch = 32,
  immutable_owner_set = 34,
  account_has_withheld_fees = 35,
  no_memo = 36,
  non_transferable = 37,
  non_transferable_needs_immutable_owner = 38,
  mint_paused = 67,
};

// TransferFeeConfig: authority, withdraw authority, withheld, older and newer {epoch, maximum, basis points}.
constexpr std::size_t fee_authority = 0, fee_withdraw_authority = 32, fee_withheld = 64, fee_older = 72, fee_newer = 90,
                      fee_record = 18;
__extension__ typedef unsigned __int128 wide; // NOLINT(modernize-use-using): the extension keyword needs a typedef

class token_run {
public:
  explicit token_run(invocation& c) : c_(c), extended_(c.program() == program_id::token_2022()) {}

  void run() {
    c_.consume(extended_ ? 1'500 : 90);
    input_reader in(c_.data);
    const auto tag = in.take<std::uint8_t>();
    switch (tag) {
    case 0:
    case 20: {
      const auto decimals = in.take<std::uint8_t>();
      const auto authority = in.key();
      std::optional<address> freeze;
      if (in.take<std::uint8_t>() == 1) freeze = in.key();
      return initialize_mint(decimals, authority, freeze);
    }
    case 1:
      return initialize_account(c_.key(2));
    case 16:
    case 18:
      return initialize_account(in.key());
    case 3:
      return transfer(in.take<std::uint64_t>(), std::nullopt, std::nullopt);
    case 4:
      return approve(1, 2, in.take<std::uint64_t>(), std::nullopt);
    case 5:
      return revoke();
    case 6: {
      const auto type = in.take<std::uint8_t>();
      std::optional<address> next;
      if (in.take<std::uint8_t>() == 1) next = in.key();
      return set_authority(type, next);
    }
    case 7:
      return mint_to(in.take<std::uint64_t>(), std::nullopt);
    case 8:
      return burn(in.take<std::uint64_t>(), std::nullopt);
    case 9:
      return close();
    case 10:
      return freeze(true);
    case 11:
      return freeze(false);
    case 12: {
      const auto amount = in.take<std::uint64_t>();
      return transfer(amount, in.take<std::uint8_t>(), std::nullopt);
    }
    case 13: {
      const auto amount = in.take<std::uint64_t>();
      const auto decimals = in.take<std::uint8_t>();
      return approve(2, 3, amount, decimals);
    }
    case 14: {
      const auto amount = in.take<std::uint64_t>();
      return mint_to(amount, in.take<std::uint8_t>());
    }
    case 15: {
      const auto amount = in.take<std::uint64_t>();
      return burn(amount, in.take<std::uint8_t>());
    }
    case 17:
      return sync_native();
    case 21:
      return; // GetAccountDataSize: its caller here knows the size
    case 22:
      return immutable_owner();
    default:
      break;
    }
    if (!extended_) fail_custom(invalid_instruction);
    switch (tag) {
    case 25: { // InitializeMintCloseAuthority
      const auto key = in.take<std::uint8_t>() == 1 ? in.key() : address{};
      return store_key(add_extension(extension::mint_close_authority, 32), 0, key);
    }
    case 26:
      return transfer_fee(in);
    case 28: // DefaultAccountState
      return default_state(in.take<std::uint8_t>(), in.take<std::uint8_t>());
    case 32:
      add_extension(extension::non_transferable, 0);
      return;
    case 35:
      return store_key(add_extension(extension::permanent_delegate, 32), 0, in.key());
    case 36:
      return two_keys(in, extension::transfer_hook);
    case 39:
      return two_keys(in, extension::metadata_pointer);
    case 44:
      return pausable(in);
    case 0xd2:
    case 0xd7:
      return metadata(tag == 0xd2);
    default:
      fail_custom(invalid_instruction);
    }
  }

private:
  using bytes = std::vector<std::uint8_t>;

  // --- reading

  const bytes& own_data(std::size_t i) const {
    // The program of 2025 (p-token) leaves this to the runtime, which refuses the writing.
    if (extended_ && c_.at(i).owner != c_.program()) fail_with("IncorrectProgramId");
    return c_.at(i).data;
  }
  [[nodiscard]] token_account_view holding(std::size_t i) const {
    const auto& data = own_data(i);
    if (data.size() != token_account_size && !(extended_ && data.size() > extensions_at && data[account_kind_at] == 2))
      fail_with("InvalidAccountData");
    const auto view = read_token_account(data);
    if (!view) fail_with("UninitializedAccount");
    return *view;
  }
  const bytes& mint_data(std::size_t i) const {
    const auto& data = own_data(i);
    if (!read_mint_decimals(data) || (!extended_ && data.size() != mint_size)) fail_with("InvalidAccountData");
    return data;
  }
  [[nodiscard]] static std::optional<address> optional_key(const bytes& data, std::size_t at) {
    if (load<std::uint32_t>(data, at) != 1) return std::nullopt;
    return load_key(data, at + 4);
  }
  static void store_optional(bytes& data, std::size_t at, const std::optional<address>& key) {
    store<std::uint32_t>(data, at, key ? 1 : 0);
    store(data, at + 4, key.value_or(address{}));
  }
  [[nodiscard]] bool has(std::size_t i, std::uint16_t type) const {
    return extended_ && find_extension(c_.at(i).data, type).has_value();
  }
  /// A key kept in an extension; nullopt for zeros or where there is no such extension.
  [[nodiscard]] std::optional<address> extension_key(std::size_t i, std::uint16_t type, std::size_t offset) const {
    if (!extended_) return std::nullopt;
    const auto place = find_extension(c_.at(i).data, type);
    if (!place) return std::nullopt;
    const auto key = load_key(c_.at(i).data, place->at + offset);
    return key.is_zero() ? std::nullopt : std::optional(key);
  }
  [[nodiscard]] bool is_native(std::size_t i) const {
    return load<std::uint32_t>(c_.at(i).data, holding_at::native_rent) == 1;
  }
  [[nodiscard]] bool is_paused(std::size_t mint) const {
    const auto place = extended_ ? find_extension(c_.at(mint).data, extension::pausable) : std::nullopt;
    return place && c_.at(mint).data[place->at + 32] == 1;
  }

  void need_authority(const address& expected, std::size_t authority) const {
    if (c_.key(authority) != expected) fail_custom(owner_mismatch);
    c_.need_signer(authority);
  }
  void set_amount(std::size_t i, std::uint64_t amount) { store(c_.write(i), holding_at::amount, amount); }
  static void store_key(bytes& data, std::size_t at, const address& key) { store(data, at, key); }
  void store_key(std::pair<bytes*, std::size_t> place, std::size_t at, const address& key) {
    store(*place.first, place.second + at, key);
  }

  // --- extensions

  /// Appends to the list; for a mint that is not initialised yet.
  std::pair<bytes*, std::size_t> add_extension(std::uint16_t type, std::uint16_t length, std::uint8_t kind = 1) {
    auto& data = c_.write(0);
    if (data.size() <= extensions_at) fail_with("InvalidAccountData");
    if (kind == 1 && data[mint_at::initialized] != 0) fail_custom(already_in_use);
    std::size_t at = extensions_at;
    while (at + 4 <= data.size() && load<std::uint16_t>(data, at) != 0) {
      if (load<std::uint16_t>(data, at) == type) fail_custom(22); // ExtensionAlreadyInitialized
      at += 4 + load<std::uint16_t>(data, at + 2);
    }
    if (at + 4 + length > data.size()) fail_with("InvalidAccountData");
    store(data, at, type);
    store(data, at + 2, length);
    data[account_kind_at] = kind;
    return {&data, at + 4};
  }

  void immutable_owner() {
    const auto& data = own_data(0);
    if (data.size() >= token_account_size && data[holding_at::state] != token_uninitialized)
      fail_custom(already_in_use);
    if (extended_)
      add_extension(extension::immutable_owner, 0, 2);
    else
      c_.log("Please upgrade to SPL Token 2022 for immutable owner support");
  }

  void two_keys(input_reader& in, std::uint16_t type) {
    if (in.take<std::uint8_t>() == 0) {
      const auto authority = in.key(), value = in.key();
      const auto place = add_extension(type, 64);
      store_key(place, 0, authority);
      return store_key(place, 32, value);
    }
    const auto value = in.key();
    mint_data(0);
    const auto place = find_extension(c_.at(0).data, type);
    if (!place) fail_with("InvalidAccountData");
    const auto authority = extension_key(0, type, 0);
    if (!authority) fail_custom(no_authority_exists);
    need_authority(*authority, 1);
    store(c_.write(0), place->at + 32, value);
  }

  void default_state(std::uint8_t sub, std::uint8_t state) {
    if (state != token_initialized && state != token_frozen) fail_custom(invalid_state);
    if (sub == 0) {
      const auto place = add_extension(extension::default_account_state, 1);
      (*place.first)[place.second] = state;
      return;
    }
    mint_data(0);
    const auto place = find_extension(c_.at(0).data, extension::default_account_state);
    if (!place) fail_with("InvalidAccountData");
    const auto freezer = optional_key(c_.at(0).data, mint_at::freeze_authority);
    if (!freezer) fail_custom(mint_cannot_freeze);
    need_authority(*freezer, 1);
    c_.write(0)[place->at] = state;
  }

  void pausable(input_reader& in) {
    const auto sub = in.take<std::uint8_t>();
    if (sub == 0) {
      const auto authority = in.key();
      const auto place = add_extension(extension::pausable, 33);
      return store_key(place, 0, authority);
    }
    mint_data(0);
    const auto place = find_extension(c_.at(0).data, extension::pausable);
    if (!place) fail_with("InvalidAccountData");
    const auto authority = extension_key(0, extension::pausable, 0);
    if (!authority) fail_custom(no_authority_exists);
    need_authority(*authority, 1);
    c_.write(0)[place->at + 32] = sub == 1 ? 1 : 0;
  }

  /// spl-token-metadata-interface: Initialize and UpdateAuthority, in the mint itself.
  void metadata(bool initialize) {
    input_reader in(c_.data.subspan(std::min<std::size_t>(8, c_.data.size())));
    mint_data(0);
    if (!initialize) {
      const auto place = find_extension(c_.at(0).data, extension::token_metadata);
      if (!place) fail_with("InvalidAccountData");
      if (load_key(c_.at(0).data, place->at) != c_.key(1)) fail_with("InvalidArgument");
      c_.need_signer(1);
      return store(c_.write(0), place->at, in.key());
    }
    const auto name = in.text<std::uint32_t>(), symbol = in.text<std::uint32_t>(), uri = in.text<std::uint32_t>();
    const auto authority = optional_key(c_.at(0).data, mint_at::authority);
    if (!authority) fail_custom(fixed_supply);
    need_authority(*authority, 3);
    byte_writer value;
    value.id(c_.key(1)).id(c_.key(0)).text(name).text(symbol).text(uri).u32(0);
    auto& data = c_.write(0);
    const auto at = data.size();
    data.resize(at + 4);
    store<std::uint16_t>(data, at, extension::token_metadata);
    store<std::uint16_t>(data, at + 2, static_cast<std::uint16_t>(value.bytes.size()));
    data.insert(data.end(), value.bytes.begin(), value.bytes.end());
  }

  void transfer_fee(input_reader& in) {
    switch (in.take<std::uint8_t>()) {
    case 0: { // InitializeTransferFeeConfig
      const auto authority = in.take<std::uint8_t>() == 1 ? in.key() : address{};
      const auto withdrawer = in.take<std::uint8_t>() == 1 ? in.key() : address{};
      const auto bps = in.take<std::uint16_t>();
      const auto maximum = in.take<std::uint64_t>();
      if (bps > 10'000) fail_custom(transfer_fee_exceeds_maximum);
      const auto place = add_extension(extension::transfer_fee_config, 108);
      store_key(place, fee_authority, authority);
      store_key(place, fee_withdraw_authority, withdrawer);
      for (const auto record : {fee_older, fee_newer}) {
        store(*place.first, place.second + record, c_.clock().epoch());
        store(*place.first, place.second + record + 8, maximum);
        store(*place.first, place.second + record + 16, bps);
      }
      return;
    }
    case 1: { // TransferCheckedWithFee
      const auto amount = in.take<std::uint64_t>();
      const auto decimals = in.take<std::uint8_t>();
      return transfer(amount, decimals, in.take<std::uint64_t>());
    }
    case 2: { // WithdrawWithheldTokensFromMint
      const auto place = fee_place(0);
      need_authority(withdraw_authority(), 2);
      if (holding(1).mint != c_.key(0)) fail_custom(mint_mismatch);
      const auto withheld = load<std::uint64_t>(c_.at(0).data, place.at + fee_withheld);
      set_amount(1, holding(1).amount + withheld);
      store<std::uint64_t>(c_.write(0), place.at + fee_withheld, 0);
      return;
    }
    case 3: { // WithdrawWithheldTokensFromAccounts
      fee_place(0);
      need_authority(withdraw_authority(), 2);
      for (std::size_t i = 3; i < c_.count(); ++i) set_amount(1, holding(1).amount + take_withheld(i));
      return;
    }
    case 4: { // HarvestWithheldTokensToMint
      const auto place = fee_place(0);
      for (std::size_t i = 1; i < c_.count(); ++i) {
        const auto sum = load<std::uint64_t>(c_.at(0).data, place.at + fee_withheld) + take_withheld(i);
        store(c_.write(0), place.at + fee_withheld, sum);
      }
      return;
    }
    case 5: { // SetTransferFee: acts two epochs later
      const auto bps = in.take<std::uint16_t>();
      const auto maximum = in.take<std::uint64_t>();
      const auto place = fee_place(0);
      const auto authority = extension_key(0, extension::transfer_fee_config, fee_authority);
      if (!authority) fail_custom(no_authority_exists);
      need_authority(*authority, 1);
      if (bps > 10'000) fail_custom(transfer_fee_exceeds_maximum);
      auto& data = c_.write(0);
      const auto newer = data.begin() + static_cast<std::ptrdiff_t>(place.at + fee_newer);
      if (load<std::uint64_t>(data, place.at + fee_newer) <= c_.clock().epoch())
        std::copy_n(newer, fee_record, data.begin() + static_cast<std::ptrdiff_t>(place.at + fee_older));
      store(data, place.at + fee_newer, c_.clock().epoch() + 2);
      store(data, place.at + fee_newer + 8, maximum);
      store(data, place.at + fee_newer + 16, bps);
      return;
    }
    default:
      fail_custom(invalid_instruction);
    }
  }

  extension_place fee_place(std::size_t mint) const {
    const auto place = find_extension(mint_data(mint), extension::transfer_fee_config);
    if (!place) fail_with("InvalidAccountData");
    return *place;
  }
  [[nodiscard]] address withdraw_authority() const {
    const auto key = extension_key(0, extension::transfer_fee_config, fee_withdraw_authority);
    if (!key) fail_custom(no_authority_exists);
    return *key;
  }
  std::uint64_t take_withheld(std::size_t i) {
    if (holding(i).mint != c_.key(0)) fail_custom(mint_mismatch);
    const auto place = find_extension(c_.at(i).data, extension::transfer_fee_amount);
    if (!place) fail_with("InvalidAccountData");
    const auto withheld = load<std::uint64_t>(c_.at(i).data, place->at);
    if (withheld != 0) store<std::uint64_t>(c_.write(i), place->at, 0);
    return withheld;
  }
  /// Of this epoch: the fee is rounded up and at most its maximum.
  [[nodiscard]] std::uint64_t fee_of(std::size_t mint, std::uint64_t amount) const {
    const auto place = find_extension(c_.at(mint).data, extension::transfer_fee_config);
    if (!place) return 0;
    const auto& data = c_.at(mint).data;
    const auto record =
        place->at + (c_.clock().epoch() >= load<std::uint64_t>(data, place->at + fee_newer) ? fee_newer : fee_older);
    const auto bps = load<std::uint16_t>(data, record + 16);
    if (bps == 0 || amount == 0) return 0;
    const auto fee = (static_cast<wide>(amount) * bps + 9'999) / 10'000;
    return static_cast<std::uint64_t>(std::min<wide>(fee, load<std::uint64_t>(data, record + 8)));
  }

  // --- instructions of both programs

  void initialize_mint(std::uint8_t decimals, const address& authority, const std::optional<address>& freezer) {
    own_data(0);
    auto& data = c_.write(0);
    if (extended_ ? data.size() != mint_size && data.size() <= extensions_at : data.size() != mint_size)
      fail_with("InvalidAccountData");
    if (data[mint_at::initialized] != 0) fail_custom(already_in_use);
    if (c_.at(0).lamports < rent_exempt_minimum(data.size())) fail_custom(not_rent_exempt);
    store_optional(data, mint_at::authority, authority);
    data[mint_at::decimals] = decimals;
    data[mint_at::initialized] = 1;
    store_optional(data, mint_at::freeze_authority, freezer);
    if (data.size() > extensions_at) data[account_kind_at] = 1;
    if (has(0, extension::default_account_state) && !freezer) fail_custom(mint_cannot_freeze);
  }

  void initialize_account(const address& owner) {
    own_data(0);
    auto& data = c_.write(0);
    if (data.size() < token_account_size || (!extended_ && data.size() != token_account_size))
      fail_with("InvalidAccountData");
    if (data[holding_at::state] != token_uninitialized) fail_custom(already_in_use);
    const auto rent = rent_exempt_minimum(data.size());
    if (c_.at(0).lamports < rent) fail_custom(not_rent_exempt);
    const bool native = !extended_ && c_.key(1) == program_id::native_mint();
    std::uint8_t state = token_initialized;
    if (!native) {
      if (c_.at(1).owner != c_.program()) fail_with("IncorrectProgramId");
      const auto& mint = c_.at(1).data;
      if (!read_mint_decimals(mint)) fail_custom(invalid_mint);
      if (extended_) {
        for (const auto type : account_extensions_of(mint)) {
          const std::uint16_t length = type == extension::transfer_fee_amount     ? 8
                                       : type == extension::transfer_hook_account ? 1
                                                                                  : 0;
          add_extension(type, length, 2);
        }
        if (const auto place = find_extension(mint, extension::default_account_state)) state = mint[place->at];
        if (data.size() > extensions_at) data[account_kind_at] = 2;
      }
    }
    store(data, holding_at::mint, c_.key(1));
    store(data, holding_at::owner, owner);
    data[holding_at::state] = state;
    store<std::uint32_t>(data, holding_at::native_rent, native ? 1 : 0);
    store<std::uint64_t>(data, holding_at::native_rent + 4, native ? rent : 0);
    store<std::uint64_t>(data, holding_at::amount, native ? c_.at(0).lamports - rent : 0);
  }

  void transfer(std::uint64_t amount, std::optional<std::uint8_t> decimals, std::optional<std::uint64_t> expected_fee) {
    const bool checked = decimals.has_value();
    const std::size_t source = 0, mint = 1, target = checked ? 2 : 1, authority = checked ? 3 : 2;
    const auto from = holding(source);
    const auto to = holding(target);
    if (from.state == token_frozen || to.state == token_frozen) fail_custom(account_frozen);
    if (!extended_ || checked) {
      if (from.amount < amount) insufficient();
    }
    if (from.mint != to.mint) fail_custom(mint_mismatch);
    std::uint64_t fee = 0;
    std::optional<address> delegate_of_mint;
    if (checked) {
      if (from.mint != c_.key(mint)) fail_custom(mint_mismatch);
      const auto& data = mint_data(mint);
      if (data[mint_at::decimals] != *decimals) fail_custom(mint_decimals_mismatch);
      if (has(source, extension::non_transferable_account)) fail_custom(non_transferable);
      if (is_paused(mint)) fail_custom(mint_paused);
      if (extended_) fee = fee_of(mint, amount);
      if (expected_fee && *expected_fee != fee) fail_custom(fee_mismatch);
      delegate_of_mint = extension_key(mint, extension::permanent_delegate, 0);
      if (extension_key(mint, extension::transfer_hook, 32)) {
        c_.log("the mint's transfer hook is not simulated");
        fail_with("InvalidAccountData");
      }
    } else if (extended_) {
      if (has(source, extension::non_transferable_account)) fail_custom(non_transferable);
      if (has(source, extension::transfer_fee_amount) || has(source, extension::transfer_hook_account) ||
          has(source, extension::pausable_account))
        fail_custom(mint_required_for_transfer);
      if (from.amount < amount) insufficient();
    }
    spend_authority(source, from.owner, authority, amount, delegate_of_mint);
    if (const auto place = extended_ ? find_extension(c_.at(target).data, extension::memo_transfer) : std::nullopt)
      if (c_.at(target).data[place->at] == 1) fail_custom(no_memo);
    if (c_.key(source) == c_.key(target)) return;
    if (amount == 0) {
      // The program marks both accounts as its own to change; a read-only one still fails.
      c_.write(source);
      c_.write(target);
      return;
    }
    set_amount(source, from.amount - amount);
    set_amount(target, to.amount + amount - fee);
    if (fee != 0) {
      const auto place = find_extension(c_.at(target).data, extension::transfer_fee_amount);
      if (!place) fail_with("InvalidAccountData");
      store(c_.write(target), place->at, load<std::uint64_t>(c_.at(target).data, place->at) + fee);
    }
    if (is_native(source)) c_.move_lamports(source, target, amount);
  }

  [[noreturn]] void insufficient() const {
    c_.log("Error: insufficient funds");
    fail_custom(insufficient_funds);
  }

  /// The owner, his delegate within its allowance, or the mint's permanent delegate.
  void spend_authority(std::size_t source, const address& owner, std::size_t authority, std::uint64_t amount,
                       const std::optional<address>& delegate_of_mint) {
    const auto delegate = optional_key(c_.at(source).data, holding_at::delegate);
    if (delegate_of_mint && c_.key(authority) == *delegate_of_mint && c_.key(authority) != owner)
      return c_.need_signer(authority);
    if (!delegate || c_.key(authority) != *delegate) return need_authority(owner, authority);
    c_.need_signer(authority);
    const auto allowed = load<std::uint64_t>(c_.at(source).data, holding_at::delegated);
    if (allowed < amount) insufficient();
    auto& data = c_.write(source);
    store(data, holding_at::delegated, allowed - amount);
    if (allowed == amount) store_optional(data, holding_at::delegate, std::nullopt);
  }

  void approve(std::size_t delegate, std::size_t authority, std::uint64_t amount,
               std::optional<std::uint8_t> decimals) {
    const auto view = holding(0);
    if (view.state == token_frozen) fail_custom(account_frozen);
    if (decimals) {
      if (view.mint != c_.key(1)) fail_custom(mint_mismatch);
      if (mint_data(1)[mint_at::decimals] != *decimals) fail_custom(mint_decimals_mismatch);
    }
    need_authority(view.owner, authority);
    auto& data = c_.write(0);
    store_optional(data, holding_at::delegate, c_.key(delegate));
    store(data, holding_at::delegated, amount);
  }

  void revoke() {
    const auto view = holding(0);
    if (view.state == token_frozen) fail_custom(account_frozen);
    need_authority(view.owner, 1);
    auto& data = c_.write(0);
    store_optional(data, holding_at::delegate, std::nullopt);
    store<std::uint64_t>(data, holding_at::delegated, 0);
  }

  void set_authority(std::uint8_t type, const std::optional<address>& next) {
    const auto& data = own_data(0);
    if (type == 2 || type == 3) {
      const auto view = holding(0);
      if (view.state == token_frozen) fail_custom(account_frozen);
      if (type == 2) {
        if (has(0, extension::immutable_owner)) fail_custom(immutable_owner_set);
        need_authority(view.owner, 1);
        if (!next) fail_custom(invalid_instruction);
        auto& account = c_.write(0);
        store(account, holding_at::owner, *next);
        store_optional(account, holding_at::delegate, std::nullopt);
        store<std::uint64_t>(account, holding_at::delegated, 0);
        if (is_native(0)) store_optional(account, holding_at::close_authority, std::nullopt);
      } else {
        need_authority(optional_key(data, holding_at::close_authority).value_or(view.owner), 1);
        store_optional(c_.write(0), holding_at::close_authority, next);
      }
      return;
    }
    mint_data(0);
    if (type <= 1) {
      const auto at = type == 0 ? mint_at::authority : mint_at::freeze_authority;
      const auto current = optional_key(data, at);
      if (!current) fail_custom(type == 0 ? fixed_supply : mint_cannot_freeze);
      need_authority(*current, 1);
      return store_optional(c_.write(0), at, next);
    }
    // AuthorityType of Token-2022 and where the extension keeps it
    std::uint16_t kind = 0;
    std::size_t offset = 0;
    switch (type) {
    case 4:
      kind = extension::transfer_fee_config;
      break;
    case 5:
      kind = extension::transfer_fee_config;
      offset = fee_withdraw_authority;
      break;
    case 6:
      kind = extension::mint_close_authority;
      break;
    case 8:
      kind = extension::permanent_delegate;
      break;
    case 10:
      kind = extension::transfer_hook;
      break;
    case 12:
      kind = extension::metadata_pointer;
      break;
    case 16:
      kind = extension::pausable;
      break;
    default:
      fail_custom(authority_type_not_supported);
    }
    const auto place = extended_ ? find_extension(data, kind) : std::nullopt;
    if (!place) fail_custom(authority_type_not_supported);
    const auto current = extension_key(0, kind, offset);
    if (!current) fail_custom(no_authority_exists);
    need_authority(*current, 1);
    store(c_.write(0), place->at + offset, next.value_or(address{}));
  }

  void mint_to(std::uint64_t amount, std::optional<std::uint8_t> decimals) {
    const auto to = holding(1);
    if (to.state == token_frozen) fail_custom(account_frozen);
    if (is_native(1)) fail_custom(native_not_supported);
    if (to.mint != c_.key(0)) fail_custom(mint_mismatch);
    const auto& data = mint_data(0);
    if (has(0, extension::non_transferable) && !has(1, extension::immutable_owner))
      fail_custom(non_transferable_needs_immutable_owner);
    if (is_paused(0)) fail_custom(mint_paused);
    if (decimals && data[mint_at::decimals] != *decimals) fail_custom(mint_decimals_mismatch);
    const auto authority = optional_key(data, mint_at::authority);
    if (!authority) fail_custom(fixed_supply);
    need_authority(*authority, 2);
    const auto supply = load<std::uint64_t>(data, mint_at::supply);
    if (supply > std::numeric_limits<std::uint64_t>::max() - amount) fail_custom(overflow);
    store(c_.write(0), mint_at::supply, supply + amount);
    set_amount(1, to.amount + amount);
  }

  void burn(std::uint64_t amount, std::optional<std::uint8_t> decimals) {
    const auto from = holding(0);
    if (from.state == token_frozen) fail_custom(account_frozen);
    if (is_native(0)) fail_custom(native_not_supported);
    if (from.amount < amount) insufficient();
    if (from.mint != c_.key(1)) fail_custom(mint_mismatch);
    const auto& data = mint_data(1);
    if (is_paused(1)) fail_custom(mint_paused);
    if (decimals && data[mint_at::decimals] != *decimals) fail_custom(mint_decimals_mismatch);
    // What lies in an account of the system program or the incinerator anybody may burn.
    if (from.owner != program_id::system() && from.owner != program_id::incinerator())
      spend_authority(0, from.owner, 2, amount, extension_key(1, extension::permanent_delegate, 0));
    set_amount(0, from.amount - amount);
    store(c_.write(1), mint_at::supply, load<std::uint64_t>(c_.at(1).data, mint_at::supply) - amount);
  }

  void close() {
    if (c_.key(0) == c_.key(1)) fail_with("InvalidAccountData");
    const auto& data = own_data(0);
    if (extended_ && read_mint_decimals(data)) {
      const auto authority = extension_key(0, extension::mint_close_authority, 0);
      if (!authority) fail_custom(authority_type_not_supported);
      need_authority(*authority, 2);
      if (load<std::uint64_t>(data, mint_at::supply) != 0) fail_custom(mint_has_supply);
    } else {
      const auto view = holding(0);
      if (!is_native(0) && view.amount != 0) fail_custom(non_native_has_balance);
      const auto closer = optional_key(data, holding_at::close_authority).value_or(view.owner);
      if (view.owner != program_id::system() && view.owner != program_id::incinerator())
        need_authority(closer, 2);
      else if (c_.key(1) != program_id::incinerator())
        fail_with("InvalidAccountData");
      if (const auto place = extended_ ? find_extension(data, extension::transfer_fee_amount) : std::nullopt)
        if (load<std::uint64_t>(data, place->at) != 0) fail_custom(account_has_withheld_fees);
    }
    c_.move_lamports(0, 1, c_.at(0).lamports);
    c_.write(0).clear();
    c_.assign(0, program_id::system());
  }

  void freeze(bool on) {
    const auto view = holding(0);
    if ((view.state == token_frozen) == on) fail_custom(invalid_state);
    if (is_native(0)) fail_custom(native_not_supported);
    if (view.mint != c_.key(1)) fail_custom(mint_mismatch);
    const auto authority = optional_key(mint_data(1), mint_at::freeze_authority);
    if (!authority) fail_custom(mint_cannot_freeze);
    need_authority(*authority, 2);
    c_.write(0)[holding_at::state] = on ? token_frozen : token_initialized;
  }

  void sync_native() {
    const auto view = holding(0);
    if (!is_native(0)) fail_custom(non_native_not_supported);
    const auto rent = load<std::uint64_t>(c_.at(0).data, holding_at::native_rent + 4);
    const auto lamports = c_.at(0).lamports;
    if (lamports < rent || lamports - rent < view.amount) fail_custom(invalid_state);
    set_amount(0, lamports - rent);
  }

  invocation& c_;
  const bool extended_;
};

} // namespace

void run_spl_token(invocation& c) { token_run(c).run(); }
void run_token_2022(invocation& c) { token_run(c).run(); }

} // namespace sett::simnet
