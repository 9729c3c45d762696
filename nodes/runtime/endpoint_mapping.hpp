// From an [[endpoint]] of the settings to what an endpoint works with. Pure.
#pragma once

#include "actors/endpoints/endpoint_options.hpp"
#include "config/settings.hpp"

#include <cstddef>

namespace sett::runtime {

/// index: the endpoint's position in the settings. A plan of "auto" becomes the best one that is possible.
[[nodiscard]] endpoints::endpoint_options options_of(const config::endpoint_settings& e,
                                                     const config::ingest_settings& ingest, std::size_t index);

} // namespace sett::runtime
