// Memory for secrets: allocated by libsodium between guard pages, locked so that it is never swapped, left out of core
// files, wiped when it is freed. Used for keys, seeds, passphrases and whatever they are read from; ordinary strings
// and vectors leave copies behind when they grow.
//
// A buffer costs at least three pages and two system calls: make few. Locking can fail where the system allows too
// little of it (RLIMIT_MEMLOCK); then make() says so and nothing secret was written. Movable, not copyable, no text
// form. Not thread-safe; does not block.
#pragma once

#include "actors/signer/signer_error.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sett::signer {

class secret_memory {
public:
  /// `size` bytes of zero; 0 is allowed. Error: no_secure_memory.
  [[nodiscard]] static result<secret_memory> make(std::size_t size);
  /// A copy of `bytes`; the original stays the caller's to wipe.
  [[nodiscard]] static result<secret_memory> copy_of(std::span<const std::uint8_t> bytes);

  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data_.get(), size_}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_.get(), size_}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data_.get()), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Only the first `size` bytes count from now on; the rest is wiped. size <= size().
  void shrink(std::size_t size);

private:
  struct release {
    void operator()(std::uint8_t* data) const;
  };
  std::unique_ptr<std::uint8_t, release> data_;
  std::size_t size_{};
};

/// Overwrites bytes that held a secret; never optimised away.
void wipe(std::span<std::uint8_t> bytes);

} // namespace sett::signer
