// The signer's socket protocol (messages/schema/signer.fbs) as plain values: a length of four bytes, then one frame.
// Both sides bound what they read, and take nothing unverified. Pure, thread-safe.
#pragma once

#include "actors/signer/refusal.hpp"
#include "actors/signer/signing_desk.hpp"
#include "messages/ports/trading.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::signer {

inline constexpr std::size_t request_bytes_max = 4096; // a message has at most 1,232
inline constexpr std::size_t reply_bytes_max = 64U * 1024;
inline constexpr std::size_t wallets_max = 128; // of one signer: what a status reply holds

struct sign_ask {
  ports::sign_request request;
};
struct halt_ask {
  address wallet;
  std::uint64_t number{};
};
struct resume_ask {
  address wallet;
  std::uint64_t number{};
};
struct status_ask {};
using signer_ask = std::variant<sign_ask, halt_ask, resume_ask, status_ask>;
struct signer_request {
  std::uint64_t id{};
  signer_ask ask;
};

struct halt_answer {
  bool stored{};
  std::uint64_t number{};
};
using signer_answer = std::variant<signature, refused, halt_answer, std::vector<wallet_status>>;
struct signer_reply {
  std::uint64_t id{};
  signer_answer answer;
};

/// With the length in front. A message longer than a transaction may be is cut off by the signer, not here.
[[nodiscard]] std::string encode(const signer_request& request);
[[nodiscard]] std::string encode(const signer_reply& reply);
/// Without the length. Error: bad_frame.
[[nodiscard]] result<signer_request> decode_request(std::string_view frame);
[[nodiscard]] result<signer_reply> decode_reply(std::string_view frame);

/// Cuts a stream of bytes into frames.
class frame_cutter {
public:
  explicit frame_cutter(std::size_t frame_bytes_max) : max_(frame_bytes_max) {}
  void append(std::string_view bytes);
  /// The next whole frame, valid until the next call; nothing: more bytes are needed, or broken().
  [[nodiscard]] std::optional<std::string_view> next();
  /// A length beyond the bound came: the connection is of no use any more.
  [[nodiscard]] bool broken() const { return broken_; }

private:
  std::size_t max_;
  std::string buffer_;
  std::size_t at_{};
  bool broken_{};
};

} // namespace sett::signer
