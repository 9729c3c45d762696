// The probe in the real virtual machine: mints with and without traps, asked by simulation as a node would be.
#include "actors/screening/transfer_probe.hpp"
#include "tests/support/localnet_process.hpp"
#include "tests/support/token_instructions.hpp"

#include <gtest/gtest.h>

namespace sett::screening {
namespace {

using namespace sett::test;

constexpr std::uint8_t decimals = 6;

struct made_token {
  address mint, pool;
  verifier::signing_seed pool_owner{};
};

class it_transfer_probe : public ::testing::Test {
protected:
  void SetUp() override {
    SETT_NEEDS_LOCALNET();
    net_ = std::make_unique<localnet>();
    dev_ = std::make_unique<localnet_wallet>(*net_, 1);
    dev_->fund(100'000'000'000);
  }
  void must(const std::vector<solana::instruction>& instructions,
            const std::vector<verifier::signing_seed>& also = {}) {
    const auto landed = dev_->send(instructions, also);
    ASSERT_TRUE(landed.at("meta").at("err").is_null()) << boost::json::serialize(landed.at("meta"));
  }
  /// A mint of Token-2022 with one extension (its initialisation and size), a million tokens in the pool's account.
  made_token make(const std::function<solana::instruction(const address& mint)>& extension = {}, std::uint64_t size = 0,
                  bool freezable = false) {
    const localnet_wallet mint(*net_, ++seeds_), owner(*net_, ++seeds_);
    const std::uint64_t bytes = extension ? 166 + 4 + size : 82;
    std::vector<solana::instruction> all{create_account(dev_->key(), mint.key(), 10'000'000, bytes, token_2022)};
    if (extension) all.push_back(extension(mint.key()));
    all.push_back(initialize_mint(token_2022, mint.key(), decimals, dev_->key(), freezable ? dev_->key() : address{}));
    all.push_back(create_associated(dev_->key(), owner.key(), mint.key(), token_2022));
    const auto pool = associated(owner.key(), mint.key(), token_2022);
    all.push_back(mint_to(token_2022, mint.key(), pool, dev_->key(), 1'000'000'000));
    must(all, {mint.seed()});
    return {mint.key(), pool, owner.seed()};
  }
  result<probe_outcome> probe(const made_token& t, std::uint64_t amount = 1'000'000) {
    const auto mint = read_mint(token_2022, net_->data_of(t.mint));
    EXPECT_TRUE(mint);
    const localnet_wallet holder(*net_, 201), witness(*net_, 202);
    const auto p = make_transfer_probe({.payer = dev_->key(),
                                        .holder = holder.key(),
                                        .witness = witness.key(),
                                        .mint = t.mint,
                                        .token_program = token_2022,
                                        .pool_account = t.pool,
                                        .pool_owner = verifier::public_key_of(t.pool_owner),
                                        .amount = token_amount{amount},
                                        .decimals = decimals,
                                        .fee = mint->fees.at(UINT64_MAX)});
    if (!p) return std::unexpected(p.error());
    solana::padded_text text;
    text.assign(net_->post(probe_text(1, *p)));
    solana::rpc::response_document document;
    if (const auto read = document.read(text.view()); !read) return std::unexpected(read.error());
    const auto answer = document.get<solana::rpc::at_slot<solana::rpc::simulation>>(document.responses()[0]);
    if (!answer) return std::unexpected(answer.error());
    return read_probe(answer->value, *p);
  }

  std::unique_ptr<localnet> net_;
  std::unique_ptr<localnet_wallet> dev_;
  std::uint8_t seeds_{9};
};

TEST_F(it_transfer_probe, tokens_are_sellable_taxed_or_trapped_as_the_real_programs_have_it) {
  const probe_outcome fine{true, true, {}, {}};
  const auto plain = make();
  auto seen = probe(plain);
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(*seen, fine);

  const auto taxed = make(
      [&](const address& mint) {
        return solana::instruction{token_2022,
                                   {writable(mint)},
                                   packed()
                                       .u8(26)
                                       .u8(0)
                                       .u8(1)
                                       .key(dev_->key())
                                       .u8(1)
                                       .key(dev_->key())
                                       .number<std::uint16_t>(300)
                                       .u64(UINT64_MAX)};
      },
      108);
  seen = probe(taxed);
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(*seen, (probe_outcome{true, true, basis_points{300}, basis_points{300}}));

  const auto paused = make(
      [&](const address& mint) {
        return solana::instruction{token_2022, {writable(mint)}, packed().u8(44).u8(0).key(dev_->key())};
      },
      33);
  EXPECT_EQ(*probe(paused), fine);
  must({{token_2022, {writable(paused.mint), signing(dev_->key())}, packed().u8(44).u8(1)}});
  EXPECT_EQ(*probe(paused), (probe_outcome{}));

  // What the mint does not show: the pool's account is frozen.
  const auto frozen = make({}, 0, true);
  EXPECT_EQ(*probe(frozen), fine);
  must({{token_2022, {writable(frozen.pool), readable(frozen.mint), signing(dev_->key())}, packed().u8(10)}});
  seen = probe(frozen);
  ASSERT_TRUE(seen);
  EXPECT_EQ(*seen, (probe_outcome{}));
  const auto v = screen(read_mint(token_2022, net_->data_of(frozen.mint)), {slot_number{1}, 0, token_amount{1000}},
                        {.probe = {{*seen, slot_number{1}}}}, {});
  EXPECT_EQ(v.trap, trap_class::unsellable_now);
}

TEST_F(it_transfer_probe, born_frozen_accounts_end_the_buy_and_an_empty_pool_says_nothing) {
  const auto frozen = make({}, 0, true);
  const auto more_than_there_is = probe(frozen, 2'000'000'000);
  ASSERT_FALSE(more_than_there_is);
  EXPECT_EQ(static_cast<probe_errc>(more_than_there_is.error().code), probe_errc::not_probed);

  const auto born = make(
      [&](const address& mint) {
        return solana::instruction{token_2022, {writable(mint)}, packed().u8(28).u8(0).u8(1)};
      },
      1, true);
  EXPECT_TRUE(probe(born)->sell_ok);
  must({{token_2022, {writable(born.mint), signing(dev_->key())}, packed().u8(28).u8(1).u8(2)}});
  EXPECT_EQ(*probe(born), (probe_outcome{}));
}

} // namespace
} // namespace sett::screening
