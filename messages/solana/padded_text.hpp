// Text that vector instructions may read past: json readers load whole words at a position without asking how much is
// left. What stands in the padding does not matter and is never part of a result.
//
// A socket's buffer becomes a padded_view without a copy when it has room behind the frame; everything else is copied
// into a padded_text once.
#pragma once

#include "messages/types/error.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace sett::solana {

/// Bytes behind the text that must be readable (allocated; any content).
inline constexpr std::size_t text_padding = 64;

/// A view of text with text_padding readable bytes behind it. Does not own.
class padded_view {
public:
  padded_view() = default;
  /// `capacity`: readable bytes from `data` on, at least size + text_padding; less is a bug.
  padded_view(const char* data, std::size_t size, std::size_t capacity) : data_(data), size_(size) {
    SETT_ASSERT(capacity >= size && capacity - size >= text_padding);
  }
  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view text() const { return {data_, size_}; }
  /// A part of it; what stands behind the part is its padding.
  [[nodiscard]] padded_view part(std::size_t offset, std::size_t length) const {
    SETT_ASSERT(offset <= size_ && length <= size_ - offset);
    padded_view v;
    v.data_ = data_ + offset;
    v.size_ = length;
    return v;
  }

private:
  static constexpr char nothing[text_padding + 1]{};
  const char* data_{nothing};
  std::size_t size_{};
};

/// Owns padded text; assign() keeps the capacity.
class padded_text {
public:
  padded_text() { resize(0); }
  explicit padded_text(std::string_view text) { assign(text); }
  void assign(std::string_view text) {
    resize(text.size());
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
  }
  /// Room for `size` characters, to be filled through data(). Former content is lost when it grows.
  void resize(std::size_t size) {
    SETT_ASSERT(size <= std::size_t{1} << 40); // so the sum cannot wrap
    if (size + text_padding > capacity_) {
      capacity_ = size + text_padding;
      bytes_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    size_ = size;
    std::memset(bytes_.get() + size, 0, text_padding);
  }
  [[nodiscard]] char* data() { return bytes_.get(); }
  [[nodiscard]] padded_view view() const { return {bytes_.get(), size_, capacity_}; }
  operator padded_view() const {
    return view();
  } // NOLINT(google-explicit-constructor): a view of itself, like std::string's

private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_{}, capacity_{};
};

} // namespace sett::solana
