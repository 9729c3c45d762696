#include "tools/simnet/executing_source.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/sha256.hpp"
#include "tools/simnet/chain_driver.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace sett::simnet {

namespace {

constexpr std::uint64_t retry_slots = 5; // a node sends again every two seconds
constexpr std::size_t bundles_kept = 20'000;
constexpr std::uint64_t bundle_height_max = 20; // how long the block engine tries
constexpr std::uint64_t kinds_kept_slots = 64;

enum salt : std::uint64_t { salt_drop = 1, salt_fork = 3, salt_withhold = 4 };

} // namespace

const std::vector<address>& jito_tip_accounts() {
  static const std::vector<address> keys = [] {
    std::vector<address> out;
    for (const std::string_view text :
         {"96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5", "HFqU5x63VTqvQss8hp11i4wVV8bD44PvwucfZ2bU7gRe",
          "Cw8CFyM9FkoMi7K7Crf6HNQqf4uEMzpKw6QNghXLvLkY", "ADaUMid9yfUytqMBgopwjb2DTLSokTSzL1zt6iGPaS49",
          "DfXygSm4jCyNCybVYYK6DwvWqjKee8pbDmJGcLWNDXjh", "ADuUkR4vqLUMWXxW9gh6D6L8pMSawimctcNZ5pGwDcEt",
          "DttWaMuVvTiduZRnguLF7jNxTgiMBZ1hyAumKUiL2KRL", "3AVi9Tg9Uo68tJfuvoKvqKNWKkC5wPdSSdeBnizKZ6jT"})
      out.push_back(solana::parse_address(text).value());
    return out;
  }();
  return keys;
}

executing_source::executing_source(executing_options options, std::unique_ptr<population> people)
    : options_(options), people_(std::move(people)), weather_(options.seed, 0x3ea7) {
  for (const auto& key : jito_tip_accounts()) chain_.accounts().put(key, {rent_exempt_minimum(0), {}, {}, false});
  if (people_) people_->open(chain_);
}

std::vector<account_write> executing_source::genesis_accounts() const {
  std::vector<account_write> out;
  for (const auto& [key, a] : chain_.accounts().all()) out.push_back({key, a.lamports, a.owner, a.data});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

random_source executing_source::chance_for(std::uint64_t salt, const signature& id) const {
  std::uint64_t word = 0;
  std::memcpy(&word, id.bytes.data(), 8);
  return {options_.seed * 1'000'003 + salt, word};
}

chain_weather_now executing_source::weather() {
  chain_weather_now out;
  const auto& w = options_.weather;
  if (weather_.chance(w.fork_chance) && chain_.open_blocks() > w.fork_slots_max)
    out.fork_slots = 1 + weather_.below(std::max(1u, w.fork_slots_max));
  if (weather_.chance(w.skip_chance)) out.skip_slots = 1;
  return out;
}

void executing_source::enqueue(chain_transaction transaction, transaction_kind kind, std::uint64_t ready_slot,
                               bool again) {
  if (arrivals_.contains(transaction.id)) return;
  const auto request = validator::request_of(transaction).value_or(compute_request{});
  const auto arrival = next_arrival_++;
  arrivals_[transaction.id] = arrival;
  waiting_.emplace(arrival, waiting{std::move(transaction), kind, arrival, ready_slot,
                                    request.unit_price_micro_lamports, request.unit_limit, again});
  while (waiting_.size() > options_.pending_max) {
    arrivals_.erase(waiting_.begin()->second.transaction.id);
    waiting_.erase(waiting_.begin());
    ++counts_.forgotten;
  }
}

void executing_source::submit(const chain_transaction& transaction, bool retries) {
  ++counts_.submitted;
  // Each sending of the same bytes has its own luck.
  auto chance = chance_for(salt_drop + (++submissions_ << 8), transaction.id);
  std::uint64_t delay = 0;
  if (chance.chance(options_.weather.drop_chance)) {
    ++counts_.dropped;
    if (!retries) return;
    delay = retry_slots;
  }
  if (chance.chance(options_.weather.delay_chance)) {
    ++counts_.delayed;
    delay += 1 + chance.below(std::max(1u, options_.weather.delay_slots_max));
  }
  enqueue(transaction, transaction_kind::recorded, now_slot_ + 1 + delay, false);
}

std::string executing_source::submit_bundle(std::vector<chain_transaction> transactions) {
  SETT_ASSERT(!transactions.empty() && transactions.size() <= 5);
  std::string joined;
  bundle_state state;
  for (const auto& t : transactions) {
    joined += (joined.empty() ? "" : ",") + t.signature_text;
    state.signatures.push_back(t.signature_text);
  }
  // Jito: the id is the SHA-256 of the signatures with commas between them, in hex.
  const auto digest = solana::sha256(std::span(reinterpret_cast<const std::uint8_t*>(joined.data()), joined.size()));
  for (const auto b : digest) state.id += fmt::format("{:02x}", b);
  if (bundles_.contains(state.id)) return state.id;
  ++counts_.bundles;
  bundle_order_.push_back(state.id);
  while (bundle_order_.size() > bundles_kept) {
    bundles_.erase(bundle_order_.front());
    bundle_order_.pop_front();
  }
  auto chance = chance_for(salt_drop + (++submissions_ << 8), transactions.front().id);
  const bool dropped = chance.chance(options_.weather.drop_chance);
  if (dropped)
    ++counts_.dropped;
  else
    waiting_bundles_.push_back({state.id, std::move(transactions), chain_.clock().height + bundle_height_max});
  bundles_[state.id] = state;
  return state.id;
}

std::optional<bundle_state> executing_source::find_bundle(const std::string& id) const {
  const auto it = bundles_.find(id);
  if (it == bundles_.end()) return std::nullopt;
  return it->second;
}

execution executing_source::simulate(const chain_transaction& transaction, const simulation_options& options) {
  return chain_.simulate(transaction, options);
}

bool executing_source::is_withheld(const signature& id, std::size_t endpoint) const {
  return options_.weather.withhold_chance > 0 &&
         chance_for(salt_withhold + (endpoint << 8), id).chance(options_.weather.withhold_chance);
}

namespace {

template <class T>
T value_at(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  T v{};
  if (bytes.size() >= at + sizeof(T)) std::memcpy(&v, bytes.data() + at, sizeof(T));
  return v;
}

/// The one swap of a transaction, read from its event; nullopt when there is none or more than one.
std::optional<trade_note> read_trade(const chain_transaction& t) {
  constexpr std::array<std::uint8_t, 8> curve{0xbd, 0xdb, 0x7f, 0xd3, 0x4e, 0xe6, 0x61, 0xee},
      buy{0x67, 0xf4, 0x52, 0x1f, 0x2c, 0xf5, 0x77, 0x77}, sell{0x3e, 0x2f, 0x37, 0x0a, 0xa5, 0x03, 0xdc, 0x2a};
  std::optional<trade_note> found;
  for (const auto& group : t.inner)
    for (const auto& ix : group.instructions) {
      if (ix.data.size() < 16) continue;
      const auto is = [&](const std::array<std::uint8_t, 8>& tag) {
        return ix.data[0] == 0xe4 && ix.data[1] == 0x45 && std::equal(tag.begin(), tag.end(), ix.data.begin() + 8);
      };
      trade_note note;
      if (is(curve)) {
        note = {value_at<address>(ix.data, 16), value_at<address>(ix.data, 65),
                value_at<std::uint8_t>(ix.data, 64) != 0, value_at<std::uint64_t>(ix.data, 48),
                value_at<std::uint64_t>(ix.data, 56)};
      } else if (is(buy) || is(sell)) {
        // Through the vault: what a pool's view of the swap shows. The base mint is the swap's fourth account.
        const auto& outer = t.instructions[group.outer];
        if (outer.accounts.size() < 4) continue;
        note.mint = t.keys[outer.accounts[3]];
        note.is_buy = is(buy);
        note.token_amount = value_at<std::uint64_t>(ix.data, 24);
        // BuyEvent and SellEvent: what goes through the vault is the quote with the liquidity providers' fee for a
        // buy, and all that is paid out for a sale.
        constexpr std::size_t protocol_fee = 104, with_liquidity_fee = 112, user_quote = 120, user = 160,
                              creator_fee = 360;
        note.sol_amount = note.is_buy ? value_at<std::uint64_t>(ix.data, with_liquidity_fee)
                                      : value_at<std::uint64_t>(ix.data, user_quote) +
                                            value_at<std::uint64_t>(ix.data, protocol_fee) +
                                            value_at<std::uint64_t>(ix.data, creator_fee);
        note.trader = value_at<address>(ix.data, user);
      } else {
        continue;
      }
      if (found) return std::nullopt;
      found = note;
    }
  return found;
}

} // namespace

void executing_source::add(chain_block& block, execution outcome, transaction_kind kind) {
  auto& t = *outcome.transaction;
  t.kind = t.failed ? transaction_kind::failed : kind;
  if (!t.failed) t.trade = read_trade(t);
  ++counts_.landed;
  counts_.failed += t.failed ? 1 : 0;
  kinds_[t.id] = kind;
  kind_order_.emplace_back(block.slot.value, t.id);
  block.transactions.push_back(std::move(outcome.transaction));
}

void executing_source::run_bundles(chain_block& block, std::uint64_t& units) {
  std::deque<waiting_bundle> kept;
  for (auto& bundle : waiting_bundles_) {
    auto outcomes = chain_.execute_all(bundle.transactions);
    auto& state = bundles_[bundle.id];
    if (outcomes.size() == bundle.transactions.size() && outcomes.back().succeeded() && !outcomes.back().refused()) {
      state.landed = block.slot;
      for (auto& o : outcomes) {
        units += o.units;
        add(block, std::move(o), transaction_kind::recorded);
      }
    } else if (block.height >= bundle.until_height) {
      state.failure_json = outcomes.back().error_json;
      ++counts_.bundles_failed;
    } else {
      kept.push_back(std::move(bundle));
    }
  }
  waiting_bundles_ = std::move(kept);
}

std::optional<chain_block> executing_source::next(const chain_block& proposed) {
  chain_block block = proposed;
  now_slot_ = proposed.slot.value;
  const clock_values clock{proposed.slot, proposed.height, proposed.time.value};
  chain_.begin_block(clock, proposed.parent_hash);
  if (people_) {
    std::vector<const chain_transaction*> pending;
    for (const auto& [arrival, w] : waiting_)
      if (w.ready_slot <= now_slot_) pending.push_back(&w.transaction);
    for (auto& made : people_->act(chain_, clock, pending))
      enqueue(std::move(made.transaction), made.kind, now_slot_ + made.delay_slots, false);
  }

  std::uint64_t units = 0;
  run_bundles(block, units);
  std::vector<std::map<std::uint64_t, waiting>::iterator> ready;
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it)
    if (it->second.ready_slot <= now_slot_) ready.push_back(it);
  std::sort(ready.begin(), ready.end(), [](const auto& a, const auto& b) {
    return a->second.price != b->second.price ? a->second.price > b->second.price : a->first < b->first;
  });
  for (const auto& it : ready) {
    auto& w = it->second;
    if (units + w.units > block_units_max) continue; // the next block's
    auto outcome = chain_.execute(w.transaction);
    if (outcome.refused()) {
      const bool expired = outcome.error_json == "\"BlockhashNotFound\"";
      ++(expired ? counts_.expired : counts_.refused);
    } else {
      units += outcome.units;
      counts_.landed_again += w.again ? 1 : 0;
      add(block, std::move(outcome), w.kind);
    }
    arrivals_.erase(w.transaction.id);
    waiting_.erase(it);
  }
  block.hash = derived_blockhash(block.parent_hash, block.slot);
  chain_.finish_block(block.hash);
  while (!kind_order_.empty() && kind_order_.front().first + kinds_kept_slots < now_slot_) {
    kinds_.erase(kind_order_.front().second);
    kind_order_.pop_front();
  }
  return block;
}

std::optional<std::vector<account_write>> executing_source::rewind(const std::vector<block_ptr>& died) {
  std::vector<account_write> out;
  ++counts_.forks;
  for (std::size_t i = 0; i < died.size(); ++i) {
    auto written = chain_.revert_block();
    out.insert(out.end(), written.begin(), written.end());
  }
  // Oldest first, as they were.
  for (auto it = died.rbegin(); it != died.rend(); ++it)
    for (const auto& t : (*it)->transactions) {
      ++counts_.died_in_forks;
      auto chance = chance_for(salt_fork + (now_slot_ << 8), t->id);
      if (chance.chance(options_.weather.lost_in_fork_chance)) {
        ++counts_.lost_in_forks;
        continue;
      }
      auto again = validator::read(t->wire);
      SETT_ASSERT(again.has_value());
      const auto kind = kinds_.find(t->id);
      const auto delay = chance.chance(options_.weather.delay_chance)
                             ? 1 + chance.below(std::max(1u, options_.weather.delay_slots_max))
                             : 0;
      enqueue(std::move(*again), kind == kinds_.end() ? transaction_kind::recorded : kind->second,
              now_slot_ + 1 + delay, true);
    }
  for (auto& [id, state] : bundles_)
    if (state.landed && state.landed->value >= died.back()->slot.value) state.landed.reset();
  return out;
}

std::string executing_source::balances_json() const {
  std::vector<std::pair<std::string, const account*>> sorted;
  for (const auto& [key, a] : chain_.accounts().all()) sorted.emplace_back(solana::to_base58(key), &a);
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string wallets, tokens;
  for (const auto& [name, a] : sorted) {
    const bool token = a->owner == program_id::spl_token() || a->owner == program_id::token_2022();
    const auto view = token ? read_token_account(a->data) : std::nullopt;
    if (view)
      tokens += fmt::format("{}\"{}\":{{\"lamports\":{},\"mint\":\"{}\",\"owner\":\"{}\",\"amount\":{}}}",
                            tokens.empty() ? "" : ",", name, a->lamports, solana::to_base58(view->mint),
                            solana::to_base58(view->owner), view->amount);
    else if (a->owner == program_id::system())
      wallets += fmt::format("{}\"{}\":{}", wallets.empty() ? "" : ",", name, a->lamports);
  }
  const auto& c = counts_;
  return fmt::format(
      "{{\"slot\":{},\"lamports_total\":{},\"fees_taken\":{},\"chain\":{{\"submitted\":{},\"dropped\":{},\"delayed\":{}"
      ","
      "\"refused\":{},\"expired\":{},\"landed\":{},\"failed\":{},\"forks\":{},\"died_in_forks\":{},\"lost_in_forks\":{}"
      ","
      "\"landed_again\":{},\"bundles\":{},\"bundles_failed\":{}}},\"wallets\":{{{}}},\"token_accounts\":{{{}}}}}",
      chain_.clock().slot.value, chain_.lamports_total(), chain_.fees_taken(), c.submitted, c.dropped, c.delayed,
      c.refused, c.expired, c.landed, c.failed, c.forks, c.died_in_forks, c.lost_in_forks, c.landed_again, c.bundles,
      c.bundles_failed, wallets, tokens);
}

} // namespace sett::simnet
