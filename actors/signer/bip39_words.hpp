// BIP-0039's English word list, in its order. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sett::signer {

inline constexpr std::size_t bip39_word_count = 2048;

/// Sorted; a word's place is its value of eleven bits.
[[nodiscard]] const std::array<std::string_view, bip39_word_count>& bip39_words();

} // namespace sett::signer
