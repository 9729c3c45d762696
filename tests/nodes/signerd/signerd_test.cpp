// The real process: what it prints, what it gives up, what outlives a kill, and the client that asks it.
#include "actors/signer/signer_client_io.hpp"
#include "actors/signer/wallet_folder_io.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/encoding.hpp"
#include "nodes/signerd/hardening_io.hpp"
#include "nodes/signerd/policy_settings.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/actors/signer/made_messages.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <vector>

namespace {

using namespace sett;
using namespace sett::test;
using signer::refusal;

const std::string program = std::string(SETT_BINARY_DIR) + "/bin/signerd";
constexpr std::string_view passphrase = "canary-passphrase-5f2b";

/// One value that another thread brings.
template <class T>
class promised {
public:
  void set(T value) {
    const std::scoped_lock lock(mutex_);
    ++times_;
    value_ = std::move(value);
    set_.notify_all();
  }
  T wait() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(set_.wait_for(lock, std::chrono::seconds(20), [&] { return value_.has_value(); }));
    return value_ ? *value_ : T{};
  }
  int times() {
    const std::scoped_lock lock(mutex_);
    return times_;
  }

private:
  std::mutex mutex_;
  std::condition_variable set_;
  std::optional<T> value_;
  int times_{};
};

void write_file(const std::string& path, std::string_view text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), mode);
}

class it_signerd : public ::testing::Test {
protected:
  void SetUp() override {
    const signer::wallet_folder keys(folder / "keys");
    signer::wallet_file w{.name = "main", .group = "trading", .address = wallet, .origin = "new"};
    ASSERT_TRUE(signer::seal(w, made_seed(), passphrase, {.operations = 1, .memory_bytes = signer::memory_bytes_min},
                             signer::box_salt{1}, signer::box_nonce{2}));
    ASSERT_TRUE(keys.create(w));
    write_file(folder / "passphrase", passphrase);
    write_settings();
  }
  void write_settings(std::string_view more = "", std::string_view group = "trading") {
    write_file(folder / "signer.toml", "[node]\ndata_dir = \"" + folder.path().string() +
                                           "\"\n[signer]\npassphrase_file = \"" + (folder / "passphrase") + "\"\n" +
                                           std::string(more) + "\n[[policy]]\nname = \"" + std::string(group) +
                                           "\"\nspend_lamports_max = 200000000\nspend_lamports_hour_max = 400000000\n"
                                           "destinations = \"" +
                                           solana::to_base58(cold_wallet) + "\"\nvenues = \"pump_fun,raydium_v4\"\n");
  }
  std::unique_ptr<process> start() {
    // signerd gives up what a search for leaks needs at the end of a build with the address sanitizer.
    auto p = std::make_unique<process>(std::vector<std::string>{program, "--config", folder / "signer.toml"},
                                       process::environment{{"ASAN_OPTIONS", "detect_leaks=0"}});
    EXPECT_TRUE(eventually([&] { return p->err().find("listening on") != std::string::npos || !p->running(); }))
        << p->err();
    return p;
  }
  std::unique_ptr<signer::signer_client> client(std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    return std::make_unique<signer::signer_client>(
        signer::client_options{.socket = folder / "signer.sock", .timeout = timeout}, metrics);
  }
  static ports::sign_request request(const instructions& all) {
    return {.wallet = wallet, .message = message_of(all), .totals = {}, .halt_number = 0, .halted = false};
  }
  static signer::client_answer ask(signer::signer_client& c, signer::signer_ask what) {
    promised<signer::client_answer> got;
    c.ask(std::move(what), [&](signer::client_answer a) { got.set(std::move(a)); });
    return got.wait();
  }
  /// The refusal's name, "signed" or "unreachable".
  static std::string sign(signer::signer_client& c, const instructions& all) {
    const auto a = ask(c, signer::sign_ask{.request = request(all)});
    if (std::holds_alternative<signer::unreachable>(a)) return "unreachable";
    const auto& said = std::get<signer::signer_answer>(a);
    if (const auto* r = std::get_if<signer::refused>(&said)) return std::string(to_text(r->why));
    EXPECT_TRUE(solana::verify_signature(wallet, message_of(all), std::get<signature>(said)));
    return "signed";
  }
  static signer::wallet_status status(signer::signer_client& c) {
    const auto a = ask(c, signer::status_ask{});
    return std::get<std::vector<signer::wallet_status>>(std::get<signer::signer_answer>(a)).at(0);
  }
  template <class Call>
  static bool told(Call&& call) {
    promised<bool> got;
    call([&](bool b) { got.set(b); });
    return got.wait();
  }

  temporary_folder folder;
  telemetry::node_metrics metrics;
};

instructions buy_costing(std::uint64_t total) { return pump_entry(total - 100'000 - 125'000 - 2'039'280 - 5'000'000); }

TEST_F(it_signerd, signs_for_who_asks_over_its_socket_and_stops_in_order) {
  auto p = start();
  struct stat about{};
  ASSERT_EQ(::stat((folder / "signer.sock").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  {
    auto c = client();
    EXPECT_EQ(sign(*c, pump_entry(1'000'000)), "signed");
    EXPECT_EQ(sign(*c, pump_exit()), "signed");
    promised<ports::sign_answer> port;
    c->sign(request(pump_exit()), [&](ports::sign_answer a) { port.set(std::move(a)); });
    EXPECT_EQ(port.wait().refused, ports::sign_refusal::none);
  }
  p->signal(SIGTERM);
  EXPECT_EQ(p->wait(), 0) << p->err();
  EXPECT_NE(p->err().find("stopped; 3 signed, 0 refused"), std::string::npos) << p->err();
  EXPECT_FALSE(std::filesystem::exists(folder / "signer.sock"));
}

TEST_F(it_signerd, refuses_by_its_own_policy_and_names_the_reason) {
  auto p = start();
  auto c = client();
  EXPECT_EQ(sign(*c, {transfer(wallet, stranger, 1)}), "destination");
  EXPECT_EQ(sign(*c, {transfer(wallet, cold_wallet, 1)}), "signed");
  EXPECT_EQ(sign(*c, {create_ata(wsol_account, wallet, wsol), cpmm_swap(token_account, wsol_account, mint, wsol, 9)}),
            "venue");
  EXPECT_EQ(sign(*c, buy_costing(200'000'001)), "spend_transaction");
  EXPECT_EQ(sign(*c, pump_entry(1, 2'000'001)), "tip");
  EXPECT_EQ(sign(*c, pump_exit(30'000'000)), "fee");
  EXPECT_EQ(sign(*c, buy_costing(200'000'000)), "signed");
  EXPECT_EQ(sign(*c, buy_costing(200'000'000)), "signed");
  EXPECT_EQ(sign(*c, buy_costing(10'000'000)), "spend_hour");
  EXPECT_EQ(sign(*c, {call(stranger, {wallet}, {1})}), "program");
  promised<ports::sign_answer> port;
  c->sign(request({transfer(wallet, stranger, 1)}), [&](ports::sign_answer a) { port.set(std::move(a)); });
  EXPECT_EQ(port.wait().refused, ports::sign_refusal::program);
  EXPECT_TRUE(port.wait().why.starts_with("destination: instruction 1 moves SOL to ")) << port.wait().why;
}

TEST_F(it_signerd, keeps_sums_and_halts_across_kill_9) {
  auto p = start();
  auto c = client();
  EXPECT_EQ(sign(*c, buy_costing(200'000'000)), "signed");
  EXPECT_TRUE(told([&](auto done) { c->halt(wallet, 4, done); }));
  EXPECT_EQ(sign(*c, pump_entry(1)), "halted");
  for (int round = 0; round < 3; ++round) {
    p->signal(SIGKILL);
    EXPECT_EQ(p->wait(), 128 + SIGKILL);
    p = start();
    EXPECT_NE(p->err().find("halted (4)"), std::string::npos) << p->err();
    ASSERT_TRUE(eventually([&] { return sign(*c, pump_exit()) == "signed"; })); // the same client, connected anew
    EXPECT_EQ(sign(*c, pump_entry(1)), "halted");
  }
  EXPECT_FALSE(told([&](auto done) { c->resume(wallet, 3, done); }));
  EXPECT_TRUE(told([&](auto done) { c->resume(wallet, 4, done); }));
  const auto s = status(*c);
  EXPECT_EQ(s.spend_hour.value, 200'000'000U); // the halt stored it as it was
  EXPECT_EQ(sign(*c, buy_costing(100'000'000)), "signed");
  p->signal(SIGKILL);
  EXPECT_EQ(p->wait(), 128 + SIGKILL);
  p = start();
  ASSERT_TRUE(eventually([&] { return sign(*c, pump_exit()) == "signed"; }));
  const auto after = status(*c).spend_hour.value; // and a sixteenth of the hour's limit ahead of it
  EXPECT_EQ(after, 300'000'000U + 400'000'000 / 16 + 1);
  EXPECT_EQ(sign(*c, buy_costing(400'000'000 - after + 1)), "spend_hour");
  EXPECT_EQ(sign(*c, buy_costing(400'000'000 - after)), "signed");
  EXPECT_EQ(sign(*c, buy_costing(10'000'000)), "spend_hour");
}

TEST_F(it_signerd, shows_its_secrets_nowhere) {
  auto p = start();
  auto c = client();
  EXPECT_EQ(sign(*c, pump_entry(1'000'000)), "signed");
  EXPECT_EQ(sign(*c, {transfer(wallet, stranger, 1)}), "destination");
  p->signal(SIGTERM);
  EXPECT_EQ(p->wait(), 0);
  const auto seed = made_seed();
  const std::vector<std::string> canaries{std::string(passphrase), solana::hex_encode(seed),
                                          solana::to_base58(address{seed}), std::string(seed.begin(), seed.end())};
  std::string everything = p->out() + p->err() + metrics.render();
  for (const auto& e : std::filesystem::recursive_directory_iterator(folder.path()))
    if (e.is_regular_file() && e.path().filename() != "passphrase") everything += file_text(e.path().string());
  for (const auto& canary : canaries) EXPECT_EQ(everything.find(canary), std::string::npos);
}

// The address sanitizer turns mlock into nothing.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool mlock_is_real = false;
#else
constexpr bool mlock_is_real = true;
#endif
#else
constexpr bool mlock_is_real = true;
#endif
TEST_F(it_signerd, gives_up_core_files_new_privileges_swap_and_the_network) {
  auto p = start();
  const auto proc = "/proc/" + std::to_string(p->pid());
  const auto state = file_text(proc + "/status"), limits = file_text(proc + "/limits");
  EXPECT_NE(state.find("Seccomp:\t2"), std::string::npos) << state;
  EXPECT_NE(state.find("NoNewPrivs:\t1"), std::string::npos);
  const auto core = limits.substr(limits.find("Max core file size"), 45);
  EXPECT_NE(core.find(" 0 "), std::string::npos) << core;
  if (mlock_is_real) {
    EXPECT_GT(std::stoi(state.substr(state.find("VmLck:") + 6)), 0);
  }
}

TEST(it_hardening, makes_no_socket_runs_no_program_and_reaches_no_process_afterwards) {
  const auto pid = ::fork();
  if (pid == 0) {
    if (!signerd::protect_process() || !signerd::give_up_network()) ::_exit(1);
    for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK})
      if (::socket(family, SOCK_STREAM, 0) >= 0 || errno != EPERM) ::_exit(2);
    const auto self = ::getpid();
    for (const long call : {__NR_pidfd_open, __NR_pidfd_getfd, __NR_ptrace, __NR_process_vm_readv,
                            __NR_process_vm_writev, __NR_io_uring_setup, __NR_bpf, __NR_setns})
      if (::syscall(call, self, 0, 0, 0, 0, 0) >= 0 || errno != EPERM) ::_exit(4);
    char* const none[] = {nullptr};
    ::execve("/bin/true", none, none);
    ::_exit(errno == EPERM ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(it_signerd, does_not_start_with_a_wrong_passphrase) {
  write_file(folder / "passphrase", "canary-wrong-passphrase");
  auto p = start();
  EXPECT_EQ(p->wait(), 1);
  EXPECT_NE(p->err().find("wallet main does not open: the passphrase is wrong"), std::string::npos) << p->err();
  EXPECT_EQ(p->err().find("canary"), std::string::npos);
}

TEST_F(it_signerd, does_not_start_on_a_passphrase_or_settings_that_are_not_right) {
  ::chmod((folder / "passphrase").c_str(), 0644);
  auto p = start();
  EXPECT_EQ(p->wait(), 1);
  EXPECT_NE(p->err().find("may be read by others"), std::string::npos) << p->err();
  ::chmod((folder / "passphrase").c_str(), 0600);
  write_settings("", "others");
  p = start();
  EXPECT_EQ(p->wait(), 1);
  EXPECT_NE(p->err().find("there is no policy for its group; add [[policy]] with name = \"trading\""),
            std::string::npos)
      << p->err();
  write_settings("queue_max = 0");
  EXPECT_EQ(run({program, "--config", folder / "signer.toml"}).code, 2);
  EXPECT_EQ(run({program, "--no-such-thing"}).code, 2);
  const auto none = run({program, "--set", "node.data_dir=" + (folder / "empty")});
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.err.find("sett wallet new"), std::string::npos) << none.err;
}

TEST_F(it_signerd, does_not_start_on_a_damaged_book) {
  auto p = start();
  auto c = client();
  EXPECT_EQ(sign(*c, pump_entry(1)), "signed");
  p->signal(SIGTERM);
  EXPECT_EQ(p->wait(), 0);
  const auto book = (folder / "signer") + "/" + solana::to_base58(wallet) + ".book";
  const auto good = file_text(book);
  write_file(book, good.substr(0, good.size() / 2));
  p = start();
  EXPECT_EQ(p->wait(), 1);
  EXPECT_NE(p->err().find("of the signer's book"), std::string::npos) << p->err();
}

TEST_F(it_signerd, does_not_start_on_a_clock_that_is_days_behind_its_book) {
  auto p = start();
  auto c = client();
  EXPECT_EQ(sign(*c, pump_entry(1)), "signed");
  p->signal(SIGTERM);
  EXPECT_EQ(p->wait(), 0);
  const auto book = (folder / "signer") + "/" + solana::to_base58(wallet) + ".book";
  write_file(book, "sett-signer-book 1\nwallet " + solana::to_base58(wallet) +
                       "\nhalted 0\nresumed 0\nlast 9999999999\nend\n");
  p = start();
  EXPECT_EQ(p->wait(), 1);
  EXPECT_NE(p->err().find("more than a day later: set the clock right"), std::string::npos) << p->err();
  EXPECT_NE(p->err().find(book), std::string::npos) << p->err();
}

TEST_F(it_signerd, lets_no_second_signer_have_its_state_or_socket) {
  auto p = start();
  auto second = run({program, "--config", folder / "signer.toml"});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.err.find("another signer uses"), std::string::npos) << second.err;
  second = run({program, "--config", folder / "signer.toml", "--set", "signer.state_dir=" + (folder / "other")});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.err.find("another signer listens"), std::string::npos) << second.err;
  auto c = client();
  EXPECT_EQ(sign(*c, pump_exit()), "signed");
}

int raw_connection(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return fd;
}

TEST_F(it_signerd, closes_a_connection_that_talks_nonsense_and_serves_the_others) {
  auto p = start();
  auto c = client();
  for (const auto& nonsense : {std::string("GET / HTTP/1.1\r\n\r\n"),
                               std::string("\x04\x00\x00\x00"
                                           "abcd",
                                           8),
                               std::string("\xff\xff\xff\xff", 4)}) {
    const int fd = raw_connection(folder / "signer.sock");
    EXPECT_EQ(::send(fd, nonsense.data(), nonsense.size(), MSG_NOSIGNAL), static_cast<ssize_t>(nonsense.size()));
    char answer = 0;
    EXPECT_EQ(::recv(fd, &answer, 1, 0), 0); // closed without a word
    ::close(fd);
    EXPECT_EQ(sign(*c, pump_exit()), "signed");
  }
}

TEST_F(it_signerd, answers_everything_that_it_took_and_refuses_what_its_queue_does_not_hold) {
  write_settings("queue_max = 4");
  auto p = start();
  std::string burst;
  for (std::uint64_t i = 0; i < 60; ++i)
    burst += signer::encode(signer::signer_request{.id = i, .ask = signer::sign_ask{.request = request(pump_exit(1))}});
  const int fd = raw_connection(folder / "signer.sock");
  ASSERT_EQ(::send(fd, burst.data(), burst.size(), 0), static_cast<ssize_t>(burst.size()));
  signer::frame_cutter cutter(signer::reply_bytes_max);
  std::size_t answers = 0, overloaded = 0;
  std::vector<char> part(64 * 1024);
  while (answers < 60) {
    const auto n = ::recv(fd, part.data(), part.size(), 0);
    ASSERT_GT(n, 0);
    cutter.append({part.data(), static_cast<std::size_t>(n)});
    while (const auto frame = cutter.next()) {
      const auto reply = signer::decode_reply(*frame);
      ASSERT_TRUE(reply);
      ++answers;
      if (const auto* r = std::get_if<signer::refused>(&reply->answer)) {
        EXPECT_EQ(r->why, refusal::overloaded);
        ++overloaded;
      }
    }
  }
  ::close(fd);
  EXPECT_GT(overloaded, 0U);
  EXPECT_LT(overloaded, 60U);
}

TEST_F(it_signerd, serves_exits_before_the_entries_that_wait) {
  auto p = start();
  p->signal(SIGSTOP); // so that all of it is there when it looks
  const int fd = raw_connection(folder / "signer.sock");
  std::string burst;
  for (std::uint64_t i = 0; i < 20; ++i)
    burst += signer::encode(signer::signer_request{
        .id = i, .ask = signer::sign_ask{.request = request(i < 15 ? pump_entry(1000 + i, 0) : pump_exit(1))}});
  ASSERT_EQ(::send(fd, burst.data(), burst.size(), 0), static_cast<ssize_t>(burst.size()));
  p->signal(SIGCONT);
  signer::frame_cutter cutter(signer::reply_bytes_max);
  std::vector<std::uint64_t> order;
  std::vector<char> part(64 * 1024);
  while (order.size() < 20) {
    const auto n = ::recv(fd, part.data(), part.size(), 0);
    ASSERT_GT(n, 0);
    cutter.append({part.data(), static_cast<std::size_t>(n)});
    while (const auto frame = cutter.next()) order.push_back(signer::decode_reply(*frame)->id);
  }
  ::close(fd);
  const auto exits_first = std::ranges::count_if(std::span(order).first(6), [](auto id) { return id >= 15; });
  EXPECT_EQ(exits_first, 5); // at most the one that was served first comes before them
}

/// Sends the requests at once while the signer stands still, and takes as many replies, in their order.
std::vector<signer::signer_reply> replies_to(process& p, const std::string& socket, const std::string& burst,
                                             std::size_t count) {
  p.signal(SIGSTOP);
  const int fd = raw_connection(socket);
  EXPECT_EQ(::send(fd, burst.data(), burst.size(), 0), static_cast<ssize_t>(burst.size()));
  p.signal(SIGCONT);
  signer::frame_cutter cutter(signer::reply_bytes_max);
  std::vector<signer::signer_reply> out;
  std::vector<char> part(64 * 1024);
  while (out.size() < count) {
    const auto n = ::recv(fd, part.data(), part.size(), 0);
    EXPECT_GT(n, 0);
    if (n <= 0) break;
    cutter.append({part.data(), static_cast<std::size_t>(n)});
    while (const auto frame = cutter.next()) out.push_back(std::move(*signer::decode_reply(*frame)));
  }
  ::close(fd);
  return out;
}

TEST_F(it_signerd, halts_before_everything_that_waits_and_outside_its_queues_bound) {
  write_settings("queue_max = 4");
  auto p = start();
  std::string burst;
  for (std::uint64_t i = 0; i < 20; ++i)
    burst += signer::encode(
        signer::signer_request{.id = i, .ask = signer::sign_ask{.request = request(pump_entry(1000 + i, 0))}});
  burst += signer::encode(signer::signer_request{.id = 20, .ask = signer::halt_ask{.wallet = wallet, .number = 7}});
  const auto got = replies_to(*p, folder / "signer.sock", burst, 21);
  ASSERT_EQ(got.size(), 21U);
  std::size_t overloaded = 0, halted = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].id == 20) {
      const auto* answer = std::get_if<signer::halt_answer>(&got[i].answer);
      ASSERT_NE(answer, nullptr);
      EXPECT_TRUE(answer->stored);
      EXPECT_EQ(answer->number, 7U);
      EXPECT_EQ(i, 16U); // after what had no place, before what waits
      continue;
    }
    const auto* r = std::get_if<signer::refused>(&got[i].answer);
    ASSERT_NE(r, nullptr);
    overloaded += r->why == refusal::overloaded;
    halted += r->why == refusal::halted;
  }
  EXPECT_EQ(overloaded, 16U);
  EXPECT_EQ(halted, 4U);
}

TEST_F(it_signerd, lets_a_halt_in_when_all_connections_are_taken) {
  write_settings("connections_max = 2");
  auto p = start();
  auto c = client();
  EXPECT_EQ(sign(*c, pump_exit(1)), "signed"); // the oldest, which stays
  std::vector<int> idle;
  for (int i = 0; i < 5; ++i) idle.push_back(raw_connection(folder / "signer.sock"));
  const auto got = replies_to(
      *p, folder / "signer.sock",
      signer::encode(signer::signer_request{.id = 1, .ask = signer::halt_ask{.wallet = wallet, .number = 2}}), 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(std::get<signer::halt_answer>(got[0].answer).stored);
  EXPECT_EQ(sign(*c, pump_entry(1)), "halted");
  for (const int fd : idle) {
    char answer = 0;
    EXPECT_EQ(::recv(fd, &answer, 1, 0), 0); // all of them made room
    ::close(fd);
  }
  p->signal(SIGTERM);
  EXPECT_EQ(p->wait(), 0);
  EXPECT_NE(p->err().find("5 for newer ones"), std::string::npos) << p->err();
}

TEST_F(it_signerd, is_unreachable_at_once_when_it_does_not_run) {
  auto c = client();
  EXPECT_EQ(sign(*c, pump_exit()), "unreachable");
  EXPECT_FALSE(told([&](auto done) { c->halt(wallet, 1, done); }));
  auto p = start();
  EXPECT_TRUE(eventually([&] { return sign(*c, pump_exit()) == "signed"; }));
}

TEST_F(it_signerd, answers_each_question_once_when_the_signer_is_killed_or_hangs) {
  auto p = start();
  auto c = client(std::chrono::milliseconds(300));
  EXPECT_EQ(sign(*c, pump_exit(1)), "signed");
  p->signal(SIGSTOP);
  std::vector<promised<ports::sign_answer>> late(20);
  for (auto& one : late) c->sign(request(pump_exit(1)), [&](ports::sign_answer a) { one.set(std::move(a)); });
  for (auto& one : late) EXPECT_EQ(one.wait().refused, ports::sign_refusal::unreachable);
  p->signal(SIGCONT); // its answers are late and find nobody
  EXPECT_TRUE(eventually([&] { return sign(*c, pump_exit(1)) == "signed"; }));
  p->signal(SIGSTOP);
  std::vector<promised<ports::sign_answer>> lost(20);
  for (auto& one : lost) c->sign(request(pump_exit(1)), [&](ports::sign_answer a) { one.set(std::move(a)); });
  p->signal(SIGKILL);
  for (auto& one : lost) EXPECT_EQ(one.wait().refused, ports::sign_refusal::unreachable);
  c.reset();
  for (auto* all : {&late, &lost})
    for (auto& one : *all) EXPECT_EQ(one.times(), 1);
}

TEST(unit_policy_settings, understand_every_venue_that_the_settings_allow) {
  config::settings s;
  s.policies.emplace_back().name = "trading";
  s.policies[0].venues = "pump_fun,pump_swap,raydium_v4,raydium_cpmm,whirlpool";
  const auto policies = signerd::policies_of(s);
  ASSERT_TRUE(policies);
  EXPECT_EQ(policies->at(0).venues.size(), static_cast<std::size_t>(signer::venue::count_));
}

} // namespace
