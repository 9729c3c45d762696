// A program that does nothing and succeeds, as an ELF file made here: `mov r0, 0; exit` for SBPF version 0. Stands for a
// transfer hook that lets everything pass.
export function noop_program() {
  const names = "\0.text\0.shstrtab\0";
  const text_at = 64 + 56;
  const code = Buffer.from("b7000000000000009500000000000000", "hex");
  const names_at = text_at + code.length;
  const sections_at = (names_at + names.length + 7) & ~7;
  const elf = Buffer.alloc(sections_at + 3 * 64);
  const u64 = (at, value) => elf.writeBigUInt64LE(BigInt(value), at);
  // Header: 64 bits, little endian, a shared object for machine 247 (BPF).
  Buffer.from("7f454c46020101", "hex").copy(elf);
  elf.writeUInt16LE(3, 16);
  elf.writeUInt16LE(247, 18);
  elf.writeUInt32LE(1, 20);
  u64(24, text_at); // entry
  u64(32, 64); // program headers
  u64(40, sections_at);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt16LE(64, 58);
  elf.writeUInt16LE(3, 60);
  elf.writeUInt16LE(2, 62); // names' section
  // Program header: load the code, readable and executable.
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  for (const [at, value] of [[72, text_at], [80, text_at], [88, text_at], [96, code.length], [104, code.length], [112, 8]]) u64(at, value);
  code.copy(elf, text_at);
  elf.write(names, names_at, "latin1");
  const section = (index, name, type, flags, at, size) => {
    const base = sections_at + index * 64;
    elf.writeUInt32LE(name, base);
    elf.writeUInt32LE(type, base + 4);
    for (const [offset, value] of [[8, flags], [16, flags ? at : 0], [24, at], [32, size], [48, 8]]) u64(base + offset, value);
  };
  section(1, 1, 1, 6, text_at, code.length);
  section(2, 7, 3, 0, names_at, names.length);
  return elf;
}
