#include "tools/simnet/runtime/composer.hpp"

#include "messages/solana/base58.hpp"
#include "tools/simnet/wire.hpp"

#include <sodium.h>

#include <algorithm>
#include <unordered_map>

namespace sett::simnet {

chain_transaction compose(std::span<const instruction> instructions, std::span<const key_pair* const> signers,
                          const blockhash& recent, const lookup_table_content* table) {
  SETT_ASSERT(!signers.empty());
  struct used {
    address key;
    bool signer{}, writable{}, runs{};
  };
  std::vector<used> all{{signers.front()->key, true, true, false}};
  std::unordered_map<address, std::size_t> place{{signers.front()->key, 0}};
  const auto add = [&](const address& key, bool signer, bool writable, bool runs) {
    const auto [it, inserted] = place.try_emplace(key, all.size());
    if (inserted) all.push_back({key, false, false, false});
    auto& u = all[it->second];
    u.signer |= signer;
    u.writable |= writable;
    u.runs |= runs;
  };
  for (const auto& ix : instructions) {
    for (const auto& a : ix.accounts) add(a.key, a.signer, a.writable, false);
    add(ix.program, false, false, true);
  }
  const auto loaded = [&](const used& u) {
    return table != nullptr && !u.signer && !u.runs &&
           std::find(table->addresses.begin(), table->addresses.end(), u.key) != table->addresses.end();
  };
  chain_transaction t;
  t.versioned = table != nullptr;
  t.recent_blockhash = recent;
  std::unordered_map<address, std::uint8_t> index;
  const auto take = [&](auto&& want) {
    std::uint8_t n = 0;
    for (const auto& u : all)
      if (want(u)) {
        index[u.key] = static_cast<std::uint8_t>(t.keys.size());
        t.keys.push_back(u.key);
        ++n;
      }
    return n;
  };
  t.required_signatures = take([](const used& u) { return u.signer && u.writable; });
  t.readonly_signed = take([](const used& u) { return u.signer && !u.writable; });
  t.required_signatures = static_cast<std::uint8_t>(t.required_signatures + t.readonly_signed);
  take([&](const used& u) { return !u.signer && u.writable && !loaded(u); });
  t.readonly_unsigned = take([&](const used& u) { return !u.signer && !u.writable && !loaded(u); });
  t.static_key_count = static_cast<std::uint8_t>(t.keys.size());
  const auto writable_loaded = take([&](const used& u) { return u.writable && loaded(u); });
  take([&](const used& u) { return !u.writable && loaded(u); });
  if (t.keys.size() > t.static_key_count) {
    table_lookup lookup;
    lookup.table = table->key;
    for (std::size_t i = t.static_key_count; i < t.keys.size(); ++i) {
      const auto at = std::find(table->addresses.begin(), table->addresses.end(), t.keys[i]) - table->addresses.begin();
      (i < static_cast<std::size_t>(t.static_key_count) + writable_loaded ? lookup.writable : lookup.readonly)
          .push_back(static_cast<std::uint8_t>(at));
    }
    t.lookups.push_back(std::move(lookup));
  }
  for (const auto& ix : instructions) {
    compiled_instruction made;
    made.program_index = index.at(ix.program);
    for (const auto& a : ix.accounts) made.accounts.push_back(index.at(a.key));
    made.data = ix.data;
    t.instructions.push_back(std::move(made));
  }
  t.keys.resize(t.static_key_count); // what the tables hold is found where it runs
  const auto message = write_message(t);
  for (std::size_t i = 0; i < t.required_signatures; ++i) {
    const auto signer =
        std::find_if(signers.begin(), signers.end(), [&](const auto* s) { return s->key == t.keys[i]; });
    SETT_ASSERT(signer != signers.end());
    signature s;
    crypto_sign_detached(s.bytes.data(), nullptr, message.data(), message.size(), (*signer)->secret.data());
    t.signatures.push_back(s);
  }
  t.id = t.signatures.front();
  t.signature_text = solana::to_base58(t.id);
  t.wire = write_wire(t);
  return t;
}

} // namespace sett::simnet
