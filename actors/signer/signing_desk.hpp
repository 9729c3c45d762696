// The signer without its sockets and files: wallets with their keys and books; a request comes in, a signature or a
// refusal goes out. Keys leave it by no way.
//
// What has to be durable before an answer leaves is handed to a book_store, which may block for a disk write; see
// wallet_book on how seldom. While it fails no entry is signed; exits are, within the sums in memory.
//
// Not thread-safe: one owner. Time is an argument. Ed25519 as RFC 8032, deterministic: the same message gives the same
// signature, so asking twice gives nobody a second transaction (though it is counted twice).
#pragma once

#include "actors/signer/policy.hpp"
#include "actors/signer/secret_memory.hpp"
#include "actors/signer/wallet_file.hpp"
#include "messages/ports/trading.hpp"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sett::signer {

/// Stores the text of a wallet's book so that it survives a kill and a power cut; false: it did not. May block.
using book_store = std::function<bool(const address& wallet, const std::string& text)>;

struct wallet_status {
  std::string name, group;
  sett::address address;
  bool watch_only{}, retired{}, halted{};
  std::uint64_t halt_number{};
  lamports spend_hour, spend_day, cost_hour, cost_day;
  lamports spend_hour_max, spend_day_max, cost_hour_max, cost_day_max;
  friend bool operator==(const wallet_status&, const wallet_status&) = default;
};

class signing_desk {
public:
  signing_desk(std::vector<policy> policies, book_store store);

  /// `seed`: the wallet's key, absent for a watch-only one. `book`: as it was stored, or fresh. Errors: exists (the
  /// address twice), bad_policy (no policy for its group), bad_key, no_secure_memory.
  [[nodiscard]] result<void> add(const wallet_file& wallet, const secret_memory* seed, wallet_book book);

  [[nodiscard]] std::expected<signature, refused> sign(const ports::sign_request& request, unix_seconds now);
  /// Whether a message sells or brings value home, as far as it can be read: such go before others when some wait.
  [[nodiscard]] bool brings_home(const ports::sign_request& request);
  /// The number in force when it is stored; nothing: it could not be stored (it holds in memory), or no such wallet.
  [[nodiscard]] std::optional<std::uint64_t> halt(const address& wallet, std::uint64_t number);
  /// True: lifted and stored. False: a higher number is in force, no such wallet, or it could not be stored (then it
  /// stays halted).
  [[nodiscard]] bool resume(const address& wallet, std::uint64_t number);
  [[nodiscard]] std::vector<wallet_status> status(unix_seconds now) const;
  /// Stores every book as it is, nothing ahead: an ordered stop counts nothing too much. False: one failed.
  bool store_all();

private:
  struct entry {
    wallet_file file;                 // without its box
    std::optional<secret_memory> key; // 64 bytes: seed and public half
    judged_wallet judged;
    wallet_book book;
  };
  bool store(entry& e, const approval& ahead);
  bool store_as_is(entry& e);

  std::vector<policy> policies_; // never changed: wallets point into it
  book_store store_;
  std::map<address, entry> wallets_;
  solana::transaction_view scratch_;
};

/// The port's coarser word for a refusal.
[[nodiscard]] ports::sign_refusal port_word(refusal r);

} // namespace sett::signer
