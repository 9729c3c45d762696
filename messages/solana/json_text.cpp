#include "messages/solana/json_text.hpp"

namespace sett::solana {
namespace {

unsigned hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return 16;
}

/// Four hex digits at `at`, or 0x10000 when they are not there.
std::uint32_t unit_at(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return 0x10000;
  std::uint32_t unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const unsigned digit = hex_digit(text[i]);
    if (digit > 15) return 0x10000;
    unit = unit << 4 | digit;
  }
  return unit;
}

std::size_t put_utf8(std::uint32_t point, std::uint8_t* out) {
  if (point < 0x80) return out[0] = static_cast<std::uint8_t>(point), 1;
  if (point < 0x800) {
    out[0] = static_cast<std::uint8_t>(0xc0 | point >> 6);
    out[1] = static_cast<std::uint8_t>(0x80 | (point & 0x3f));
    return 2;
  }
  if (point < 0x10000) {
    out[0] = static_cast<std::uint8_t>(0xe0 | point >> 12);
    out[1] = static_cast<std::uint8_t>(0x80 | (point >> 6 & 0x3f));
    out[2] = static_cast<std::uint8_t>(0x80 | (point & 0x3f));
    return 3;
  }
  out[0] = static_cast<std::uint8_t>(0xf0 | point >> 18);
  out[1] = static_cast<std::uint8_t>(0x80 | (point >> 12 & 0x3f));
  out[2] = static_cast<std::uint8_t>(0x80 | (point >> 6 & 0x3f));
  out[3] = static_cast<std::uint8_t>(0x80 | (point & 0x3f));
  return 4;
}

} // namespace

std::size_t json_unescape(std::string_view text, std::uint8_t* out) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out[n++] = static_cast<std::uint8_t>(text[i]);
      continue;
    }
    const char kind = text[++i];
    switch (kind) {
    case 'n':
      out[n++] = '\n';
      break;
    case 't':
      out[n++] = '\t';
      break;
    case 'r':
      out[n++] = '\r';
      break;
    case 'b':
      out[n++] = '\b';
      break;
    case 'f':
      out[n++] = '\f';
      break;
    case 'u': {
      std::uint32_t point = unit_at(text, i + 1);
      if (point > 0xffff) {
        out[n++] = '\\';
        out[n++] = 'u';
        break;
      }
      i += 4;
      if (point >= 0xd800 && point < 0xe000) {
        const bool paired = point < 0xdc00 && i + 2 < text.size() && text[i + 1] == '\\' && text[i + 2] == 'u';
        const std::uint32_t low = paired ? unit_at(text, i + 3) : 0;
        if (low >= 0xdc00 && low < 0xe000) {
          point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
          i += 6;
        } else {
          point = 0xfffd;
        }
      }
      n += put_utf8(point, out + n);
      break;
    }
    default:
      out[n++] = static_cast<std::uint8_t>(kind);
      break; // \" \\ \/ and what JSON does not know
    }
  }
  return n;
}

std::string json_unescape(std::string_view text) {
  std::string out(text.size(), '\0');
  out.resize(json_unescape(text, reinterpret_cast<std::uint8_t*>(out.data())));
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      if (byte < 0x20) {
        out += "\\u00";
        out += digits[byte >> 4];
        out += digits[byte & 15];
      } else {
        out += c;
      }
    }
  }
  out += '"';
}

} // namespace sett::solana
