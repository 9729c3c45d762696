#include "actors/signer/key_derivation.hpp"

#include "actors/signer/bip39_words.hpp"
#include "messages/solana/sha256.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

namespace sett::signer {

namespace {

using digest = std::array<std::uint8_t, crypto_auth_hmacsha512_BYTES>;

std::unexpected<error> bad_words(std::string what) { return fail(area, signer_errc::bad_mnemonic, std::move(what)); }

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Calls `word(view)` for each word.
template <class Word>
void each_word(std::string_view text, Word&& word) {
  for (std::size_t i = 0; i < text.size();) {
    while (i < text.size() && is_space(text[i])) ++i;
    const auto begin = i;
    while (i < text.size() && !is_space(text[i])) ++i;
    if (i > begin) word(text.substr(begin, i - begin));
  }
}

void hmac(std::span<const std::uint8_t> key, std::initializer_list<std::span<const std::uint8_t>> parts, digest& out) {
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, key.data(), key.size());
  for (const auto& p : parts) crypto_auth_hmacsha512_update(&state, p.data(), p.size());
  crypto_auth_hmacsha512_final(&state, out.data());
  sodium_memzero(&state, sizeof state);
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

result<secret_memory> entropy_of(std::string_view words) {
  std::size_t count = 0, unknown = 0;
  auto bits = secret_memory::make(33); // 24 words: 256 bits and 8 of checksum
  if (!bits) return bits;
  each_word(words, [&](std::string_view word) {
    const auto& list = bip39_words();
    const auto found = std::ranges::lower_bound(list, word);
    ++count;
    if (found == list.end() || *found != word) {
      if (unknown == 0) unknown = count;
      return;
    }
    if (count > 24) return;
    const auto value = static_cast<std::size_t>(found - list.begin());
    for (std::size_t bit = 0; bit < 11; ++bit) {
      const auto at = (count - 1) * 11 + bit;
      if ((value >> (10 - bit)) & 1U) bits->bytes()[at / 8] |= static_cast<std::uint8_t>(0x80U >> (at % 8));
    }
  });
  if (count < 12 || count > 24 || count % 3 != 0)
    return bad_words("there are " + std::to_string(count) + " words; 12, 15, 18, 21 or 24 are needed");
  if (unknown != 0) return bad_words("word " + std::to_string(unknown) + " is not in BIP-0039's English list");
  const auto entropy_bytes = count * 4 / 3, checksum_bits = count / 3;
  const auto given = bits->bytes()[entropy_bytes];
  const auto wanted = solana::sha256(bits->bytes().first(entropy_bytes))[0];
  if ((given ^ wanted) >> (8 - checksum_bits)) return bad_words("the words' checksum is wrong: one of them is another");
  bits->shrink(entropy_bytes);
  return bits;
}

result<secret_memory> words_of(std::span<const std::uint8_t> entropy) {
  if (entropy.size() < 16 || entropy.size() > 32 || entropy.size() % 4 != 0)
    return bad_words("words stand for 16, 20, 24, 28 or 32 bytes, not for " + std::to_string(entropy.size()));
  const auto checksum = solana::sha256(entropy)[0];
  const auto count = entropy.size() * 3 / 4;
  auto out = secret_memory::make(count * 9); // the longest word has eight letters
  if (!out) return out;
  std::size_t used = 0;
  for (std::size_t word = 0; word < count; ++word) {
    std::size_t value = 0;
    for (std::size_t bit = 0; bit < 11; ++bit) {
      const auto at = word * 11 + bit;
      const auto byte = at / 8 < entropy.size() ? entropy[at / 8] : checksum;
      value = value << 1U | ((byte >> (7 - at % 8)) & 1U);
    }
    if (word > 0) out->bytes()[used++] = ' ';
    for (const char c : bip39_words()[value]) out->bytes()[used++] = static_cast<std::uint8_t>(c);
  }
  out->shrink(used);
  return out;
}

result<secret_memory> seed_of(std::string_view words, std::string_view passphrase) {
  if (const auto checked = entropy_of(words); !checked) return std::unexpected(checked.error());
  if (std::ranges::any_of(passphrase, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return bad_words("a passphrase of the words with letters outside ASCII is not taken");
  auto text = secret_memory::make(words.size() + 1), out = secret_memory::make(bip39_seed_bytes);
  if (!text) return text;
  if (!out) return out;
  std::size_t used = 0;
  each_word(words, [&](std::string_view word) {
    if (used > 0) text->bytes()[used++] = ' ';
    std::ranges::copy(bytes_of(word), text->bytes().begin() + static_cast<std::ptrdiff_t>(used));
    used += word.size();
  });
  text->shrink(used);
  constexpr std::array<std::uint8_t, 4> first_block{0, 0, 0, 1};
  digest round{};
  hmac(text->bytes(), {bytes_of("mnemonic"), bytes_of(passphrase), first_block}, round);
  std::ranges::copy(round, out->bytes().begin());
  for (int i = 1; i < 2048; ++i) {
    hmac(text->bytes(), {round}, round);
    for (std::size_t k = 0; k < round.size(); ++k) out->bytes()[k] ^= round[k];
  }
  wipe(round);
  return out;
}

result<std::vector<std::uint32_t>> parse_path(std::string_view path) {
  const auto bad = [](std::size_t step, std::string_view what) {
    return fail(area, signer_errc::bad_path,
                "step " + std::to_string(step) + " of the derivation path " + std::string(what) +
                    "; a path looks like m/44'/501'/0'/0'");
  };
  std::vector<std::uint32_t> out;
  if (path.empty() || path.front() != 'm') return bad(0, "is not m");
  path.remove_prefix(1);
  for (std::size_t step = 1; !path.empty(); ++step) {
    if (step > 16) return bad(step, "is one too many");
    if (path.front() != '/') return bad(step, "does not begin with /");
    path.remove_prefix(1);
    const auto text = path.substr(0, std::min(path.find('/'), path.size()));
    path.remove_prefix(text.size());
    if (text.empty() || text.back() != '\'') return bad(step, "is not hardened (a number and ')");
    std::uint32_t value = 0;
    const auto digits = text.substr(0, text.size() - 1);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || fault != std::errc() || end != digits.data() + digits.size() || value >= 1U << 31U)
      return bad(step, "is no number below 2147483648");
    out.push_back(value);
  }
  return out;
}

result<secret_memory> derive(std::span<const std::uint8_t> seed, std::span<const std::uint32_t> path) {
  if (seed.size() < 16 || seed.size() > 64)
    return fail(area, signer_errc::bad_key, "a seed has 16 to 64 bytes, not " + std::to_string(seed.size()));
  auto out = secret_memory::make(64);
  if (!out) return out;
  digest node{};
  hmac(bytes_of("ed25519 seed"), {seed}, node);
  for (const auto step : path) {
    SETT_ASSERT(step < 1U << 31U);
    const auto hardened = step | 1U << 31U;
    const std::array<std::uint8_t, 1> zero{0};
    const std::array<std::uint8_t, 4> index{
        static_cast<std::uint8_t>(hardened >> 24U), static_cast<std::uint8_t>(hardened >> 16U),
        static_cast<std::uint8_t>(hardened >> 8U), static_cast<std::uint8_t>(hardened)};
    const auto whole = std::span<const std::uint8_t>(node);
    digest next{};
    hmac(whole.subspan(32), {zero, whole.first(32), index}, next);
    node = next;
    wipe(next);
  }
  std::ranges::copy(node, out->bytes().begin());
  wipe(node);
  return out;
}

address address_of(std::span<const std::uint8_t, seed_bytes> seed) {
  address out;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> expanded{};
  crypto_sign_seed_keypair(out.bytes.data(), expanded.data(), seed.data());
  wipe(expanded);
  return out;
}

} // namespace sett::signer
