#include "actors/building/derived_addresses.hpp"

#include "actors/building/programs.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace sett::building {

derived_addresses::derived_addresses(std::size_t entries_max)
    : generation_max_(std::max<std::size_t>(entries_max / 2, 1)) {}

address derived_addresses::of(std::initializer_list<solana::seed_bytes> seeds, const address& program) {
  // Lengths stand in front of the seeds: "ab","c" and "a","bc" are different addresses' seeds by what they name, though
  // the chain joins them; keeping them apart costs nothing.
  std::array<char, solana::max_seeds*(solana::max_seed_bytes + 1) + address::size> buffer;
  auto end = buffer.begin();
  SETT_ASSERT(seeds.size() < solana::max_seeds);
  for (const auto& s : seeds) {
    SETT_ASSERT(s.size() <= solana::max_seed_bytes);
    *end++ = static_cast<char>(s.size());
    end = std::ranges::copy(s, end).out;
  }
  end = std::ranges::copy(program.bytes, end).out;
  const std::string_view key(buffer.data(), static_cast<std::size_t>(end - buffer.begin()));
  {
    const std::scoped_lock held(lock_);
    if (const auto found = young_.find(key); found != young_.end()) return found->second;
    if (const auto found = old_.find(key); found != old_.end()) {
      const address known = found->second;
      old_.erase(found);
      young_.emplace(key, known);
      return known;
    }
  }
  const auto found = solana::find_program_address(std::span(seeds.begin(), seeds.size()), program);
  SETT_ASSERT(found.has_value()); // sizes were checked above; that every bump fails has a chance of 2^-255
  const std::scoped_lock held(lock_);
  if (young_.size() >= generation_max_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.emplace(key, found->key);
  return found->key;
}

address derived_addresses::associated(const address& owner, const address& mint, const address& token_program) {
  return of({solana::seed(owner), solana::seed(token_program), solana::seed(mint)}, programs().associated_token);
}

std::size_t derived_addresses::size() const {
  const std::scoped_lock held(lock_);
  return young_.size() + old_.size();
}

} // namespace sett::building
