import { parseXML } from '@aws-sdk/xml-builder';
import type { AwsResponse } from '../aws-service.ts';
import { escapeXml } from '../gateway/error-response.ts';
import { malformedXml } from './s3-error.ts';

export type XmlValue = string | number | boolean | undefined | XmlTree | readonly XmlTree[];
export interface XmlTree {
  readonly [element: string]: XmlValue;
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A 200 with a document of S3's namespace. An array repeats its element, `undefined` leaves it out. */
export function xmlResponse(
  root: string,
  content: XmlTree | string,
  headers: Record<string, string> = {},
): AwsResponse {
  const inside = typeof content === 'string' ? escapeXml(content) : render(content);
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${NAMESPACE}">${inside}</${root}>`,
  };
}

/** Parses a request's document and returns what its root holds; throws `MalformedXML`. */
export function readXml(body: Buffer, root: string): Record<string, unknown> {
  let document: Record<string, unknown>;
  try {
    document = parseXML(body.toString('utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw malformedXml(cause);
  }
  const content = document[root];
  if (typeof content !== 'object' || content === null) throw malformedXml();
  return content as Record<string, unknown>;
}

/** The elements of that name, however many there are; throws `MalformedXML` where one holds no elements. */
export function childrenOf(content: Record<string, unknown>, name: string): Record<string, unknown>[] {
  const value = content[name];
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
  if (!list.every((item) => typeof item === 'object' && item !== null)) throw malformedXml();
  return list as Record<string, unknown>[];
}

export function textOf(content: Record<string, unknown>, name: string): string | undefined {
  const value = content[name];
  if (value === undefined || typeof value === 'string') return value;
  throw malformedXml();
}

function render(tree: XmlTree): string {
  return Object.entries(tree)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((item) => element(name, item)))
    .join('');
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  return `<${name}>${typeof value === 'object' ? render(value as XmlTree) : escapeXml(String(value))}</${name}>`;
}
