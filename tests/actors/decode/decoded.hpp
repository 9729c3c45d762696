// Decoding one made-up transaction, and looking into what came out. For the tests beside it.
#pragma once

#include "actors/decode/decoder.hpp"
#include "tests/support/synthetic_transaction.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sett::test {

struct decoded {
  event_batch batch;
  decode::decode_statistics statistics;

  explicit decoded(const solana::executed_transaction& tx) { decode::decode_transaction(tx, batch, statistics); }

  /// All events of one type, in order.
  template <class Event>
  [[nodiscard]] std::vector<Event> all() const {
    std::vector<Event> found;
    for (const auto& e : batch.events)
      if (const auto* event = std::get_if<Event>(&e.payload)) found.push_back(*event);
    return found;
  }
  /// The only one; a test failure and an empty event otherwise.
  template <class Event>
  [[nodiscard]] Event only() const {
    const auto found = all<Event>();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? Event{} : found.front();
  }
};

/// One top-level instruction with `accounts` made-up accounts (address n stands at position n), whole or cut.
inline decoded decode_one(std::string_view program, std::size_t accounts, const bytes& data, std::size_t data_bytes) {
  synthetic_transaction t;
  std::vector<address> keys;
  for (std::uint32_t i = 0; i < accounts; ++i) keys.push_back(made_up_address(i));
  t.top(program, keys, bytes(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(data_bytes)));
  return decoded(t.tx);
}
inline decoded decode_one(std::string_view program, std::size_t accounts, const bytes& data) {
  return decode_one(program, accounts, data, data.size());
}

/// Cut anywhere, in data or accounts, the instruction yields no event and is named unknown.
inline void expect_nothing_when_cut(std::string_view program, std::size_t accounts, const bytes& data) {
  for (std::size_t n = 0; n < data.size(); ++n) {
    const auto d = decode_one(program, accounts, data, n);
    EXPECT_TRUE(d.batch.events.empty()) << n << " of " << data.size() << " bytes";
    EXPECT_EQ(d.batch.unknown.size(), 1U) << n << " of " << data.size() << " bytes";
  }
  for (std::size_t n = 0; n < accounts; ++n) {
    const auto d = decode_one(program, n, data);
    EXPECT_TRUE(d.batch.events.empty()) << n << " of " << accounts << " accounts";
    EXPECT_EQ(d.batch.unknown.size(), 1U) << n << " of " << accounts << " accounts";
  }
}

} // namespace sett::test
