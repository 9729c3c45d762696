// The node's data folder and its lock. The lock is the kernel's (flock), so it ends with the process however that ends:
// after a kill -9 the next start finds a lock file, but nobody who holds it.
#pragma once

#include "messages/types/error.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace sett::runtime {

enum class runtime_errc : std::uint16_t {
  ok = 0,
  no_data_dir = 1,
  data_dir_in_use = 2,
  bad_settings = 3,
  cannot_start = 4,
  not_ready = 5
};

class data_dir {
public:
  /// Makes the folder (mode 0700) when it is new and locks it. Fails with data_dir_in_use when another process has it.
  [[nodiscard]] static result<data_dir> open(const std::string& path);
  data_dir(data_dir&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  data_dir& operator=(data_dir&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
  }
  data_dir(const data_dir&) = delete;
  data_dir& operator=(const data_dir&) = delete;
  ~data_dir();
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  data_dir(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_{-1};
};

} // namespace sett::runtime
