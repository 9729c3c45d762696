#include "nodes/feed/update_codec.hpp"

#include "messages/schema/rows.hpp"
#include "messages/schema/stream_feed_generated.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sett::feed {

namespace {

constexpr std::string_view area = "feed";

fb::Address32 to_fb(const address& a) { return fb::Address32(flatbuffers::span<const std::uint8_t, 32>(a.bytes)); }
fb::Address32 to_fb(const blockhash& a) { return fb::Address32(flatbuffers::span<const std::uint8_t, 32>(a.bytes)); }
address from_fb(const fb::Address32& a) {
  address r;
  std::memcpy(r.bytes.data(), a.bytes()->data(), r.bytes.size());
  return r;
}
blockhash hash_of(const fb::Address32* a) {
  blockhash r;
  if (a != nullptr) std::memcpy(r.bytes.data(), a->bytes()->data(), r.bytes.size());
  return r;
}
constexpr std::uint8_t bit(bool b, unsigned n) { return static_cast<std::uint8_t>(b ? 1U << n : 0U); }
constexpr bool has(std::uint8_t flags, unsigned n) { return (flags >> n & 1U) != 0; }

std::string finished(const flatbuffers::FlatBufferBuilder& b) {
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}
template <class Table>
const Table* verified(std::string_view bytes) {
  flatbuffers::Verifier check(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), 16, 1'000);
  return check.VerifyBuffer<Table>(nullptr) ? flatbuffers::GetRoot<Table>(bytes.data()) : nullptr;
}
std::unexpected<error> bad(std::string_view what) {
  return fail(area, feed_errc::out_of_bounds, fmt::format("an update from a node: {} is out of bounds", what));
}

/// The events of one part, by kind.
struct rows {
  std::vector<fb::SwapEvent> swaps;
  std::vector<fb::TradeEvent> trades;
  std::vector<fb::TransferEvent> transfers;
  std::vector<fb::MintCreatedEvent> mints_created;
  std::vector<fb::MetadataEvent> metadata;
  std::vector<fb::AuthorityEvent> authorities;
  std::vector<fb::PoolCreatedEvent> pools_created;
  std::vector<fb::LiquidityEvent> liquidity;
  std::vector<fb::LaunchEvent> launches;
  std::vector<fb::AccountEvent> accounts;
  std::vector<fb::TipEvent> tips;
  std::vector<fb::PriorityFeeEvent> priority_fees;
  std::vector<fb::FailedEvent> failures;
};

struct adder {
  rows& to;
  const fb::EventPlace& place;
  const event_batch& from;
  std::string& text;

  std::pair<std::uint32_t, std::uint32_t> copied(text_ref r) const {
    const auto at = static_cast<std::uint32_t>(text.size());
    text += from.view(r);
    return {at, r.length};
  }
  void operator()(const event::swap& e) const {
    to.swaps.emplace_back(place, to_fb(e.pool), to_fb(e.trader), to_fb(e.mint_in), to_fb(e.mint_out), e.amount_in.value,
                          e.amount_out.value, e.gave.value, e.got.value, e.fee.value, e.after.a, e.after.b, e.after.c,
                          static_cast<std::uint8_t>(e.after.kind),
                          static_cast<std::uint8_t>(bit(e.fee_known, 0) | bit(e.fee_in_mint_in, 1) |
                                                    bit(e.balances_agree, 2) | bit(e.base_is_mint_in, 3)));
  }
  void operator()(const event::trade& e) const {
    to.trades.emplace_back(place, to_fb(e.trader), to_fb(e.mint_in), to_fb(e.mint_out), e.amount_in.value,
                           e.amount_out.value, e.leg_count, static_cast<std::uint8_t>(e.router));
  }
  void operator()(const event::transfer& e) const {
    to.transfers.emplace_back(place, to_fb(e.mint), to_fb(e.from), to_fb(e.to), to_fb(e.from_account),
                              to_fb(e.to_account), e.amount.value, e.withheld.value);
  }
  void operator()(const event::mint_created& e) const {
    to.mints_created.emplace_back(
        place, to_fb(e.mint), to_fb(e.mint_authority), to_fb(e.freeze_authority), e.extensions, e.decimals,
        static_cast<std::uint8_t>(bit(e.has_mint_authority, 0) | bit(e.has_freeze_authority, 1)),
        static_cast<std::uint8_t>(e.token_program));
  }
  void operator()(const event::metadata& e) const {
    const auto name = copied(e.name), symbol = copied(e.symbol), uri = copied(e.uri);
    to.metadata.emplace_back(place, to_fb(e.account), to_fb(e.mint), to_fb(e.update_authority), name.first, name.second,
                             symbol.first, symbol.second, uri.first, uri.second,
                             static_cast<std::uint8_t>(bit(e.is_mutable, 0) | bit(e.created, 1)));
  }
  void operator()(const event::authority_changed& e) const {
    to.authorities.emplace_back(place, to_fb(e.account), to_fb(e.old_authority), to_fb(e.new_authority),
                                static_cast<std::uint8_t>(e.kind), e.has_new);
  }
  void operator()(const event::pool_created& e) const {
    to.pools_created.emplace_back(place, to_fb(e.pool), to_fb(e.base_mint), to_fb(e.quote_mint), to_fb(e.creator),
                                  to_fb(e.lp_mint), e.base_amount.value, e.quote_amount.value);
  }
  void operator()(const event::liquidity& e) const {
    to.liquidity.emplace_back(place, to_fb(e.pool), to_fb(e.base_mint), to_fb(e.quote_mint), to_fb(e.lp_mint),
                              to_fb(e.provider), e.base_amount.value, e.quote_amount.value, e.lp_amount.value,
                              static_cast<std::uint8_t>(e.change));
  }
  void operator()(const event::launch& e) const {
    to.launches.emplace_back(place, to_fb(e.mint), to_fb(e.curve), to_fb(e.creator), to_fb(e.pool),
                             static_cast<std::uint8_t>(e.phase));
  }
  void operator()(const event::account& e) const {
    to.accounts.emplace_back(place, to_fb(e.account), to_fb(e.owner), to_fb(e.mint), e.balance.value,
                             static_cast<std::uint8_t>(e.change));
  }
  void operator()(const event::tip& e) const {
    to.tips.emplace_back(place, to_fb(e.from), to_fb(e.to), e.amount.value);
  }
  void operator()(const event::priority_fee& e) const {
    to.priority_fees.emplace_back(place, e.price_micro_lamports, e.total.value, e.unit_limit);
  }
  void operator()(const event::failed& e) const {
    to.failures.emplace_back(place, e.custom_code, e.instruction, e.has_custom_code);
  }
};

/// Transactions [first, last) with their events, which stand in the order of their transactions.
std::string encode_part(const block_update& u, bool backfill, std::uint64_t sequence, std::size_t first_transaction,
                        std::size_t last_transaction, std::size_t first_event, std::size_t last_event, bool complete) {
  const auto& from = u.batch;
  std::vector<fb::FeedTransaction> transactions;
  for (std::size_t i = first_transaction; i < last_transaction; ++i) {
    const auto& t = from.transactions[i];
    transactions.emplace_back(fb::FeedSignature(flatbuffers::span<const std::uint8_t, 64>(t.signature.bytes)),
                              to_fb(t.fee_payer), t.slot.value, t.fee.value, t.index, t.failed);
  }
  rows r;
  std::string text;
  for (std::size_t i = first_event; i < last_event; ++i) {
    const auto& e = from.events[i];
    const fb::EventPlace place(static_cast<std::uint32_t>(i - first_event),
                               e.transaction - static_cast<std::uint32_t>(first_transaction), e.path.outer,
                               e.path.inner, static_cast<std::uint8_t>(e.program));
    std::visit(adder{r, place, from, text}, e.payload);
  }
  flatbuffers::FlatBufferBuilder b(4096 + (last_event - first_event) * 256);
  const auto transactions_at = b.CreateVectorOfStructs(transactions);
  const auto text_at = b.CreateVector(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const auto swaps = b.CreateVectorOfStructs(r.swaps);
  const auto trades = b.CreateVectorOfStructs(r.trades);
  const auto transfers = b.CreateVectorOfStructs(r.transfers);
  const auto mints_created = b.CreateVectorOfStructs(r.mints_created);
  const auto metadata = b.CreateVectorOfStructs(r.metadata);
  const auto authorities = b.CreateVectorOfStructs(r.authorities);
  const auto pools_created = b.CreateVectorOfStructs(r.pools_created);
  const auto liquidity = b.CreateVectorOfStructs(r.liquidity);
  const auto launches = b.CreateVectorOfStructs(r.launches);
  const auto accounts = b.CreateVectorOfStructs(r.accounts);
  const auto tips = b.CreateVectorOfStructs(r.tips);
  const auto priority_fees = b.CreateVectorOfStructs(r.priority_fees);
  const auto failures = b.CreateVectorOfStructs(r.failures);
  const auto hash = to_fb(u.blockhash), parent_hash = to_fb(u.parent_blockhash);
  fb::FeedUpdateBuilder t(b);
  t.add_sequence(sequence);
  t.add_slot(u.slot.value);
  t.add_parent(u.parent.value);
  t.add_height(u.height);
  t.add_blockhash(&hash);
  t.add_parent_blockhash(&parent_hash);
  t.add_block_time(u.block_time.value);
  t.add_commitment(static_cast<std::uint8_t>(u.commitment));
  t.add_complete(complete);
  t.add_backfill(backfill);
  t.add_transaction_count(u.transaction_count);
  t.add_vote_count(u.vote_count);
  t.add_transactions(transactions_at);
  t.add_text(text_at);
  t.add_swaps(swaps);
  t.add_trades(trades);
  t.add_transfers(transfers);
  t.add_mints_created(mints_created);
  t.add_metadata(metadata);
  t.add_authorities(authorities);
  t.add_pools_created(pools_created);
  t.add_liquidity(liquidity);
  t.add_launches(launches);
  t.add_accounts(accounts);
  t.add_tips(tips);
  t.add_priority_fees(priority_fees);
  t.add_failures(failures);
  b.Finish(t.Finish());
  return finished(b);
}

/// Puts the rows back to their places; false: a place, a transaction or a value is out of bounds.
class placer {
public:
  placer(event_batch& to, std::size_t count) : to_(to), filled_(count, false) { to_.events.resize(count); }

  template <class Row, class Make>
  bool all(const flatbuffers::Vector<const Row*>* from, const Make& make) {
    if (from == nullptr) return true;
    for (const auto r : fb::rows(from)) {
      const auto& p = r.place();
      if (p.at() >= filled_.size() || filled_[p.at()] || p.transaction() >= to_.transactions.size() ||
          p.program() >= static_cast<std::uint8_t>(program_kind::count_) || p.inner() < -1)
        return false;
      filled_[p.at()] = true;
      ++placed_;
      auto& e = to_.events[p.at()];
      e.transaction = p.transaction();
      e.path = {p.outer(), p.inner()};
      e.program = static_cast<program_kind>(p.program());
      if (!make(r, e.payload)) return false;
    }
    return true;
  }
  [[nodiscard]] bool whole() const { return placed_ == filled_.size(); }

private:
  event_batch& to_;
  std::vector<bool> filled_;
  std::size_t placed_{};
};

template <class... Vectors>
std::size_t total(const Vectors*... v) {
  return ((v == nullptr ? 0U : v->size()) + ...);
}

} // namespace

std::vector<std::string> encode(const block_update& u, bool backfill, std::uint64_t first_sequence) {
  std::vector<std::string> out;
  const auto& from = u.batch;
  std::size_t first_transaction = 0, first_event = 0, transaction = 0, event = 0, bytes = 0;
  const auto cut = [&](bool last) {
    out.push_back(encode_part(u, backfill, first_sequence + out.size(), first_transaction, transaction, first_event,
                              event, last && u.complete));
    first_transaction = transaction;
    first_event = event;
    bytes = 0;
  };
  while (transaction < from.transactions.size()) {
    if (bytes >= part_bytes_max) cut(false);
    bytes += sizeof(fb::FeedTransaction);
    for (; event < from.events.size() && from.events[event].transaction == transaction; ++event)
      bytes += sizeof(fb::SwapEvent); // the largest
    ++transaction;
  }
  event = from.events.size();
  cut(true);
  return out;
}

std::string encode(const slot_update& s) {
  flatbuffers::FlatBufferBuilder b(128);
  b.Finish(fb::CreateFeedSlot(b, s.slot.value, s.parent.value, static_cast<std::uint8_t>(s.status)));
  return finished(b);
}

std::string encode(protocol::connection_state s) {
  flatbuffers::FlatBufferBuilder b(64);
  b.Finish(fb::CreateFeedState(b, static_cast<std::uint8_t>(s)));
  return finished(b);
}

std::string encode(const fed_snapshots& s) {
  flatbuffers::FlatBufferBuilder b(4096);
  std::vector<flatbuffers::Offset<fb::SoftSnapshot>> entries;
  const auto raw = [&b](const std::string& t) {
    return b.CreateVector(reinterpret_cast<const std::uint8_t*>(t.data()), t.size());
  };
  for (const auto& e : s.entries) {
    const auto kind = b.CreateString(e.kind);
    const auto key = raw(e.id), bytes = raw(e.bytes);
    entries.push_back(fb::CreateSoftSnapshot(b, kind, key, bytes, e.erase));
  }
  b.Finish(fb::CreateSoftSnapshots(b, s.shard.value, b.CreateVector(entries)));
  return finished(b);
}

result<fed_update> decode_update(std::string_view bytes) {
  const auto* t = verified<fb::FeedUpdate>(bytes);
  if (t == nullptr) return fail(area, feed_errc::damaged, fmt::format("{} bytes are no update", bytes.size()));
  fed_update out;
  out.sequence = t->sequence();
  out.backfill = t->backfill();
  auto& u = out.update;
  u.slot = slot_number{t->slot()};
  u.parent = slot_number{t->parent()};
  u.height = t->height();
  u.blockhash = hash_of(t->blockhash());
  u.parent_blockhash = hash_of(t->parent_blockhash());
  u.block_time = unix_seconds{t->block_time()};
  if (t->commitment() > static_cast<std::uint8_t>(commitment::finalized)) return bad("its commitment");
  u.commitment = static_cast<commitment>(t->commitment());
  u.complete = t->complete();
  u.transaction_count = t->transaction_count();
  u.vote_count = t->vote_count();
  const auto count = total(t->swaps(), t->trades(), t->transfers(), t->mints_created(), t->metadata(), t->authorities(),
                           t->pools_created(), t->liquidity(), t->launches(), t->accounts(), t->tips(),
                           t->priority_fees(), t->failures());
  if (count > events_max || total(t->transactions()) > transactions_max || total(t->text()) > text_bytes_max)
    return bad("its size");
  if (t->text() != nullptr) u.batch.text.assign(reinterpret_cast<const char*>(t->text()->data()), t->text()->size());
  if (t->transactions() != nullptr)
    for (const auto x : fb::rows(t->transactions())) {
      auto& to = u.batch.transactions.emplace_back();
      std::memcpy(to.signature.bytes.data(), x.signature().bytes()->data(), to.signature.bytes.size());
      to.fee_payer = from_fb(x.fee_payer());
      to.slot = slot_number{x.slot()};
      to.fee = lamports{x.fee()};
      to.index = x.index();
      to.failed = x.failed();
    }
  const auto slice = [&](std::uint32_t at, std::uint32_t length, text_ref& to) {
    to = {at, length};
    return std::uint64_t{at} + length <= u.batch.text.size();
  };
  placer p(u.batch, count);
  const bool fits = p.all(t->swaps(), [](const fb::SwapEvent& r, event_payload& to) {
    event::swap e;
    e.pool = from_fb(r.pool());
    e.trader = from_fb(r.trader());
    e.mint_in = from_fb(r.mint_in());
    e.mint_out = from_fb(r.mint_out());
    e.amount_in = token_amount{r.amount_in()};
    e.amount_out = token_amount{r.amount_out()};
    e.gave = token_amount{r.gave()};
    e.got = token_amount{r.got()};
    e.fee = token_amount{r.fee()};
    e.fee_known = has(r.flags(), 0);
    e.fee_in_mint_in = has(r.flags(), 1);
    e.balances_agree = has(r.flags(), 2);
    e.base_is_mint_in = has(r.flags(), 3);
    e.after = {static_cast<pool_state_kind>(r.state_kind()), r.state_a(), r.state_b(), r.state_c()};
    to = e;
    return r.state_kind() <= static_cast<std::uint8_t>(pool_state_kind::active_bin);
  }) && p.all(t->trades(), [](const fb::TradeEvent& r, event_payload& to) {
    event::trade e;
    e.trader = from_fb(r.trader());
    e.mint_in = from_fb(r.mint_in());
    e.mint_out = from_fb(r.mint_out());
    e.amount_in = token_amount{r.amount_in()};
    e.amount_out = token_amount{r.amount_out()};
    e.leg_count = r.leg_count();
    e.router = static_cast<program_kind>(r.router());
    to = e;
    return r.router() < static_cast<std::uint8_t>(program_kind::count_);
  }) && p.all(t->transfers(), [](const fb::TransferEvent& r, event_payload& to) {
    to = event::transfer{from_fb(r.mint()),         from_fb(r.from()),       from_fb(r.to()),
                         from_fb(r.from_account()), from_fb(r.to_account()), token_amount{r.amount()},
                         token_amount{r.withheld()}};
    return true;
  }) && p.all(t->mints_created(), [](const fb::MintCreatedEvent& r, event_payload& to) {
    event::mint_created e;
    e.mint = from_fb(r.mint());
    e.decimals = r.decimals();
    e.has_mint_authority = has(r.flags(), 0);
    e.has_freeze_authority = has(r.flags(), 1);
    e.mint_authority = from_fb(r.mint_authority());
    e.freeze_authority = from_fb(r.freeze_authority());
    e.token_program = static_cast<program_kind>(r.token_program());
    e.extensions = r.extensions();
    to = e;
    return r.token_program() < static_cast<std::uint8_t>(program_kind::count_);
  }) && p.all(t->metadata(), [&](const fb::MetadataEvent& r, event_payload& to) {
    event::metadata e;
    e.account = from_fb(r.account());
    e.mint = from_fb(r.mint());
    e.update_authority = from_fb(r.update_authority());
    e.is_mutable = has(r.flags(), 0);
    e.created = has(r.flags(), 1);
    const bool inside = slice(r.name_offset(), r.name_length(), e.name) &&
                        slice(r.symbol_offset(), r.symbol_length(), e.symbol) &&
                        slice(r.uri_offset(), r.uri_length(), e.uri);
    to = e;
    return inside;
  }) && p.all(t->authorities(), [](const fb::AuthorityEvent& r, event_payload& to) {
    to = event::authority_changed{from_fb(r.account()), static_cast<event::authority_kind>(r.kind()), r.has_new(),
                                  from_fb(r.old_authority()), from_fb(r.new_authority())};
    return r.kind() <= static_cast<std::uint8_t>(event::authority_kind::other);
  }) && p.all(t->pools_created(), [](const fb::PoolCreatedEvent& r, event_payload& to) {
    to = event::pool_created{from_fb(r.pool()),
                             from_fb(r.base_mint()),
                             from_fb(r.quote_mint()),
                             token_amount{r.base_amount()},
                             token_amount{r.quote_amount()},
                             from_fb(r.creator()),
                             from_fb(r.lp_mint())};
    return true;
  }) && p.all(t->liquidity(), [](const fb::LiquidityEvent& r, event_payload& to) {
    to = event::liquidity{static_cast<event::liquidity_change>(r.change()),
                          from_fb(r.pool()),
                          from_fb(r.base_mint()),
                          from_fb(r.quote_mint()),
                          token_amount{r.base_amount()},
                          token_amount{r.quote_amount()},
                          from_fb(r.lp_mint()),
                          token_amount{r.lp_amount()},
                          from_fb(r.provider())};
    return r.change() <= static_cast<std::uint8_t>(event::liquidity_change::locked);
  }) && p.all(t->launches(), [](const fb::LaunchEvent& r, event_payload& to) {
    to = event::launch{static_cast<event::launch_phase>(r.phase()), from_fb(r.mint()), from_fb(r.curve()),
                       from_fb(r.creator()), from_fb(r.pool())};
    return r.phase() <= static_cast<std::uint8_t>(event::launch_phase::migrated);
  }) && p.all(t->accounts(), [](const fb::AccountEvent& r, event_payload& to) {
    to = event::account{static_cast<event::account_change>(r.change()), from_fb(r.account()), from_fb(r.owner()),
                        from_fb(r.mint()), lamports{r.balance()}};
    return r.change() <= static_cast<std::uint8_t>(event::account_change::closed);
  }) && p.all(t->tips(), [](const fb::TipEvent& r, event_payload& to) {
    to = event::tip{from_fb(r.from()), from_fb(r.to()), lamports{r.amount()}};
    return true;
  }) && p.all(t->priority_fees(), [](const fb::PriorityFeeEvent& r, event_payload& to) {
    to = event::priority_fee{r.price_micro_lamports(), r.unit_limit(), lamports{r.total()}};
    return true;
  }) && p.all(t->failures(), [](const fb::FailedEvent& r, event_payload& to) {
    to = event::failed{r.instruction(), r.has_custom_code(), r.custom_code()};
    return true;
  });
  if (!fits || !p.whole()) return bad("an event");
  return out;
}

result<slot_update> decode_slot(std::string_view bytes) {
  const auto* t = verified<fb::FeedSlot>(bytes);
  if (t == nullptr) return fail(area, feed_errc::damaged, fmt::format("{} bytes are no slot", bytes.size()));
  if (t->status() > static_cast<std::uint8_t>(slot_status::dead)) return bad("a slot's status");
  return slot_update{slot_number{t->slot()}, slot_number{t->parent()}, static_cast<slot_status>(t->status())};
}

result<protocol::connection_state> decode_state(std::string_view bytes) {
  const auto* t = verified<fb::FeedState>(bytes);
  if (t == nullptr) return fail(area, feed_errc::damaged, fmt::format("{} bytes are no state", bytes.size()));
  if (t->state() > static_cast<std::uint8_t>(protocol::connection_state::lost)) return bad("a stream's state");
  return static_cast<protocol::connection_state>(t->state());
}

result<fed_snapshots> decode_snapshots(std::string_view bytes) {
  flatbuffers::Verifier check(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), 16, 100'000);
  if (!check.VerifyBuffer<fb::SoftSnapshots>(nullptr))
    return fail(area, feed_errc::damaged, fmt::format("{} bytes are no snapshots", bytes.size()));
  const auto* t = flatbuffers::GetRoot<fb::SoftSnapshots>(bytes.data());
  fed_snapshots out;
  out.shard = shard_id{t->shard()};
  if (t->entries() == nullptr) return out;
  const auto text = [](const auto* v) {
    return v == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(v->data()), v->size());
  };
  for (const auto* e : *t->entries()) {
    ports::snapshot_store::entry to{text(e->kind()), text(e->key()), text(e->bytes()), e->erase()};
    if ((to.kind != "token" && to.kind != "wallet") || to.id.size() != address::size) return bad("a snapshot's key");
    out.entries.push_back(std::move(to));
  }
  return out;
}

} // namespace sett::feed
