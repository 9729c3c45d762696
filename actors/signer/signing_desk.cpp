#include "actors/signer/signing_desk.hpp"

#include "actors/decode/well_known.hpp"
#include "actors/signer/signer_error.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/program_address.hpp"

#include <sodium.h>

#include <algorithm>
#include <utility>

namespace sett::signer {

namespace {
using namespace solana::literals;
} // namespace

signing_desk::signing_desk(std::vector<policy> policies, book_store store)
    : policies_(std::move(policies)), store_(std::move(store)) {}

result<void> signing_desk::add(const wallet_file& wallet, const secret_memory* seed, wallet_book book) {
  if (wallets_.contains(wallet.address))
    return fail(area, signer_errc::exists,
                "wallet " + wallet.name + ": another file has the same address; keep one of them");
  entry e{.file = wallet, .key = std::nullopt, .judged = {}, .book = book};
  e.file.key.reset();
  if (seed != nullptr) {
    const auto p = std::ranges::find(policies_, wallet.group, &policy::group);
    if (p == policies_.end())
      return fail(area, signer_errc::bad_policy,
                  "wallet " + wallet.name + ": there is no policy for its group; add [[policy]] with name = \"" +
                      wallet.group + "\"");
    if (seed->size() != seed_bytes) return fail(area, signer_errc::bad_key, "wallet " + wallet.name + ": no key");
    auto key = secret_memory::make(crypto_sign_SECRETKEYBYTES);
    if (!key) return std::unexpected(key.error());
    address own;
    crypto_sign_seed_keypair(own.bytes.data(), key->bytes().data(), seed->bytes().data());
    if (own != wallet.address)
      return fail(area, signer_errc::bad_key, "wallet " + wallet.name + ": the key is not its address's");
    e.key = std::move(*key);
    const auto token_program = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"_address;
    e.judged = {.address = wallet.address,
                .wsol_account =
                    solana::associated_token_address(wallet.address, decode::native_mint(), token_program).key,
                .policy = &*p,
                .successor = wallet.successor};
  }
  wallets_.emplace(wallet.address, std::move(e));
  return {};
}

std::expected<signature, refused> signing_desk::sign(const ports::sign_request& request, unix_seconds now) {
  const auto found = wallets_.find(request.wallet);
  if (found == wallets_.end())
    return std::unexpected(
        refused{refusal::unknown_wallet, "there is no wallet " + solana::to_base58(request.wallet) + " here"});
  auto& e = found->second;
  if (!e.key) return std::unexpected(refused{refusal::watch_only, "wallet " + e.file.name + " is watch-only"});
  auto judged = judge(request, e.judged, e.book, now, scratch_);
  if (!judged) return std::unexpected(std::move(judged.error()));
  count(e.book, *judged, now);
  if (judged->store_first && !store(e, *judged) && judged->order.kind == shape::buy)
    return std::unexpected(refused{refusal::not_durable, "the signer's sums cannot be stored: no entry is signed"});
  signature out;
  crypto_sign_detached(out.bytes.data(), nullptr, request.message.data(), request.message.size(),
                       e.key->bytes().data());
  return out;
}

bool signing_desk::brings_home(const ports::sign_request& request) {
  const auto found = wallets_.find(request.wallet);
  if (found == wallets_.end() || !found->second.key) return false;
  const auto& j = found->second.judged;
  const auto order = read_shape(request.message,
                                {.wallet = j.address,
                                 .wsol_account = j.wsol_account,
                                 .destinations = j.policy->destinations,
                                 .tip_accounts = j.policy->tip_accounts},
                                scratch_);
  return order && is_way_home(order->kind);
}

bool signing_desk::store(entry& e, const approval& ahead) {
  if (!store_(e.file.address, to_file_text(e.file.address, e.book, ahead.spend_ahead, ahead.cost_ahead))) return false;
  stored(e.book, ahead);
  return true;
}

bool signing_desk::store_as_is(entry& e) { return store(e, approval{}); }

std::optional<std::uint64_t> signing_desk::halt(const address& wallet, std::uint64_t number) {
  const auto found = wallets_.find(wallet);
  if (found == wallets_.end()) return std::nullopt;
  const auto in_force = signer::halt(found->second.book, number);
  if (!store_as_is(found->second)) return std::nullopt;
  return in_force;
}

bool signing_desk::resume(const address& wallet, std::uint64_t number) {
  const auto found = wallets_.find(wallet);
  if (found == wallets_.end()) return false;
  auto& book = found->second.book;
  const auto before = std::pair(book.halted, book.resumed);
  if (!signer::resume(book, number)) return false;
  if (store_as_is(found->second)) return true;
  std::tie(book.halted, book.resumed) = before;
  return false;
}

std::vector<wallet_status> signing_desk::status(unix_seconds clock) const {
  std::vector<wallet_status> out;
  for (const auto& [address, e] : wallets_) {
    wallet_status s{.name = e.file.name,
                    .group = e.file.group,
                    .address = address,
                    .watch_only = !e.key,
                    .retired = e.file.successor.has_value(),
                    .halted = e.book.is_halted(),
                    .halt_number = e.book.halted,
                    .spend_hour = {},
                    .spend_day = {},
                    .cost_hour = {},
                    .cost_day = {},
                    .spend_hour_max = {},
                    .spend_day_max = {},
                    .cost_hour_max = {},
                    .cost_day_max = {}};
    const unix_seconds now(std::max(clock.value, e.book.last.value));
    s.spend_hour = e.book.spend.hour(now), s.spend_day = e.book.spend.day(now);
    s.cost_hour = e.book.cost.hour(now), s.cost_day = e.book.cost.day(now);
    if (const auto* p = e.judged.policy; p != nullptr) {
      s.spend_hour_max = p->spend_hour_max, s.spend_day_max = p->spend_day_max;
      s.cost_hour_max = p->cost_hour_max, s.cost_day_max = p->cost_day_max;
    }
    out.push_back(std::move(s));
  }
  return out;
}

bool signing_desk::store_all() {
  bool all = true;
  for (auto& [address, e] : wallets_)
    if (e.key) all &= store_as_is(e);
  return all;
}

ports::sign_refusal port_word(refusal r) {
  using word = ports::sign_refusal;
  switch (r) {
  case refusal::none:
    return word::none;
  case refusal::unknown_wallet:
    return word::unknown_wallet;
  case refusal::watch_only:
    return word::locked;
  case refusal::venue:
  case refusal::mint:
  case refusal::destination:
  case refusal::program:
    return word::program;
  case refusal::fee:
  case refusal::tip:
  case refusal::spend_transaction:
  case refusal::spend_hour:
  case refusal::spend_day:
  case refusal::cost_hour:
  case refusal::cost_day:
    return word::over_limit;
  case refusal::halted:
  case refusal::retired:
    return word::halted;
  case refusal::not_durable:
  case refusal::overloaded:
    return word::unreachable;
  case refusal::malformed:
  case refusal::version:
  case refusal::signers:
  case refusal::instruction:
  case refusal::hidden_account:
  case refusal::shape:
  case refusal::account:
  case refusal::durable_nonce:
  case refusal::bad_request:
  case refusal::count_:
    break;
  }
  return word::shape;
}

} // namespace sett::signer
