#include "tools/sett/up_command_io.hpp"

#include "messages/types/cluster_ids.hpp"
#include "nodes/transport/node_keys_io.hpp"
#include "tools/sett/output_bound_io.hpp"
#include "tools/sett/restart_rule.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <optional>
#include <ostream>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sett::tools {
namespace json = boost::json;
namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr auto look_interval = milliseconds(20);
constexpr auto cluster_interval = milliseconds(500);
constexpr auto etcd_ready_within = std::chrono::seconds(20);
constexpr auto stop_within = std::chrono::seconds(20); // above settd's own bound, node.shutdown_grace_ms
constexpr auto down_within = std::chrono::seconds(60);
constexpr std::uint32_t replicas_max = 3, min_isr_max = 2;
constexpr std::string_view etcd_log_name = "etcd.log";

volatile std::sig_atomic_t stop_asked = 0;
void on_stop(int) { stop_asked = stop_asked + 1; }

result<void> failed(std::string what) { return fail("up", client_errc::refused, std::move(what)); }

/// One line per event, with the time of day.
void say(const command_context& c, const std::string& line) {
  const auto now = std::time(nullptr);
  std::tm t{};
  ::localtime_r(&now, &t);
  c.out << fmt::format("{:02}:{:02}:{:02}  {}\n", t.tm_hour, t.tm_min, t.tm_sec, line) << std::flush;
}

std::string last_lines(const fs::path& file, std::size_t count) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() > count) lines.erase(lines.begin());
  }
  std::string out;
  for (const auto& l : lines) out += "\n    " + l;
  return out;
}

/// The lock on the folder. The processes that are started inherit it, so it is free only when all of them have ended.
class folder_lock {
public:
  explicit folder_lock(const fs::path& folder) : path_(folder / "lock") {}
  folder_lock(const folder_lock&) = delete;
  folder_lock& operator=(const folder_lock&) = delete;
  ~folder_lock() {
    if (fd_ >= 0) ::close(fd_);
  }
  /// False: somebody holds it, or there is no such file.
  bool take(bool create) {
    if (fd_ < 0) fd_ = ::open(path_.c_str(), create ? O_RDWR | O_CREAT : O_RDWR, 0600);
    return fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
  }
  void write_pid() const {
    const auto text = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, text.data(), text.size(), 0) < 0)
      return; // `sett down` says that it does not know whom to end
  }
  [[nodiscard]] pid_t pid() const {
    std::ifstream in(path_);
    pid_t p = 0;
    in >> p;
    return p;
  }

private:
  fs::path path_;
  int fd_{-1};
};

/// A port of the loopback that was free just now.
std::uint16_t free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  const bool ok = ::bind(s, reinterpret_cast<sockaddr*>(&a), size) == 0 &&
                  ::getsockname(s, reinterpret_cast<sockaddr*>(&a), &size) == 0;
  ::close(s);
  return ok ? ntohs(a.sin_port) : std::uint16_t{0};
}

bool accepts(std::uint16_t port) {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool ok = ::connect(s, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  ::close(s);
  return ok;
}

/// Beside this program, else in PATH; empty: nowhere.
std::string find_program(const std::string& name) {
  std::error_code none;
  const auto beside = fs::read_symlink("/proc/self/exe", none).parent_path() / name;
  if (::access(beside.c_str(), X_OK) == 0) return beside;
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    const auto file = fs::path(rest.substr(0, end)) / name;
    if (end != 0 && ::access(file.c_str(), X_OK) == 0) return file;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

/// A process that is started again when it ends.
struct kept {
  std::string name;
  std::vector<std::string> command;
  fs::path log;
  restart_rule rule;
  pid_t pid{};                         // 0: does not run
  clock::time_point started, start_at; // start_at: of the next start, when pid is 0

  void start() {
    std::vector<char*> arguments;
    for (const auto& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t parent = ::getpid();
    started = clock::now();
    pid = ::fork();
    if (pid == 0) {
      // Its own group: Ctrl-C reaches `sett up` alone, which stops all in order. When that dies, so does this.
      ::setpgid(0, 0);
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (::getppid() != parent) ::_exit(127);
      ::dup2(in, 0);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    if (in >= 0) ::close(in);
    if (out >= 0) ::close(out);
    if (pid < 0) pid = 0;
  }
  void signal(int number) const {
    if (pid != 0) ::kill(pid, number);
  }
};

/// A process that could not start has said why in its last words.
std::string last_words(const kept& p, std::optional<int> code) {
  return code == 1 ? last_lines(p.log, 1) : std::string();
}

class local_cluster {
public:
  local_cluster(const command_context& c, const up_options& o) : c_(c), o_(o), folder_(fs::absolute(o.folder)) {}

  int run();

private:
  result<void> prepare();
  result<void> make_keys();
  result<void> start_etcd();
  void make_nodes();
  bool look();
  void show_cluster();
  void stop();
  [[nodiscard]] std::string name_of(std::uint32_t i) const { return fmt::format("n{}", i + 1); }
  [[nodiscard]] std::string socket_of(std::uint32_t i) const { return folder_ / name_of(i) / "sett.sock"; }

  const command_context& c_;
  const up_options& o_;
  fs::path folder_;
  std::string settd_, etcd_endpoints_;
  std::vector<kept> processes_; // etcd first when it is ours, then the nodes
  std::string shown_;
  std::uint32_t asked_{};
};

result<void> local_cluster::prepare() {
  settd_ = find_program("settd");
  if (settd_.empty()) return failed("there is no settd beside this program or in PATH");
  const auto longest = socket_of(o_.nodes - 1);
  if (longest.size() > 107)
    return failed(
        fmt::format("{} is longer than the 107 bytes that a socket's path may have: choose a shorter --dir", longest));
  std::uint32_t before = 0;
  std::ifstream(folder_ / "nodes") >> before;
  if (before != 0 && std::min(before, replicas_max) != std::min(o_.nodes, replicas_max))
    return failed(fmt::format("{} holds a cluster of {} nodes, whose shards have {} replicas: use --nodes {}, or begin "
                              "anew with `sett down --dir {} --wipe`",
                              o_.folder, before, std::min(before, replicas_max), before, o_.folder));
  std::ofstream(folder_ / "nodes") << o_.nodes << "\n";
  return make_keys();
}

/// Every node gets a key once and trusts all the others'.
result<void> local_cluster::make_keys() {
  std::vector<std::string> keys;
  for (std::uint32_t i = 0; i < o_.nodes; ++i) {
    const transport::key_folder folder((folder_ / name_of(i)).string());
    auto key = fs::exists(folder_ / name_of(i) / "node.key") ? folder.load() : folder.create();
    if (!key) return std::unexpected(key.error());
    keys.push_back(key->public_key);
  }
  for (std::uint32_t i = 0; i < o_.nodes; ++i) {
    const transport::key_folder folder((folder_ / name_of(i)).string());
    auto trusted = folder.load_trusted();
    if (!trusted) return std::unexpected(trusted.error());
    bool changed = false;
    for (std::uint32_t j = 0; j < o_.nodes; ++j) {
      const auto id = node_id::parse(name_of(j));
      if (trusted->owner(keys[j]) == id) continue;
      if (const auto ok = trusted->add(*id, keys[j]); !ok) return std::unexpected(ok.error());
      changed = true;
    }
    if (!changed) continue;
    if (const auto ok = folder.store_trusted(*trusted); !ok) return std::unexpected(ok.error());
  }
  return {};
}

result<void> local_cluster::start_etcd() {
  if (!o_.etcd.empty()) {
    etcd_endpoints_ = fmt::format("{}", fmt::join(o_.etcd, ","));
    return {};
  }
  const auto program = find_program("etcd");
  if (program.empty())
    return failed("there is no etcd in PATH: tools/setup installs it (Debian: etcd-server); or name one that runs with "
                  "--etcd HOST:PORT");
  const auto port = free_port(), peer_port = free_port();
  const auto client = fmt::format("http://127.0.0.1:{}", port), peer = fmt::format("http://127.0.0.1:{}", peer_port);
  kept etcd;
  etcd.name = "etcd";
  etcd.command = {program,
                  "--name=default",
                  "--data-dir=" + (folder_ / "etcd").string(),
                  "--listen-client-urls=" + client,
                  "--advertise-client-urls=" + client,
                  "--listen-peer-urls=" + peer,
                  "--initial-advertise-peer-urls=" + peer,
                  "--initial-cluster=default=" + peer,
                  "--auto-compaction-mode=periodic",
                  "--auto-compaction-retention=1h",
                  "--log-level=warn"};
  etcd.log = folder_ / etcd_log_name;
  etcd.start();
  say(c_, fmt::format("etcd started (process {}, 127.0.0.1:{})", etcd.pid, port));
  processes_.push_back(std::move(etcd));
  const auto end = clock::now() + etcd_ready_within;
  while (!accepts(port)) {
    int status = 0;
    if (::waitpid(processes_[0].pid, &status, WNOHANG) == processes_[0].pid) {
      processes_[0].pid = 0;
      return failed("etcd ended at its start:" + last_lines(folder_ / etcd_log_name, 5));
    }
    if (stop_asked != 0) return failed("stopped before etcd was ready");
    if (clock::now() > end) return failed("etcd does not get ready:" + last_lines(folder_ / etcd_log_name, 5));
    std::this_thread::sleep_for(look_interval);
  }
  etcd_endpoints_ = fmt::format("127.0.0.1:{}", port);
  return {};
}

void local_cluster::make_nodes() {
  for (std::uint32_t i = 0; i < o_.nodes; ++i) {
    kept node;
    node.name = name_of(i);
    node.log = folder_ / node.name / "output";
    node.command = {settd_};
    const auto set = [&](std::string_view key, const std::string& value) {
      node.command.insert(node.command.end(), {"--set", fmt::format("{}={}", key, value)});
    };
    set("api.port", "0");
    set("cluster.replicas", std::to_string(std::min(o_.nodes, replicas_max)));
    set("cluster.min_isr", std::to_string(std::min(o_.nodes, min_isr_max)));
    node.command.insert(node.command.end(), o_.settings.begin(), o_.settings.end());
    // What makes it this node stands behind, and so above, what was given.
    set("node.name", node.name);
    set("node.data_dir", (folder_ / node.name).string());
    set("cluster.etcd", etcd_endpoints_);
    set("cluster.address", "127.0.0.1");
    set("cluster.port", "0");
    processes_.push_back(std::move(node));
  }
}

/// Starts what is due and takes note of what ended. False: it makes no sense to go on.
bool local_cluster::look() {
  const auto now = clock::now();
  for (auto& p : processes_) {
    if (p.pid == 0) {
      if (now < p.start_at) continue;
      p.start();
      if (p.pid == 0) {
        p.start_at = now + restart_rule::pause_max;
        say(c_, fmt::format("{} cannot be started: {}", p.name, std::strerror(errno)));
      } else {
        say(c_, fmt::format("{} started (process {})", p.name, p.pid));
      }
      continue;
    }
    int status = 0;
    if (::waitpid(p.pid, &status, WNOHANG) != p.pid) continue;
    p.pid = 0;
    const auto code = WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
    const auto how = code
                         ? fmt::format("ended with code {}", *code)
                         : fmt::format("was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    const auto pause = p.rule.ended(code, std::chrono::duration_cast<milliseconds>(now - p.started));
    if (!pause) {
      say(c_, fmt::format("{} {}: its settings have a fault{}", p.name, how, last_lines(p.log, 5)));
      return false;
    }
    p.start_at = now + *pause;
    say(c_, fmt::format("{} {}; starting it again {}", p.name, how,
                        pause->count() == 0 ? std::string("at once") : fmt::format("in {} ms", pause->count())) +
                last_words(p, code));
  }
  return true;
}

/// A line whenever the cluster's state changed, as one of its nodes sees it.
void local_cluster::show_cluster() {
  for (std::uint32_t tried = 0; tried < o_.nodes; ++tried, ++asked_) {
    const auto i = asked_ % o_.nodes;
    const auto seen = node_client(socket_of(i), milliseconds(300)).get(protocol::control::cluster_path);
    if (!seen || !seen->is_object()) continue;
    const auto& o = seen->as_object();
    const auto number = [&](std::string_view key) {
      const auto* v = o.if_contains(key);
      return v != nullptr && v->is_int64() ? v->as_int64() : 0;
    };
    const auto* healthy = o.if_contains("healthy");
    const auto line = healthy != nullptr && healthy->is_bool() && healthy->as_bool() &&
                              number("nodes") == static_cast<std::int64_t>(o_.nodes)
                          ? fmt::format("the cluster is whole: {} nodes, {} shards", number("nodes"), number("shards"))
                          : fmt::format("cluster: {} nodes, {} down; {} shards: {} without leader, {} under-replicated",
                                        number("nodes"), number("nodes_down"), number("shards"),
                                        number("shards_without_leader"), number("shards_under_replicated"));
    if (line != shown_) say(c_, line);
    shown_ = line;
    return;
  }
}

/// All nodes at once, so that none hands over what the others lay down as well; then the store.
void local_cluster::stop() {
  say(c_, "stopping");
  const bool own_etcd = !processes_.empty() && processes_[0].name == "etcd";
  const auto end_of = [&](std::size_t first, std::size_t last) {
    for (auto i = first; i < last; ++i) {
      processes_[i].signal(SIGTERM);
      processes_[i].signal(SIGCONT); // one that was frozen
    }
    const int asked_before = stop_asked;
    const auto end = clock::now() + stop_within;
    for (bool killed = false;;) {
      bool any = false;
      for (auto i = first; i < last; ++i) {
        auto& p = processes_[i];
        int status = 0;
        if (p.pid != 0 && ::waitpid(p.pid, &status, WNOHANG) == p.pid) {
          p.pid = 0;
          say(c_, fmt::format("{} stopped", p.name));
        }
        any = any || p.pid != 0;
      }
      if (!any) return;
      if (!killed && (clock::now() > end || stop_asked > asked_before)) {
        killed = true;
        for (auto i = first; i < last; ++i) {
          if (processes_[i].pid != 0) say(c_, fmt::format("{} is killed: it did not stop in time", processes_[i].name));
          processes_[i].signal(SIGKILL);
        }
      }
      std::this_thread::sleep_for(look_interval);
    }
  };
  end_of(own_etcd ? 1 : 0, processes_.size());
  if (own_etcd) end_of(0, 1);
}

int local_cluster::run() {
  std::error_code none;
  fs::create_directories(folder_, none);
  fs::permissions(folder_, fs::perms::owner_all, none); // keys and journals are nobody else's
  folder_lock lock(folder_);
  if (!lock.take(true)) {
    return report(c_, exit_failed,
                  lock.pid() != 0
                      ? fmt::format("a cluster runs in {} already (process {}): `sett down --dir {}` stops it",
                                    o_.folder, lock.pid(), o_.folder)
                      : fmt::format("{} cannot be used: {}", o_.folder, std::strerror(errno)));
  }
  lock.write_pid();
  if (const auto ok = prepare(); !ok) return report(c_, exit_failed, ok.error().message);

  struct sigaction action{};
  action.sa_handler = on_stop;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
  if (const auto ok = start_etcd(); !ok) {
    stop();
    return report(c_, exit_failed, ok.error().message);
  }
  make_nodes();
  say(c_, fmt::format("{} node{} in {}; another terminal: sett --socket {} cluster status", o_.nodes,
                      o_.nodes == 1 ? "" : "s", folder_.string(), socket_of(0)));
  bool sound = true;
  auto shown_at = clock::now();
  while (sound && stop_asked == 0) {
    sound = look();
    if (const auto now = clock::now(); now - shown_at >= cluster_interval) {
      show_cluster();
      for (const auto& p : processes_) bound_output(p.log);
      shown_at = now;
    }
    std::this_thread::sleep_for(look_interval);
  }
  stop();
  return sound ? exit_ok : exit_failed;
}

} // namespace

int up_command(const command_context& c, const up_options& o) { return local_cluster(c, o).run(); }

int down_command(const command_context& c, const std::string& folder, bool wipe) {
  const fs::path path = fs::absolute(folder);
  std::error_code none;
  if (!fs::exists(path / "lock", none)) {
    c.out << fmt::format("there is no cluster in {}\n", folder);
    return exit_ok;
  }
  folder_lock lock(path);
  if (!lock.take(false)) {
    const auto pid = lock.pid();
    // A lock that is held means that `sett up` or something that it started runs; the latter end when it has died.
    // The number may be somebody else's by now.
    std::string program;
    std::ifstream(fmt::format("/proc/{}/comm", pid)) >> program;
    if (program == "sett" && ::kill(pid, SIGTERM) == 0)
      c.out << fmt::format("stopping process {}\n", pid) << std::flush;
    const auto end = clock::now() + down_within;
    while (!lock.take(false)) {
      if (clock::now() > end)
        return report(
            c, exit_failed,
            fmt::format("something of the cluster in {} still runs: see `fuser {}`", folder, (path / "lock").string()));
      std::this_thread::sleep_for(look_interval);
    }
    c.out << "stopped\n";
  } else {
    c.out << fmt::format("nothing runs in {}\n", folder);
  }
  if (!wipe) return exit_ok;
  std::vector<fs::path> own{path / "etcd", path / etcd_log_name, path / (std::string(etcd_log_name) + ".1"),
                            path / "nodes"};
  for (const auto& entry : fs::directory_iterator(path, none))
    if (fs::exists(entry.path() / "node.key", none)) own.push_back(entry.path());
  for (const auto& p : own) {
    std::error_code bad;
    fs::remove_all(p, bad);
    if (bad) return report(c, exit_failed, fmt::format("{} cannot be removed: {}", p.string(), bad.message()));
  }
  fs::remove(path / "lock", none);
  fs::remove(path, none); // stays when something else is in it
  c.out << fmt::format("removed what was in {}\n", folder);
  return exit_ok;
}

} // namespace sett::tools
