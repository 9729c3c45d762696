// The layouts that decoders rely on, against the collected facts: registry.json holds the discriminators of every
// instruction and event of the programs' published interfaces, each computed and compared when it was written.
#include "actors/decode/decoder.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cctype>
#include <map>
#include <string>

namespace sett::decode {
namespace {

namespace dom = simdjson::dom;

/// Interfaces write an instruction's name as twoHopSwap or two_hop_swap, the program computes with the latter.
std::string snake_case(std::string_view name) {
  std::string snake;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) {
      snake += '_';
      snake += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      snake += c;
    }
  }
  return snake;
}

std::map<std::string, std::uint64_t> stated_layouts(dom::object program) {
  std::map<std::string, std::uint64_t> stated;
  const auto read = [&](const char* list, const char* prefix, bool snake) {
    dom::object all;
    if (program[list].get(all) != simdjson::SUCCESS) return;
    for (const auto [name, value] : all) {
      const std::string_view hex = value["disc"];
      stated[prefix + (snake ? snake_case(name) : std::string(name))] = std::stoull(std::string(hex), nullptr, 16);
    }
  };
  read("instructions", "global:", true);
  read("events", "event:", false);
  return stated;
}

TEST(oracle_registry, every_instruction_of_a_published_interface_is_known_and_every_discriminator_agrees) {
  SETT_NEEDS_DATA("protocol/registry.json");
  dom::parser parser;
  const dom::object registry = parser.load((test::shared_folder() / "protocol/registry.json").string());
  std::size_t compared = 0;
  for (const auto [name, value] : dom::object(registry["programs"])) {
    const std::string_view id = value["address"];
    const auto kind = find_program(id);
    ASSERT_NE(kind, program_kind::unknown) << name;
    const auto& decoder = program(kind);
    EXPECT_EQ(decoder.address, id) << name;
    if (decoder.layouts.empty()) continue; // native tags, or not decoded
    std::map<std::string, std::uint64_t> written;
    for (const auto& layout : decoder.layouts) {
      EXPECT_TRUE(written.emplace(layout.anchor_name, layout.discriminator).second) << layout.anchor_name << " twice";
    }
    for (const auto& [layout, discriminator] : stated_layouts(value)) {
      const auto found = written.find(layout);
      if (found == written.end()) {
        // An event that a program only reports to itself need not be named, an instruction must.
        if (layout.starts_with("global:")) ADD_FAILURE() << name << " does not know " << layout;
        continue;
      }
      EXPECT_EQ(found->second, discriminator) << name << " " << layout;
      ++compared;
    }
  }
  std::printf("%zu discriminators compared\n", compared);
  EXPECT_GT(compared, 300U);
}

TEST(oracle_registry, the_2026_layout_of_jupiter_is_known) {
  SETT_NEEDS_DATA("protocol/jupiter/jupiter_v6_2026_layout.json");
  dom::parser parser;
  const dom::object layout =
      parser.load((test::shared_folder() / "protocol/jupiter/jupiter_v6_2026_layout.json").string());
  std::map<std::uint64_t, std::string_view> written;
  for (const auto& l : program(program_kind::jupiter_v6).layouts) written[l.discriminator] = l.anchor_name;
  for (const char* list : {"instructions", "events"})
    for (const dom::object entry : dom::array(layout[list])) {
      std::uint64_t discriminator = 0;
      for (const std::uint64_t byte : dom::array(entry["discriminator"])) discriminator = discriminator << 8 | byte;
      const std::string_view name = entry["name"];
      if (discriminator == event_cpi_prefix) continue;
      EXPECT_TRUE(written.contains(discriminator)) << name;
    }
}

} // namespace
} // namespace sett::decode
