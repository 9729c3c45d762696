#include "actors/endpoints/transport_io.hpp"

#include "actors/endpoints/grpc_client_io.hpp"
#include "actors/endpoints/http_client_io.hpp"
#include "actors/endpoints/websocket_client_io.hpp"

namespace sett::endpoints {

namespace {

class sockets final : public transport {
public:
  explicit sockets(socket_threads& threads) : threads_(threads) {}
  result<std::unique_ptr<http_client>> http(const endpoint_options& options) override {
    return make_http_client(threads_, options);
  }
  result<std::unique_ptr<websocket_client>> websocket(const endpoint_options& options) override {
    return make_websocket_client(threads_, options);
  }
  result<std::unique_ptr<grpc_stream_client>> grpc(const endpoint_options& options) override {
    return make_grpc_client(options);
  }

private:
  socket_threads& threads_;
};

} // namespace

std::shared_ptr<transport> make_transport(socket_threads& threads) { return std::make_shared<sockets>(threads); }

} // namespace sett::endpoints
