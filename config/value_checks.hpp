// What a text setting may hold: each function answers nullptr for a value that is allowed, else which ones are. Pure.
#pragma once

#include <string_view>

namespace sett::config {

const char* check_present(std::string_view value);       // not empty
const char* check_node_name(std::string_view value);     // a node_id
const char* check_cluster_name(std::string_view value);  // as above, but longer
const char* check_http_url(std::string_view value);      // may be empty, as the next two
const char* check_websocket_url(std::string_view value); //
const char* check_token(std::string_view value);         // a secret of an endpoint
const char* check_host_ports(std::string_view value);    // a list; may be empty
const char* check_roles(std::string_view value);         // a list
const char* check_wallet_address(std::string_view value);
const char* check_addresses(std::string_view value);  // a list; may be empty
const char* check_venues(std::string_view value);     // a list
const char* check_log_levels(std::string_view value); // "info,ingest=debug"

} // namespace sett::config
