#include "actors/market/token_snapshot.hpp"

#include "messages/schema/rows.hpp"
#include "messages/schema/token_snapshot_generated.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace sett::market {

namespace {

constexpr std::uint16_t version_now = 1;
constexpr std::string_view area = "token_snapshot";

fb::Address32 to_fb(const address& a) { return fb::Address32(flatbuffers::span<const std::uint8_t, 32>(a.bytes)); }
address from_fb(const fb::Address32& a) {
  address r;
  std::memcpy(r.bytes.data(), a.bytes()->data(), r.bytes.size());
  return r;
}
address from_fb(const fb::Address32* a) { return a == nullptr ? address{} : from_fb(*a); }
std::string from_fb(const flatbuffers::String* s) { return s == nullptr ? std::string() : s->str(); }

std::unexpected<error> bad(const char* what) {
  return fail(area, snapshot_errc::out_of_bounds, std::string("token snapshot: ") + what + " is out of bounds");
}

} // namespace

std::string encode_token(const mint_address& mint, const token_base& base) {
  flatbuffers::FlatBufferBuilder b(4096);
  std::vector<fb::Pool> pools;
  for (const auto& p : base.pools)
    pools.emplace_back(to_fb(p.pool), to_fb(p.quote_mint), static_cast<std::uint8_t>(p.venue),
                       static_cast<std::uint8_t>(p.state.kind), p.fee_known, p.swapped, p.fee_ppm, p.price, p.state.a,
                       p.state.b, p.state.c, fb::DirectionFee(static_cast<std::uint8_t>(p.buy.model), p.buy.ppm),
                       fb::DirectionFee(static_cast<std::uint8_t>(p.sell.model), p.sell.ppm), p.swaps, p.volume_quote,
                       p.deposited_quote, p.last_slot.value, p.last_key);
  std::vector<flatbuffers::Offset<fb::Series>> series;
  for (std::size_t q = 0; q < base.candles.size(); ++q)
    for (std::size_t f = 0; f < timeframes.size(); ++f) {
      const auto ring = base.candles[q].ring(f);
      if (ring.empty()) continue;
      std::vector<fb::Candle> candles;
      for (const auto& c : ring)
        candles.emplace_back(c.start_s, c.swaps, c.open, c.high, c.low, c.close, c.volume_quote);
      series.push_back(fb::CreateSeries(b, static_cast<std::uint8_t>(q), static_cast<std::uint8_t>(f),
                                        b.CreateVectorOfStructs(candles)));
    }
  std::vector<fb::Holder> holders;
  for (const auto& h : base.holders.top()) holders.emplace_back(to_fb(h.wallet), h.net_base);
  std::vector<fb::TrailLine> trail;
  for (const auto& t : base.trail)
    trail.emplace_back(t.slot, t.time_s, static_cast<std::uint8_t>(t.kind), t.detail, t.a, t.b);
  const auto registers = base.holders.registers();

  const auto name = b.CreateString(base.name), symbol = b.CreateString(base.symbol), uri = b.CreateString(base.uri);
  const auto pools_at = b.CreateVectorOfStructs(pools);
  const auto series_at = b.CreateVector(series);
  const auto registers_at = b.CreateVector(reinterpret_cast<const std::uint8_t*>(registers.data()), registers.size());
  const auto holders_at = b.CreateVectorOfStructs(holders);
  const auto trail_at = b.CreateVectorOfStructs(trail);
  const auto mint_fb = to_fb(mint), creator = to_fb(base.creator), mint_authority = to_fb(base.mint_authority),
             freeze_authority = to_fb(base.freeze_authority);

  fb::TokenSnapshotBuilder t(b);
  t.add_mint(&mint_fb);
  t.add_sealed(base.sealed.value);
  t.add_first_slot(base.first_slot.value);
  t.add_last_slot(base.last_slot.value);
  t.add_created_s(base.created.value);
  t.add_updated_s(base.updated.value);
  t.add_swaps(base.counts.swaps);
  t.add_trades(base.counts.trades);
  t.add_buys(base.counts.buys);
  t.add_sells(base.counts.sells);
  t.add_transfers(base.counts.transfers);
  t.add_volume_lamports(base.counts.volume_lamports);
  t.add_volume_usd_micros(base.counts.volume_usd_micros);
  t.add_volume_base(base.counts.volume_base);
  t.add_decimals(base.decimals);
  t.add_flags(base.flags);
  t.add_creator(&creator);
  t.add_mint_authority(&mint_authority);
  t.add_freeze_authority(&freeze_authority);
  t.add_name(name);
  t.add_symbol(symbol);
  t.add_uri(uri);
  t.add_pools(pools_at);
  t.add_series(series_at);
  t.add_holder_registers(registers_at);
  t.add_holders(holders_at);
  t.add_trail(trail_at);
  t.add_incomplete(base.incomplete);
  t.add_incomplete_since(base.incomplete_since.value);
  t.add_duplicates(base.duplicates);
  t.add_undone(base.undone);
  t.add_too_late(base.too_late);
  t.add_parked(base.parked);
  t.add_holder_changes_shed(base.holder_changes_shed);
  t.add_sealed_early(base.sealed_early);
  fb::FinishTokenSnapshotBuffer(b, t.Finish());
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}

result<token_base> decode_token(const mint_address& mint, std::string_view bytes) {
  // FlatBuffers wants its buffer aligned; a value from a store may lie anywhere.
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
  if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, bytes.size(), 16, 10'000);
  if (bytes.size() < 8 || !fb::TokenSnapshotBufferHasIdentifier(data) || !fb::VerifyTokenSnapshotBuffer(verifier))
    return fail(area, snapshot_errc::not_a_snapshot, "these bytes are no token snapshot");
  const auto& t = *fb::GetTokenSnapshot(data);
  if (t.version() != version_now)
    return fail(area, snapshot_errc::newer_version,
                "token snapshot of version " + std::to_string(t.version()) + ", this build reads 1");
  if (t.mint() == nullptr || from_fb(*t.mint()) != mint)
    return fail(area, snapshot_errc::wrong_entity, "token snapshot of another mint");

  token_base base;
  base.sealed.value = t.sealed();
  base.first_slot.value = t.first_slot();
  base.last_slot.value = t.last_slot();
  base.created.value = t.created_s();
  base.updated.value = t.updated_s();
  base.counts = {
      t.swaps(),      t.trades(), t.buys(), t.sells(), t.transfers(), t.volume_lamports(), t.volume_usd_micros(),
      t.volume_base()};
  base.decimals = t.decimals();
  base.flags = t.flags();
  base.creator = from_fb(t.creator());
  base.mint_authority = from_fb(t.mint_authority());
  base.freeze_authority = from_fb(t.freeze_authority());
  base.name = from_fb(t.name());
  base.symbol = from_fb(t.symbol());
  base.uri = from_fb(t.uri());
  if (base.name.size() > token_state::name_max || base.symbol.size() > token_state::symbol_max ||
      base.uri.size() > token_state::uri_max)
    return bad("a text");
  if (t.pools() != nullptr) {
    if (t.pools()->size() > token_state::pools_max) return bad("the number of pools");
    base.pools.reserve(t.pools()->size());
    for (const auto p : fb::rows(t.pools())) {
      if (p.venue() >= static_cast<std::uint8_t>(program_kind::count_)) return bad("a venue");
      if (p.state_kind() > static_cast<std::uint8_t>(pool_state_kind::active_bin)) return bad("a pool state");
      if (p.buy().model() > static_cast<std::uint8_t>(fee_model::of_out) ||
          p.sell().model() > static_cast<std::uint8_t>(fee_model::of_out))
        return bad("a fee model");
      if (!std::isfinite(p.price())) return bad("a price");
      pool_entry e;
      e.pool = from_fb(p.pool());
      e.quote_mint = from_fb(p.quote_mint());
      e.venue = static_cast<program_kind>(p.venue());
      e.state = {static_cast<pool_state_kind>(p.state_kind()), p.state_a(), p.state_b(), p.state_c()};
      e.fee_known = p.fee_known();
      e.swapped = p.swapped();
      e.fee_ppm = p.fee_ppm();
      e.price = p.price();
      e.buy = {static_cast<fee_model>(p.buy().model()), p.buy().ppm()};
      e.sell = {static_cast<fee_model>(p.sell().model()), p.sell().ppm()};
      e.swaps = p.swaps();
      e.volume_quote = p.volume_quote();
      e.deposited_quote = p.deposited_quote();
      e.last_slot.value = p.last_slot();
      e.last_key = p.last_key();
      base.pools.push_back(e);
    }
  }
  if (t.series() != nullptr)
    for (const auto* s : *t.series()) {
      if (s->quote() >= base.candles.size() || s->frame() >= timeframes.size()) return bad("a series");
      std::vector<protocol::candle> candles;
      if (s->candles() != nullptr) {
        candles.reserve(s->candles()->size());
        for (const auto c : fb::rows(s->candles()))
          candles.push_back({c.start_s(), c.swaps(), c.open(), c.high(), c.low(), c.close(), c.volume_quote()});
      }
      if (!base.candles[s->quote()].restore(s->frame(), candles)) return bad("a candle");
    }
  std::vector<protocol::token_holder> holders;
  if (t.holders() != nullptr) {
    holders.reserve(t.holders()->size());
    for (const auto h : fb::rows(t.holders())) holders.push_back({from_fb(h.wallet()), h.net_base()});
  }
  if (t.holder_registers() == nullptr ||
      !base.holders.restore({reinterpret_cast<const char*>(t.holder_registers()->data()), t.holder_registers()->size()},
                            std::move(holders)))
    return bad("the holders");
  if (t.trail() != nullptr) {
    if (t.trail()->size() > token_state::trail_max) return bad("the trail");
    base.trail.reserve(t.trail()->size());
    for (const auto l : fb::rows(t.trail())) {
      if (l.kind() >= static_cast<std::uint8_t>(trail_kind::count_)) return bad("a trail line");
      base.trail.push_back({l.slot(), static_cast<std::uint32_t>(l.time_s()), static_cast<trail_kind>(l.kind()),
                            l.detail(), l.a(), l.b()});
    }
  }
  base.incomplete = t.incomplete();
  base.incomplete_since.value = t.incomplete_since();
  base.duplicates = t.duplicates();
  base.undone = t.undone();
  base.too_late = t.too_late();
  base.parked = t.parked();
  base.holder_changes_shed = t.holder_changes_shed();
  base.sealed_early = t.sealed_early();
  return base;
}

} // namespace sett::market
