#include "core/srp/director_outbox.h"

#include <variant>

#include "core/base/limits.h"

namespace srpt {

void DirectorOutbox::Drain(Actions& actions) {
  std::size_t text_used = 0;
  while (!items_.empty() && actions.room() > 0) {
    Item& item = items_.front();
    if (text_used != 0 && text_used + item.text.size() > limits::kLogTextPerStep) return;
    text_used += item.text.size();
    if (auto* log = std::get_if<action::Log>(&item.action)) log->text = actions.Keep(item.text);
    if (auto* done = std::get_if<action::AdminDone>(&item.action)) {
      done->text = actions.Keep(item.text);
    }
    actions.Add(std::move(item.action));
    items_.pop_front();
  }
}

}  // namespace srpt
