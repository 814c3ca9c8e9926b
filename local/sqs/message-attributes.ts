import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from '../gateway/aws-error.ts';
import { invalidValue } from './sqs-error.ts';
import type { AttributeValue, MessageAttributes } from './stored-message.ts';

const MAX_ATTRIBUTES = 10;
/** The text of XML 1.0, which SQS takes, in the form of a negation. */
const NOT_TEXT = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** As it comes over the wire; binary values in base64. */
export const AttributeInput = z
  .record(
    z.string(),
    z.strictObject({
      DataType: z.string(),
      StringValue: z.string().optional(),
      BinaryValue: z.string().optional(),
    }),
  )
  .nullish()
  .transform((attributes) => attributes ?? {});

/** Throws `InvalidParameterValue` or `InvalidMessageContents` for what SQS does not take as attributes of a message. */
export function checkAttributes(attributes: Readonly<Record<string, AttributeInputValue>>): MessageAttributes {
  const names = Object.keys(attributes);
  if (names.length > MAX_ATTRIBUTES) {
    const message = `Number of message attributes [${names.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`;
    throw new AwsError('InvalidParameterValue', message);
  }
  return Object.fromEntries(names.map((name) => [name, checkAttribute(name, attributes[name])]));
}

/** What a message weighs: its body, and names, types and values of its attributes, in bytes. */
export function messageBytes(body: string, attributes: MessageAttributes): number {
  const texts = Object.entries(attributes).flatMap(([name, { DataType, StringValue }]) => [
    ...[name, DataType, StringValue ?? ''],
  ]);
  const binary = Object.values(attributes).map(({ BinaryValue }) => Buffer.from(BinaryValue ?? '', 'base64').length);
  return [body, ...texts].reduce((sum, text) => sum + Buffer.byteLength(text, 'utf8'), 0) + binary.reduce(add, 0);
}

export function checkText(text: string): string {
  if (!NOT_TEXT.test(text)) return text;
  const message =
    'The message contains characters outside the allowed set: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to';
  throw new AwsError('InvalidMessageContents', `${message} #xFFFD | #x10000 to #x10FFFF.`);
}

export function md5OfText(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/**
 * "Calculating the MD5 message digest for message attributes": sorted by name, each as name, type, one byte that tells
 * text (1) from binary (2), and value, with a length of four bytes before each but the byte.
 */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const hash = createHash('md5');
  const put = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const { DataType = '', StringValue, BinaryValue } = attributes[name] ?? {};
    put(Buffer.from(name, 'utf8'));
    put(Buffer.from(DataType, 'utf8'));
    hash.update(Buffer.of(BinaryValue === undefined ? 1 : 2));
    put(BinaryValue === undefined ? Buffer.from(StringValue ?? '', 'utf8') : Buffer.from(BinaryValue, 'base64'));
  }
  return hash.digest('hex');
}

interface AttributeInputValue {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: string | undefined;
}

function checkAttribute(name: string, value: AttributeInputValue | undefined): AttributeValue {
  if (!/^(?!aws\.|amazon\.|\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/i.test(name)) {
    throw invalidValue('MessageAttributes', name, 'It is not a name of a message attribute.');
  }
  const { DataType = '', StringValue, BinaryValue } = value ?? {};
  const [, kind] = /^(String|Number|Binary)(\..+)?$/s.exec(DataType) ?? [];
  if (!kind || DataType.length > 256) {
    const message = `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`;
    throw new AwsError('InvalidParameterValue', message);
  }
  const content = kind === 'Binary' ? BinaryValue : StringValue;
  if (!content) {
    const message = `The message attribute '${name}' must contain a non-empty value of type '${kind}'.`;
    throw new AwsError('InvalidParameterValue', message);
  }
  if (kind === 'Number' && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(content)) {
    const message = `Could not cast message attribute '${name}' value to number.`;
    throw new AwsError('InvalidParameterValue', message);
  }
  return kind === 'Binary' ? { DataType, BinaryValue: content } : { DataType, StringValue: checkText(content) };
}

function add(sum: number, more: number): number {
  return sum + more;
}
