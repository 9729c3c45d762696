// Why the signer does not sign. Append only: the numbers travel and the names are a metric's label.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace sett::signer {

enum class refusal : std::uint8_t {
  none,
  unknown_wallet,    // no key of that address here
  watch_only,        // the wallet has no key
  malformed,         // not a message
  version,           // neither legacy nor v0
  signers,           // the wallet is not the payer, or others have to sign too
  program,           // an instruction of a program that no shape has
  instruction,       // an instruction of a known program that no shape has, or one of a wrong form
  hidden_account,    // an account that has to be judged comes from a lookup table
  shape,             // the instructions together are none of the allowed shapes
  account,           // an account that should be the wallet's own is not, or cannot be told to be
  venue,             // the policy does not list the venue
  mint,              // the policy does not list the mint
  destination,       // the policy does not list where the money would go
  durable_nonce,     // the policy does not allow transactions that never expire
  fee,               // base and priority fee above the policy's limit
  tip,               // tip above the policy's limit
  spend_transaction, // an entry above the limit for one transaction
  spend_hour,
  spend_day,
  cost_hour, // fees, tips and rent of all that is no entry
  cost_day,
  halted,
  retired,     // the wallet was replaced: it only sells, and withdraws to its successor
  not_durable, // the signer's own totals cannot be stored: no entries
  overloaded,  // too many requests wait
  bad_request,
  count_
};

[[nodiscard]] constexpr std::string_view to_text(refusal r) {
  constexpr std::string_view names[] = {
      "none",        "unknown_wallet", "watch_only",     "malformed", "version", "signers",
      "program",     "instruction",    "hidden_account", "shape",     "account", "venue",
      "mint",        "destination",    "durable_nonce",  "fee",       "tip",     "spend_transaction",
      "spend_hour",  "spend_day",      "cost_hour",      "cost_day",  "halted",  "retired",
      "not_durable", "overloaded",     "bad_request"};
  static_assert(std::size(names) == static_cast<std::size_t>(refusal::count_));
  return r < refusal::count_ ? names[static_cast<std::size_t>(r)] : "unknown";
}

/// One sentence with what was measured and what is allowed; nothing secret.
struct refused {
  refusal why{};
  std::string text;
  friend bool operator==(const refused&, const refused&) = default;
};

} // namespace sett::signer
