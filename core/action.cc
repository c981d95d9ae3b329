#include "core/action.h"

#include <algorithm>

namespace srpt {

std::string_view Actions::Keep(std::string_view text) {
  const std::size_t n = std::min(text.size(), text_.size() - text_used_);
  char* to = text_.data() + text_used_;
  std::copy_n(text.data(), n, to);
  text_used_ += n;
  return {to, n};
}

}  // namespace srpt
