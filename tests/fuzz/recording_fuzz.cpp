// Whatever a line says, decoding ends with a value or an error, and what was decoded as a frame encodes to the same
// frame again.
#include "messages/recording/recording.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett::recording;
  const auto value = decode({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  if (const auto* f = std::get_if<frame>(&*value)) {
    auto text = encode(*f);
    text.pop_back();
    const auto again = decode(text);
    if (!again || std::get<frame>(*again) != *f) std::abort();
  }
  return 0;
}
