// A program as a child process: its output in files, its end awaited, killed when the test is over. Waiting is for
// facts (an end, a file, an answer) with a generous bound, never for a fixed time.
#pragma once

#include "tests/support/temporary_folder.hpp"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sett::test {

/// Polls until it holds; false after the time.
inline bool eventually(const std::function<bool()>& holds,
                       std::chrono::milliseconds at_most = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

inline std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class process {
public:
  using environment = std::vector<std::pair<std::string, std::string>>;

  /// The child sees PATH and what is given, nothing else of this process's environment.
  process(const std::vector<std::string>& command, environment variables = {}) {
    std::vector<char*> arguments;
    for (const auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    std::vector<std::string> lines{"PATH=/usr/local/bin:/usr/bin:/bin"};
    for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
    std::vector<char*> pairs;
    for (const auto& l : lines) pairs.push_back(const_cast<char*>(l.c_str()));
    pairs.push_back(nullptr);
    const auto out = folder_ / "out", err = folder_ / "err";
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int o = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600),
              e = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), i = ::open("/dev/null", O_RDONLY);
    ::dup2(i, 0);
    ::dup2(o, 1);
    ::dup2(e, 2);
    ::execve(arguments[0], arguments.data(), pairs.data());
    ::_exit(127);
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process() {
    if (running()) {
      signal(SIGKILL);
      static_cast<void>(wait());
    }
  }

  void signal(int number) const { ::kill(pid_, number); }
  [[nodiscard]] bool running() {
    if (status_) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
    status_ = status;
    return false;
  }
  /// The exit code, 128 + the signal that ended it, or nothing when it still runs after the time.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds at_most = std::chrono::seconds(30)) {
    if (!eventually([this] { return !running(); }, at_most)) return std::nullopt;
    return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
  }
  [[nodiscard]] std::string out() const { return file_text(folder_ / "out"); }
  [[nodiscard]] std::string err() const { return file_text(folder_ / "err"); }
  [[nodiscard]] pid_t pid() const { return pid_; }

private:
  temporary_folder folder_;
  pid_t pid_{};
  std::optional<int> status_;
};

struct finished {
  int code{};
  std::string out, err;
};
/// Runs a program to its end.
inline finished run(const std::vector<std::string>& command, const process::environment& variables = {}) {
  process p(command, variables);
  const auto code = p.wait();
  return {code.value_or(-1), p.out(), p.err()};
}

} // namespace sett::test
