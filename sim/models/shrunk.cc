#include "sim/models/shrunk.h"

#include <rapidcheck.h>

namespace srpt::sim::models {

Shrunk Shrink(const std::function<void()>& property) {
  rc::detail::TestMetadata metadata;
  metadata.id = "shrunk";
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = 200;
  const auto result = rc::detail::checkTestable(property, metadata, params);
  Shrunk shrunk;
  if (!result.is<rc::detail::FailureResult>()) return shrunk;
  const auto& failure = result.get<rc::detail::FailureResult>();
  shrunk.why = failure.description;
  for (const auto& [type, value] : failure.counterExample) shrunk.steps += value;
  return shrunk;
}

}  // namespace srpt::sim::models
