// CRC-32C (Castagnoli; iSCSI, RFC 3720), as RocksDB and ext4 use it. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sett::store {

[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

} // namespace sett::store
