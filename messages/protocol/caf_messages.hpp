// Lets the structs of this folder travel as CAF messages inside a process. CAF 0.17 wants every message type to be
// serializable or declared local; these are local (between nodes FlatBuffers travel). Declared here once, because twice
// is an error.
#pragma once

#include "messages/protocol/actor_admin.hpp"
#include "messages/protocol/alert.hpp"
#include "messages/protocol/chain_stream.hpp"
#include "messages/protocol/endpoint.hpp"
#include "messages/protocol/router.hpp"
#include "messages/protocol/token.hpp"
#include "messages/protocol/wallet.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::raw_update)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::raw_slot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::raw_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::chain_update)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::slot_rooted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::slot_undone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::stream_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::entity_events)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::fetch_block)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::block_unavailable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::list_blocks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::block_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::stream_head)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::endpoint_condition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::endpoint_status_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::endpoint_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::endpoint_force)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::ingest_status_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::ingest_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::slot_tally_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::slot_tally)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::actor_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::actor_list_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::actor_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::router_status_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::router_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::settle_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::settled)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::token_list_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::token_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::token_show_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::token_summary)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::token_detail)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::token_quote_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::token_quote)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::price_update)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::opportunity)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_list_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_show_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_summary)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_detail)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_track_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_untrack_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::protocol::wallet_tracked)
