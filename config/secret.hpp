// A setting that must not be seen: an endpoint's address with its key, a token. It has no text form: nothing can
// format, print or log it by accident, because no conversion, formatter or stream operator exists. Whoever really needs
// the text (the socket adapter) says reveal(), which a reader can grep for.
#pragma once

#include <string>
#include <utility>

namespace sett::config {

class secret {
public:
  secret() = default;
  explicit secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] const std::string& reveal() const { return text_; }
  friend bool operator==(const secret&, const secret&) = default;

private:
  std::string text_;
};

} // namespace sett::config
