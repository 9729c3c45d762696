#include "actors/signer/wallet_file.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace sett::signer {

namespace {

static_assert(crypto_pwhash_SALTBYTES == 16 && crypto_secretbox_NONCEBYTES == 24 && crypto_secretbox_MACBYTES == 16 &&
              crypto_secretbox_KEYBYTES == 32);

std::unexpected<error> bad_line(std::size_t line, std::string_view what) {
  return fail(area, signer_errc::bad_key_file,
              "line " + std::to_string(line) + " of the wallet file " + std::string(what));
}

/// The next word of a line, which is taken off.
std::string_view word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto out = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return out;
}

template <class Int>
bool number(std::string_view text, Int& out) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && fault == std::errc() && end == text.data() + text.size();
}

bool hex(std::string_view text, std::span<std::uint8_t> out) {
  const auto bytes = solana::hex_decode(text);
  if (!bytes || bytes->size() != out.size()) return false;
  std::ranges::copy(*bytes, out.begin());
  return true;
}

std::string head_of(const wallet_file& w) {
  return "sett-wallet 1\nname " + w.name + "\ngroup " + w.group + "\naddress " + solana::to_base58(w.address) +
         "\norigin " + w.origin + "\nstate " +
         (w.successor ? "retired " + solana::to_base58(*w.successor) : std::string("active")) + "\n";
}

std::array<std::uint8_t, 32> hash_of_head(const wallet_file& w) {
  const auto head = head_of(w);
  std::array<std::uint8_t, 32> out{};
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(head.data()), head.size(), nullptr,
                     0);
  return out;
}

bool valid_origin(std::string_view origin) {
  if (origin == "new" || origin == "solana-cli" || origin == "base58" || origin == "watch" || origin == rotation_origin)
    return true;
  return origin.starts_with("words ") && parse_path(origin.substr(6)).has_value();
}

result<secret_memory> box_key(std::string_view passphrase, const box_cost& cost, const box_salt& salt) {
  auto key = secret_memory::make(crypto_secretbox_KEYBYTES);
  if (!key) return key;
  if (crypto_pwhash(key->bytes().data(), key->size(), passphrase.data(), passphrase.size(), salt.data(),
                    cost.operations, static_cast<std::size_t>(cost.memory_bytes), crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(area, signer_errc::no_secure_memory,
                "there are not " + std::to_string(cost.memory_bytes >> 20U) + " MiB of memory to open the wallet with");
  return key;
}

result<void> read_line(std::size_t at, std::string_view line, wallet_file& out, unsigned& seen) {
  constexpr std::array<std::string_view, 8> words{"sett-wallet", "name",  "group", "address",
                                                  "origin",      "state", "kdf",   "box"};
  const auto key = word(line);
  const auto which = static_cast<std::size_t>(std::ranges::find(words, key) - words.begin());
  if (which == words.size()) return bad_line(at, "begins with a word that is not known");
  if (seen != (1U << static_cast<unsigned>(which)) - 1) return bad_line(at, "is out of place or there twice");
  seen |= 1U << static_cast<unsigned>(which);
  switch (which) {
  case 0:
    if (line != "1") return bad_line(at, "names a version that this program does not know");
    return {};
  case 1:
  case 2:
    if (!valid_wallet_name(line)) return bad_line(at, "has no name: 1 to 32 of a-z, 0-9 and -, a letter first");
    (which == 1 ? out.name : out.group) = line;
    return {};
  case 3: {
    const auto address = solana::parse_address(line);
    if (!address) return bad_line(at, "has no address");
    out.address = *address;
    return {};
  }
  case 4:
    if (!valid_origin(line)) return bad_line(at, "has no known origin");
    out.origin = line;
    return {};
  case 5: {
    const auto state = word(line);
    if (state == "active" && line.empty()) return {};
    const auto successor = solana::parse_address(line);
    if (state != "retired" || !successor) return bad_line(at, "is neither 'active' nor 'retired ADDRESS'");
    out.successor = *successor;
    return {};
  }
  case 6: {
    sealed_key k;
    const auto kind = word(line), operations = word(line), memory = word(line);
    if (kind != "argon2id" || !number(operations, k.cost.operations) || !number(memory, k.cost.memory_bytes) ||
        !hex(line, k.salt))
      return bad_line(at, "is not 'kdf argon2id OPERATIONS MEMORY_BYTES SALT'");
    if (k.cost.operations < 1 || k.cost.operations > operations_max || k.cost.memory_bytes < memory_bytes_min ||
        k.cost.memory_bytes > memory_bytes_max)
      return bad_line(at, "has a cost out of its range");
    out.key = k;
    return {};
  }
  default: {
    const auto nonce = word(line);
    if (!hex(nonce, out.key->nonce) || !hex(line, out.key->box)) return bad_line(at, "is not 'box NONCE BOXED'");
    return {};
  }
  }
}

/// Solana CLI's file: exactly 64 numbers below 256 in brackets.
bool read_numbers(std::string_view text, std::span<std::uint8_t> out, std::size_t& used) {
  used = 0;
  text.remove_prefix(1);
  while (true) {
    std::uint32_t value = 0;
    std::size_t digits = 0;
    const auto skip = [&] {
      while (!text.empty() && (text[0] == ' ' || text[0] == '\n' || text[0] == '\r' || text[0] == '\t'))
        text.remove_prefix(1);
    };
    skip();
    while (!text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 3) {
      value = value * 10 + static_cast<std::uint32_t>(text[0] - '0');
      text.remove_prefix(1);
      ++digits;
    }
    if (digits == 0 || value > 255 || used == out.size()) return false;
    out[used++] = static_cast<std::uint8_t>(value);
    skip();
    if (text.empty()) return false;
    const char end = text[0];
    text.remove_prefix(1);
    if (end == ']') return text.empty();
    if (end != ',') return false;
  }
}

} // namespace

bool valid_wallet_name(std::string_view name) {
  if (name.empty() || name.size() > 32 || name[0] < 'a' || name[0] > 'z') return false;
  return std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string to_file_text(const wallet_file& w) {
  auto out =
      "# A wallet of Sett. Its key can be used only with its passphrase; keep a copy of both, apart.\n" + head_of(w);
  if (w.key)
    out += "kdf argon2id " + std::to_string(w.key->cost.operations) + " " + std::to_string(w.key->cost.memory_bytes) +
           " " + solana::hex_encode(w.key->salt) + "\nbox " + solana::hex_encode(w.key->nonce) + " " +
           solana::hex_encode(w.key->box) + "\n";
  return out;
}

result<wallet_file> parse_wallet_file(std::string_view text) {
  if (text.size() > wallet_file_bytes_max) return bad_line(0, "is too large for a wallet file");
  wallet_file out;
  unsigned seen = 0;
  std::size_t at = 0;
  while (!text.empty()) {
    ++at;
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (const auto ok = read_line(at, line, out, seen); !ok) return std::unexpected(ok.error());
  }
  if (seen != 0x3f && seen != 0xff) return bad_line(at, "is the last one, and others are missing");
  if ((out.origin == "watch") == out.key.has_value())
    return bad_line(at, "is the last one: a watch-only wallet has no key, and no other wallet is without");
  return out;
}

result<void> seal(wallet_file& wallet, std::span<const std::uint8_t, seed_bytes> seed, std::string_view passphrase,
                  const box_cost& cost, const box_salt& salt, const box_nonce& nonce) {
  if (passphrase.size() < passphrase_bytes_min || passphrase.size() > passphrase_bytes_max)
    return fail(area, signer_errc::wrong_passphrase,
                "a passphrase has " + std::to_string(passphrase_bytes_min) + " to " +
                    std::to_string(passphrase_bytes_max) + " bytes");
  if (address_of(seed) != wallet.address)
    return fail(area, signer_errc::bad_key, "the key does not belong to the wallet's address");
  auto content = secret_memory::make(64);
  if (!content) return std::unexpected(content.error());
  std::ranges::copy(seed, content->bytes().begin());
  std::ranges::copy(hash_of_head(wallet), content->bytes().begin() + 32);
  const auto key = box_key(passphrase, cost, salt);
  if (!key) return std::unexpected(key.error());
  sealed_key out{.cost = cost, .salt = salt, .nonce = nonce, .box = {}};
  crypto_secretbox_easy(out.box.data(), content->bytes().data(), content->size(), nonce.data(), key->bytes().data());
  wallet.key = out;
  return {};
}

result<secret_memory> open(const wallet_file& wallet, std::string_view passphrase) {
  if (!wallet.key) return fail(area, signer_errc::not_found, "wallet " + wallet.name + " is watch-only: it has no key");
  const auto key = box_key(passphrase, wallet.key->cost, wallet.key->salt);
  if (!key) return std::unexpected(key.error());
  auto content = secret_memory::make(64);
  if (!content) return content;
  const auto wrong = [&] {
    return fail(area, signer_errc::wrong_passphrase,
                "wallet " + wallet.name + " does not open: the passphrase is wrong, or its file was changed");
  };
  if (crypto_secretbox_open_easy(content->bytes().data(), wallet.key->box.data(), wallet.key->box.size(),
                                 wallet.key->nonce.data(), key->bytes().data()) != 0)
    return wrong();
  const auto hash = hash_of_head(wallet);
  if (sodium_memcmp(content->bytes().data() + 32, hash.data(), hash.size()) != 0) return wrong();
  content->shrink(seed_bytes);
  if (address_of(std::span<const std::uint8_t, seed_bytes>(content->bytes())) != wallet.address) return wrong();
  return content;
}

result<secret_memory> import_key(std::string_view text) {
  const auto bad = [](std::string_view what) {
    return fail(area, signer_errc::bad_key, "what is to be imported is no key: " + std::string(what));
  };
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  if (text.empty() || text.size() > 512) return bad("it is empty or too long");
  auto out = secret_memory::make(64);
  if (!out) return out;
  std::size_t used = 0;
  if (text.front() == '[') {
    if (!read_numbers(text, out->bytes(), used) || used != 64) return bad("not 64 numbers in brackets");
  } else if (solana::base58::decode_64(text, out->bytes().first<64>())) {
    used = 64;
  } else if (solana::base58::decode_32(text, out->bytes().first<32>())) {
    used = 32;
  } else {
    return bad("neither Solana CLI's JSON nor base58 of 64 or 32 bytes");
  }
  const auto seed = std::span<const std::uint8_t, seed_bytes>(out->bytes().first(seed_bytes));
  if (used == 64) {
    const auto address = address_of(seed);
    if (!std::ranges::equal(address.bytes, out->bytes().subspan(32)))
      return bad("its public half does not belong to its private one");
  }
  out->shrink(seed_bytes);
  return out;
}

} // namespace sett::signer
