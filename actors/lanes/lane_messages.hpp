// What lanes are asked, as JSON-RPC text, and what their replies mean. sendTransaction is Solana's (base64,
// skipPreflight, maxRetries 0: checking and sending again are ours); bundles are Jito's block engine's: sendBundle with
// at most five transactions in base64, getBundleStatuses, getTipAccounts (docs.jito.wtf, 2026-11). Pure.
#pragma once

#include "actors/resilience/circuit_breaker.hpp"
#include "messages/solana/padded_text.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::lanes {

inline constexpr std::size_t bundle_transactions_max = 5;

[[nodiscard]] std::string send_transaction_text(std::uint64_t id, std::string_view wire);
/// 1 to bundle_transactions_max transactions (an assertion).
[[nodiscard]] std::string send_bundle_text(std::uint64_t id, std::span<const std::string> wires);
[[nodiscard]] std::string bundle_statuses_text(std::uint64_t id, std::span<const std::string> bundles); // at most 5
[[nodiscard]] std::string tip_accounts_text(std::uint64_t id);
[[nodiscard]] std::string health_text(std::uint64_t id);

/// What a reply says about the lane and about the transaction. Nothing of it is evidence.
struct lane_word {
  bool taken{};
  resilience::call_outcome outcome{resilience::call_outcome::success}; // of the lane as a server
  std::string why;    // not taken: the error's number and what it means; never the server's own words, which may
                      // repeat a key
  std::string result; // taken: a signature or a bundle's id
};
/// The reply to send_transaction_text or send_bundle_text. `expected`: the signature that a transaction's reply has to
/// be; nothing for bundles.
[[nodiscard]] lane_word read_send_reply(solana::padded_view body, std::uint64_t id,
                                        const std::optional<signature>& expected);

/// The reply to a probe (health_text, tip_accounts_text): a node that is not well says so in the body of an HTTP 200.
[[nodiscard]] lane_word read_probe_reply(solana::padded_view body, std::uint64_t id);

struct bundle_status {
  std::string bundle;
  std::uint64_t slot{};
  std::string confirmation; // processed, confirmed, finalized
  bool failed{};
};
/// Bundles that the engine does not know are left out. Error: of area "lanes".
[[nodiscard]] result<std::vector<bundle_status>> read_bundle_statuses(solana::padded_view body);
/// At most 64 of them. Error: of area "lanes".
[[nodiscard]] result<std::vector<address>> read_tip_accounts(solana::padded_view body);

enum class lanes_errc : std::uint16_t { ok, malformed, bad_options };

} // namespace sett::lanes
