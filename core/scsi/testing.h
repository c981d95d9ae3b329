// Verbs of this folder's tests: ask a unit with a CDB in hex, look at the answer in hex.
#ifndef CORE_SCSI_TESTING_H_
#define CORE_SCSI_TESTING_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/scsi/cdb.h"
#include "core/scsi/control.h"
#include "core/scsi/lu.h"
#include "core/scsi/sense.h"

namespace srpt::scsi {

inline std::vector<std::uint8_t> FromHex(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  int digits = 0;
  unsigned value = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (++digits % 2 == 0) {
      bytes.push_back(static_cast<std::uint8_t>(value));
      value = 0;
    }
  }
  EXPECT_EQ(digits % 2, 0) << text;
  return bytes;
}

// "12 00 ... \n": 16 bytes a line, as the golden texts have them.
inline std::string ToHex(Bytes bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
    text += i % 16 == 15 || i + 1 == bytes.size() ? '\n' : ' ';
  }
  return text;
}

// A CDB as SRP carries it: filled up to 16 bytes.
inline std::vector<std::uint8_t> Cdb(std::string_view hex) {
  std::vector<std::uint8_t> cdb = FromHex(hex);
  if (cdb.size() < 16) cdb.resize(16);
  return cdb;
}

// A file-backed disk of 1 GiB named "disk1".
inline LuView Disk() {
  LuView lu;
  lu.id = LuId(7);
  lu.name = "disk1";
  lu.identity = DeriveIdentity(HandlerKind::kFileio, "disk1");
  SetCapacity(lu, 512, 1u << 30);
  SetCachePolicy(lu, {});
  return lu;
}

struct Reply {
  Status status = Status::kGood;
  Sense sense;
  std::string data;  // ToHex
  friend bool operator==(const Reply&, const Reply&) = default;
};
inline void PrintTo(const Sense& s, std::ostream* os) {
  *os << std::hex << int{s.key} << "/" << int{s.asc} << "/" << int{s.ascq};
  if (s.information) *os << " information " << *s.information;
  if (s.field) *os << " field " << s.field->byte << "." << int{s.field->bit};
}
inline void PrintTo(const Reply& r, std::ostream* os) {
  *os << "status " << static_cast<int>(r.status) << " sense ";
  PrintTo(r.sense, os);
  *os << "\n" << r.data;
}

inline Reply Refused(const Sense& sense) { return {Status::kCheckCondition, sense, ""}; }

// Decodes and executes a control command, as a channel does.
inline Reply Ask(std::string_view cdb, const LuView* lu, const LunInventory& inventory = {}) {
  const Result<Request, Sense> request = Decode(Cdb(cdb), lu);
  if (!request.ok()) return Refused(request.error());
  const Control* control = std::get_if<Control>(&request->op);
  if (control == nullptr) {
    ADD_FAILURE() << "not a control command: " << cdb;
    return {};
  }
  std::vector<std::uint8_t> out(4096, 0xee);
  const ControlAnswer answer = Execute(*control, lu, inventory, out);
  return {answer.status, answer.sense, ToHex(Bytes(out).first(answer.bytes))};
}

}  // namespace srpt::scsi

#endif  // CORE_SCSI_TESTING_H_
