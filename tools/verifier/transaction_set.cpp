// tx_vectors: a transaction as instructions, message and wire bytes. Every record is read, written again, verified,
// signed again from its seeds and built again from its instructions; over 1232 bytes must be refused at reading and at
// building.
#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/solana/transaction.hpp"
#include "tools/verifier/set_kind.hpp"
#include "tools/verifier/signing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace sett::verifier {
namespace {

using solana::to_base58;

std::string difference(std::string_view what, std::span<const std::uint8_t> ours,
                       std::span<const std::uint8_t> theirs) {
  if (std::ranges::equal(ours, theirs)) return {};
  const auto at = std::ranges::mismatch(ours, theirs).in1 - ours.begin();
  return fmt::format("{}: {} bytes, expected {}, the first difference is at byte offset {}", what, ours.size(),
                     theirs.size(), at);
}

/// The golden rules of key order, by the record's builder.
struct builder_rule {
  solana::transaction_version version;
  solana::key_order order;
};
std::optional<builder_rule> rule_of(std::string_view builder) {
  if (builder == "v0") return builder_rule{solana::transaction_version::v0, solana::key_order::first_use};
  if (builder == "legacy_message")
    return builder_rule{solana::transaction_version::legacy, solana::key_order::first_use};
  if (builder == "legacy_transaction")
    return builder_rule{solana::transaction_version::legacy, solana::key_order::by_text};
  return std::nullopt;
}

std::vector<solana::instruction> instructions_of(const record& r) {
  std::vector<solana::instruction> all;
  for (const auto& ix : r.list("instructions")) {
    solana::instruction out{.program = ix.key("program"), .accounts = {}, .data = ix.hex("data")};
    for (const auto& account : ix.list("accounts")) {
      const auto pair = account.items(); // [key, flags]
      if (pair.size() != 2) {
        account.complain("account", "a pair of key and flags");
        continue;
      }
      const auto flags = pair[1].as_text();
      out.accounts.push_back({pair[0].as_key(), flags.find('s') != flags.npos, flags.find('w') != flags.npos});
    }
    all.push_back(std::move(out));
  }
  return all;
}

std::vector<solana::lookup_table> tables_of(const record& r) {
  std::vector<solana::lookup_table> all;
  if (!r.has("alts")) return all;
  for (const auto& table : r.list("alts")) {
    solana::lookup_table out{.key = table.key("key"), .addresses = {}};
    for (const auto& a : table.list("addresses")) out.addresses.push_back(a.as_key());
    all.push_back(std::move(out));
  }
  return all;
}

std::string compare_indexes(const record& lookup, std::string_view name, std::span<const std::uint8_t> ours) {
  std::vector<std::uint64_t> theirs;
  for (const auto& index : lookup.list(name)) theirs.push_back(index.as_number());
  return std::ranges::equal(ours, theirs) ? std::string() : fmt::format("the {} indexes of a lookup differ", name);
}

std::string compare_fields(const record& r, const solana::transaction_view& view) {
  const auto header = r.child("header");
  if (view.header.required_signatures != header.number("numRequiredSignatures") ||
      view.header.readonly_signed != header.number("numReadonlySignedAccounts") ||
      view.header.readonly_unsigned != header.number("numReadonlyUnsignedAccounts"))
    return fmt::format("header {} {} {} differs", view.header.required_signatures, view.header.readonly_signed,
                       view.header.readonly_unsigned);
  const auto keys = r.list("static_keys");
  if (keys.size() != view.static_key_count())
    return fmt::format("{} static keys, expected {}", view.static_key_count(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].as_text() != to_base58(view.key(i)))
      return fmt::format("static key {} is {}, expected {}", i, to_base58(view.key(i)), keys[i].as_text());
  if (view.recent_blockhash != r.hash("recent_blockhash"))
    return fmt::format("blockhash {}", to_base58(view.recent_blockhash));
  const auto signatures = r.list("signatures");
  if (signatures.size() != view.signature_count())
    return fmt::format("{} signatures, expected {}", view.signature_count(), signatures.size());
  for (std::size_t i = 0; i < signatures.size(); ++i)
    if (signatures[i].as_text() != to_base58(view.signature_at(i))) return fmt::format("signature {} differs", i);
  if (!r.has("lookups")) return view.lookups.empty() ? std::string() : "there are lookups, expected none";
  const auto lookups = r.list("lookups");
  if (lookups.size() != view.lookups.size())
    return fmt::format("{} lookups, expected {}", view.lookups.size(), lookups.size());
  for (std::size_t i = 0; i < lookups.size(); ++i) {
    if (view.lookups[i].table != lookups[i].key("key"))
      return fmt::format("lookup {} uses table {}", i, to_base58(view.lookups[i].table));
    if (auto what = compare_indexes(lookups[i], "writable", view.lookups[i].writable); !what.empty()) return what;
    if (auto what = compare_indexes(lookups[i], "readonly", view.lookups[i].readonly); !what.empty()) return what;
  }
  return {};
}

/// What the bytes say must be what was asked, whatever the order of keys: programs, accounts, data, and at least the
/// asked rights.
std::string compare_meaning(const solana::transaction_view& view, std::span<const solana::instruction> asked,
                            std::span<const solana::lookup_table> tables) {
  const auto loaded = solana::load_keys(view.lookups, tables);
  if (!loaded) return loaded.error().message;
  std::vector<address> keys;
  for (std::size_t i = 0; i < view.static_key_count(); ++i) keys.push_back(view.key(i));
  keys.insert(keys.end(), loaded->writable.begin(), loaded->writable.end());
  keys.insert(keys.end(), loaded->readonly.begin(), loaded->readonly.end());
  if (view.instructions.size() != asked.size())
    return fmt::format("{} instructions, expected {}", view.instructions.size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& ix = view.instructions[i];
    if (keys[ix.program_index] != asked[i].program)
      return fmt::format("instruction {} runs {}", i, to_base58(keys[ix.program_index]));
    if (!std::ranges::equal(ix.data, asked[i].data)) return fmt::format("the data of instruction {} differ", i);
    if (ix.accounts.size() != asked[i].accounts.size())
      return fmt::format("instruction {} has {} accounts", i, ix.accounts.size());
    for (std::size_t k = 0; k < ix.accounts.size(); ++k) {
      const auto& account = asked[i].accounts[k];
      if (keys[ix.accounts[k]] != account.key || (account.is_signer && !view.is_signer(ix.accounts[k])) ||
          (account.is_writable && !view.is_writable(ix.accounts[k])))
        return fmt::format("account {} of instruction {} differs", k, i);
    }
  }
  return {};
}

std::string compare_signing(const record& r, const solana::transaction_view& view, bool expect_valid) {
  if (solana::verify_signatures(view) != expect_valid)
    return expect_valid ? "a signature does not verify" : "a broken signature verifies";
  std::map<std::string_view, signing_seed> seeds;
  for (const auto& [key, text] : r.text_fields("signer_seeds")) {
    const auto bytes = solana::hex_decode(text);
    if (!bytes || bytes->size() != 32) {
      r.complain("signer_seeds", "seeds of 32 bytes in hex");
      return {};
    }
    std::ranges::copy(*bytes, seeds[key].begin());
    if (to_base58(public_key_of(seeds[key])) != key) return fmt::format("the seed of {} belongs to another key", key);
  }
  std::size_t reproduced = 0;
  for (std::size_t i = 0; i < view.signature_count(); ++i) {
    const auto seed = seeds.find(to_base58(view.key(i)));
    if (seed == seeds.end()) return fmt::format("there is no seed for signer {}", to_base58(view.key(i)));
    reproduced += sign(seed->second, view.message) == view.signature_at(i);
  }
  const std::size_t broken = view.signature_count() - reproduced;
  if (expect_valid ? broken != 0 : broken == 0)
    return fmt::format("{} signatures are not the same when signed again", broken);
  return {};
}

/// The virtual machine refused it for its signatures.
bool signature_is_broken(const record& r) {
  return r.text("label") == "bad_signature" || r.text_or_empty("err") == "SignatureFailure";
}

std::string compare(const record& r) {
  const auto rule = rule_of(r.text("builder"));
  if (!rule) return fmt::format("builder '{}' is not known", r.text("builder"));
  const auto instructions = instructions_of(r);
  const auto tables =
      rule->version == solana::transaction_version::v0 ? tables_of(r) : std::vector<solana::lookup_table>();
  const auto built = solana::build_message({.version = rule->version,
                                            .order = rule->order,
                                            .payer = r.key("payer"),
                                            .recent_blockhash = r.hash("recent_blockhash"),
                                            .instructions = instructions,
                                            .tables = tables});
  const bool oversize = r.has("oversize") && r.flag("oversize");
  const auto too_large = static_cast<std::uint16_t>(solana::transaction_errc::too_large);
  const auto too_many = static_cast<std::uint16_t>(solana::transaction_errc::too_many);
  if (oversize || (r.has("build_error") && !r.is_null("build_error"))) {
    if (built) return "a transaction that must not be built was built";
    if (built.error().code != too_large && built.error().code != too_many)
      return fmt::format("not built, but because: {}", built.error().message);
    if (!r.has("wire_b64")) return {};
  }

  const auto wire = r.base64("wire_b64");
  solana::transaction_view view;
  const auto parsed = solana::parse_transaction(wire, view);
  if (oversize || wire.size() > solana::max_transaction_bytes)
    return !parsed && parsed.error().code == too_large ? std::string()
                                                       : fmt::format("{} bytes are accepted", wire.size());
  if (!parsed) return parsed.error().message;
  if (wire.size() != r.number("wire_len")) return fmt::format("{} bytes of wire", wire.size());
  if (view.version != rule->version) return "the version differs";
  if (auto what = compare_fields(r, view); !what.empty()) return what;
  if (auto what = difference("written again", solana::serialise_transaction(view), wire); !what.empty()) return what;
  const auto message = r.base64("message_b64");
  if (auto what = difference("message", view.message, message); !what.empty()) return what;
  solana::transaction_view bare;
  if (const auto again = solana::parse_message(message, bare); !again) return again.error().message;
  if (auto what = difference("message written again", solana::serialise_message(bare), message); !what.empty())
    return what;
  if (auto what = compare_meaning(view, instructions, tables); !what.empty()) return what;
  if (auto what = compare_signing(r, view, !signature_is_broken(r)); !what.empty()) return what;
  if (!built) return fmt::format("not built: {}", built.error().message);
  return difference("built message", *built, message);
}

class transaction_checker : public set_checker {
public:
  void check(const record& r, tally& t) override { t.count(r.text("id"), compare(r)); }
};

} // namespace

std::unique_ptr<set_checker> make_transaction_checker() { return std::make_unique<transaction_checker>(); }

} // namespace sett::verifier
