#include "actors/signer/message_shape.hpp"

#include "actors/decode/well_known.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/program_address.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sett::signer {

namespace {

using namespace solana::literals;
using bytes = std::span<const std::uint8_t>;

struct programs {
  address system = "11111111111111111111111111111111"_address;
  address compute_budget = "ComputeBudget111111111111111111111111111111"_address;
  address token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"_address;
  address token_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"_address;
  address associated_token = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"_address;
  std::array<address, static_cast<std::size_t>(venue::count_)> venues{
      "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"_address, "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA"_address,
      "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"_address, "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"_address,
      "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc"_address};
};
const programs& known() {
  static const programs p;
  return p;
}

// --- how the venues' instructions are laid out

constexpr std::uint8_t none = 0xff;
enum class side : std::uint8_t { buy, sell, by_mints };
/// Places of accounts; from_end: counted from the end, 1 is the last one, of accounts_min or one more. Programs take
/// their accounts from the front and leave what follows unread: an account more would move what is judged.
struct swap_layout {
  venue at;
  std::string_view tag; // first bytes of the data
  side direction;
  std::uint8_t accounts_min;
  std::uint8_t user, in_account, out_account, in_mint, out_mint;
  std::uint8_t limit_offset; // of the most that goes in, u64
  std::uint8_t data_min, data_max;
  bool from_end{};
  bool native{}; // the quote side is SOL itself
};
// The tags are Anchor's discriminators, sha256("global:" name), and Raydium v4's one byte.
constexpr std::string_view tag_buy{"\x66\x06\x3d\x12\x01\xda\xeb\xea", 8};
constexpr std::string_view tag_sell{"\x33\xe6\x85\xa4\x01\x7f\x83\xad", 8};
/// PumpSwap: grows a pool of its first versions, which its swaps demand.
constexpr std::string_view tag_extend_account{"\xea\x66\xc2\xcb\x96\x48\x3e\xe5", 8};
constexpr swap_layout swaps[] = {
    // pump.fun: user, associated_user; the quote is SOL. Its second version is for other quotes.
    {venue::pump_fun, tag_buy, side::buy, 12, 6, none, 5, none, none, 16, 24, 26, false, true},
    {venue::pump_fun,
     {"\x38\xfc\x74\x08\x9e\xdf\xcd\x5f", 8},
     side::buy,
     12,
     6,
     none,
     5,
     none,
     none,
     8,
     24,
     26,
     false,
     true}, // buy_exact_sol_in
    {venue::pump_fun, tag_sell, side::sell, 12, 6, 5, none, none, none, none, 24, 24, false, true},
    // PumpSwap: either side may be wSOL.
    {venue::pump_swap, tag_buy, side::by_mints, 19, 1, 6, 5, 4, 3, 16, 24, 26},
    {venue::pump_swap, {"\xc6\x2e\x15\x52\xb4\xd9\xe8\x70", 8}, side::by_mints, 19, 1, 6, 5, 4, 3, 8, 24, 26},
    {venue::pump_swap, tag_sell, side::by_mints, 19, 1, 5, 6, 3, 4, 8, 24, 24},
    // Raydium AMM v4: source, destination and owner are the last three of 17 or 18, or of the 8 without an order book
    // (0x10, 0x11); no mints.
    {venue::raydium_v4, {"\x09", 1}, side::by_mints, 17, 1, 3, 2, none, none, 1, 17, 17, true},
    {venue::raydium_v4, {"\x0b", 1}, side::by_mints, 17, 1, 3, 2, none, none, 1, 17, 17, true},
    {venue::raydium_v4, {"\x10", 1}, side::by_mints, 8, 7, 5, 6, none, none, 1, 17, 17},
    {venue::raydium_v4, {"\x11", 1}, side::by_mints, 8, 7, 5, 6, none, none, 1, 17, 17},
    // Raydium CPMM: swap_base_input, swap_base_output.
    {venue::raydium_cpmm, {"\x8f\xbe\x5a\xda\xc4\x1e\x33\xde", 8}, side::by_mints, 13, 0, 4, 5, 10, 11, 8, 24, 24},
    {venue::raydium_cpmm, {"\x37\xd9\x62\x56\xa3\x4a\xb4\xad", 8}, side::by_mints, 13, 0, 4, 5, 10, 11, 8, 24, 24},
    // Whirlpool: swap, swap_v2; a and b change places by the last flag of the arguments.
    {venue::whirlpool, {"\xf8\xc6\x9e\x91\xe1\x75\x87\xc8", 8}, side::by_mints, 11, 1, 3, 5, none, none, 8, 42, 42},
    {venue::whirlpool, {"\x2b\x04\xed\x0b\x1a\xc9\x1e\x62", 8}, side::by_mints, 15, 3, 7, 9, 5, 6, 8, 43, 96},
};
constexpr std::size_t whirlpool_threshold = 16, whirlpool_is_input = 40, whirlpool_a_to_b = 41;

std::uint64_t u64_at(bytes data, std::size_t at) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out |= static_cast<std::uint64_t>(data[at + i]) << (8 * i);
  return out;
}
std::uint32_t u32_at(bytes data, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out |= static_cast<std::uint32_t>(data[at + i]) << (8 * i);
  return out;
}
address address_at(bytes data, std::size_t at) {
  address out;
  std::ranges::copy(data.subspan(at, address::size), out.bytes.begin());
  return out;
}

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  const auto sum = a + b;
  return sum < a ? UINT64_MAX : sum;
}

// --- reading one message

using outcome = std::optional<refused>; // nothing: go on

class shape_reader {
public:
  shape_reader(const solana::transaction_view& view, const shape_context& context) : v_(view), c_(context) {}

  std::expected<order_summary, refused> read() {
    for (std::size_t i = 0; i < v_.instructions.size(); ++i)
      if (auto bad = take(i); bad) return std::unexpected(std::move(*bad));
    if (auto bad = priority_fee(); bad) return std::unexpected(std::move(*bad));
    if (auto bad = judge(); bad) return std::unexpected(std::move(*bad));
    return out_;
  }

private:
  /// A token account that this transaction creates or finds for `owner`.
  struct opened {
    address account, owner, mint;
    std::uint64_t rent{}; // at most; none for the wallet's standing wSOL account, which pays it once and gets it back
    bool seeded{}, ready{}, closed{};
  };
  struct found_swap {
    const swap_layout* layout{};
    bool buy{};
    std::optional<address> in, out; // token accounts, where there are any
    std::uint64_t limit{};
  };
  static constexpr std::size_t accounts_max = 16; // opened, closed

  static refused no(refusal why, std::string text) { return {why, std::move(text)}; }
  refused at(refusal why, std::string_view what) const {
    return {why, "instruction " + std::to_string(index_ + 1) + " " + std::string(what)};
  }

  [[nodiscard]] std::optional<address> account(std::size_t i) const {
    const auto& ix = v_.instructions[index_];
    if (i >= ix.accounts.size() || ix.accounts[i] >= v_.static_key_count()) return std::nullopt;
    return v_.key(ix.accounts[i]);
  }
  /// The accounts at the places, all in the message itself.
  template <std::size_t N>
  [[nodiscard]] std::expected<std::array<address, N>, refused>
  accounts(const std::array<std::size_t, N>& places) const {
    std::array<address, N> out;
    for (std::size_t i = 0; i < N; ++i) {
      if (places[i] >= v_.instructions[index_].accounts.size())
        return std::unexpected(at(refusal::instruction, "has too few accounts"));
      const auto a = account(places[i]);
      if (!a)
        return std::unexpected(at(refusal::hidden_account, "takes an account that must be judged from a lookup table"));
      out[i] = *a;
    }
    return out;
  }

  opened* find(const address& a) {
    for (auto& o : opened_)
      if (o.account == a) return &o;
    return nullptr;
  }
  [[nodiscard]] bool is_closed(const address& a) const { return std::ranges::find(closed_, a) != closed_.end(); }
  /// A wSOL account that is the wallet's, open or closed by this message.
  bool is_own_wsol(const address& a) {
    if (a == c_.wsol_account) return true;
    const auto* o = find(a);
    return o != nullptr && o->ready && o->owner == c_.wallet && o->mint == decode::native_mint();
  }

  outcome take(std::size_t i) {
    index_ = i;
    const auto& ix = v_.instructions[i];
    const auto program = v_.key(ix.program_index);
    const auto& k = known();
    if (program == k.compute_budget) return compute_budget(ix.data);
    if (program == k.system) return system(ix.data);
    if (program == k.token || program == k.token_2022) return token(ix.data, program == k.token_2022);
    if (program == k.associated_token) return associated(ix.data);
    for (std::size_t at_venue = 0; at_venue < k.venues.size(); ++at_venue)
      if (program == k.venues[at_venue]) return swap(static_cast<venue>(at_venue), ix);
    return at(refusal::program, "runs program " + solana::to_base58(program) + ", which no shape has");
  }

  outcome compute_budget(bytes data) {
    const auto once = [&](unsigned bit) { return (std::exchange(budget_seen_, budget_seen_ | bit) & bit) == 0; };
    if (data.size() == 5 && data[0] == 2 && once(1)) {
      compute_units_ = std::min(u32_at(data, 1), compute_units_max);
      return {};
    }
    if (data.size() == 9 && data[0] == 3 && once(2)) {
      price_micro_lamports_ = u64_at(data, 1);
      return {};
    }
    if (data.size() == 5 && data[0] == 4 && once(4)) return {};
    return at(refusal::instruction, "asks of the compute budget what no shape has");
  }

  outcome system(bytes data) {
    if (data.size() < 4) return at(refusal::instruction, "is no instruction of the system program");
    switch (u32_at(data, 0)) {
    case 2:
      return transfer(data);
    case 3:
      return create_with_seed(data);
    case 4: { // AdvanceNonceAccount: account, recent blockhashes, authority
      const auto a = accounts<2>({0, 2});
      if (!a) return a.error();
      if (data.size() != 4 || index_ != 0)
        return at(refusal::instruction, "advances a nonce, but not as the first one");
      if ((*a)[1] != c_.wallet) return at(refusal::account, "advances a nonce that is not the wallet's");
      out_.durable_nonce = true;
      return {};
    }
    case 5: { // WithdrawNonceAccount: account, to, recent blockhashes, rent, authority
      const auto a = accounts<2>({1, 4});
      if (!a) return a.error();
      if (data.size() != 12) return at(refusal::instruction, "is no withdrawal from a nonce account");
      if ((*a)[0] != c_.wallet || (*a)[1] != c_.wallet)
        return at(refusal::account, "empties a nonce account, but not to the wallet");
      ++nonce_closes_;
      return {};
    }
    case 6: { // InitializeNonceAccount: account, recent blockhashes, rent
      const auto a = accounts<1>({0});
      if (!a) return a.error();
      if (data.size() != 36 || nonce_account_ != (*a)[0] || nonce_ready_)
        return at(refusal::instruction, "makes a nonce account that this message does not create");
      if (address_at(data, 4) != c_.wallet) return at(refusal::account, "gives a nonce account to somebody else");
      nonce_ready_ = true;
      return {};
    }
    default:
      return at(refusal::instruction, "asks of the system program what no shape has");
    }
  }

  outcome transfer(bytes data) {
    const auto a = accounts<2>({0, 1});
    if (!a) return a.error();
    if (data.size() != 12) return at(refusal::instruction, "is no transfer of SOL");
    const auto& [from, to] = *a;
    const auto amount = u64_at(data, 4);
    if (from != c_.wallet) return at(refusal::account, "moves SOL of somebody else");
    if (decode::is_tip_account(to) || std::ranges::find(c_.tip_accounts, to) != c_.tip_accounts.end()) {
      out_.tip.value = saturating_add(out_.tip.value, amount);
      return {};
    }
    if (is_closed(to)) return at(refusal::account, "moves SOL to an account that this message has closed");
    if (is_own_wsol(to)) {
      ++wraps_;
      wrapped_ = saturating_add(wrapped_, amount);
      return {};
    }
    if (std::ranges::find(c_.destinations, to) == c_.destinations.end())
      return at(refusal::destination,
                "moves SOL to " + solana::to_base58(to) +
                    ", which is neither a tip account, nor a wSOL account of the wallet, nor a listed destination");
    ++withdrawals_;
    out_.amount = lamports(amount);
    out_.destination = to;
    return {};
  }

  /// base, seed (u64 length), lamports, space, owner; accounts: from, new, and base again when it is another one.
  outcome create_with_seed(bytes data) {
    const auto a = accounts<2>({0, 1});
    if (!a) return a.error();
    if (data.size() < 44) return at(refusal::instruction, "is no creation of an account");
    const auto seed = u64_at(data, 36);
    if (seed > solana::max_seed_bytes || data.size() != 92 + seed)
      return at(refusal::instruction, "is no creation of an account");
    const auto tail = static_cast<std::size_t>(44 + seed);
    const auto amount = u64_at(data, tail), space = u64_at(data, tail + 8);
    const auto owner = address_at(data, tail + 16);
    const auto& [from, account] = *a;
    if (from != c_.wallet || address_at(data, 4) != c_.wallet)
      return at(refusal::account, "creates an account that does not come from the wallet");
    if (owner == known().system && space == 80) {
      if (nonce_account_) return at(refusal::shape, "creates a second nonce account");
      nonce_account_ = account;
      rent(amount);
      return {};
    }
    if ((owner != known().token && owner != known().token_2022) || space < 165)
      return at(refusal::instruction, "creates an account that is no token account");
    return open({.account = account, .owner = {}, .mint = {}, .rent = amount, .seeded = true});
  }

  outcome open(const opened& o) {
    if (opened_.size() == accounts_max) return at(refusal::shape, "opens too many accounts");
    if (find(o.account) != nullptr) return at(refusal::shape, "opens an account a second time");
    opened_.push_back(o);
    rent(o.rent);
    return {};
  }

  outcome associated(bytes data) { // payer, account, owner, mint, system, token program
    const auto a = accounts<4>({0, 1, 2, 3});
    if (!a) return a.error();
    if (data.size() > 1 || (data.size() == 1 && data[0] > 1))
      return at(refusal::instruction, "asks of the associated-token program what no shape has");
    const auto& [payer, account, owner, mint] = *a;
    if (payer != c_.wallet) return at(refusal::account, "lets somebody else pay for an account");
    if (owner != c_.wallet && std::ranges::find(c_.destinations, owner) == c_.destinations.end())
      return at(refusal::destination, "opens a token account for " + solana::to_base58(owner) +
                                          ", which is neither the wallet nor a listed destination");
    const auto cost = account == c_.wsol_account          ? 0
                      : this->account(5) == known().token ? token_rent_lamports
                                                          : account_rent_bound_lamports;
    return open({.account = account, .owner = owner, .mint = mint, .rent = cost, .ready = true});
  }

  outcome token(bytes data, bool is_2022) {
    if (data.empty()) return at(refusal::instruction, "is no instruction of a token program");
    switch (data[0]) {
    case 1:    // InitializeAccount: account, mint, owner, rent
    case 18: { // InitializeAccount3: account, mint; owner in the data
      const auto a = accounts<2>({0, 1});
      if (!a) return a.error();
      address owner;
      if (data[0] == 1 && data.size() == 1) {
        const auto from_accounts = accounts<1>({2});
        if (!from_accounts) return from_accounts.error();
        owner = (*from_accounts)[0];
      } else if (data[0] == 18 && data.size() == 33) {
        owner = address_at(data, 1);
      } else {
        return at(refusal::instruction, "is no creation of a token account");
      }
      auto* o = find((*a)[0]);
      if (o == nullptr || !o->seeded || o->ready)
        return at(refusal::account, "makes a token account that this message does not create");
      if (owner != c_.wallet) return at(refusal::account, "gives a token account to somebody else");
      o->owner = owner;
      o->mint = (*a)[1];
      o->ready = true;
      return {};
    }
    case 9: { // CloseAccount: account, to, owner
      const auto a = accounts<3>({0, 1, 2});
      if (!a) return a.error();
      if (data.size() != 1) return at(refusal::instruction, "is no closing of an account");
      if ((*a)[1] != c_.wallet || (*a)[2] != c_.wallet)
        return at(refusal::account, "closes an account, but not to the wallet");
      if (closed_.size() == accounts_max) return at(refusal::shape, "closes too many accounts");
      if (is_closed((*a)[0])) return at(refusal::shape, "closes an account a second time");
      closed_.push_back((*a)[0]);
      return {};
    }
    case 12: { // TransferChecked: from, mint, to, authority
      const auto a = accounts<3>({1, 2, 3});
      if (!a) return a.error();
      if (data.size() != 10) return at(refusal::instruction, "is no checked transfer of tokens");
      if ((*a)[2] != c_.wallet) return at(refusal::account, "moves tokens by somebody else's authority");
      const auto* o = find((*a)[1]);
      if (o == nullptr || !o->ready || o->owner == c_.wallet || o->mint != (*a)[0])
        return at(refusal::destination,
                  "moves tokens to an account that this message does not open for a listed destination");
      ++token_withdrawals_;
      out_.destination = o->owner;
      return {};
    }
    case 17: { // SyncNative: account
      const auto a = accounts<1>({0});
      if (!a) return a.error();
      if (data.size() != 1 || !is_own_wsol((*a)[0]) || is_closed((*a)[0]))
        return at(refusal::account, "counts the SOL of an account that is not the wallet's, or not open any more");
      ++syncs_;
      return {};
    }
    case 22: { // Token-2022, InitializeImmutableOwner: account
      const auto a = accounts<1>({0});
      if (!a) return a.error();
      const auto* o = find((*a)[0]);
      if (data.size() != 1 || o == nullptr || !o->seeded || o->ready)
        return at(refusal::instruction, "fixes the owner of an account that this message does not create");
      return {};
    }
    case 26: // Token-2022, transfer fees; 4: HarvestWithheldTokensToMint
      if (is_2022 && data.size() == 2 && data[1] == 4) {
        ++harvests_;
        return {};
      }
      [[fallthrough]];
    default:
      return at(refusal::instruction, "asks of a token program what no shape has");
    }
  }

  outcome swap(venue where, const solana::instruction_view& ix) {
    const std::string_view data(reinterpret_cast<const char*>(ix.data.data()), ix.data.size());
    if (where == venue::pump_swap && data == tag_extend_account) { // account, user who pays its rent, ...
      const auto a = accounts<1>({1});
      if (!a) return a.error();
      if ((*a)[0] != c_.wallet) return at(refusal::account, "lets somebody else pay for an account");
      if (extends_) return at(refusal::shape, "grows a second account");
      extends_ = true;
      rent(account_rent_bound_lamports);
      return {};
    }
    if (swap_.layout != nullptr) return at(refusal::shape, "is a second swap");
    const auto* l =
        std::ranges::find_if(swaps, [&](const swap_layout& s) { return s.at == where && data.starts_with(s.tag); });
    if (l == std::end(swaps) || data.size() < l->data_min || data.size() > l->data_max)
      return at(refusal::instruction, "asks of " + std::string(to_text(where)) + " what no shape has");
    if (ix.accounts.size() < l->accounts_min) return at(refusal::instruction, "has too few accounts");
    if (l->from_end && ix.accounts.size() > l->accounts_min + 1U)
      return at(refusal::instruction, "has too many accounts");
    const auto place = [&](std::uint8_t p) -> std::size_t { return l->from_end ? ix.accounts.size() - p : p; };
    std::optional<refused> hidden;
    const auto take_account = [&](std::uint8_t p) -> std::optional<address> {
      if (p == none) return std::nullopt;
      auto a = account(place(p));
      if (!a) hidden = at(refusal::hidden_account, "takes an account that must be judged from a lookup table");
      return a;
    };
    const auto user = take_account(l->user);
    auto in = take_account(l->in_account), out = take_account(l->out_account);
    auto in_mint = take_account(l->in_mint), out_mint = take_account(l->out_mint);
    if (hidden) return hidden;
    if ((in && is_closed(*in)) || (out && is_closed(*out)))
      return at(refusal::account, "trades with an account that this message has closed");
    if (*user != c_.wallet) return at(refusal::account, "trades for somebody else");
    std::size_t limit = l->limit_offset;
    if (where == venue::whirlpool) {
      if (ix.data[whirlpool_is_input] > 1 || ix.data[whirlpool_a_to_b] > 1)
        return at(refusal::instruction, "is no swap of Whirlpool");
      if (ix.data[whirlpool_is_input] == 0) limit = whirlpool_threshold;
      if (ix.data[whirlpool_a_to_b] == 0) {
        std::swap(in, out);
        std::swap(in_mint, out_mint);
      }
    }
    bool buys = l->direction == side::buy;
    if (l->direction == side::by_mints) {
      const bool pays = is_own_wsol(*in), gets = is_own_wsol(*out);
      if (pays == gets)
        return at(refusal::account, "neither pays from nor comes to a wSOL account that is provably the wallet's");
      buys = pays;
    }
    if (const auto& quote = buys ? in_mint : out_mint; quote && *quote != decode::native_mint())
      return at(refusal::mint, "trades against another mint than SOL");
    swap_ = {.layout = l, .buy = buys, .in = in, .out = out, .limit = limit == none ? 0 : u64_at(ix.data, limit)};
    out_.at = where;
    return {};
  }

  void rent(std::uint64_t amount) { out_.rent.value = saturating_add(out_.rent.value, amount); }

  outcome priority_fee() {
    __extension__ typedef unsigned __int128 wide;
    const wide micro = static_cast<wide>(price_micro_lamports_) * compute_units_;
    const wide fee = (micro + 999'999) / 1'000'000 + base_fee_lamports; // the chain rounds up
    out_.fee = lamports(fee > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(fee));
    return {};
  }

  /// Everything that the message holds beside budget, nonce and tip.
  struct content {
    bool swap{}, nonce_create{}, nonce_close{}, wraps{}, withdraw{}, withdraw_token{}, opens{}, closes{}, harvest{},
        extends{};
    friend bool operator==(const content&, const content&) = default;
  };

  outcome judge() {
    for (const auto& o : opened_)
      if (!o.ready) return no(refusal::shape, "a token account is created but not made one");
    if (nonce_account_ && !nonce_ready_) return no(refusal::shape, "a nonce account is created but not made one");
    const content has{.swap = swap_.layout != nullptr,
                      .nonce_create = nonce_account_.has_value(),
                      .nonce_close = nonce_closes_ > 0,
                      .wraps = wraps_ > 0 || syncs_ > 0,
                      .withdraw = withdrawals_ > 0,
                      .withdraw_token = token_withdrawals_ > 0,
                      .opens = !opened_.empty(),
                      .closes = !closed_.empty(),
                      .harvest = harvests_ > 0,
                      .extends = extends_};
    if (has.swap) {
      if (has.nonce_create || has.nonce_close || has.withdraw || has.withdraw_token || has.harvest)
        return no(refusal::shape, "a trade comes with what does not belong to it");
      return swap_.buy ? judge_buy() : judge_sell();
    }
    if (has.withdraw_token) {
      if (token_withdrawals_ != 1 || has != content{.withdraw_token = true, .opens = true} || opened_.size() != 1)
        return no(refusal::shape, "a withdrawal of tokens comes with what does not belong to it");
      out_.kind = shape::withdraw_token;
      return {};
    }
    for (const auto& o : opened_)
      if (o.owner != c_.wallet)
        return no(refusal::shape, "a token account is opened for somebody else, and nothing is sent there");
    if (has.withdraw) {
      if (withdrawals_ != 1 || has != content{.withdraw = true})
        return no(refusal::shape, "a withdrawal of SOL comes with what does not belong to it");
      out_.kind = shape::withdraw_sol;
      return {};
    }
    if (has.wraps) return judge_wrap(has);
    if (has == content{.opens = true}) {
      out_.kind = shape::open_account;
      return {};
    }
    if (has.closes && (has == content{.closes = true} || has == content{.closes = true, .harvest = true})) {
      const bool only_wsol = closed_.size() == 1 && closed_[0] == c_.wsol_account && !has.harvest;
      out_.kind = only_wsol ? shape::unwrap : shape::close_account;
      return {};
    }
    if (has == content{.nonce_create = true}) {
      out_.kind = shape::nonce_create;
      return {};
    }
    if (has == content{.nonce_close = true} && nonce_closes_ == 1) {
      out_.kind = shape::nonce_close;
      return {};
    }
    if (has == content{} && out_.durable_nonce && out_.tip.value == 0) {
      out_.kind = shape::nonce_advance;
      return {};
    }
    return no(refusal::shape, "the instructions together are none of the allowed shapes");
  }

  outcome judge_wrap(const content& has) {
    const bool opens_well = !has.opens || (opened_.size() == 1 && opened_[0].account == c_.wsol_account);
    if (wraps_ != 1 || syncs_ != 1 || !opens_well || has != content{.wraps = true, .opens = has.opens})
      return no(refusal::shape, "wrapping SOL comes with what does not belong to it");
    out_.kind = shape::wrap;
    out_.amount = lamports(wrapped_);
    return {};
  }

  /// The wallet's wSOL accounts, and `other` where it is given, are all that a trade may close; a temporary account's
  /// rent comes back with it.
  outcome judge_closes(const std::optional<address>& other) {
    for (const auto& a : closed_) {
      if (!is_own_wsol(a) && a != other) return no(refusal::shape, "a trade closes an account that it does not use");
      auto* o = find(a);
      if (o == nullptr || o->closed) continue;
      o->closed = true;
      out_.rent.value -= std::min(out_.rent.value, o->rent);
    }
    return {};
  }

  outcome judge_buy() {
    const auto* to = swap_.out ? find(*swap_.out) : nullptr;
    if (to == nullptr || !to->ready || to->owner != c_.wallet || to->mint == decode::native_mint())
      return no(refusal::account, "a buy's tokens come to an account that this message does not open for the wallet");
    for (const auto& o : opened_)
      if (o.owner != c_.wallet || (&o != to && o.mint != decode::native_mint()))
        return no(refusal::shape, "a buy opens an account that it does not need");
    if (swap_.layout->native && (wraps_ > 0 || syncs_ > 0))
      return no(refusal::shape, "a buy wraps SOL that its venue does not take");
    if (auto bad = judge_closes(std::nullopt); bad) return bad;
    out_.kind = shape::buy;
    out_.mint = to->mint;
    out_.amount = lamports(swap_.limit);
    rent(account_rent_bound_lamports); // what a venue opens for its own book-keeping
    return {};
  }

  outcome judge_sell() {
    if (wraps_ > 0 || syncs_ > 0) return no(refusal::shape, "a sell wraps SOL");
    for (const auto& o : opened_)
      if (o.owner != c_.wallet || o.mint != decode::native_mint())
        return no(refusal::shape, "a sell opens an account that it does not need");
    if (auto bad = judge_closes(swap_.in); bad) return bad;
    out_.kind = shape::sell;
    return {};
  }

  const solana::transaction_view& v_;
  const shape_context& c_;
  std::size_t index_{};
  order_summary out_;
  unsigned budget_seen_{};
  std::uint32_t compute_units_{compute_units_max};
  std::uint64_t price_micro_lamports_{}, wrapped_{};
  std::size_t wraps_{}, syncs_{}, withdrawals_{}, token_withdrawals_{}, harvests_{}, nonce_closes_{};
  std::optional<address> nonce_account_;
  bool nonce_ready_{}, extends_{};
  std::vector<opened> opened_;
  std::vector<address> closed_;
  found_swap swap_;
};

} // namespace

std::string_view to_text(shape s) {
  constexpr std::string_view names[] = {"buy",          "sell",          "wrap",         "unwrap",
                                        "open_account", "close_account", "withdraw_sol", "withdraw_token",
                                        "nonce_create", "nonce_advance", "nonce_close"};
  static_assert(std::size(names) == static_cast<std::size_t>(shape::count_));
  return names[static_cast<std::size_t>(s)];
}

namespace {
constexpr std::string_view venue_names[] = {"pump_fun", "pump_swap", "raydium_v4", "raydium_cpmm", "whirlpool"};
static_assert(std::size(venue_names) == static_cast<std::size_t>(venue::count_));
} // namespace

std::string_view to_text(venue v) { return venue_names[static_cast<std::size_t>(v)]; }

std::optional<venue> parse_venue(std::string_view text) {
  const auto found = std::ranges::find(venue_names, text);
  if (found == std::end(venue_names)) return std::nullopt;
  return static_cast<venue>(found - std::begin(venue_names));
}

std::expected<order_summary, refused> read_shape(std::span<const std::uint8_t> message, const shape_context& context,
                                                 solana::transaction_view& scratch) {
  if (const auto parsed = solana::parse_message(message, scratch); !parsed)
    return std::unexpected(refused{refusal::malformed, "the message cannot be read: " + parsed.error().message});
  if (scratch.version == solana::transaction_version::v1)
    return std::unexpected(refused{refusal::version, "the message is of version 1; legacy and 0 are signed"});
  if (scratch.header.required_signatures != 1 || scratch.key(0) != context.wallet)
    return std::unexpected(refused{refusal::signers, "the wallet is not the one signer of the message"});
  return shape_reader(scratch, context).read();
}

lamports cost_of(const order_summary& order) {
  auto sum = saturating_add(saturating_add(order.fee.value, order.tip.value), order.rent.value);
  if (order.kind == shape::buy) sum = saturating_add(sum, order.amount.value);
  return lamports(sum);
}

} // namespace sett::signer
