// A trading account in tests: commands go through decide and apply, and what they ask for is kept.
#pragma once

#include "actors/execution/account.hpp"
#include "actors/execution/account_codec.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sett::execution::test {

template <class Id>
Id id_of(std::uint8_t n) {
  Id out;
  out.bytes.fill(n);
  return out;
}
inline transaction_outcome outcome_of(bool ok, std::uint64_t lamports_before, std::uint64_t lamports_after,
                                      std::uint64_t tokens_before, std::uint64_t tokens_after, std::uint64_t fee = 1) {
  transaction_outcome o;
  o.ok = ok;
  o.fee = lamports(fee);
  o.lamports_before = lamports(lamports_before);
  o.lamports_after = lamports(lamports_after);
  o.tokens_before = token_amount(tokens_before);
  o.tokens_after = token_amount(tokens_after);
  return o;
}
inline chain_view view_at(std::uint64_t tip) {
  return {
      .tip = block_height(tip), .confirmed = block_height(tip - 1), .finalized = block_height(tip > 32 ? tip - 32 : 0)};
}

struct account_under_test {
  account_state state;
  std::vector<account_effect> effects;
  std::string refusal;

  account_under_test() {
    account_limits l;
    l.spend_max = lamports(1'000);
    l.exposure_max = lamports(5'000);
    l.entries_open_max = 3;
    l.variants_max = 3;
    l.floor = lamports(100);
    ask(command::set_limits{l});
    ask(command::book_external{id_of<signature>(200), {}, 10'000, 0, {}});
  }
  /// Through the bytes, as a journal would have it.
  bool ask(const account_command& c) {
    const auto back = decode_command(encode(c));
    SETT_ASSERT(back && encode(*back) == encode(c));
    auto d = account::decide(state, c);
    refusal = d ? "" : d.error().message;
    effects.clear();
    if (!d) return false;
    const account_entry e{.ts_event = {}, .ts_init = {}, .epoch = state.epoch, .events = d->events};
    const auto entry = decode_entry(encode(e));
    SETT_ASSERT(entry && encode(*entry) == encode(e));
    for (const auto& one : entry->events) apply(state, one);
    effects = std::move(d->effects);
    const auto again = decode_state(encode(state));
    SETT_ASSERT(again && *again == state);
    return true;
  }
  template <class E>
  [[nodiscard]] std::size_t asked_for() const {
    return static_cast<std::size_t>(
        std::count_if(effects.begin(), effects.end(), [](const auto& e) { return std::holds_alternative<E>(e); }));
  }
};

inline command::open_intent entry_at(std::uint64_t height, std::uint8_t cause = 1, std::uint8_t mint = 7) {
  command::open_intent c;
  c.account = id_of<address>(9);
  c.strategy = strategy_id(1);
  c.mint = id_of<mint_address>(mint);
  c.kind = intent_kind::entry;
  c.cause = id_of<cause_id>(cause);
  c.event_height = block_height(height);
  c.max_age_blocks = 20;
  c.live = true;
  c.spend_max = lamports(500);
  c.cost_max = lamports(10);
  c.tokens_max = token_amount(2'000);
  c.chain = view_at(height + 1);
  return c;
}
inline command::open_intent exit_at(std::uint64_t height, std::uint64_t tokens, std::uint8_t cause = 50,
                                    std::uint8_t mint = 7) {
  auto c = entry_at(height, cause, mint);
  c.kind = intent_kind::full_exit;
  c.spend_max = {};
  c.tokens_seen = token_amount(tokens);
  return c;
}
inline intent_id id_of_open(const command::open_intent& c) {
  return intent_id_of(c.account, c.strategy, c.mint, c.kind, c.cause);
}
inline command::attach_signed signed_at(const command::open_intent& c, std::uint16_t n, std::uint64_t tip,
                                        std::uint8_t sig, std::uint64_t tokens = 0) {
  command::attach_signed s;
  s.id = id_of_open(c);
  s.number = attempt_number(n);
  s.signature = id_of<signature>(sig);
  s.bytes = "tx";
  s.chain = view_at(tip);
  s.blockhash_height = block_height(s.chain.confirmed.value - (c.kind == intent_kind::full_exit ? 0 : 135));
  s.anchor = {.height = s.chain.finalized,
              .hash = id_of<blockhash>(static_cast<std::uint8_t>(s.chain.finalized.value))};
  s.amount = s.tokens_confirmed = token_amount(tokens);
  return s;
}
inline stream_sighting seen(commitment c, std::uint64_t height, const transaction_outcome& o) {
  return {.commitment = c,
          .height = block_height(height),
          .block = id_of<blockhash>(static_cast<std::uint8_t>(height)),
          .outcome = o};
}
inline testimony not_found(std::uint16_t provider, std::uint64_t height) {
  testimony t;
  t.provider = provider_id(provider);
  t.height_from = t.history_from = machine_id(provider);
  t.finalized_height = block_height(height);
  t.height_read_first = true;
  return t;
}

} // namespace sett::execution::test
