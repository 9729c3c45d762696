// A process that drives a journal's store until it is killed: journal_store_child FOLDER SEED SKIP PROGRESS
// CRASH_POINT. Runs the seed's operations from number SKIP on; PROGRESS gets two numbers in place, how many are
// submitted and answered (counted from the seed's first).
#include "nodes/store/journal_store_io.hpp"
#include "tests/nodes/store/journal_operations.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

int main(int, char** argv) {
  using namespace sett;
  store::journal_store_options o;
  o.folder = argv[1];
  o.faults = std::make_shared<store::fault_points>(argv[5], "");
  const auto skip = std::strtoull(argv[3], nullptr, 10);
  const int file = ::open(argv[4], O_RDWR | O_CREAT, 0600);
  if (file < 0 || ::ftruncate(file, 16) != 0) return 2;
  auto* shared = ::mmap(nullptr, 16, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared == MAP_FAILED) return 2;
  auto* numbers = static_cast<std::atomic<std::uint64_t>*>(shared);
  numbers[0] = skip;
  numbers[1] = skip;
  auto s = store::rocksdb_journal_store::open(o);
  if (!s) {
    std::fprintf(stderr, "%s\n", s.error().message.c_str());
    return 3;
  }
  test::operation_source source(std::strtoull(argv[2], nullptr, 10));
  for (std::uint64_t i = 0; i < skip; ++i) static_cast<void>(source.next());
  for (std::uint64_t i = skip;; ++i) {
    const auto op = source.next();
    // At most 16 in flight; a snapshot alone, for its chunks are not ordered among the writes.
    while (i - numbers[1].load() >= (op.switch_to > 0 ? 1U : 16U)) std::this_thread::yield();
    numbers[0] = i + 1;
    submit(**s, op, [numbers, i](result<void> r) {
      if (!r) {
        std::fprintf(stderr, "%s\n", r.error().message.c_str());
        std::_Exit(4);
      }
      numbers[1] = i + 1;
    });
    if (op.switch_to > 0)
      while (numbers[1].load() != i + 1) std::this_thread::yield();
  }
}
