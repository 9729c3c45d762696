// Any text as a settings document: faults or settings, never a crash.
#include "config/document_io.hpp"
#include "config/resolve.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector layers{sett::config::parse_document({reinterpret_cast<const char*>(data), size}, "fuzz.toml")};
  const auto r = sett::config::resolve(layers);
  for (const auto& f : r.faults) static_cast<void>(f.text());
  if (r.ok()) static_cast<void>(sett::config::cluster_checksum(r));
  return 0;
}
