// Files and texts that a person gives the signer: wallet files, books, keys to import, words, paths. Refused, or the
// same after writing them again; nothing of an error repeats what might be a secret.
#include "actors/signer/policy.hpp"
#include "actors/signer/wallet_file.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
  case 0:
    if (const auto w = signer::parse_wallet_file(text)) {
      const auto again = signer::parse_wallet_file(to_file_text(*w));
      SETT_ASSERT(again && *again == *w);
    }
    break;
  case 1:
    if (const auto b = signer::parse_wallet_book(address{}, text)) {
      const auto once = to_file_text(address{}, *b, {}, {});
      const auto again = signer::parse_wallet_book(address{}, once);
      SETT_ASSERT(again && to_file_text(address{}, *again, {}, {}) == once);
    }
    break;
  case 2:
    if (const auto key = signer::import_key(text)) SETT_ASSERT(key->size() == signer::seed_bytes);
    break;
  case 3:
    if (const auto entropy = signer::entropy_of(text)) {
      const auto words = signer::words_of(entropy->bytes());
      SETT_ASSERT(words && signer::entropy_of(words->text()));
    }
    break;
  default:
    if (const auto path = signer::parse_path(text)) SETT_ASSERT(path->size() <= 16);
  }
  return 0;
}
