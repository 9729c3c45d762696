#include "actors/wallets/wallet_state.hpp"
#include "messages/schema/rows.hpp"
#include "messages/schema/wallet_snapshot_generated.h"

#include <cstring>

namespace sett::wallets {

namespace {

constexpr std::uint16_t version_now = 1;
constexpr std::string_view area = "wallet_snapshot";

fb::Address32 to_fb(const address& a) { return fb::Address32(flatbuffers::span<const std::uint8_t, 32>(a.bytes)); }
address from_fb(const fb::Address32& a) {
  address r;
  std::memcpy(r.bytes.data(), a.bytes()->data(), r.bytes.size());
  return r;
}

} // namespace

std::string encode_wallet(const address& wallet, const wallet_base& base) {
  flatbuffers::FlatBufferBuilder b(1024);
  std::vector<fb::Holding> holdings;
  for (const auto& h : base.holdings)
    holdings.emplace_back(to_fb(h.mint), h.amount, h.position, h.cost_lamports, h.trades, h.last_slot.value);
  std::vector<fb::RecentTrade> recent;
  for (const auto& t : base.recent)
    recent.emplace_back(t.slot.value, t.time.value,
                        fb::Signature64(flatbuffers::span<const std::uint8_t, 64>(t.transaction.bytes)),
                        to_fb(t.mint_in), to_fb(t.mint_out), t.amount_in.value, t.amount_out.value);
  const auto holdings_at = b.CreateVectorOfStructs(holdings);
  const auto recent_at = b.CreateVectorOfStructs(recent);
  const auto wallet_fb = to_fb(wallet);
  fb::WalletSnapshotBuilder w(b);
  w.add_wallet(&wallet_fb);
  w.add_sealed(base.sealed.value);
  w.add_trades(base.trades);
  w.add_failed(base.failed);
  w.add_buys(base.buys);
  w.add_sells(base.sells);
  w.add_wins(base.wins);
  w.add_losses(base.losses);
  w.add_realized_lamports(base.realized_lamports);
  w.add_bought_lamports(base.bought_lamports);
  w.add_sold_lamports(base.sold_lamports);
  w.add_last_slot(base.last_slot.value);
  w.add_last_activity_s(base.last_activity.value);
  w.add_holdings(holdings_at);
  w.add_recent(recent_at);
  w.add_incomplete(base.incomplete);
  w.add_incomplete_since(base.incomplete_since.value);
  w.add_duplicates(base.duplicates);
  w.add_undone(base.undone);
  w.add_too_late(base.too_late);
  w.add_forgotten_holdings(base.forgotten_holdings);
  fb::FinishWalletSnapshotBuffer(b, w.Finish());
  return {reinterpret_cast<const char*>(b.GetBufferPointer()), b.GetSize()};
}

result<wallet_base> decode_wallet(const address& wallet, std::string_view bytes) {
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8); // FlatBuffers wants its buffer aligned
  if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, bytes.size(), 16, 10'000);
  if (bytes.size() < 8 || !fb::WalletSnapshotBufferHasIdentifier(data) || !fb::VerifyWalletSnapshotBuffer(verifier))
    return fail(area, snapshot_errc::not_a_snapshot, "these bytes are no wallet snapshot");
  const auto& w = *fb::GetWalletSnapshot(data);
  if (w.version() != version_now)
    return fail(area, snapshot_errc::newer_version,
                "wallet snapshot of version " + std::to_string(w.version()) + ", this build reads 1");
  if (w.wallet() == nullptr || from_fb(*w.wallet()) != wallet)
    return fail(area, snapshot_errc::wrong_entity, "wallet snapshot of another wallet");
  wallet_base base;
  base.sealed.value = w.sealed();
  base.trades = w.trades();
  base.failed = w.failed();
  base.buys = w.buys();
  base.sells = w.sells();
  base.wins = w.wins();
  base.losses = w.losses();
  base.realized_lamports = w.realized_lamports();
  base.bought_lamports = w.bought_lamports();
  base.sold_lamports = w.sold_lamports();
  base.last_slot.value = w.last_slot();
  base.last_activity.value = w.last_activity_s();
  base.incomplete = w.incomplete();
  base.incomplete_since.value = w.incomplete_since();
  base.duplicates = w.duplicates();
  base.undone = w.undone();
  base.too_late = w.too_late();
  base.forgotten_holdings = w.forgotten_holdings();
  if (w.holdings() != nullptr) {
    if (w.holdings()->size() > wallet_state::holdings_max)
      return fail(area, snapshot_errc::out_of_bounds, "wallet snapshot: too many holdings");
    for (const auto h : fb::rows(w.holdings()))
      base.holdings.push_back(
          {from_fb(h.mint()), h.amount(), h.position(), h.cost_lamports(), h.trades(), slot_number{h.last_slot()}});
  }
  if (w.recent() != nullptr) {
    if (w.recent()->size() > wallet_state::recent_max)
      return fail(area, snapshot_errc::out_of_bounds, "wallet snapshot: too many trades");
    for (const auto t : fb::rows(w.recent())) {
      protocol::wallet_trade r;
      r.slot.value = t.slot();
      r.time.value = t.time_s();
      std::memcpy(r.transaction.bytes.data(), t.transaction().bytes()->data(), r.transaction.bytes.size());
      r.mint_in = from_fb(t.mint_in());
      r.mint_out = from_fb(t.mint_out());
      r.amount_in.value = t.amount_in();
      r.amount_out.value = t.amount_out();
      base.recent.push_back(r);
    }
  }
  return base;
}

} // namespace sett::wallets
