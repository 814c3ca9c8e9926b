/** What a function's thread is started with. */
export interface ThreadData {
  /** The folder of the bundle. */
  readonly directory: string;
  /** `<module>.<export>`, as the template says it. */
  readonly handler: string;
  readonly functionName: string;
  readonly memorySize: number;
  readonly logGroup: string;
  readonly logStream: string;
  readonly logFormat: 'Text' | 'JSON';
  /** One Int32: bytes of output that the thread has posted and that nobody has taken yet. */
  readonly unread: SharedArrayBuffer;
}

/** One event for the thread; it answers with `result`, `fault` or by ending. */
export interface InvokeMessage {
  readonly requestId: string;
  readonly functionArn: string;
  readonly payload: string;
  /** When the invocation times out, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly clientContext?: string;
  /** X-Ray's header of the invocation. */
  readonly traceId?: string;
}

/** An error as Lambda reports it to the caller. */
export interface FunctionFault {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type ThreadMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'output'; readonly text: string; readonly time: number }
  | { readonly type: 'result'; readonly body: string }
  /** `fatal`: the thread ends, as Lambda's runtime does after an error outside of the handler. */
  | { readonly type: 'fault'; readonly fault: FunctionFault; readonly fatal: boolean };
