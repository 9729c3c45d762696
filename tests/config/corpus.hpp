// A document that sets every area, for the tests that mutate settings.
#pragma once

namespace sett::test {

inline constexpr const char* full_document = R"(# a node with everything
[node]
name = "den-1"
environment = "mainnet"
data_dir = "/var/lib/sett"
shutdown_grace_ms = 8000

[log]
levels = "info,ingest=debug"
console = "json"
colour = "never"
file = false
file_bytes_max = 1048576

[api]
address = "127.0.0.2"
port = 0
connections_max = 8

[ingest]
commitment = "processed"
backfill_slots_max = 10

[[endpoint]]
name = "main"
provider = "helius"
http = "https://rpc.example.com/?api-key=canary-1"
ws = "wss://rpc.example.com/?api-key=canary-2"
token = "canary-3"
plan = "transactions"
requests_per_s_max = 10

[[endpoint]]
name = "spare"
http = "http://127.0.0.1:8899"
plan = "none"

[[wallet]]
name = "whale"
address = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"
)";

} // namespace sett::test
