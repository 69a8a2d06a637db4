/** An IP address or a block of them, as bits. */
export interface AddressBlock {
  readonly bits: 32 | 128;
  readonly value: bigint;
  readonly prefix: number;
}

const V4 = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/;
const V6 = /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/;

/** `10.0.0.0/8`. @throws Error with the words that EventBridge has for what is wrong */
export function parseBlock(text: string): AddressBlock {
  const parts = text.replace(/\/+$/, '').split('/');
  const [address, mask] = parts;
  if (parts.length !== 2 || address === undefined || mask === undefined)
    throw new Error("Malformed CIDR, one '/' required");
  if (!/^[+-]?\d+$/.test(mask)) throw new Error('Malformed CIDR, mask bits must be an integer');
  const prefix = Number(mask);
  if (prefix < 0) throw new Error('Malformed CIDR, mask bits must not be negative');
  if (!V4.test(address) && !V6.test(address)) throw new Error(`Nonstandard IP address: ${address}`);
  const parsed = parseAddress(address);
  if (!parsed) throw new Error(`Invalid IP address: ${address}`);
  if (parsed.bits === 32 && prefix > 31) throw new Error('IPv4 mask bits must be < 32');
  if (prefix > 127) throw new Error('IPv6 mask bits must be < 128');
  return { ...parsed, prefix };
}

/** An address is a block of one. Undefined for what is no address. */
export function parseAddress(text: string): AddressBlock | undefined {
  if (V4.test(text)) {
    const bytes = text.split('.').map(Number);
    if (bytes.some((byte) => byte > 255)) return undefined;
    return { bits: 32, value: bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n), prefix: 32 };
  }
  return V6.test(text) ? parseV6(text) : undefined;
}

function parseV6(text: string): AddressBlock | undefined {
  const halves = text.split('::');
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (halves.length > 2 || !left) return undefined;
  const missing = 8 - left.length - (right?.length ?? 0);
  if (right ? missing < 1 : missing !== 0) return undefined;
  const groups = right ? [...left, ...Array<string>(missing).fill('0'), ...right] : left;
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const value = groups.reduce((sum, group) => sum * 65_536n + BigInt(Number.parseInt(group, 16)), 0n);
  // An IPv4 address written as an IPv6 one is that IPv4 address.
  if (value >> 32n === 0xffffn) return { bits: 32, value: value & 0xffff_ffffn, prefix: 32 };
  return { bits: 128, value, prefix: 128 };
}

export function contains(block: AddressBlock, address: AddressBlock): boolean {
  if (block.bits !== address.bits) return false;
  const shift = BigInt(block.bits - block.prefix);
  return block.value >> shift === address.value >> shift;
}
