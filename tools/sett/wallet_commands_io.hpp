// `sett wallet new|import|own|rotate|passphrase`: our own wallets, as files that signerd opens; and `sett signer
// status|halt|resume`: the running signer, over its socket. Works with the settings' signer.* on this machine, without
// a node. What is secret is read from a file or typed at the terminal and never printed.
#pragma once

#include "tools/sett/command_context.hpp"

#include <cstdint>
#include <string>

namespace sett::tools {

struct wallet_options {
  std::string name;
  std::string group{"trading"};
  std::string file;  // import: what to read; empty: typed at the terminal
  bool words{};      // import: they are words, not a key
  std::string path;  // import of words: the derivation path; empty: the usual one
  std::string watch; // import: only this address, no key
  std::string new_passphrase_file;
  std::uint64_t number{}; // resume: of the halt; 0: the one in force
};

/// Makes a key and prints its address.
int wallet_new_command(const command_context& c, const wallet_options& o);
int wallet_import_command(const command_context& c, const wallet_options& o);
/// Lists the wallet files.
int wallet_own_command(const command_context& c);
/// A new key under the same name; the old one becomes NAME-old, which only sells and withdraws to the new one.
int wallet_rotate_command(const command_context& c, const wallet_options& o);
/// Every wallet file under another passphrase.
int wallet_passphrase_command(const command_context& c, const wallet_options& o);

int signer_status_command(const command_context& c);
/// `wallet`: its name or address.
int signer_halt_command(const command_context& c, const wallet_options& o);
int signer_resume_command(const command_context& c, const wallet_options& o);

} // namespace sett::tools
