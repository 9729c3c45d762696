// Wallet files and small state files on disk, passphrases from a file or a terminal, fresh randomness. Files are
// replaced whole (written beside, synced, renamed) and have mode 0600; one that others may read is refused. Blocks on
// the disk and on the person: for the command line and for signerd.
#pragma once

#include "actors/signer/secret_memory.hpp"
#include "actors/signer/wallet_file.hpp"
#include "messages/types/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::signer {

class wallet_folder {
public:
  explicit wallet_folder(std::string path) : path_(std::move(path)) {}

  /// Every NAME.wallet, by name. A folder that is not there holds none. Errors: io, bad_key_file (with the file).
  [[nodiscard]] result<std::vector<wallet_file>> all() const;
  /// Errors: not_found, io, bad_key_file.
  [[nodiscard]] result<wallet_file> load(std::string_view name) const;
  /// Makes the folder (mode 0700) where it is missing. Errors: exists (never overwrites), io.
  [[nodiscard]] result<void> create(const wallet_file& wallet) const;
  /// Error: io.
  [[nodiscard]] result<void> replace(const wallet_file& wallet) const;
  /// Durable when it returns. Errors: not_found, io.
  [[nodiscard]] result<void> remove(std::string_view name) const;

private:
  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name) + ".wallet"; }
  std::string path_;
};

/// The whole of a file of at most `bytes_max`. `secret`: refused when others may read it. Errors: not_found, io.
[[nodiscard]] result<secret_memory> read_secret_file(const std::string& path, std::size_t bytes_max);
[[nodiscard]] result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);
/// Durable when it returns. Errors: io.
[[nodiscard]] result<void> replace_small_file(const std::string& folder, const std::string& path,
                                              std::string_view text);

/// The first line of the file, or, when `file` is empty, what a person types at the terminal without echo; `confirm`
/// asks twice. Errors: io (no terminal), not_found, wrong_passphrase (too short, too long, not the same twice).
[[nodiscard]] result<secret_memory> ask_passphrase(const std::string& file, std::string_view prompt, bool confirm);

/// What a person types at the terminal without echo. Error: io (no terminal).
[[nodiscard]] result<secret_memory> ask_secret(std::string_view prompt);

/// Fills with the system's randomness.
void randomise(std::span<std::uint8_t> out);
/// Seals with fresh salt and nonce.
[[nodiscard]] result<void> seal_fresh(wallet_file& wallet, std::span<const std::uint8_t, seed_bytes> seed,
                                      std::string_view passphrase);

} // namespace sett::signer
