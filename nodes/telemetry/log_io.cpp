#include "nodes/telemetry/log_io.hpp"

#include "nodes/telemetry/log_record.hpp"
#include "nodes/telemetry/repeat_limiter.hpp"
#include "nodes/telemetry/rolling_file_io.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sett::telemetry {
namespace {

constexpr std::size_t tail_lines_max = 1000;
constexpr auto writer_tick = std::chrono::milliseconds(200);

struct log_metrics {
  ports::counter* taken;
  ports::counter* written;
  ports::counter* spilled;
  ports::counter* held_back;
  ports::counter* shed;

  static log_metrics make(ports::metrics_registry& r) {
    return {
        &r.counter_of("sett_log_records_taken_total", "Log records that callers handed over."),
        &r.counter_of("sett_log_records_written_total", "Log records written to the console or the file."),
        &r.counter_of("sett_log_records_spilled_total",
                      "Log records that waited in the spill file because the ring was full."),
        &r.counter_of("sett_log_records_repeated_held_back_total", "Repeats that were summed up instead of written."),
        &r.counter_of("sett_log_records_shed_total",
                      "Log records lost because neither the ring nor the spill file took them.")};
  }
};

/// The spill file: JSON lines appended by callers, moved into the log by the writer.
class spill_file {
public:
  spill_file(std::string path, std::uint64_t bytes_max) : path_(std::move(path)), bytes_max_(bytes_max) {}
  spill_file(const spill_file&) = delete;
  spill_file& operator=(const spill_file&) = delete;
  ~spill_file() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool append(const std::string& line) {
    const std::scoped_lock lock(mutex_);
    if (path_.empty() || bytes_ + line.size() + 1 > bytes_max_) return false;
    if (fd_ < 0) fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd_ < 0) return false;
    const auto whole = line + "\n";
    const auto n = ::write(fd_, whole.data(), whole.size());
    if (n != static_cast<ssize_t>(whole.size())) {
      // A torn line is worse than a lost one: cut it off again.
      if (n > 0 && ::ftruncate(fd_, static_cast<off_t>(bytes_)) != 0) bytes_ += static_cast<std::uint64_t>(n);
      return false;
    }
    bytes_ += whole.size();
    return true;
  }

  /// Hands every line over and empties the file. Also takes what an earlier process left.
  template <class Visit>
  void drain(const Visit& visit) {
    const auto aside = path_ + ".taken";
    {
      const std::scoped_lock lock(mutex_);
      if (path_.empty() || ::access(path_.c_str(), F_OK) != 0) return;
      if (fd_ >= 0) ::close(fd_);
      fd_ = -1;
      bytes_ = 0;
      if (::rename(path_.c_str(), aside.c_str()) != 0) return;
    }
    std::ifstream in(aside, std::ios::binary);
    for (std::string line; std::getline(in, line);) visit(line);
    ::unlink(aside.c_str());
  }

private:
  std::mutex mutex_;
  std::string path_;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_{};
  int fd_{-1};
};

spdlog::level::level_enum spd_level(ports::log_level level) {
  switch (level) {
  case ports::log_level::trace:
    return spdlog::level::trace;
  case ports::log_level::debug:
    return spdlog::level::debug;
  case ports::log_level::info:
    return spdlog::level::info;
  case ports::log_level::warn:
    return spdlog::level::warn;
  case ports::log_level::error:
    return spdlog::level::err;
  case ports::log_level::off:
    break;
  }
  return spdlog::level::off;
}

bool coloured(colour_mode mode) {
  if (mode != colour_mode::automatic) return mode == colour_mode::always;
  return ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

} // namespace

struct node_logger::inner {
  inner(log_options o, const ports::clock& c, ports::metrics_registry& m)
      : options(std::move(o)),
        clock(c),
        metrics(log_metrics::make(m)),
        levels(options.levels),
        spill(options.dir.empty() ? "" : options.dir + "/sett.spill.log", options.spill_bytes_max),
        repeats(std::int64_t{options.repeat_window_ms} * 1'000'000, options.repeats_max) {}

  log_options options;
  const ports::clock& clock;
  log_metrics metrics;
  level_table levels;
  spill_file spill;
  repeat_limiter repeats; // writer thread only
  rolling_file file;      // writer thread only, after open()
  std::unique_ptr<spdlog::sinks::sink> console;

  std::mutex mutex; // guards ring, stopping, stopped
  std::condition_variable ready;
  std::deque<log_record> ring;
  bool stopping{}, stopped{};

  mutable std::mutex tail_mutex;
  std::deque<std::string> tail_lines;
  std::uint64_t tail_next{1};

  std::atomic<std::uint64_t> taken{0}, written{0}, spilled{0}, held_back{0}, shed{0};
  std::thread writer;

  void open_console() {
    if (options.console == console_form::off) return;
    const bool people = options.console == console_form::people;
    auto sink = std::make_unique<spdlog::sinks::ansicolor_stderr_sink_mt>(
        people && coloured(options.colour) ? spdlog::color_mode::always : spdlog::color_mode::never);
    sink->set_pattern(people ? "%Y-%m-%d %H:%M:%S.%e %^%-5l%$ %v" : "%v");
    console = std::move(sink);
  }

  void take(log_record record) {
    taken.fetch_add(1, std::memory_order_relaxed);
    metrics.taken->add();
    {
      const std::scoped_lock lock(mutex);
      if (!stopping && ring.size() < options.ring_records_max) {
        ring.push_back(std::move(record));
        if (ring.size() == 1) ready.notify_one();
        return;
      }
      if (stopping) {
        count_shed();
        return;
      }
    }
    redact(record, options.secrets);
    if (!spill.append(json_line(record))) {
      count_shed();
      return;
    }
    spilled.fetch_add(1, std::memory_order_relaxed);
    metrics.spilled->add();
  }

  void count_shed() {
    shed.fetch_add(1, std::memory_order_relaxed);
    metrics.shed->add();
  }

  void run() {
    for (bool last = false; !last;) {
      std::deque<log_record> batch;
      {
        std::unique_lock lock(mutex);
        ready.wait_for(lock, writer_tick, [&] { return stopping || !ring.empty(); });
        batch.swap(ring);
        last = stopping;
      }
      for (auto& record : batch) admit(std::move(record));
      spill.drain([&](const std::string& line) { put_line(line); });
      for (auto& s : repeats.expire(last ? steady_time_ns{INT64_MAX} : clock.steady_now()))
        put({clock.wall_now(),
             ports::log_level::info,
             s.area,
             s.event,
             "repeats of this event were held back",
             {{"held_back", s.held_back}}},
            false);
      flush();
    }
  }

  void admit(log_record record) {
    if (!repeats.admit(record.area, record.event, clock.steady_now())) {
      held_back.fetch_add(1, std::memory_order_relaxed);
      metrics.held_back->add();
      return;
    }
    redact(record, options.secrets);
    put(record, true);
  }

  void put(const log_record& record, bool counted) {
    const auto line = json_line(record);
    if (console) {
      const auto text = options.console == console_form::people ? people_line(record) : line;
      const auto at = std::chrono::system_clock::time_point(
          std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::nanoseconds(record.at.value)));
      console->log(spdlog::details::log_msg(at, spdlog::source_loc{}, "sett", spd_level(record.level), text));
    }
    write_line(line, counted);
  }

  /// A line that comes from the spill file: the console does not see it (it is too late for a person), the file does.
  void put_line(const std::string& line) { write_line(line, true); }

  void write_line(const std::string& line, bool counted) {
    if (options.on_line) options.on_line(line);
    const bool ok = options.dir.empty() || file.write(line, clock.wall_now());
    {
      const std::scoped_lock lock(tail_mutex);
      tail_lines.push_back(line);
      ++tail_next;
      if (tail_lines.size() > tail_lines_max) tail_lines.pop_front();
    }
    if (!counted) return;
    if (!ok && !console) return count_shed();
    written.fetch_add(1, std::memory_order_relaxed);
    metrics.written->add();
  }

  void flush() {
    if (console) console->flush();
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex);
      if (stopped) return;
      stopping = stopped = true;
    }
    ready.notify_one();
    if (writer.joinable()) writer.join();
  }
};

node_logger::node_logger(std::unique_ptr<inner> i) : inner_(std::move(i)) {}

node_logger::~node_logger() { stop(); }

result<std::unique_ptr<node_logger>> node_logger::open(log_options options, const ports::clock& clock,
                                                       ports::metrics_registry& metrics) {
  auto i = std::make_unique<inner>(std::move(options), clock, metrics);
  if (!i->options.dir.empty()) {
    auto opened = i->file.open(i->options.dir, i->options.file_bytes_max, i->options.files_max, clock.wall_now());
    if (!opened) {
      auto e = opened.error();
      e.message += " (log.dir), or set log.file = false";
      return std::unexpected(std::move(e));
    }
  }
  i->open_console();
  auto* raw = i.get();
  i->writer = std::thread([raw] { raw->run(); });
  return std::unique_ptr<node_logger>(new node_logger(std::move(i)));
}

bool node_logger::enabled(std::string_view area, ports::log_level level) const noexcept {
  return inner_->levels.enabled(area, level);
}

void node_logger::write(ports::log_level level, std::string_view area, std::string_view event,
                        std::string_view sentence, std::span<const ports::log_field> fields) noexcept {
  try {
    inner_->take(make_record(inner_->clock.wall_now(), level, area, event, sentence, fields));
  } catch (...) { // out of memory: losing the line is all that is left
    inner_->count_shed();
  }
}

level_table& node_logger::levels() { return inner_->levels; }

log_counts node_logger::counts() const {
  const auto& i = *inner_;
  return {i.taken.load(), i.written.load(), i.spilled.load(), i.held_back.load(), i.shed.load()};
}

log_tail node_logger::tail(std::uint64_t after) const {
  const std::scoped_lock lock(inner_->tail_mutex);
  log_tail out{inner_->tail_next - 1, {}};
  const auto first = inner_->tail_next - inner_->tail_lines.size(); // number of tail_lines[0]
  for (std::size_t i = after + 1 > first ? static_cast<std::size_t>(after + 1 - first) : 0;
       i < inner_->tail_lines.size(); ++i)
    out.lines.push_back(inner_->tail_lines[i]);
  return out;
}

void node_logger::stop() { inner_->stop(); }

} // namespace sett::telemetry
