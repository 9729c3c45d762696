#include "nodes/store/snapshot_envelope.hpp"

#include "messages/types/crc32c.hpp"

#include <cstring>

namespace sett::store {

namespace {

constexpr std::string_view magic = "SETT";
constexpr std::uint8_t version_now = 1;
constexpr std::size_t header_size = 9; // magic, version, crc

} // namespace

std::string key_prefix(std::uint16_t shard, std::string_view kind) {
  SETT_ASSERT(!kind.empty() && kind.size() <= kind_size_max);
  std::string key;
  key.push_back(static_cast<char>(shard >> 8));
  key.push_back(static_cast<char>(shard & 0xff));
  key.push_back(static_cast<char>(kind.size()));
  key.append(kind);
  return key;
}

std::string seal(std::string_view payload) {
  std::string value(magic);
  value.push_back(static_cast<char>(version_now));
  const auto crc = crc32c(payload);
  for (int shift = 0; shift < 32; shift += 8) value.push_back(static_cast<char>(crc >> shift & 0xff));
  value.append(payload);
  return value;
}

result<std::string_view> unseal(std::string_view value) {
  if (value.size() < header_size || !value.starts_with(magic))
    return fail("store", store_errc::not_ours, "the value is no snapshot of ours");
  if (static_cast<std::uint8_t>(value[4]) != version_now)
    return fail("store", store_errc::newer_version,
                "snapshot envelope of version " + std::to_string(static_cast<std::uint8_t>(value[4])) +
                    ", this build reads 1");
  std::uint32_t crc = 0;
  for (int i = 0; i < 4; ++i)
    crc |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(value[5 + static_cast<std::size_t>(i)])) << (8 * i);
  const auto payload = value.substr(header_size);
  if (crc32c(payload) != crc) return fail("store", store_errc::damaged, "the snapshot's checksum does not match");
  return payload;
}

} // namespace sett::store
