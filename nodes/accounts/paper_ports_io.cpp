#include "nodes/accounts/paper_ports_io.hpp"

#include "messages/solana/sha256.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace sett::accounts {

using namespace execution;

namespace {

constexpr std::uint64_t base_fee = 5'000;     // of one signature
constexpr std::uint32_t swap_units = 120'000; // what a curve's swap with account creation asks for, about
constexpr std::uint64_t micro = 1'000'000;

class order_builder final : public ports::transaction_builder {
public:
  result<ports::built_transaction> build(const ports::trade_order& o, const ports::venue_snapshot& pool,
                                         const blockhash& recent, const ports::fee_choice& fees) const override {
    paper_order p;
    p.side = o.side;
    p.exact_in = o.exact_in;
    p.mint = o.mint;
    p.pool = pool.pool;
    p.amount_in = o.amount_in.value;
    p.amount_out = o.amount_out.value;
    const auto units = fees.compute_units == 0 ? swap_units : fees.compute_units;
    p.fee.value = base_fee + (fees.price_micro_lamports * units + micro - 1) / micro;
    p.tip = fees.tip;
    auto message = paper_message(o.wallet, recent, p);
    if (!message) return fail("builder", ports::builder_errc::bad_order, message.error().message);
    const auto rent = o.side == ports::trade_side::buy ? paper_rent_lamports : 0;
    return ports::built_transaction{
        .message = std::move(*message), .cost_max = lamports(p.fee.value + p.tip.value + rent), .token_account = {}};
  }
};

class paper_lane final : public ports::trade_lane {
public:
  paper_lane(paper_ask ask, paper_view view) : ask_(std::move(ask)), view_(std::move(view)) {}
  std::string_view name() const override { return "paper"; }
  bool is_protected() const override { return true; }
  void send(const ports::signed_transaction& t, std::function<void(ports::lane_reply)> done) override {
    ask_(paper::send{.bytes = t.bytes, .last_valid = t.last_valid, .at = view_.tip()},
         [done = std::move(done)](const result<paper_look>& a) {
           done({.taken = a.has_value(), .why = a ? std::string() : a.error().message});
         });
  }

private:
  paper_ask ask_;
  paper_view view_;
};

class paper_evidence final : public ports::evidence_source, public std::enable_shared_from_this<paper_evidence> {
public:
  paper_evidence(paper_ask ask, paper_view view) : ask_(std::move(ask)), view_(std::move(view)) {}
  void look_for(const ports::signature_query& q, std::function<void(std::vector<testimony>)> done) override {
    look(q, std::move(done), 0);
  }

private:
  using answer = std::function<void(std::vector<testimony>)>;

  void look(const ports::signature_query& q, answer done, int round) {
    const auto finalized = view_.finalized(); // before the question
    ask_(paper::look{.signature = q.signature, .mint = q.mint, .finalized = finalized},
         [self = shared_from_this(), q, done = std::move(done), finalized, round](const result<paper_look>& a) mutable {
           if (!a) return done({});
           if (auto next = round == 0 ? self->next(q, *a, finalized) : std::nullopt) {
             self->ask_(std::move(*next), [self, q, done = std::move(done)](const result<paper_look>&) mutable {
               self->look(q, std::move(done), 1);
             });
             return;
           }
           done(self->told(*a, finalized));
         });
  }
  /// What carries the chain on: its block is there, or its block has lost.
  [[nodiscard]] std::optional<paper_command> next(const ports::signature_query& q, const paper_look& a,
                                                  block_height finalized) const {
    if (a.fate == paper_fate::pending) {
      const auto block = view_.first_between(a.lands_at, a.last_valid);
      auto pool = view_.pool(a.pool);
      if (!block || !pool) return std::nullopt;
      return paper::land{
          .signature = q.signature, .height = block->height, .block = block->hash, .pool = std::move(*pool)};
    }
    if (!a.landed || a.landed->height > finalized) return std::nullopt;
    const auto living = view_.at(a.landed->height);
    if (!living || *living == a.landed->block) return std::nullopt;
    return paper::place{.signature = q.signature, .height = a.landed->height, .block = *living};
  }
  /// The paper chain is one; it speaks for both providers that the rules want to hear.
  [[nodiscard]] std::vector<testimony> told(const paper_look& a, block_height finalized) const {
    if (a.fate == paper_fate::pending) return {};
    testimony t;
    t.height_from = t.history_from = machine_id(1);
    t.finalized_height = finalized;
    t.height_read_first = true;
    if (a.landed) {
      t.found = true;
      t.commitment = view_.how_sure({a.landed->height, a.landed->block});
      t.height = a.landed->height;
      t.block = a.landed->block;
      t.outcome = a.landed->outcome;
    }
    auto other = t;
    t.provider = provider_id(1);
    other.provider = provider_id(2);
    return {t, other};
  }

  paper_ask ask_;
  paper_view view_;
};

} // namespace

std::string paper_seed(std::string_view cluster, std::string_view account) {
  std::string text("sett paper wallet\n");
  text += cluster;
  text += '\n';
  text += account;
  const auto digest = solana::sha256(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::shared_ptr<const ports::transaction_builder> make_paper_builder() { return std::make_shared<order_builder>(); }

paper_signer::paper_signer(std::string_view seed) {
  SETT_ASSERT(seed.size() == crypto_sign_SEEDBYTES && sodium_init() >= 0);
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(wallet_.bytes.data(), secret.data(), reinterpret_cast<const std::uint8_t*>(seed.data()));
  secret_.assign(reinterpret_cast<const char*>(secret.data()), secret.size());
}

void paper_signer::sign(ports::sign_request request, std::function<void(ports::sign_answer)> done) {
  ports::sign_answer a;
  if (request.wallet != wallet_) {
    a.refused = ports::sign_refusal::unknown_wallet;
    a.why = "this is not the paper wallet";
  } else {
    crypto_sign_detached(a.signature.bytes.data(), nullptr, request.message.data(), request.message.size(),
                         reinterpret_cast<const std::uint8_t*>(secret_.data()));
  }
  done(std::move(a));
}
void paper_signer::halt(const address&, std::uint64_t, std::function<void(bool)> done) { done(true); }
void paper_signer::resume(const address&, std::uint64_t, std::function<void(bool)> done) { done(true); }

std::shared_ptr<ports::trade_lane> make_paper_lane(paper_ask ask, paper_view view) {
  return std::make_shared<paper_lane>(std::move(ask), std::move(view));
}
std::shared_ptr<ports::evidence_source> make_paper_evidence(paper_ask ask, paper_view view) {
  return std::make_shared<paper_evidence>(std::move(ask), std::move(view));
}

} // namespace sett::accounts
