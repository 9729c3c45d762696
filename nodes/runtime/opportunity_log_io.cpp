#include "nodes/runtime/opportunity_log_io.hpp"

#include "nodes/telemetry/rolling_file_io.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace sett::runtime {

struct opportunity_log::inner {
  inner(const ports::clock& c, ports::metrics_registry& m)
      : clock(c),
        written(&m.counter_of("sett_opportunity_records_written_total", "Opportunities written to the file.")),
        refused(&m.counter_of("sett_opportunity_records_shed_total",
                              "Opportunities that are not in the file, by cause.", {{"reason", "disk"}})),
        overloaded(&m.counter_of("sett_opportunity_records_shed_total",
                                 "Opportunities that are not in the file, by cause.", {{"reason", "writer_full"}})) {}

  struct batch {
    std::vector<std::string> lines;
    std::function<void()> done;
  };

  const ports::clock& clock;
  ports::counter *written, *refused, *overloaded;
  telemetry::rolling_file file{"opportunities", "ndjson"}; // the writer's, after open()
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<batch> waiting;
  std::deque<std::string> last;
  std::uint64_t next{}; // number of the newest line
  bool stopping{};
  std::thread writer;

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopping || !waiting.empty(); });
      if (waiting.empty()) return;
      auto b = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      for (const auto& line : b.lines) (file.write(line, clock.wall_now()) ? written : refused)->add();
      lock.lock();
      for (auto& line : b.lines) {
        if (last.size() == tail_lines_max) last.pop_front();
        last.push_back(std::move(line));
        ++next;
      }
      lock.unlock();
      if (b.done) b.done();
      lock.lock();
    }
  }
};

opportunity_log::opportunity_log(std::unique_ptr<inner> i) : inner_(std::move(i)) {}
opportunity_log::~opportunity_log() { stop(); }

result<std::shared_ptr<opportunity_log>>
opportunity_log::open(opportunity_log_options options, const ports::clock& clock, ports::metrics_registry& metrics) {
  auto i = std::make_unique<inner>(clock, metrics);
  if (auto opened = i->file.open(options.folder, options.file_bytes_max, options.files_max, clock.wall_now()); !opened)
    return std::unexpected(opened.error());
  auto& started = *i;
  std::shared_ptr<opportunity_log> log(new opportunity_log(std::move(i)));
  started.writer = std::thread([&started] { started.run(); });
  return log;
}

void opportunity_log::write(std::vector<std::string> lines, std::function<void()> done) {
  auto& i = *inner_;
  {
    const std::scoped_lock lock(i.mutex);
    if (!i.stopping && i.waiting.size() < batches_max) {
      i.waiting.push_back({std::move(lines), std::move(done)});
      i.changed.notify_one();
      return;
    }
  }
  i.overloaded->add(lines.size());
  if (done) done();
}

opportunity_tail opportunity_log::tail(std::uint64_t after) const {
  const auto& i = *inner_;
  const std::scoped_lock lock(i.mutex);
  opportunity_tail t;
  if (after > i.next) after = 0;                 // a number of an earlier process
  const auto kept_from = i.next - i.last.size(); // number before the oldest kept line
  if (after < kept_from) {
    t.shed = after == 0 ? 0 : kept_from - after;
    after = kept_from;
  }
  const auto n = std::min<std::uint64_t>(i.next - after, answer_lines_max);
  const auto begin = i.last.begin() + static_cast<std::ptrdiff_t>(after - kept_from);
  t.lines.assign(begin, begin + static_cast<std::ptrdiff_t>(n));
  t.next = after + n;
  return t;
}

void opportunity_log::stop() {
  auto& i = *inner_;
  {
    const std::scoped_lock lock(i.mutex);
    i.stopping = true;
    i.changed.notify_one();
  }
  if (i.writer.joinable()) i.writer.join();
}

} // namespace sett::runtime
