import type { ChecksumAlgorithm } from './checksum.ts';

/** Reflected polynomials: bit 0 is the coefficient of the highest power below the width. */
const POLYNOMIALS: Partial<Record<ChecksumAlgorithm, { readonly width: number; readonly polynomial: bigint }>> = {
  CRC32: { width: 32, polynomial: 0xedb88320n },
  CRC32C: { width: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

/** One stretch of bytes: its CRC in base64, its length in bytes. */
export interface Stretch {
  readonly checksum: string;
  readonly size: number;
}

/**
 * The CRC of stretches that follow each other, from their own CRCs: a multipart object's full checksum without reading
 * its bytes again. A CRC is a remainder in GF(2)[x], so bytes that follow shift it by x^(8 × their number).
 */
export function combineCrcs(algorithm: ChecksumAlgorithm, stretches: readonly Stretch[]): string {
  const { width, polynomial } = POLYNOMIALS[algorithm] ?? notCombinable(algorithm);
  const multiply = (a: bigint, b: bigint) => multiplyModulo(a, b, width, polynomial);
  const shifts = new Map<number, bigint>();
  let crc = 0n;
  for (const { checksum, size } of stretches) {
    const shift = shifts.get(size) ?? powerOfX(8 * size, width, multiply);
    shifts.set(size, shift);
    crc = multiply(crc, shift) ^ BigInt(`0x${Buffer.from(checksum, 'base64').toString('hex')}`);
  }
  return Buffer.from(crc.toString(16).padStart(width / 4, '0'), 'hex').toString('base64');
}

function multiplyModulo(a: bigint, b: bigint, width: number, polynomial: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = BigInt(width - 1); bit >= 0n; bit -= 1n) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
}

function powerOfX(exponent: number, width: number, multiply: (a: bigint, b: bigint) => bigint): bigint {
  let power = 1n << BigInt(width - 1);
  let square = 1n << BigInt(width - 2);
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

function notCombinable(algorithm: string): never {
  throw new TypeError(`${algorithm} is not a CRC: the checksum of a whole does not follow from those of its parts.`);
}
