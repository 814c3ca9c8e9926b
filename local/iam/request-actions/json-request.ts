/** One request of a JSON service, as the rules of its service see it. */
export interface JsonRequest {
  /** E.g. `PutItem`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The ARN of something in a service of this account, e.g. `arn('dynamodb', 'table/x')`. */
  readonly arn: (service: string, resource: string) => string;
}
