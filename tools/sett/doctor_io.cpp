#include "tools/sett/doctor_io.hpp"

#include "messages/protocol/control.hpp"
#include "nodes/transport/node_keys_io.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sett::tools {
namespace json = boost::json;
namespace asio = boost::asio;
namespace control = protocol::control;

namespace {

enum class verdict : std::uint8_t { ok, look, wrong };

struct finding {
  verdict how{verdict::ok};
  std::string what, detail, do_this;
};
using findings = std::vector<finding>;

constexpr std::uint64_t disk_free_bytes_min = 1ULL << 30U;
constexpr rlim_t open_files_min = 4096;
constexpr auto connect_timeout = std::chrono::seconds(5);

void check_settings(const config::resolution& r, findings& out) {
  if (r.ok()) out.push_back({verdict::ok, "settings", fmt::format("{} values", r.effective.size()), ""});
  for (const auto& f : r.faults)
    out.push_back({verdict::wrong, "settings", f.text(), "`sett config explain KEY` tells what it takes"});
}

void check_node(const command_context& c, findings& out) {
  const auto path = c.socket_path();
  struct stat s{};
  if (::stat(path.c_str(), &s) != 0) {
    out.push_back(
        {verdict::wrong, "node", fmt::format("no socket at {}", path), "start one: `settd --config FILE` or tools/up"});
    return;
  }
  if ((s.st_mode & 077) != 0)
    out.push_back({verdict::look, "socket", fmt::format("mode {:o} lets others use it", s.st_mode & 0777),
                   fmt::format("chmod 600 {}", path)});
  const auto answer = c.client().get(control::status_path);
  if (!answer) {
    out.push_back({verdict::wrong, "node", answer.error().message, "a socket without a process: start the node again"});
    return;
  }
  const auto* o = answer->if_object();
  const auto* degraded = o != nullptr ? o->if_contains("degraded") : nullptr;
  if (degraded == nullptr || !degraded->is_array() || degraded->as_array().empty()) {
    out.push_back({verdict::ok, "node", "runs, nothing is degraded", ""});
    return;
  }
  for (const auto& d : degraded->as_array())
    if (d.is_object())
      out.push_back({verdict::look, "node",
                     shown(d.as_object().if_contains("what"), control::form::text, 0) + ": " +
                         shown(d.as_object().if_contains("why"), control::form::text, 0),
                     "`sett status` follows it"});
}

/// Host and port of an address, without anything else of it.
std::pair<std::string, std::string> host_and_port(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  const auto name = url.substr(0, scheme);
  auto rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string::npos) rest = rest.substr(at + 1);
  const auto colon = rest.rfind(':');
  const bool has_port = colon != std::string::npos && rest.find(']', colon) == std::string::npos;
  auto host = has_port ? rest.substr(0, colon) : rest;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return {host, has_port ? rest.substr(colon + 1) : name == "https" || name == "wss" ? "443" : "80"};
}

/// Empty when a TCP connection can be made, else why not. Hosts may be secret (keys in host names): not part of the
/// text.
std::string why_unreachable(const std::string& url) {
  const auto [host, port] = host_and_port(url);
  asio::io_context io(1);
  asio::ip::tcp::resolver resolver(io);
  asio::ip::tcp::socket socket(io);
  std::string why = "no answer within 5 s";
  resolver.async_resolve(
      host, port, [&](const boost::system::error_code& failed, const asio::ip::tcp::resolver::results_type& found) {
        if (failed) {
          why = "its name cannot be resolved: " + failed.message();
          return;
        }
        asio::async_connect(socket, found,
                            [&](const boost::system::error_code& refused, const asio::ip::tcp::endpoint&) {
                              why = refused ? refused.message() : std::string{};
                            });
      });
  io.run_for(connect_timeout);
  return why;
}

void check_endpoints(const config::settings& s, findings& out) {
  if (s.endpoints.empty())
    out.push_back({verdict::look, "endpoints", "none is configured",
                   "add an [[endpoint]] to your settings, or set SETT_ENDPOINT_MAIN_HTTP and SETT_ENDPOINT_MAIN_WS"});
  for (const auto& e : s.endpoints) {
    const std::pair<const char*, const config::secret*> doors[] = {{"http", &e.http}, {"ws", &e.ws}, {"grpc", &e.grpc}};
    for (const auto& [name, url] : doors) {
      if (url->empty()) continue;
      const auto what = fmt::format("endpoint {} {}", e.name, name);
      const auto why = why_unreachable(url->reveal());
      if (why.empty())
        out.push_back({verdict::ok, what, "reachable", ""});
      else
        out.push_back({verdict::wrong, what, why,
                       fmt::format("check endpoint.{}.{}, the network and the provider's status page", e.name, name)});
    }
  }
}

/// Names of the cluster's other nodes, as the running node knows them; empty when none runs.
std::vector<std::string> other_nodes(const command_context& c) {
  std::vector<std::string> out;
  const auto answer = c.client().get(control::nodes_path);
  const auto* o = answer ? answer->if_object() : nullptr;
  const auto* rows = o != nullptr ? o->if_contains("rows") : nullptr;
  if (rows == nullptr || !rows->is_array()) return out;
  for (const auto& row : rows->as_array()) {
    const auto* r = row.if_object();
    const auto* own = r != nullptr ? r->if_contains("self") : nullptr;
    if (own != nullptr && own->is_bool() && !own->as_bool())
      out.push_back(shown(r->if_contains("node"), control::form::text, 0));
  }
  return out;
}

void check_keys(const command_context& c, const config::settings& s, findings& out) {
  const transport::key_folder folder(s.node.data_dir);
  if (const auto key = folder.load())
    out.push_back({verdict::ok, "node key", "there, and nobody else may read it", ""});
  else
    out.push_back({verdict::wrong, "node key", key.error().message,
                   "`sett key node new` makes one; a file that others may read wants chmod 600"});
  const auto trusted = folder.load_trusted();
  if (!trusted) {
    out.push_back({verdict::wrong, "trusted keys", trusted.error().message, "`sett key node trust` writes the file"});
    return;
  }
  std::vector<std::string> names;
  for (const auto& [key, node] : trusted->all())
    if (node.view() != s.node.name) names.emplace_back(node.view());
  if (names.empty())
    out.push_back({verdict::wrong, "trusted keys", "no other node is trusted: none gets in",
                   "`sett key node trust NAME KEY` for every other node, and on each of them for this one"});
  else
    out.push_back({verdict::ok, "trusted keys", fmt::format("{}", fmt::join(names, ", ")), ""});
  for (const auto& node : other_nodes(c))
    if (std::find(names.begin(), names.end(), node) == names.end())
      out.push_back({verdict::wrong, "trusted keys", fmt::format("{} is in the cluster and not trusted here", node),
                     fmt::format("on {}: `sett key node show`; here: `sett key node trust {} KEY`", node, node)});
}

/// What a member of a cluster of several needs. Clocks are not among it: nothing is decided by the time of day.
void check_cluster(const command_context& c, const config::settings& s, findings& out) {
  if (s.cluster.etcd.empty()) return;
  std::size_t reachable = 0, all = 0;
  bool all_local = true;
  for (std::size_t begin = 0; begin < s.cluster.etcd.size();) {
    const auto end = std::min(s.cluster.etcd.find(',', begin), s.cluster.etcd.size());
    const auto endpoint = s.cluster.etcd.substr(begin, end - begin);
    begin = end + 1;
    ++all;
    all_local = all_local && (endpoint.starts_with("127.") || endpoint.starts_with("localhost"));
    const auto why = why_unreachable("http://" + endpoint);
    reachable += why.empty() ? 1 : 0;
    if (!why.empty()) out.push_back({verdict::look, "etcd " + endpoint, why, "start it, or correct cluster.etcd"});
  }
  if (2 * reachable > all)
    out.push_back({verdict::ok, "etcd", fmt::format("{} of {} reachable", reachable, all), ""});
  else
    out.push_back({verdict::wrong, "etcd",
                   fmt::format("{} of {} reachable: no node can join or take over", reachable, all),
                   "more than half of its members have to run: `etcdctl endpoint health`"});
  if (!all_local && (s.cluster.address.starts_with("127.") || s.cluster.address == "localhost"))
    out.push_back({verdict::wrong, "cluster.address", s.cluster.address + " is not where other machines reach this one",
                   "set cluster.address to this machine's address"});
  check_keys(c, s, out);
}

void check_disk(const config::settings& s, findings& out) {
  // The nearest folder that exists: the data folder itself may be yet to come.
  std::filesystem::path folder = std::filesystem::absolute(s.node.data_dir);
  std::error_code ignored;
  while (!std::filesystem::exists(folder, ignored) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  struct statvfs v{};
  if (::statvfs(folder.c_str(), &v) != 0) {
    out.push_back({verdict::wrong, "disk", fmt::format("{}: {}", folder.string(), std::strerror(errno)),
                   "set node.data_dir to a folder that can be used"});
    return;
  }
  const auto free_bytes = static_cast<std::uint64_t>(v.f_bavail) * v.f_frsize;
  const auto text =
      fmt::format("{:.1f} GiB free for {}", static_cast<double>(free_bytes) / (1ULL << 30U), s.node.data_dir);
  if (free_bytes < disk_free_bytes_min)
    out.push_back({verdict::look, "disk", text, "make room: below 1 GiB snapshots and logs may fail"});
  else if (::access(folder.c_str(), W_OK) != 0)
    out.push_back({verdict::wrong, "disk", fmt::format("{} cannot be written", folder.string()),
                   "run as its owner, or set node.data_dir"});
  else
    out.push_back({verdict::ok, "disk", text, ""});
}

void check_clock(findings& out) {
  timex t{};
  const int state = ::adjtimex(&t);
  if (state == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
    out.push_back({verdict::look, "clock", "the kernel says it is not synchronised",
                   "run chrony or systemd-timesyncd: lag and ages are measured against it (the cluster does without)"});
  else if (state >= 0)
    out.push_back({verdict::ok, "clock", "synchronised", ""});
  else
    out.push_back({verdict::look, "clock", "its state cannot be read here",
                   "make sure that chrony or systemd-timesyncd runs on this machine"});
}

void check_limits(findings& out) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  if (files.rlim_cur < open_files_min)
    out.push_back({verdict::look, "open files", fmt::format("at most {}", files.rlim_cur),
                   fmt::format("ulimit -n {} (or LimitNOFILE= in the unit): the store and the sockets need them",
                               open_files_min)});
  else
    out.push_back(
        {verdict::ok, "open files",
         files.rlim_cur == RLIM_INFINITY ? std::string("no limit") : fmt::format("at most {}", files.rlim_cur), ""});
}

std::string_view word(verdict v) { return v == verdict::ok ? "ok" : v == verdict::look ? "look" : "WRONG"; }

} // namespace

int doctor_command(const command_context& c) {
  findings all;
  const auto r = config::load(c.settings);
  check_settings(r, all);
  check_node(c, all);
  if (r.ok()) {
    check_cluster(c, r.value, all);
    check_endpoints(r.value, all);
    check_disk(r.value, all);
  }
  check_clock(all);
  check_limits(all);
  const auto worst =
      std::max_element(all.begin(), all.end(), [](const finding& a, const finding& b) { return a.how < b.how; })->how;
  if (c.form == output_form::json || c.form == output_form::csv) {
    json::array rows;
    for (const auto& f : all)
      rows.push_back(json::object{{"verdict", word(f.how)}, {"what", f.what}, {"detail", f.detail}, {"do", f.do_this}});
    constexpr control::column columns[] = {
        {"verdict", "VERDICT"}, {"what", "WHAT"}, {"detail", "DETAIL"}, {"do", "DO"}};
    c.out << render_rows(rows, columns, c.table());
  } else {
    for (const auto& f : all) {
      const auto padded = fmt::format("{:<6}", word(f.how));
      c.out << (f.how == verdict::ok     ? green(padded, c.colours)
                : f.how == verdict::look ? yellow(padded, c.colours)
                                         : red(padded, c.colours))
            << fmt::format("{:<22} {}\n", f.what, f.detail);
      if (!f.do_this.empty()) c.out << fmt::format("{:<29}-> {}\n", "", f.do_this);
    }
  }
  return worst == verdict::ok ? exit_ok : worst == verdict::look ? exit_degraded : exit_failed;
}

} // namespace sett::tools
