// The structs of a FlatBuffers vector, one after the other, each as a copy. The verifier of FlatBuffers 2.0 looks at a
// vector's length, not at where its structs lie, and a buffer inside a frame or a store lies anywhere: a pointer to
// such a struct may be misaligned, which no C++ program may follow. Found by fuzzing.
//
// The vector outlives the range. Thread-safe as the bytes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <flatbuffers/flatbuffers.h>

namespace sett::fb {

template <class Row>
class rows {
public:
  class iterator {
  public:
    explicit iterator(const std::uint8_t* at) : at_(at) {}
    Row operator*() const {
      Row copy;
      std::memcpy(static_cast<void*>(&copy), at_, sizeof copy);
      return copy;
    }
    iterator& operator++() {
      at_ += sizeof(Row);
      return *this;
    }
    bool operator==(const iterator&) const = default;

  private:
    const std::uint8_t* at_;
  };
  /// v: verified; nullptr is an empty vector.
  explicit rows(const flatbuffers::Vector<const Row*>* v)
      : data_(v == nullptr ? nullptr : v->Data()), size_(v == nullptr ? 0 : v->size()) {}
  [[nodiscard]] iterator begin() const { return iterator(data_); }
  [[nodiscard]] iterator end() const { return iterator(data_ + size_ * sizeof(Row)); }

private:
  const std::uint8_t* data_;
  std::size_t size_;
};

} // namespace sett::fb
