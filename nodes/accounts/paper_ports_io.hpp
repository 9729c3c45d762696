// Paper trading behind the ports of trading: a builder that writes the order itself into the message, a signer whose
// key holds nothing, a lane and a source of evidence that are commands to the account's paper chain
// (actors/execution/paper_chain.hpp). What stands before them cannot tell.
//
// The key follows from the cluster's and the account's name, so that each node signs for the same wallet and no file
// can be lost; it is no secret, and nothing may ever be sent to its address.
#pragma once

#include "actors/execution/paper_chain.hpp"
#include "messages/ports/trading.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sett::accounts {

/// Sends a command to the account's paper chain; calls back once with the answer, on any thread.
using paper_ask = std::function<void(execution::paper_command, std::function<void(result<execution::paper_look>)>)>;
/// What the asking node knows of the chain. Thread-safe.
struct paper_view {
  std::function<block_height()> tip, finalized;
  std::function<commitment(const chain_point&)> how_sure; // of a block; processed: not on the living chain
  std::function<std::optional<blockhash>(block_height)> at;
  std::function<std::optional<chain_point>(block_height from, block_height to)> first_between;
  std::function<std::optional<execution::paper_pool>(const address&)> pool;
};

/// 32 bytes from which the wallet's key follows.
[[nodiscard]] std::string paper_seed(std::string_view cluster, std::string_view account);

/// Builds from venue_snapshot::pool, ::venue and fees alone.
[[nodiscard]] std::shared_ptr<const ports::transaction_builder> make_paper_builder();

class paper_signer final : public ports::signer {
public:
  explicit paper_signer(std::string_view seed);
  [[nodiscard]] const address& wallet() const { return wallet_; }
  void sign(ports::sign_request request, std::function<void(ports::sign_answer)> done) override;
  void halt(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) override;
  void resume(const address& wallet, std::uint64_t halt_number, std::function<void(bool)> done) override;

private:
  address wallet_;
  std::string secret_;
};

[[nodiscard]] std::shared_ptr<ports::trade_lane> make_paper_lane(paper_ask ask, paper_view view);
/// It also carries the paper chain on: what is due to land lands when it is asked for.
[[nodiscard]] std::shared_ptr<ports::evidence_source> make_paper_evidence(paper_ask ask, paper_view view);

} // namespace sett::accounts
