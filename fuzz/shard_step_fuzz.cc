// The shard's step function, from several starting states, by sequences of events.
#include "fuzz/shard_driver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  srpt::fuzz::Input input({data, size});
  srpt::fuzz::ShardDriver driver(input);
  for (int i = 0; i < 2000 && !input.empty(); ++i) driver.Turn();
  driver.Finish();
  return 0;
}
