#include "actors/decode/decoder.hpp"
#include "messages/solana/sha256.hpp"

#include <fmt/format.h>

namespace sett::decode {

std::vector<std::string> check_layouts() {
  std::vector<std::string> faults;
  for (const auto& p : programs()) {
    for (const auto& layout : p.layouts) {
      const auto name = layout.anchor_name;
      const auto digest = solana::sha256({reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
      const auto computed = discriminator(digest);
      if (computed != layout.discriminator)
        faults.push_back(fmt::format("{}: {} has discriminator {:016x}, the table says {:016x}", p.name, name, computed,
                                     layout.discriminator));
    }
  }
  return faults;
}

} // namespace sett::decode
