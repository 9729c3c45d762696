// Any bytes as a WebSocket frame, as a JSON-RPC body with every kind of result, and as a Yellowstone message.
#include "messages/solana/pubsub_reader.hpp"
#include "messages/solana/rpc_response.hpp"
#include "messages/solana/yellowstone_reader.hpp"

#include <cstdint>
#include <string_view>

namespace {
using namespace sett::solana;

struct user : stream_visitor {
  std::uint64_t sum{};
  void transaction(const executed_transaction& tx) override {
    for (const auto& ix : tx.instructions)
      for (std::size_t i = 0; i < ix.accounts.size(); ++i) sum += tx.account(ix, i).bytes[31];
    for (const auto& line : tx.logs()) sum += line.size();
  }
  void account(const account_update& a) override {
    for (const auto b : a.data) sum += b;
    sum += a.parsed.size();
  }
  void logs(const logs_update& l) override {
    for (const auto& line : l.lines) sum += line.size();
  }
};

template <class... T>
std::size_t read_as(rpc::response_document& document, const rpc::response& r) {
  return (std::size_t{document.get<T>(r).has_value()} + ...);
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  user visitor;
  const padded_text text(std::string_view(reinterpret_cast<const char*>(data), size));
  pubsub_reader pubsub;
  static_cast<void>(pubsub.read(text, visitor));
  rpc::response_document document;
  if (document.read(text))
    for (const auto& r : document.responses())
      visitor.sum +=
          read_as<std::uint64_t, std::string, std::vector<sett::slot_number>, sett::signature, rpc::version_info,
                  rpc::epoch_info, rpc::at_slot<rpc::latest_blockhash>, rpc::at_slot<std::uint64_t>,
                  rpc::at_slot<std::optional<rpc::account>>, rpc::at_slot<rpc::accounts>,
                  rpc::at_slot<rpc::signature_statuses>, rpc::at_slot<rpc::simulation>,
                  std::vector<rpc::signature_entry>, std::vector<rpc::prioritization_fee>>(document, r);
  yellowstone_reader yellowstone;
  static_cast<void>(yellowstone.read({data, size}, visitor));
  return 0;
}
