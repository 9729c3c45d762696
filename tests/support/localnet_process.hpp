// The real virtual machine for a test: tools/localnet as a child process, asked over HTTP, and a wallet that builds,
// signs and sends what it is given. Users link sett_verifier (signing), sett_solana and Boost::json.
#pragma once

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/message_builder.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/shared_data.hpp"
#include "tools/verifier/signing.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

namespace sett::test {

class localnet {
public:
  /// False when the npm packages are missing and cannot be installed.
  static bool available() {
    const std::string packages = SETT_SOURCE_DIR "/tools/npm_packages", folder = SETT_SOURCE_DIR "/tools/localnet";
    if (run({packages, folder, "--check"}).code == 0) return true;
    process install({packages, folder});
    return install.wait(std::chrono::seconds(100)) == 0;
  }

  explicit localnet(std::vector<std::string> arguments = {"--slot-ms", "20"}) {
    arguments.insert(arguments.begin(), SETT_SOURCE_DIR "/tools/localnet/run");
    process_ = std::make_unique<process>(arguments);
    if (!eventually([this] { return process_->out().find('\n') != std::string::npos || !process_->running(); },
                    std::chrono::seconds(60)) ||
        !process_->running())
      throw std::runtime_error("localnet did not start: " + process_->err());
    const auto ready = boost::json::parse(process_->out()).as_object();
    http_ = boost::json::value_to<std::string>(ready.at("http"));
    ws_ = boost::json::value_to<std::string>(ready.at("ws"));
  }

  [[nodiscard]] const std::string& http() const { return http_; }
  [[nodiscard]] const std::string& ws() const { return ws_; }
  /// What the server answers to one JSON-RPC request, as text.
  [[nodiscard]] std::string post(const std::string& request) const {
    const auto port = static_cast<std::uint16_t>(std::stoi(http_.substr(http_.rfind(':') + 1)));
    auto c = raw_connection::tcp(port);
    if (!c.connected() || !c.send(fmt::format("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                              "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                              request.size(), request)))
      throw std::runtime_error("localnet is not there");
    const auto answer = c.receive();
    const auto blank = answer.find("\r\n\r\n");
    return blank == std::string::npos ? std::string{} : answer.substr(blank + 4);
  }
  /// The result of a method; throws with the server's error.
  [[nodiscard]] boost::json::value call(std::string_view method, std::string_view params = "[]") const {
    const auto answer =
        boost::json::parse(post(fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params)))
            .as_object();
    if (answer.contains("error")) throw std::runtime_error(boost::json::serialize(answer.at("error")));
    return answer.at("result");
  }
  [[nodiscard]] blockhash recent() const {
    const auto text = call("getLatestBlockhash", R"([{"commitment":"confirmed"}])").at("value").at("blockhash");
    return *solana::parse_blockhash(boost::json::value_to<std::string>(text));
  }
  /// The account's bytes; empty when there is none.
  [[nodiscard]] std::vector<std::uint8_t> data_of(const address& key) const {
    const auto value =
        call("getAccountInfo", fmt::format(R"(["{}",{{"encoding":"base64"}}])", solana::to_base58(key))).at("value");
    if (value.is_null()) return {};
    return *solana::base64_decode(boost::json::value_to<std::string>(value.at("data").at(0)));
  }

private:
  std::unique_ptr<process> process_;
  std::string http_, ws_;
};

/// A key pair that pays on a localnet.
class localnet_wallet {
public:
  localnet_wallet(const localnet& net, std::uint8_t seed) : net_(net) {
    seed_.fill(seed);
    key_ = verifier::public_key_of(seed_);
  }
  [[nodiscard]] const address& key() const { return key_; }
  [[nodiscard]] const verifier::signing_seed& seed() const { return seed_; }

  /// Waits until the SOL are there.
  void fund(std::uint64_t lamports) const {
    const auto signature = boost::json::value_to<std::string>(
        net_.call("requestAirdrop", fmt::format(R"(["{}",{}])", solana::to_base58(key_), lamports)));
    static_cast<void>(landed(signature));
  }
  /// Builds with this wallet as payer, signs, sends without preflight and waits until it is confirmed: the answer of
  /// getTransaction. `also` are seeds of further signers.
  boost::json::object send(std::span<const solana::instruction> instructions,
                           std::span<const verifier::signing_seed> also = {}) const {
    const auto message = solana::build_message(
        {.payer = key_, .recent_blockhash = net_.recent(), .instructions = instructions, .tables = {}});
    if (!message) throw std::runtime_error(message.error().message);
    solana::transaction_view view;
    if (!solana::parse_message(*message, view)) throw std::runtime_error("built what cannot be read");
    std::vector<signature> signatures;
    for (std::size_t i = 0; i < view.header.required_signatures; ++i)
      signatures.push_back(verifier::sign(seed_of(view.key(i), also), *message));
    const auto wire = *solana::attach_signatures(*message, signatures);
    const auto sent = net_.call("sendTransaction", fmt::format(R"(["{}",{{"encoding":"base64","skipPreflight":true}}])",
                                                               solana::base64_encode(wire)));
    return landed(boost::json::value_to<std::string>(sent));
  }

private:
  const verifier::signing_seed& seed_of(const address& key, std::span<const verifier::signing_seed> also) const {
    if (key == key_) return seed_;
    for (const auto& s : also)
      if (verifier::public_key_of(s) == key) return s;
    throw std::runtime_error("no seed for " + solana::to_base58(key));
  }
  boost::json::object landed(const std::string& signature) const {
    boost::json::value found;
    if (!eventually([&] {
          found = net_.call(
              "getTransaction",
              fmt::format(R"(["{}",{{"commitment":"confirmed","maxSupportedTransactionVersion":0}}])", signature));
          return !found.is_null();
        }))
      throw std::runtime_error("did not land: " + signature);
    return found.as_object();
  }

  const localnet& net_;
  verifier::signing_seed seed_;
  address key_;
};

} // namespace sett::test

/// First statement of a test that needs the virtual machine.
#define SETT_NEEDS_LOCALNET()                                                                                          \
  if (!::sett::test::localnet::available()) {                                                                          \
    if (::sett::test::data_required()) FAIL() << "the npm packages of tools/localnet cannot be installed";             \
    GTEST_SKIP() << "the npm packages of tools/localnet cannot be installed";                                          \
  }                                                                                                                    \
  static_assert(true)
