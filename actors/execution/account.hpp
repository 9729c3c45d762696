// The rules of a trading account: decide refuses or says what happened and what is to be done; account_state's apply
// makes it so. One entity per trading wallet, every order of it in one line, so that balances and limits are checked in
// one place. Pure: time is an argument, nothing blocks, one thread at a time.
#pragma once

#include "actors/execution/account_messages.hpp"
#include "actors/execution/account_rules.hpp"
#include "messages/types/error.hpp"

namespace sett::execution {

template <class Rules>
struct basic_account {
  /// The state stays as it was when this refuses. Errors: execution_errc.
  [[nodiscard]] static result<account_decision> decide(const account_state& s, const account_command& c);
  /// Asked right before each send, with the state that this node has applied. The bytes must be durable (they are in
  /// the state) and the attempt open; the halt, its age and its lifetime are checked.
  [[nodiscard]] static bool may_send(const account_state& s, const intent_id& id, attempt_number n,
                                     const chain_view& chain);
  /// Everything a leader has to do now, from nothing but the state.
  [[nodiscard]] static std::vector<account_effect> duties(const account_state& s, const chain_view& chain);
};

extern template struct basic_account<shipped_rules>;
using account = basic_account<shipped_rules>;

/// What a piece of evidence says of an attempt; nothing: it proves nothing.
template <class Rules>
[[nodiscard]] judgement judge(const attempt& a, const evidence& e);

} // namespace sett::execution
