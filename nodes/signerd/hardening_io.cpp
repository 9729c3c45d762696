#include "nodes/signerd/hardening_io.hpp"

#include "actors/signer/signer_error.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <vector>

namespace sett::signerd {

namespace {

using signer::signer_errc;

std::unexpected<error> failed(std::string_view what) {
  return fail(signer::area, signer_errc::io, std::string(what) + ": " + std::strerror(errno));
}

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
#error "signerd knows the system calls of x86-64 and of arm64"
#endif

// io_uring makes sockets without the calls for them.
constexpr std::uint32_t given_up[] = {
    __NR_socket,
    __NR_socketpair,
    __NR_connect,
    __NR_bind,
    __NR_execve,
    __NR_execveat,
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_pidfd_open,
    __NR_pidfd_getfd, // another process's socket
    __NR_io_uring_setup,
    __NR_setns,
    __NR_bpf,
#ifdef __NR_fork
    __NR_fork,
    __NR_vfork,
#endif
};

} // namespace

result<void> protect_process() {
  constexpr rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return failed("core files cannot be switched off");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("the process cannot be made undumpable");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("new privileges cannot be given up");
  rlimit lock{};
  if (::getrlimit(RLIMIT_MEMLOCK, &lock) == 0) {
    lock.rlim_cur = lock.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_MEMLOCK, &lock)); // what it does not allow shows when memory is locked
  }
  return {};
}

result<void> give_up_network() {
  std::vector<sock_filter> filter;
  const auto load = [&](std::size_t offset) {
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  };
  constexpr std::uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
  load(offsetof(seccomp_data, arch)); // numbers of another architecture mean other calls
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own_architecture, 1, 0));
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1)); // x32
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, refuse));
#endif
  for (const auto call : given_up) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, refuse));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
    return failed("the network cannot be given up (seccomp)");
  return {};
}

} // namespace sett::signerd
