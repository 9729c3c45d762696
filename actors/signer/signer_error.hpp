// The failures of keys and of the signer's own running. What a message is refused for is told apart (policy.hpp's
// refusal). No message of these errors holds a secret, nor text that a person typed as one.
#pragma once

#include <cstdint>
#include <string_view>

namespace sett::signer {

inline constexpr std::string_view area = "signer";

enum class signer_errc : std::uint16_t {
  ok,
  no_secure_memory, // the system does not let memory be locked
  bad_mnemonic,     // number of words, an unknown word, the checksum
  bad_path,         // a derivation path that SLIP-0010 has not for Ed25519
  bad_key,          // an import that is no key
  bad_key_file,     // a wallet file's text, with its line
  wrong_passphrase, // or a wallet file that was changed
  bad_policy,
  bad_state, // the signer's own state file
  io,
  exists,
  not_found,
  bad_frame,   // bytes on the signer's socket
  unreachable, // the signer's socket
  timeout,
  overloaded,
  stopped,
  refused,   // the signer refuses the message; the text names the refusal
  bad_clock, // the clock is far behind what it read before
};

} // namespace sett::signer
