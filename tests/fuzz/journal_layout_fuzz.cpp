// Bytes from a damaged database or a snapshot under way: every decoder refuses them or gives what it would write again.
#include "messages/types/crc32c.hpp"
#include "messages/types/error.hpp"
#include "nodes/store/journal_layout.hpp"

#include <cstddef>
#include <cstdint>

namespace {

void check(const std::string& bytes) {
  using namespace sett;
  if (const auto n = store::decode_number(bytes)) SETT_ASSERT(store::encode(*n) == bytes);
  if (const auto f = store::decode_facts(bytes)) {
    const auto again = store::decode_facts(store::encode(*f));
    SETT_ASSERT(again && *again == *f);
  }
  if (const auto m = store::decode_meta(bytes)) {
    const auto again = store::decode_meta(store::encode(*m));
    SETT_ASSERT(again && *again == *m);
  }
  if (const auto e = store::decode_entry(journal_index{7}, bytes)) {
    const auto again = store::decode_entry(journal_index{7}, store::encode(*e));
    SETT_ASSERT(again && *again == *e);
  }
  (void)store::shard_of(bytes);
  (void)store::number_after(bytes, 4);
  // The stream of a snapshot, in two chunks; what is read is what another reader reads of what is written.
  const auto half = bytes.size() / 2;
  store::chunk_reader reader;
  std::string again, last;
  const auto keep = [&](std::string_view key, std::string_view value) -> result<void> {
    SETT_ASSERT(key.size() <= store::state_key_size_max && value.size() <= store::state_value_size_max);
    SETT_ASSERT(again.empty() || last < key);
    last = key;
    store::append_record(again, key, value);
    return {};
  };
  bool read = true;
  for (const auto& part : {bytes.substr(0, half), bytes.substr(half)})
    read = read && reader.feed(store::seal_chunk(part), keep).has_value();
  if (read && reader.whole()) SETT_ASSERT(again == bytes);
  store::chunk_reader raw;
  (void)raw.feed(bytes, [](std::string_view, std::string_view) -> result<void> { return {}; });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  // With a right checksum, so that what lies behind it is reached.
  const auto crc = sett::crc32c(bytes);
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(crc >> (8 * i) & 0xffU));
  check(bytes);
  return 0;
}
