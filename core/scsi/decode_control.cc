#include "core/scsi/decode_control.h"

namespace srpt::scsi::decode {
namespace {

Request In(const Control& control) {
  const Direction dir = control.alloc_len == 0 ? Direction::kNone : Direction::kIn;
  return Request{control, {dir, control.alloc_len}};
}

Control Op(ControlOp op, std::uint32_t alloc_len) {
  Control control;
  control.op = op;
  control.alloc_len = alloc_len;
  return control;
}

constexpr std::uint32_t kReadCapacity10Bytes = 8;  // It has no allocation length.

}  // namespace

Result<Request, Sense> TestUnitReady(const std::uint8_t*, const LuView*) {
  return In(Op(ControlOp::kTestUnitReady, 0));
}

// SPC-4 6.39:  03 | DESC:1 (bit 0) | - | - | alloc:8 | control
Result<Request, Sense> RequestSense(const std::uint8_t* cdb, const LuView*) {
  Control c = Op(ControlOp::kRequestSense, cdb[4]);
  c.descriptor = (cdb[1] & 0x01) != 0;
  return In(c);
}

// SPC-4 6.6:  12 | CMDDT (bit 1, obsolete) EVPD (bit 0) | page | alloc:16 | control
Result<Request, Sense> Inquiry(const std::uint8_t* cdb, const LuView*) {
  Control c = Op(ControlOp::kInquiry, LoadBe16(cdb + 3));
  c.evpd = (cdb[1] & 0x01) != 0;
  c.page = cdb[2];
  if ((cdb[1] & 0x02) != 0) return Err{InvalidField(1, 1)};
  if (!c.evpd && c.page != 0) return Err{InvalidField(2)};
  return In(c);
}

// SPC-4 6.11:  1a | DBD (bit 3) | PC:2 page:6 | subpage | alloc:8 | control
Result<Request, Sense> ModeSense6(const std::uint8_t* cdb, const LuView*) {
  Control c = Op(ControlOp::kModeSense6, cdb[4]);
  c.dbd = (cdb[1] & 0x08) != 0;
  c.page_control = cdb[2] >> 6;
  c.page = cdb[2] & 0x3f;
  c.subpage = cdb[3];
  return In(c);
}

// SPC-4 6.12:  5a | LLBAA (bit 4) DBD (bit 3) | PC:2 page:6 | subpage | - - - | alloc:16 | control
Result<Request, Sense> ModeSense10(const std::uint8_t* cdb, const LuView*) {
  Control c = Op(ControlOp::kModeSense10, LoadBe16(cdb + 7));
  c.llbaa = (cdb[1] & 0x10) != 0;
  c.dbd = (cdb[1] & 0x08) != 0;
  c.page_control = cdb[2] >> 6;
  c.page = cdb[2] & 0x3f;
  c.subpage = cdb[3];
  return In(c);
}

// SBC-3 5.15:  25 | - | lba:32 | - - | PMI (bit 0) | control. Without PMI the LBA must be 0; with
// it we have no better answer than the end of the medium.
Result<Request, Sense> ReadCapacity10(const std::uint8_t* cdb, const LuView*) {
  if ((cdb[8] & 0x01) == 0 && LoadBe32(cdb + 2) != 0) return Err{InvalidField(2)};
  return In(Op(ControlOp::kReadCapacity10, kReadCapacity10Bytes));
}

// SBC-3 5.16:  9e | action 10 | lba:64 | alloc:32 | PMI (bit 0) | control
Result<Request, Sense> ReadCapacity16(const std::uint8_t* cdb, const LuView*) {
  if ((cdb[14] & 0x01) == 0 && LoadBe64(cdb + 2) != 0) return Err{InvalidField(2)};
  return In(Op(ControlOp::kReadCapacity16, LoadBe32(cdb + 10)));
}

// SPC-4 6.33:  a0 | - | select:8 | - - - | alloc:32 | - | control
Result<Request, Sense> ReportLuns(const std::uint8_t* cdb, const LuView*) {
  constexpr std::uint8_t kSelectMax = 2;
  constexpr std::uint32_t kAllocLenMin = 16;
  Control c = Op(ControlOp::kReportLuns, LoadBe32(cdb + 6));
  c.select = cdb[2];
  if (c.select > kSelectMax) return Err{InvalidField(2)};
  if (c.alloc_len < kAllocLenMin) return Err{InvalidField(6)};
  return In(c);
}

// SPC-4 6.37:  a3 | format:3 action:5 (0a) | - - - - | alloc:32 | - | control
Result<Request, Sense> ReportTargetGroups(const std::uint8_t* cdb, const LuView* lu) {
  const int format = cdb[1] >> 5;
  if (!lu->alua.present) return Err{InvalidField(1, 4)};  // Not a command of this unit.
  if (format > 1) return Err{InvalidField(1, 7)};
  Control c = Op(ControlOp::kReportTargetPortGroups, LoadBe32(cdb + 6));
  c.extended = format == 1;
  return In(c);
}

}  // namespace srpt::scsi::decode
