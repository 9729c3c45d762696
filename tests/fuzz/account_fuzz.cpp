// Bytes that claim to be a command, a journal entry or a state of a trading account: refused, or one form only; what is
// taken may be applied and decided on without harm.
#include "actors/execution/account.hpp"
#include "actors/execution/account_codec.hpp"
#include "actors/execution/order_log.hpp"
#include "actors/execution/paper_chain.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett;
  using namespace sett::execution;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  account_state state;
  if (const auto s = decode_state(bytes)) {
    SETT_ASSERT(encode(*s) == bytes);
    state = *s;
    static_cast<void>(account::duties(state, {}));
  }
  if (const auto c = decode_command(bytes)) {
    SETT_ASSERT(encode(*c) == bytes);
    if (const auto d = account::decide(state, *c))
      for (const auto& e : d->events) apply(state, e);
    SETT_ASSERT(state.misfits == 0);
  }
  if (const auto e = decode_entry(bytes)) {
    SETT_ASSERT(encode(*e) == bytes);
    for (const auto& one : e->events) apply(state, one);
  }
  if (const auto r = decode_record(bytes)) {
    SETT_ASSERT(encode(*r) == bytes);
    if (const auto e = decode_entry(bytes)) {
      auto record = *r;
      apply(record, *e);
    }
  }
  paper_state chain;
  if (const auto s = decode_paper_state(bytes)) {
    SETT_ASSERT(encode(*s) == bytes);
    chain = *s;
  }
  if (const auto c = decode_paper_command(bytes)) {
    SETT_ASSERT(encode(*c) == bytes);
    if (const auto d = decide(chain, *c))
      for (const auto& e : d->events) apply(chain, e);
  }
  if (const auto e = decode_paper_entry(bytes))
    for (const auto& one : e->events) apply(chain, one);
  if (const auto l = decode_paper_look(bytes)) SETT_ASSERT(encode(*l) == bytes);
  return 0;
}
