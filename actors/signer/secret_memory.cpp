#include "actors/signer/secret_memory.hpp"

#include <sodium.h>

#include <algorithm>

namespace sett::signer {

void secret_memory::release::operator()(std::uint8_t* data) const { sodium_free(data); }

result<secret_memory> secret_memory::make(std::size_t size) {
  if (sodium_init() < 0) return fail(area, signer_errc::no_secure_memory, "libsodium does not start");
  secret_memory out;
  const auto allocated = std::max<std::size_t>(size, 1);
  out.data_.reset(static_cast<std::uint8_t*>(sodium_malloc(allocated)));
  // sodium_malloc does not tell whether it could lock; locking again does.
  if (out.data_ == nullptr || sodium_mlock(out.data_.get(), allocated) != 0)
    return fail(area, signer_errc::no_secure_memory,
                "memory for secrets cannot be locked; raise the limit (ulimit -l, or LimitMEMLOCK= in systemd)");
  sodium_memzero(out.data_.get(), allocated);
  out.size_ = size;
  return out;
}

result<secret_memory> secret_memory::copy_of(std::span<const std::uint8_t> bytes) {
  auto out = make(bytes.size());
  if (out) std::ranges::copy(bytes, out->bytes().begin());
  return out;
}

void secret_memory::shrink(std::size_t size) {
  SETT_ASSERT(size <= size_);
  wipe(bytes().subspan(size));
  size_ = size;
}

void wipe(std::span<std::uint8_t> bytes) { sodium_memzero(bytes.data(), bytes.size()); }

} // namespace sett::signer
