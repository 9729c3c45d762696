#include "tools/verifier/replay.hpp"
#include "tools/verifier/set_kind.hpp"

namespace sett::verifier {
namespace {

std::string_view type_of(const record& r) { return r.has("t") ? r.text("t") : std::string_view{}; }

template <class... Types>
bool has_type(const record& r, Types... types) {
  const auto t = type_of(r);
  return ((t == types) || ...);
}

/// A replay set names its program in each sequence; two sets of one program differ in the accounts they have.
bool is_replay_of(const record& r, const replay_venue& venue) {
  if (!has_type(r, "seq") || r.text("program") != venue.program) return false;
  if (venue.with_account.empty()) return true;
  const bool absent = venue.with_account.starts_with('!');
  return r.child("accounts").has(venue.with_account.substr(absent ? 1 : 0)) != absent;
}

std::vector<set_kind> all_kinds() {
  std::vector<set_kind> kinds{
      set_kind{"base58_vectors", "text and bytes, valid and not", [](const record& r) { return has_type(r, "base58"); },
               make_base58_checker},
      set_kind{"pda_ata_vectors", "program-derived, associated token and with-seed addresses, points of the curve",
               [](const record& r) { return has_type(r, "ata", "pda", "pda_named", "create_with_seed", "on_curve"); },
               make_derivation_checker},
      set_kind{"tx_vectors", "transactions: fields, bytes, signatures, signing, building, size limit",
               [](const record& r) { return has_type(r, "tx"); }, make_transaction_checker},
      set_kind{"honeypot_mints", "mints and what became of their buyers: verdicts, with a table of them",
               [](const record& r) { return has_type(r, "mint"); }, make_honeypot_checker},
  };
  for (const auto& venue : replay_venues())
    kinds.push_back({venue.name, venue.about, [&venue](const record& r) { return is_replay_of(r, venue); },
                     [&venue] { return make_replay_checker(venue); }});
  return kinds;
}

} // namespace

std::span<const set_kind> set_kinds() {
  static const auto kinds = all_kinds();
  return kinds;
}

} // namespace sett::verifier
