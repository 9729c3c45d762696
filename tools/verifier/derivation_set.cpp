// pda_ata_vectors: ata, pda, pda_named (address and bump, or error), create_with_seed, on_curve.
#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/program_address.hpp"
#include "messages/solana/sha256.hpp"
#include "tools/verifier/set_kind.hpp"

#include <fmt/format.h>

#include <array>

namespace sett::verifier {
namespace {

using solana::to_base58;

std::string compare_derived(const solana::derived_address& found, const address& expected, std::uint64_t bump) {
  if (found.key == expected && found.bump == bump) return {};
  return fmt::format("derived {} with bump {}, expected {} with bump {}", to_base58(found.key), found.bump,
                     to_base58(expected), bump);
}

/// What client libraries find that do not count seeds. The chain refuses such an address, so we must; the digest can
/// still be compared.
solana::derived_address find_with_any_number_of_seeds(std::vector<solana::seed_bytes> parts, const address& program) {
  std::array<std::uint8_t, 1> bump{255};
  parts.emplace_back(bump);
  parts.push_back(solana::seed(program));
  parts.push_back(solana::seed("ProgramDerivedAddress"));
  for (; bump[0] > 0; --bump[0])
    if (const address digest{solana::sha256(parts)}; !solana::is_on_curve(digest)) return {digest, bump[0]};
  return {};
}

std::string compare_program_address(const record& r) {
  std::vector<std::vector<std::uint8_t>> bytes;
  for (const auto& seed : r.list("seeds")) bytes.push_back(seed.as_hex());
  const std::vector<solana::seed_bytes> seeds(bytes.begin(), bytes.end());
  const auto program = r.key("program");
  const auto found = solana::find_program_address(seeds, program);
  if (r.has("error") && !r.is_null("error"))
    return found ? fmt::format("derived {}, expected a refusal", to_base58(found->key)) : std::string();
  const auto expected = r.key("address");
  const auto bump = r.number("bump");
  if (seeds.size() >= solana::max_seeds) {
    if (found) return fmt::format("{} seeds and a bump are accepted, the chain refuses them", seeds.size());
    return compare_derived(find_with_any_number_of_seeds(seeds, program), expected, bump);
  }
  if (!found) return fmt::format("refused: {}", found.error().message);
  if (auto what = compare_derived(*found, expected, bump); !what.empty()) return what;

  const std::array<std::uint8_t, 1> bump_byte{found->bump};
  auto with_bump = seeds;
  with_bump.emplace_back(bump_byte);
  const auto created = solana::create_program_address(with_bump, program);
  if (!created || *created != expected) return "creating the address from its seeds and bump does not give the same";
  return {};
}

std::string compare(const record& r) {
  const auto kind = r.text("t");
  if (kind == "on_curve") {
    const bool on_curve = solana::is_on_curve(r.key("pubkey"));
    return on_curve == r.flag("on_curve")
               ? std::string()
               : fmt::format("{} is {} the curve", r.text("pubkey"), on_curve ? "on" : "off");
  }
  if (kind == "create_with_seed") {
    const auto created = solana::create_with_seed(r.key("base"), r.text("seed"), r.key("program"));
    if (r.has("error") && !r.is_null("error"))
      return created ? fmt::format("created {}, expected a refusal", to_base58(*created)) : "";
    if (!created) return fmt::format("refused: {}", created.error().message);
    return *created == r.key("address")
               ? std::string()
               : fmt::format("created {}, expected {}", to_base58(*created), r.text("address"));
  }
  if (kind == "ata") {
    if (r.has("owner_on_curve") && solana::is_on_curve(r.key("owner")) != r.flag("owner_on_curve"))
      return fmt::format("the owner {} is on the wrong side of the curve", r.text("owner"));
    return compare_derived(solana::associated_token_address(r.key("owner"), r.key("mint"), r.key("token_program")),
                           r.key("address"), r.number("bump"));
  }
  return compare_program_address(r);
}

class derivation_checker : public set_checker {
public:
  void check(const record& r, tally& t) override { t.count(r.text("id"), compare(r)); }
};

} // namespace

std::unique_ptr<set_checker> make_derivation_checker() { return std::make_unique<derivation_checker>(); }

} // namespace sett::verifier
