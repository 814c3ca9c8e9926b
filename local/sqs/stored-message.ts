/** A value of a message attribute as it goes over the wire; `BinaryValue` in base64. */
export interface AttributeValue {
  /** `String`, `Number` or `Binary`, and what a client adds after a dot. */
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, AttributeValue>>;

/** What a client sends. */
export interface NewMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
  /** `AWSTraceHeader`, if anything. */
  readonly systemAttributes: MessageAttributes;
  readonly senderId: string;
}

/** A message on disk; times in milliseconds since the epoch. */
export interface StoredMessage extends NewMessage {
  readonly messageId: string;
  readonly sentAt: number;
  /** Nobody receives it before this time. */
  readonly visibleAt: number;
  readonly receiveCount: number;
  readonly firstReceivedAt?: number;
  /** What makes the handle of the latest receive its own. */
  readonly receipt?: string;
}
