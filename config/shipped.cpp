#include "config/shipped.hpp"

#include "config/config_documents.hpp"
#include "config/document_io.hpp"

#include <fmt/format.h>

namespace sett::config {

std::string_view shipped_document(std::string_view name) {
  if (name == "default") return documents::default_toml;
  if (name == "paper") return documents::paper_toml;
  if (name == "mainnet") return documents::mainnet_toml;
  return {};
}

resolution load(const sources& from) {
  std::vector<layer> layers;
  layers.push_back(parse_document(shipped_document("default"), "config/default.toml"));
  const std::string environment = from.environment.empty() ? "paper" : from.environment;
  if (const auto text = shipped_document(environment); !text.empty() && environment != "default") {
    layers.push_back(parse_document(text, fmt::format("config/{}.toml", environment)));
  } else {
    layer refused{.name = "--environment", .assignments = {}, .items = {}, .faults = {}};
    refused.faults.push_back(
        {{"--environment"}, "", fmt::format("\"{}\"", environment), "allowed: one of: paper, mainnet"});
    layers.push_back(std::move(refused));
  }
  for (const auto& file : from.files) layers.push_back(read_document(file));
  layers.push_back(environment_layer(from.variables));
  layers.push_back(arguments_layer(from.arguments));
  return resolve(layers);
}

} // namespace sett::config
