#include "nodes/runtime/data_dir_io.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sett::runtime {

result<data_dir> data_dir::open(const std::string& path) {
  std::error_code failed;
  const bool fresh = std::filesystem::create_directories(path, failed);
  if (failed)
    return fail("runtime", runtime_errc::no_data_dir,
                fmt::format("cannot make the data folder {}: {}; set node.data_dir to a place this user may write",
                            path, failed.message()));
  if (fresh) ::chmod(path.c_str(), 0700);
  const auto file = path + "/lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail("runtime", runtime_errc::no_data_dir,
                fmt::format("cannot write {}: {}; check who owns the folder", file, std::strerror(errno)));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char pid[16] = {};
    const auto n = ::read(fd, pid, sizeof pid - 1);
    ::close(fd);
    const auto text = std::string(pid, n > 0 ? static_cast<std::size_t>(n) : 0);
    return fail("runtime", runtime_errc::data_dir_in_use,
                fmt::format("the data folder {} is in use by process {}; stop that node or set another node.data_dir",
                            path, text.substr(0, text.find('\n'))));
  }
  const auto pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::write(fd, pid.data(), pid.size()) != static_cast<ssize_t>(pid.size())) {
    ::close(fd);
    return fail("runtime", runtime_errc::no_data_dir,
                fmt::format("cannot write {}: {}; is the disk full?", file, std::strerror(errno)));
  }
  return data_dir(path, fd);
}

data_dir::~data_dir() {
  if (lock_ >= 0) ::close(lock_); // the file stays: removing it would race with a process that is about to lock it
}

} // namespace sett::runtime
